"""Taking a conversation over into another version of its persona."""

from __future__ import annotations

from simulator.conversation.inner_state import InnerState
from simulator.conversation.session import STOPS, Session
from simulator.domain.persona import Persona
from simulator.domain.transcript import Transcript, Turn


def replay(session: Session, persona: Persona) -> Session | None:
    """Return the same conversation under ``persona``: what was said and heard stays, what was felt is worked out anew.

    An ending of the customer's stands if the persona still has it; otherwise the conversation goes on. ``None`` where the
    persona no longer has the scenario or the identity: then only a new conversation will do.
    """
    scenario = persona.scenario(session.scenario.id)
    identity = persona.identity(session.identity.name)
    if scenario is None or identity is None:
        return None
    mind = InnerState(persona, scenario)
    turns: list[Turn] = []
    for turn in session.transcript.turns:
        moved = mind.live(turn, trust_record=False)
        turns.append(turn.model_copy(update={"moved": moved, "state": dict(mind.feelings)}))
    ending = session.transcript.ending
    stands = ending in persona.by_ending or ending in STOPS
    transcript: Transcript = session.transcript.model_copy(
        update={"turns": turns, "persona": persona.id} | ({} if stands else {"ending": None, "survey": None})
    )
    return Session(
        persona, scenario, identity, seed=session.seed, voice=session.voice, detector=session.detector, transcript=transcript,
        appraiser=session.appraiser,
    )  # fmt: skip
