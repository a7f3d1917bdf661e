from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from simulator.authoring.yaml import load_yaml
from simulator.conversation.session import Session, Speaking, Spoken
from simulator.conversation.voices.builtin import BuiltinVoice
from simulator.domain.behaviour import Heard, Role
from simulator.domain.persona import Persona
from simulator.domain.transcript import Transcript, Turn
from simulator.language.encoder import Encoder

HERE = Path(__file__).parent


class KeywordDetector:
    """Hears a behaviour wherever one of its words is said: all that these tests need of the ear."""

    version = "keywords-1"
    cues = {
        "closes": r"\bbye\b|take care",
        "offers_solution": r"\bI can\b|\bI could\b",
        "solves": r"all done|there you go",
        "hostile": r"\bidiot\b",
        "apologises": r"\bsorry\b",
        "acknowledges_feeling": r"frustrating|what a pity",
        "stock_phrase": r"valued",
        "thanks": r"thank you",
        "greets": r"\bhello\b",
        "curt": r"^No\.$",
    }

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.strength = 1.0

    def hear(self, text: str, role: Role, before: Sequence[Turn] = ()) -> tuple[Heard, ...]:
        found = ((name, re.search(pattern, text, re.IGNORECASE)) for name, pattern in self.cues.items())
        return tuple(Heard(id=name, strength=self.strength, quote=match[0]) for name, match in found if match)


class Recorder:
    """Keeps what a store would, and can be told to fail."""

    def __init__(self) -> None:
        self.turns: dict[int, Turn] = {}
        self.saves: list[tuple[int, str, bool]] = []
        self.finished: Transcript | None = None
        self.fails: Exception | None = None

    def save_turn(self, number: int, turn: Turn) -> None:
        if self.fails is not None:
            raise self.fails
        self.turns[number] = turn
        self.saves.append((number, turn.text, turn.partial))

    def finish(self, transcript: Transcript) -> None:
        if self.fails is not None:
            raise self.fails
        self.finished = transcript


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder.load()


@pytest.fixture
def detector(encoder: Encoder) -> KeywordDetector:
    return KeywordDetector(encoder)


@pytest.fixture(scope="session")
def voice(encoder: Encoder) -> BuiltinVoice:
    return BuiltinVoice(encoder)


@pytest.fixture(scope="session")
def robin_data() -> dict[str, Any]:
    return load_yaml(HERE / "robin.yaml").data


@pytest.fixture(scope="session")
def robin(robin_data: dict[str, Any]) -> Persona:
    return Persona.model_validate(robin_data)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def begin(robin: Persona, detector: KeywordDetector, voice: BuiltinVoice) -> Callable[..., Session]:
    """Start a session with Robin; anything can be given otherwise."""

    def start(**other: Any) -> Session:
        given = {"persona": robin, "scenario_id": None, "identity_name": "Robin", "seed": 1, "voice": voice, "detector": detector}
        given |= other
        return Session.begin(
            given.pop("persona"), given.pop("scenario_id"), given.pop("identity_name"), given.pop("seed"), **given
        )

    return start


@pytest.fixture
def reply() -> Callable[[Session], Any]:
    """Let the customer speak; return the turn and check that what was shown is what it holds."""

    async def speak(session: Session) -> Turn:
        shown: list[str] = []
        turn: Turn | None = None
        async with aclosing(session.reply()) as events:
            async for event in events:
                match event:
                    case Speaking(text):
                        shown.append(text)
                    case Spoken(spoken):
                        turn = spoken
        assert turn is not None
        assert not shown or " ".join(shown) == turn.text
        return turn

    return speak


@pytest.fixture
def exchange(reply: Callable[[Session], Any]) -> Callable[..., Any]:
    """Open the conversation if need be, say one thing, return the customer's turn."""

    async def say(session: Session, *texts: str) -> Turn:
        turn = None
        for text in texts:
            if session.owes_reply:
                await reply(session)
            await session.hear(text)
            turn = await reply(session)
        assert turn is not None
        return turn

    return say
