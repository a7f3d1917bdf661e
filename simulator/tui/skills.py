"""Which rubrics a practice is rated and graded by, and in what order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.grading.usual import usual_rubrics

if TYPE_CHECKING:
    from simulator.authoring.library import Library
    from simulator.domain.persona import Persona
    from simulator.domain.rubric import Rubric


def rubrics_for(persona: Persona, library: Library) -> list[Rubric]:
    """Return the rubrics of a practice: those the persona trains first, then the others of every meeting, then trainers' own."""
    known = library.rubrics
    first = usual_rubrics(persona)
    own = sorted(
        (entry.value for key, entry in known.items() if key not in first and entry.origin != "shipped"),
        key=lambda rubric: rubric.title.casefold(),
    )
    return [*(known[skill].value for skill in first if skill in known), *own]
