"""The customer's own rating, worked out from the inner state they ended with."""

from __future__ import annotations

from simulator.conversation.inner_state import InnerState
from simulator.domain.persona import Identity, Persona
from simulator.domain.transcript import SurveyAnswers


def answer(persona: Persona, identity: Identity, state: InnerState) -> SurveyAnswers:
    """Evaluate the persona's survey on a final state: warmth and comfort 0–10, the first comment whose condition holds."""
    survey = persona.survey

    def rated(value: float) -> float:
        return round(min(max(value, 0.0), 10.0), 1)

    comment = next((line.text for line in survey.comments if line.when is None or line.when.holds(state)), "")
    return SurveyAnswers(
        warmth=rated(survey.warmth.evaluate(state)),
        comfort=rated(survey.comfort.evaluate(state)),
        would_return=survey.would_return.holds(state),
        comment=identity.fill(comment),
    )
