"""Grades: findings with evidence, and the arithmetic level they add up to."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulator.domain.base import Record

Verdict = Literal["met", "not_met", "not_applicable", "not_judged"]
Status = Literal["scored", "not_scored", "failed"]
Outcome = Literal["met", "not_met", "not_applicable", "not_judged", "unsubstantiated"]


class Evidence(Record):
    """Words of a turn (numbered from 1 over both speakers) that a finding rests on."""

    turn: int = Field(ge=1)
    quote: str


class Finding(Record):
    """One criterion, answered. ``counted`` is false for what was not applicable, not judged or not substantiated."""

    criterion: str
    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""
    counted: bool = False
    substantiated: bool | None = Field(
        default=None, description="False: the quote is not in the transcript, so it is not counted"
    )

    @property
    def outcome(self) -> Outcome:
        """What came of it: the verdict, or ``"unsubstantiated"`` where it was met or not and does not count."""
        if self.verdict in ("met", "not_met") and (not self.counted or self.substantiated is False):
            return "unsubstantiated"
        return self.verdict


class Usage(Record):
    """Tokens that a judgement took; zero for the built-in judge."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    calls: int = 0
    estimated: bool = Field(default=False, description="The endpoint reported no usage; tokens are our own count")


class GradeVersions(Record):
    """What the grade was made with."""

    fineline: str | None = None
    rubric: str | None = Field(default=None, description="Hash of the rubric's meaning")
    prompt: str | None = Field(default=None, description="Hash of the judge's prompt, or None for the built-in judge")
    detector: str | None = None


class Rating(Record):
    """What one member of a panel (or one repetition of a judge) made of a transcript against a rubric."""

    judge: str
    repeat: int = Field(default=1, ge=1)
    status: Status
    level: int | None = Field(default=None, ge=1, le=5)
    score: float | None = Field(default=None, ge=0, le=1)
    verdicts: dict[str, Verdict] = Field(
        default_factory=dict, description="Criterion id to verdict: counted ones, and not applicable"
    )
    reason: str = ""


class Grade(Record):
    """The outcome of one transcript against one rubric. ``level`` 1–5 and ``score`` 0–1 only where ``status`` is scored."""

    transcript: str
    rubric: str
    judge: str
    status: Status
    level: int | None = Field(default=None, ge=1, le=5)
    score: float | None = Field(default=None, ge=0, le=1)
    reason: str = ""
    kind: str = Field(default="", description="Why it failed, as a word for programs, where a model failed")
    findings: tuple[Finding, ...] = ()
    ratings: tuple[Rating, ...] = Field(default=(), description="Where a panel or repetitions judged: each one's own outcome")
    usage: Usage = Field(default_factory=Usage)
    versions: GradeVersions = Field(default_factory=GradeVersions)


class SelfRating(Record):
    """What the trainee thought of themselves before seeing the grade: level 1–5 per rubric id, and a note."""

    levels: dict[str, int] = Field(default_factory=dict)
    note: str = ""
