"""Which rubrics a practice is rated and graded by, and in what order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.authoring.library import Library
    from simulator.domain.persona import Persona
    from simulator.domain.rubric import Rubric


def rubrics_for(persona: Persona, library: Library) -> list[Rubric]:
    """Return the library's rubrics: first those the persona trains, in the persona's order, then the others by title."""
    trained = [library.rubrics[skill].value for skill in persona.trains if skill in library.rubrics]
    others = (entry.value for key, entry in library.rubrics.items() if key not in persona.trains)
    return [*trained, *sorted(others, key=lambda rubric: rubric.title.casefold())]
