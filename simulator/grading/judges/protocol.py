"""What a judge is: who reads a transcript against a rubric. It returns findings or a failure, never a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from simulator.domain.grade import Finding, Rating, Usage
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript

# How the reason of a judgement that failed begins, before what happened.
COULD_NOT_READ = "The judge could not read this conversation: "


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge found, one finding for each criterion of the rubric in its order; or why it could not judge.

    ``failure`` is a sentence for people; ``kind`` a word for programs (the kind of a ``ModelError``). A failed judgement
    has no findings. ``prompt`` and ``detector`` are the versions of what it was made with. ``ratings``
    are the members' own outcomes where a panel judged.
    """

    findings: tuple[Finding, ...] = ()
    ratings: tuple[Rating, ...] = ()
    failure: str = ""
    kind: str = ""
    usage: Usage = field(default_factory=Usage)
    prompt: str | None = None
    detector: str | None = None


@runtime_checkable
class Together(Protocol):
    """A judge that reads a transcript against several rubrics in one call."""

    async def judge_together(self, transcript: Transcript, rubrics: Sequence[Rubric]) -> list[Judgement]:
        """Return one judgement a rubric, in their order."""
        ...


@runtime_checkable
class BatchJudge(Protocol):
    """A judge that is quickest with many transcripts at once, waits for nobody and does not fail."""

    def judge_many(self, transcripts: Sequence[Transcript], rubrics: Sequence[Sequence[Rubric]]) -> list[list[Judgement]]:
        """Return a judgement for each of a transcript's rubrics, for each transcript, all in their order."""
        ...


class Judge(Protocol):
    """Reads one transcript against one rubric."""

    @property
    def name(self) -> str:
        """How results name it: ``built-in``, or the model's name."""
        ...

    async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
        """Return the findings, or a judgement that says why there are none; never raise for a model's failure."""
        ...
