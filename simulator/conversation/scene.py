"""What the rooms of a turn hand each other: the decision, the scene a voice plays, and what it says."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from simulator.conversation.inner_state import InnerState
from simulator.domain.persona import Ending, Fact, Identity, Line, Move, Persona, Scenario
from simulator.domain.transcript import Turn

BUILTIN = "built-in"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the customer does next. ``move`` is what the record calls it, whoever speaks.

    In the order they are said: ``asides`` (alternatives for a few words about what was heard), ``facts`` (answers, in
    order), ``lines`` (alternatives for the move). ``openers`` may go before ``lines`` when there is room. With ``joining`` the
    lines are those of a move that comes along if there is room; it is made only if one is said.
    """

    move: str
    kind: Literal["opening", "answer", "aside", "move", "ending"]
    intent: str
    lines: tuple[Line, ...] = ()
    facts: tuple[Fact, ...] = ()
    asides: tuple[Line, ...] = ()
    openers: tuple[Line, ...] = ()
    joining: Move | None = None
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything a voice needs to say the customer's next turn."""

    persona: Persona
    scenario: Scenario
    identity: Identity
    turns: Sequence[Turn]
    state: InnerState
    decision: Decision
    facts: tuple[Fact, ...]
    seed: str

    @property
    def rng(self) -> random.Random:
        """A fresh source of chance for this turn: the same for the same seed and place, whatever was drawn before."""
        return random.Random(self.seed)

    @property
    def heard(self) -> str:
        """What the trainee said last, or nothing."""
        return self.turns[-1].text if self.turns and self.turns[-1].role == "trainee" else ""


@dataclass(frozen=True, slots=True)
class Piece:
    """One guarded sentence and where it came from; ``move`` where it makes another than was decided.

    ``text`` may be empty where only a slip is to be recorded.
    """

    text: str
    voice: str
    line: str | None = None
    move: str | None = None
    also: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    slips: tuple[str, ...] = field(default=())


class Voice(Protocol):
    """Finds the customer's words."""

    @property
    def name(self) -> str:
        """What the record and the screen call it."""
        ...

    def speak(self, scene: Scene) -> AsyncGenerator[Piece, None]:
        """Say the decision, sentence by sentence; each piece may be shown as it comes."""
        ...
