"""A judge of many transcripts gets them together, and a run over it is as safe as any other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from simulator.batch.ledger import Ledger
from simulator.batch.readers import Rejected
from simulator.batch.runner import Place, Work, run
from simulator.batch.tally import Tally
from simulator.domain.errors import FinelineError
from simulator.domain.grade import Finding
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.judges.protocol import BatchJudge, Judgement


def rubric(name: str) -> Rubric:
    return Rubric.model_validate(
        {
            "id": name,
            "title": name,
            "levels": {1: "a", 2: "b", 3: "c", 4: "d", 5: "e"},
            "thresholds": [0.2, 0.4, 0.6, 0.8],
            "criteria": [{"id": "greets", "asks": "Does the trainee greet?"}],
        }
    )


WARMTH, SERVICE = rubric("warmth"), rubric("service")


def transcripts(count: int, turns: int = 100) -> list[Transcript]:
    return [Transcript(id=f"t{n}", turns=[Turn(role="trainee", text=f"Hello {n}")] * turns) for n in range(count)]


class Many:
    name = "many"

    def __init__(self) -> None:
        self.asked: list[list[tuple[str, int]]] = []

    async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
        raise AssertionError("asked for one")

    def judge_many(self, transcripts: Sequence[Transcript], rubrics: Sequence[Sequence[Rubric]]) -> list[list[Judgement]]:
        self.asked.append([(each.id, len(wanted)) for each, wanted in zip(transcripts, rubrics, strict=True)])
        met = Judgement(findings=(Finding(criterion="greets", verdict="met", counted=True),))
        return [[met for _ in wanted] for wanted in rubrics]

    @property
    def seen(self) -> list[str]:
        return [name for batch in self.asked for name, _ in batch]


class Watcher:
    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict

    def rejected(self, record: Rejected) -> None:
        if self.strict:
            raise FinelineError(str(record))

    def progressed(self, tally: Tally) -> None: ...

    def waiting(self, reason: str, seconds: float) -> None: ...

    def saved(self, tally: Tally) -> None: ...


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "g.jsonl") as ledger:
        yield ledger


async def test_transcripts_are_judged_together_each_once(ledger: Ledger) -> None:
    judge = Many()
    assert isinstance(judge, BatchJudge)
    records = transcripts(30)
    outcome = await run([*records, *records[:3]], Work([WARMTH, SERVICE], judge), ledger, Watcher())
    assert judge.seen == [each.id for each in records]
    assert 1 < len(judge.asked) < 10
    tally = outcome.tally
    assert (tally.transcripts, tally.finished, tally.scored, tally.resumed) == (33, 33, 60, 6)
    again = Many()
    await run(transcripts(32), Work([WARMTH, SERVICE, rubric("third")], again), ledger, Watcher())
    assert [count for batch in again.asked for _, count in batch] == [1] * 30 + [3] * 2


async def test_what_was_read_before_a_fault_is_kept(ledger: Ledger) -> None:
    judge = Many()
    records = [*transcripts(3), Rejected("f.jsonl", 4, "not JSON", "{"), *transcripts(5)]
    with pytest.raises(FinelineError, match="not JSON"):
        await run(records, Work([WARMTH], judge), ledger, Watcher(strict=True))
    assert judge.seen == ["t0", "t1", "t2"] and len(ledger.done) == 3


async def test_what_was_not_judged_is_not_marked_as_done(ledger: Ledger) -> None:
    stop, source = asyncio.Event(), b"s" * 16
    read = 0

    def records() -> Iterator[Transcript]:
        nonlocal read
        for each in transcripts(30):
            read += 1
            if read == 25:
                stop.set()
            yield each

    judge = Many()
    outcome = await run(records(), Work([WARMTH], judge), ledger, Watcher(), stop=stop, place=lambda: Place(source, read, read))
    assert outcome.stopped and 0 < len(judge.seen) < 25
    assert ledger.mark(source) == (len(judge.seen), len(judge.seen))


async def test_nobody_waits_for_transcripts_that_come_slowly(ledger: Ledger) -> None:
    judge = Many()
    graded = asyncio.Event()

    class Told(Watcher):
        def progressed(self, tally: Tally) -> None:
            graded.set()

    async def slowly() -> AsyncIterator[Transcript]:
        for each in transcripts(2, turns=1):
            yield each
            await asyncio.wait_for(graded.wait(), 10)

    await run(slowly(), Work([WARMTH], judge), ledger, Told())
    assert judge.seen == ["t0", "t1"]
