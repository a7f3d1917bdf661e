"""A run grades what is there, goes on where it stopped, and stops where going on would be waste."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.batch.cost import Price, Purse
from simulator.batch.ledger import Ledger
from simulator.batch.outage import StopRunError
from simulator.batch.readers import Rejected
from simulator.batch.runner import Place, Work, run
from simulator.batch.tally import Tally
from simulator.domain.grade import Evidence, Finding, Usage
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.judges.protocol import Judgement

RUBRIC = Rubric.model_validate(
    {
        "id": "warmth",
        "title": "Warmth",
        "levels": {1: "a", 2: "b", 3: "c", 4: "d", 5: "e"},
        "thresholds": [0.2, 0.4, 0.6, 0.8],
        "criteria": [{"id": "greets", "asks": "Does the trainee greet?"}],
    }
)


def transcripts(count: int) -> Iterator[Transcript]:
    return (Transcript(id=f"t{n}", turns=[Turn(role="trainee", text=f"Hello {n}")]) for n in range(count))


class Judge:
    name = "scripted"

    def __init__(self, fail: dict[str, Judgement] | None = None) -> None:
        self.asked: list[str] = []
        self.fail = fail or {}
        self.at_once = self.most_at_once = 0

    async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
        self.asked.append(transcript.id)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if transcript.id in self.fail:
            return self.fail[transcript.id]
        quote = Evidence(turn=1, quote=transcript.turns[0].text)
        return Judgement(
            findings=(Finding(criterion="greets", verdict="met", evidence=(quote,), counted=True, substantiated=True),)
        )


class Watcher:
    def __init__(self) -> None:
        self.rejects: list[Rejected] = []

    def rejected(self, record: Rejected) -> None:
        self.rejects.append(record)

    def progressed(self, tally) -> None:
        self.last = tally

    def waiting(self, reason: str, seconds: float) -> None:
        self.waited = [*getattr(self, "waited", []), seconds]

    def saved(self, tally) -> None: ...


async def tally_of(*args, **options) -> Tally:
    return (await run(*args, **options)).tally


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "g.jsonl") as ledger:
        yield ledger


async def test_everything_is_graded_once_and_never_again(ledger: Ledger):
    judge = Judge()
    tally = await tally_of(transcripts(20), Work([RUBRIC], judge, concurrency=4), ledger, Watcher())
    assert (tally.transcripts, tally.scored, tally.resumed) == (20, 20, 0)
    assert tally.levels == {("warmth", 5): 20}
    assert 1 < judge.most_at_once <= 4
    ledger.close()
    with Ledger(ledger.path) as taken_up:
        again = await tally_of(transcripts(25), Work([RUBRIC], judge, concurrency=4), taken_up, Watcher())
    assert (again.scored, again.resumed) == (5, 20)
    assert sorted(judge.asked) == sorted(f"t{n}" for n in range(25))


async def test_what_cannot_be_read_is_set_aside_and_what_fails_is_counted_with_its_reason(ledger: Ledger):
    def records() -> Iterator[Transcript | Rejected]:
        yield from transcripts(2)
        yield Rejected("f.jsonl", 3, "not JSON", "{")

    watcher = Watcher()
    judge = Judge({"t1": Judgement(failure="It was silent.", kind="empty")})
    tally = await tally_of(records(), Work([RUBRIC], judge), ledger, watcher)
    assert (tally.scored, tally.failed, tally.rejected) == (1, 1, 1)
    assert tally.reasons == {"It was silent.": 1}
    assert [reject.line for reject in watcher.rejects] == [3]


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_a_wrong_key_stops_the_run_at_once(ledger: Ledger, concurrency: int):
    wrong = Judgement(failure="The key is wrong.", kind="unauthorised")
    judge = Judge({f"t{n}": wrong for n in range(1, 1000)})
    with pytest.raises(StopRunError, match="key is wrong"):
        await run(transcripts(1000), Work([RUBRIC], judge, concurrency=concurrency), ledger, Watcher())
    assert len(judge.asked) <= 2 + concurrency
    assert len(ledger.done) == 1


async def test_told_to_stop_it_finishes_what_is_under_way(ledger: Ledger):
    stop = asyncio.Event()

    class Stopping(Watcher):
        def progressed(self, tally) -> None:
            stop.set()

    judge = Judge()
    tally = await tally_of(transcripts(1000), Work([RUBRIC], judge, concurrency=5), ledger, Stopping(), stop=stop)
    assert len(judge.asked) == tally.scored == len(ledger.done) < 20


async def test_only_a_few_transcripts_are_held_at_a_time(ledger: Ledger):
    judge, ahead = Judge(), []

    def counted() -> Iterator[Transcript]:
        for n, transcript in enumerate(transcripts(200)):
            ahead.append(n - len(judge.asked))
            yield transcript

    await run(counted(), Work([RUBRIC], judge, concurrency=4), ledger, Watcher())
    assert max(ahead) <= 5


async def test_an_endpoint_that_is_away_is_waited_for(ledger: Ledger):
    class Returning(Judge):
        async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
            judgement = await super().judge(transcript, rubric)
            if self.asked.count("t1") == 3:
                self.fail = {}
            return judgement

    away = Judgement(failure="Nothing answers.", kind="unreachable")
    judge = Returning({"t1": away})
    tally = await tally_of(transcripts(3), Work([RUBRIC], judge, waits_s=[0] * 5), ledger, Watcher())
    assert (tally.scored, tally.failed) == (3, 0)
    assert judge.asked == ["t0", "t1", "t1", "t1", "t1", "t2"]


async def test_an_endpoint_that_stays_away_stops_the_run_and_nothing_is_called_failed(ledger: Ledger):
    away = Judgement(failure="Nothing answers.", kind="unreachable")
    judge = Judge({f"t{n}": away for n in range(1, 1000)})
    with pytest.raises(StopRunError, match="Nothing answers"):
        await run(transcripts(1000), Work([RUBRIC], judge, concurrency=3, waits_s=[0, 0], first_waits_s=[0]), ledger, Watcher())
    assert len(ledger.done) == 1
    assert len(judge.asked) < 20


async def test_the_same_transcript_twice_is_judged_once_also_side_by_side(ledger: Ledger):
    judge = Judge()
    twice = [each for transcript in transcripts(10) for each in (transcript, transcript.model_copy())]
    tally = await tally_of(iter(twice), Work([RUBRIC], judge, concurrency=8), ledger, Watcher())
    assert sorted(judge.asked) == sorted(f"t{n}" for n in range(10))
    assert (tally.transcripts, tally.graded, tally.resumed) == (20, 10, 10)
    assert len(ledger.done) == 10


async def test_a_source_is_marked_as_far_as_everything_before_is_done(ledger: Ledger):
    read = 0
    source = bytes(16)

    def counted() -> Iterator[Transcript]:
        nonlocal read
        for transcript in transcripts(6):
            read += 1
            yield transcript

    class Slow(Judge):
        async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
            if transcript.id == "t3":
                await asyncio.Event().wait()
            return await super().judge(transcript, rubric)

    work = Work([RUBRIC], Slow(), concurrency=10)
    running = asyncio.create_task(run(counted(), work, ledger, Watcher(), place=lambda: Place(source, read, read)))
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(ledger.done) == 5
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert ledger.mark(source) == (0, 0)  # it was broken off: nothing is marked then
    read = 0
    judge = Judge({"t3": Judgement(failure="No.", kind="malformed")})
    outcome = await run(counted(), replace(work, judge=judge), ledger, Watcher(), place=lambda: Place(source, read, read))
    assert judge.asked == ["t3"]
    assert (outcome.tally.failed, outcome.tally.resumed, outcome.tally.finished) == (1, 5, 6)
    assert ledger.mark(source) == (6, 6)


async def test_a_budget_that_is_spent_stops_the_run_with_what_was_paid_for(ledger: Ledger):
    class Paid(Judge):
        async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
            return replace(await super().judge(transcript, rubric), usage=Usage(input_tokens=1_000_000, calls=1))

    judge = Paid()
    purse = Purse(Price(input=1.0, output=1.0), 10.5, lambda _transcript, rubrics: 2.0 * len(rubrics))
    outcome = await run(transcripts(100), Work([RUBRIC], judge, concurrency=4, purse=purse), ledger, Watcher())
    assert outcome.over_budget
    assert 9 <= outcome.tally.spent == len(judge.asked) == len(ledger.done) <= 10


async def test_told_to_stop_while_the_endpoint_is_away_nothing_is_called_failed(ledger: Ledger):
    stop = asyncio.Event()

    class Stopping(Watcher):
        def waiting(self, reason: str, seconds: float) -> None:
            stop.set()

    judge = Judge({f"t{n}": Judgement(failure="Away.", kind="unreachable") for n in range(1, 100)})
    work = Work([RUBRIC], judge, concurrency=3, waits_s=[60], first_waits_s=[60])
    outcome = await run(transcripts(100), work, ledger, Stopping(), stop=stop)
    assert outcome.stopped
    assert (outcome.tally.failed, len(ledger.done)) == (0, 1)
