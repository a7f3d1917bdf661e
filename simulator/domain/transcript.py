"""Transcripts: one shape from the conversation to the judges, the store, the screens and the exports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from simulator.domain.base import Record
from simulator.domain.behaviour import Heard, Role


class Moved(Record):
    """A feeling that moved: by how much, to what, and because of which behaviour (or move, or ``"time"``)."""

    feeling: str
    by: float
    to: float
    because: str


class Turn(Record):
    """One thing said.

    ``behaviours`` is what was heard in it. On a trainee's turn ``moved`` and ``state`` are how the customer felt then. On a
    customer's turn ``move`` is what they did, ``voice`` who put it into words and ``slips`` what the guard held back.
    """

    role: Role
    text: str
    move: str | None = None
    shows: tuple[str, ...] = Field(default=(), description="Behaviours the move shows, by its author's word")
    line: str | None = Field(default=None, description="The authored line it was made from, slots unfilled: never said twice")
    fact: str | None = Field(default=None, description="The fact it told")
    also: tuple[str, ...] = Field(default=(), description="Further authored lines in it: an opener, an aside, a second answer")
    facts: tuple[str, ...] = Field(default=(), description="Every fact it told, when more than one")
    voice: str | None = Field(default=None, description="'built-in', or the model's name")
    behaviours: tuple[Heard, ...] = ()
    moved: tuple[Moved, ...] = ()
    state: dict[str, float] | None = Field(default=None, description="Every feeling, 0–10, after this turn")
    appraised_by: str | None = Field(default=None, description="'built-in', or the model whose second reading corrected it")
    slips: tuple[str, ...] = Field(default=(), description="Why the guard held words back, one code each")
    partial: bool = Field(default=False, description="The conversation was cut off in the middle of this turn")


class SurveyAnswers(Record):
    """The customer's rating: ``warmth`` and ``comfort`` 0–10."""

    warmth: float
    comfort: float
    would_return: bool
    comment: str = ""


class Versions(Record):
    """What a transcript or grade was made with; everything needed to make it again."""

    fineline: str | None = None
    persona: str | None = Field(default=None, description="Hash of the persona file's meaning, not of its comments")
    detector: str | None = None


class Transcript(Record):
    """A conversation. Keys it does not know are kept.

    ``identity`` is the name of the identity played; ``ending`` the id of the customer's ending, ``"trainee_ended"`` or
    ``"stopped"`` when the trainee closed it, ``"out_of_lines"`` when a script ran out, ``None`` while it goes on.
    """

    id: str
    persona: str | None = None
    scenario: str | None = None
    identity: str | None = None
    seed: int | None = None
    turns: list[Turn] = Field(default_factory=list)
    ending: str | None = None
    survey: SurveyAnswers | None = None
    versions: Versions = Field(default_factory=Versions)

    def said_by(self, role: Role) -> Iterator[tuple[int, Turn]]:
        """Yield the turns of one speaker with their numbers, counted from 1 over both speakers."""
        return ((number, turn) for number, turn in enumerate(self.turns, 1) if turn.role == role)

    def as_record(self) -> dict[str, Any]:
        """Return the JSON record of the transcript: the named keys always there, empty extras of turns left out."""
        turns = [turn.model_dump(exclude_defaults=True) | {"role": turn.role, "text": turn.text} for turn in self.turns]
        record = self.model_dump(exclude={"turns"})
        ordered = {"id": record.pop("id")}
        for key in ("persona", "scenario", "identity", "seed"):
            ordered[key] = record.pop(key)
        ordered["turns"] = [{"role": turn.pop("role"), "text": turn.pop("text"), **turn} for turn in turns]
        return ordered | record
