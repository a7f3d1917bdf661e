"""Which rubrics a conversation is graded against where nobody says otherwise."""

from __future__ import annotations

from typing import Final

from simulator.domain.persona import Persona

# What every meeting is about; a shipped rubric beyond these is for the personas that train it.
ALWAYS: Final = ("warmth", "boundaries", "authenticity", "service")


def usual_rubrics(persona: Persona | None) -> list[str]:
    """Return the ids of the rubrics of a meeting with a persona (``None``: with some customer), those it trains first."""
    if persona is None:
        return list(ALWAYS)
    always = [skill for skill in ALWAYS if skill != "service" or persona.role == "customer"]  # colleagues are not served
    return [*persona.trains, *(skill for skill in always if skill not in persona.trains)]
