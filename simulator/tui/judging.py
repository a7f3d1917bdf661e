"""Judging one practice, rubric by rubric, with what is going on to be seen from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal

from simulator.domain.errors import FinelineError

if TYPE_CHECKING:
    from simulator.domain.grade import Grade
    from simulator.domain.rubric import Rubric
    from simulator.domain.transcript import Transcript
    from simulator.grading.judges.protocol import Judge

# More at a time would only queue at a small server, and meet rate limits at a large one.
AT_A_TIME: Final = 2

State = Literal["waiting", "reading", "graded", "failed"]


@dataclass
class Reading:
    """One rubric being judged. ``started`` is a monotonic time, ``took`` seconds; ``said`` how it came out."""

    rubric: Rubric
    state: State = "waiting"
    started: float = 0.0
    took: float = 0.0
    said: str = ""

    @property
    def seconds(self) -> float:
        """How long it has taken, or is taking."""
        return monotonic() - self.started if self.state == "reading" else self.took


def outcome_words(grade: Grade) -> str:
    """Return how a grade came out, in a word or two."""
    if grade.status == "scored":
        return f"level {grade.level}"
    return "not scored" if grade.status == "not_scored" else "could not be graded"


async def judge_each(
    transcript: Transcript, readings: Sequence[Reading], judge: Judge, keep: Callable[[Grade], Awaitable[None]]
) -> None:
    """Grade the transcript against every reading's rubric; each grade is kept as soon as it is made."""
    from simulator.grading.grade import grade

    places = asyncio.Semaphore(AT_A_TIME)

    async def one(reading: Reading) -> None:
        async with places:
            reading.state, reading.started = "reading", monotonic()
            made = await grade(transcript, reading.rubric, judge)
            reading.took = monotonic() - reading.started
            reading.state = "failed" if made.status == "failed" else "graded"
            reading.said = outcome_words(made)
            await keep(made)

    try:
        async with asyncio.TaskGroup() as group:
            for reading in readings:
                group.create_task(one(reading))
    except* FinelineError as errors:
        raise _first(errors) from None


def _first(errors: BaseExceptionGroup[FinelineError]) -> FinelineError:
    inner = errors.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
