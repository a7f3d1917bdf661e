"""Grading a stream of transcripts: bounded in memory and in calls under way, resumable, stoppable at any moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from simulator.batch.ledger import work_key
from simulator.batch.readers import Rejected
from simulator.domain.errors import FinelineError
from simulator.domain.grade import Grade, Usage
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.grade import grade
from simulator.grading.judges.protocol import Judge

# Failures that would meet every other transcript too: going on would only burn through the list.
HOPELESS = frozenset({"unauthorised", "not_found"})
# Nobody there: waited out for a while, and then the run stops rather than call everything failed.
AWAY = frozenset({"unreachable"})
WAITS_S = (1, 2, 5, 10, 20, 30, 60)


class StopRunError(FinelineError):
    """The run cannot usefully go on; what is finished is kept."""


@dataclass
class Tally:
    """What a run has done so far. ``levels`` counts grades per (rubric, level)."""

    transcripts: int = 0
    graded: int = 0
    scored: int = 0
    not_scored: int = 0
    failed: int = 0
    resumed: int = 0
    rejected: int = 0
    usage: Usage = field(default_factory=Usage)
    levels: Counter[tuple[str, int]] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def count(self, result: Grade) -> None:
        """Count one finished grade."""
        self.graded += 1
        setattr(self, result.status, getattr(self, result.status) + 1)
        if result.status == "scored" and result.level is not None:
            self.levels[result.rubric, result.level] += 1
        elif result.status == "failed":
            self.reasons[result.reason] += 1
        for name in ("input_tokens", "output_tokens", "cached_tokens", "calls"):
            setattr(self.usage, name, getattr(self.usage, name) + getattr(result.usage, name))


class Watcher(Protocol):
    """Is told how a run goes."""

    def rejected(self, record: Rejected) -> None:
        """A record could not be read."""
        ...

    def progressed(self, tally: Tally) -> None:
        """Something was finished."""
        ...


class Results(Protocol):
    """Where finished grades go: a :class:`simulator.batch.ledger.Ledger`, or a pipe."""

    def __contains__(self, key: str) -> bool:
        """Whether this work was done before."""
        ...

    def add(self, results: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Keep finished work."""
        ...


@dataclass(frozen=True)
class Work:
    """What is to be done with each transcript."""

    rubrics: Sequence[Rubric]
    judge: Judge
    prompt_version: str = ""
    concurrency: int = 1
    waits_s: Sequence[float] = WAITS_S


async def run(
    transcripts: Iterator[Transcript | Rejected],
    work: Work,
    results: Results,
    watcher: Watcher,
    *,
    stop: asyncio.Event | None = None,
) -> Tally:
    """Grade every transcript against every rubric, except what the results hold; return the tally.

    At most ``concurrency`` transcripts are under way and one more is read, so memory does not grow with their number. When
    ``stop`` is set, what is under way is finished and nothing new begun. Raises :class:`StopRunError` for a fault that would
    meet every transcript (a wrong key, no such model), and whatever results and readers raise; finished work is kept.
    """
    tally = Tally()
    stop = stop or asyncio.Event()
    underway: set[asyncio.Task[None]] = set()
    digests = [rubric.digest for rubric in work.rubrics]

    async def one(transcript: Transcript, wanted: list[tuple[Rubric, str]]) -> None:
        finished = await _graded(transcript, wanted, work, stop)
        hopeless = next((result for _, result in finished if result.kind in HOPELESS | AWAY), None)
        kept = [(key, result) for key, result in finished if result.kind not in HOPELESS | AWAY]
        results.add((key, result.model_dump(mode="json")) for key, result in kept)
        for _, result in kept:
            tally.count(result)
        watcher.progressed(tally)
        if hopeless is not None:
            raise StopRunError(hopeless.reason, hint="What is finished is kept; the same command goes on from there.")

    async def settle(*, all_of_them: bool = False) -> None:
        nonlocal underway
        if underway:
            when = asyncio.ALL_COMPLETED if all_of_them else asyncio.FIRST_COMPLETED
            finished, underway = await asyncio.wait(underway, return_when=when)
            # Looked at one and all: the first is raised, and none is left for the event loop to complain of.
            errors = [error for task in finished if (error := task.exception()) is not None]
            if errors:
                raise errors[0]

    try:
        for record in transcripts:
            if stop.is_set():
                break
            if isinstance(record, Rejected):
                tally.rejected += 1
                watcher.rejected(record)
                continue
            tally.transcripts += 1
            keys = [work_key(record, digest, work.judge.name, work.prompt_version) for digest in digests]
            wanted = [(rubric, key) for rubric, key in zip(work.rubrics, keys, strict=True) if key not in results]
            tally.resumed += len(keys) - len(wanted)
            if not wanted:
                continue
            if work.concurrency == 1:
                await one(record, wanted)
                continue
            underway.add(asyncio.create_task(one(record, wanted)))
            while len(underway) >= work.concurrency:
                await settle()
        await settle(all_of_them=True)
    finally:
        for task in underway:
            task.cancel()
        await asyncio.gather(*underway, return_exceptions=True)
    return tally


async def _graded(
    transcript: Transcript, wanted: Sequence[tuple[Rubric, str]], work: Work, stop: asyncio.Event
) -> list[tuple[str, Grade]]:
    """Grade one transcript, waiting for an endpoint that is away; what would fail for all others too ends it."""
    finished: list[tuple[str, Grade]] = []
    for rubric, key in wanted:
        result = await grade(transcript, rubric, work.judge)
        for pause in work.waits_s:
            if result.kind not in AWAY or stop.is_set():
                break
            await asyncio.sleep(pause)
            result = await grade(transcript, rubric, work.judge)
        finished.append((key, result))
        if result.kind in HOPELESS | AWAY:
            break
    return finished
