"""Grading a stream of transcripts: bounded in memory and in calls under way, resumable, stoppable at any moment.

A run looks at each transcript once, in order, and asks only for what is not in the results. Judgements (a transcript against a
rubric, or against all of them in one call) are under way at once up to the ceiling; a finished one costs the same however many
others there are. A judge that waits for nobody is given many transcripts at a time instead.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass

from simulator.batch.cache import Cache
from simulator.batch.outage import AWAY, Outage, StopRunError
from simulator.batch.readers import Rejected
from simulator.batch.tally import Results, Tally, Watcher
from simulator.batch.work import Place, Record, Wanted, Work
from simulator.domain.errors import FinelineError
from simulator.domain.grade import Grade
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.grade import graded
from simulator.grading.judges.protocol import COULD_NOT_READ, BatchJudge, Judgement, Together
from simulator.models.errors import HOPELESS

# So do the failures of a run in which nothing has gone well yet after so many.
FAILED_FROM_THE_START = 20
GOES_ON = "What is finished is kept; the same command goes on from there."

# A failure of these kinds is one of the transcript, however many come in a row.
OWN_FAULT = frozenset({"too_long"})

# How often results are pressed onto the disk, and how long the event loop may be kept busy without looking round.
_SAVE_EVERY_S = 5.0
_BREATHE_EVERY_S = 0.05
# How many turns a judge of many is given at once, and how long it may wait for them where transcripts come slowly.
_TURNS_AT_ONCE = 1024
_PATIENCE_S = 0.05

__all__ = ["GOES_ON", "HOPELESS", "Outcome", "Place", "StopRunError", "Together", "Work", "run"]


@dataclass(slots=True)
class _Read:
    """A record that was read: the source's place behind it, and how many of its judgements are not finished."""

    place: Place | None
    left: int = 0


@dataclass(slots=True)
class _Job:
    """One judgement to ask for: a transcript against a rubric, or several in one call."""

    transcript: Transcript
    wanted: list[Wanted]
    read: _Read
    reserved: float = 0.0


@dataclass
class Outcome:
    """How a run ended: its tally, and whether it stopped before the end because it was told to or the budget was spent."""

    tally: Tally
    stopped: bool = False
    over_budget: bool = False


async def run(
    records: Iterable[Record] | AsyncIterator[Record],
    work: Work,
    results: Results,
    watcher: Watcher,
    *,
    stop: asyncio.Event | None = None,
    place: Callable[[], Place | None] = lambda: None,
    tally: Tally | None = None,
) -> Outcome:
    """Grade every transcript against every rubric that suits it, except what the results hold.

    At most ``concurrency`` judgements are under way and one more transcript is read, so memory does not grow with their number.
    When ``stop`` is set, what is under way is finished and nothing new begun. ``place`` says where the source has been read to,
    which is marked in the results as far as everything before it is done. Raises :class:`StopRunError` for a fault that would
    meet every transcript (a wrong key, no such model), and whatever results and readers raise; finished work is kept.
    """
    return await _Run(work, results, watcher, stop or asyncio.Event(), place, tally or Tally()).over(records)


class _Run:
    def __init__(
        self,
        work: Work,
        results: Results,
        watcher: Watcher,
        stop: asyncio.Event,
        place: Callable[[], Place | None],
        tally: Tally,
    ) -> None:
        self.work = work
        self.results = results
        self.watcher = watcher
        self.stop = stop
        self.place = place
        self.tally = tally
        self.outage = Outage(work.waits_s, work.first_waits_s, told=watcher.waiting)
        self.parts = work.parts()
        self.many = work.judge if isinstance(work.judge, BatchJudge) and work.purse is None else None
        self.waiting: list[_Job] = []
        self.turns_waiting = 0
        self.slots = asyncio.Semaphore(work.concurrency)
        self.underway: set[asyncio.Task[None]] = set()
        self.claimed: set[str] = set()
        self.read: deque[_Read] = deque()
        self.error: BaseException | None = None
        self.halted = asyncio.Event()
        self.freed = asyncio.Event()
        self.over_budget = False
        self.pressing: asyncio.Task[None] | None = None
        self.saved_at = self.breathed_at = time.monotonic()

    async def over(self, records: Iterable[Record] | AsyncIterator[Record]) -> Outcome:
        try:
            if isinstance(records, AsyncIterator):
                await self.over_stream(records)
            else:
                for record in records:
                    if not (self.may_go_on and await self.take(record)):
                        break
                    await self.now_and_then()
            if self.may_go_on:
                self.judge_waiting()
            if self.underway:
                await asyncio.wait(self.underway)
        except FinelineError:
            # What was read before something that cannot be read is still judged.
            if self.error is None:
                self.judge_waiting()
            raise
        finally:
            await self.leave()
        if self.error is not None:
            raise self.error
        self.mark_done()
        return Outcome(self.tally, stopped=self.stop.is_set(), over_budget=self.over_budget)

    async def over_stream(self, records: AsyncIterator[Record]) -> None:
        """Take records that may be long in coming, without missing a word to stop meanwhile."""
        told = [asyncio.create_task(event.wait()) for event in (self.stop, self.halted)]
        try:
            while self.may_go_on:
                coming = asyncio.ensure_future(anext(records))
                if self.waiting:
                    await asyncio.wait([coming, *told], timeout=_PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
                    if not coming.done() and self.may_go_on:
                        self.judge_waiting()
                await asyncio.wait([coming, *told], return_when=asyncio.FIRST_COMPLETED)
                if not coming.done():
                    coming.cancel()
                    return
                try:
                    record = coming.result()
                except StopAsyncIteration:
                    return
                if not await self.take(record):
                    return
                await self.now_and_then()
        finally:
            for task in told:
                task.cancel()

    async def leave(self) -> None:
        """End what is still under way because something went wrong."""
        for task in self.underway:
            task.cancel()
        last = [*self.underway, *([self.pressing] if self.pressing is not None else [])]
        await asyncio.gather(*last, return_exceptions=True)

    @property
    def may_go_on(self) -> bool:
        return self.error is None and not self.stop.is_set() and not self.over_budget

    # A transcript is taken up

    async def take(self, record: Record) -> bool:
        """Begin what is to be done with a record; return whether all of it was begun."""
        read = _Read(self.place())
        self.read.append(read)
        if isinstance(record, Rejected):
            self.tally.rejected += 1
            self.watcher.rejected(record)
            return True
        self.tally.transcripts += 1
        suited = self.work.keyed(record, self.parts)
        self.tally.unsuited += len(self.work.rubrics) - len(suited)
        wanted = [(rubric, key) for rubric, key in suited if key not in self.results and key not in self.claimed]
        self.tally.resumed += len(suited) - len(wanted)
        if wanted and self.work.cache is not None:
            wanted = self.recall(record, wanted, self.work.cache)
        if self.many is not None:
            self.wait_for_others(_Job(record, wanted, read))
            return True
        one_by_one = self.work.concurrency > 1 and not self.work.together
        groups = [[each] for each in wanted] if one_by_one else [wanted] if wanted else []
        read.left = len(groups)
        self.tally.finished += not groups
        for group in groups:
            if not await self.begin(_Job(record, group, read)):
                return False
        return True

    def recall(self, transcript: Transcript, wanted: list[Wanted], cache: Cache) -> list[Wanted]:
        """Keep what the cache knows already; return the rest."""
        known = cache.get(transcript, [rubric for rubric, _ in wanted])
        hits = [(each, judgement) for each, judgement in zip(wanted, known, strict=True) if judgement is not None]
        if hits:
            self.keep(transcript, hits, reused=True)
        return [each for each, judgement in zip(wanted, known, strict=True) if judgement is None]

    async def begin(self, job: _Job) -> bool:
        """Have a job done, now or beside others, as soon as there is room and money for it; return whether it was begun."""
        if not await self.afford(job):
            return False
        if self.work.concurrency == 1:
            await self.do(job)
            return self.may_go_on
        await self.slots.acquire()
        # Something may have been told, or gone wrong, while it waited for its turn.
        if not self.may_go_on:
            self.slots.release()
            return False
        self.claimed.update(key for _, key in job.wanted)
        task = asyncio.create_task(self.do(job))
        self.underway.add(task)
        task.add_done_callback(self.ended)
        return True

    async def afford(self, job: _Job) -> bool:
        """Set money for a job aside; where it does not suffice, wait for what others leave over."""
        purse = self.work.purse
        if purse is None:
            return True
        job.reserved = purse.bound(job.transcript, [rubric for rubric, _ in job.wanted])
        while not purse.reserve(job.reserved):
            if not self.underway:
                self.over_budget = True
                return False
            self.freed.clear()
            await self.freed.wait()
            if not self.may_go_on:
                return False
        return True

    def ended(self, task: asyncio.Task[None]) -> None:
        self.underway.discard(task)
        self.slots.release()
        self.freed.set()
        if not task.cancelled() and (error := task.exception()) is not None and self.error is None:
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """Stop at once: nothing more is begun, and what is under way is given up."""
        self.error = error
        self.halted.set()
        for task in self.underway:
            task.cancel()

    # Many transcripts are judged at once

    def wait_for_others(self, job: _Job) -> None:
        """Put a transcript beside those that are to be judged together, and judge them when they are enough."""
        job.read.left = bool(job.wanted)
        self.tally.finished += not job.wanted
        if job.wanted:
            self.claimed.update(key for _, key in job.wanted)
            self.waiting.append(job)
            self.turns_waiting += len(job.transcript.turns)
            if self.turns_waiting >= _TURNS_AT_ONCE:
                self.judge_waiting()

    def judge_waiting(self) -> None:
        jobs, self.waiting, self.turns_waiting = self.waiting, [], 0
        if not jobs or self.many is None:
            return
        judged = self.many.judge_many([job.transcript for job in jobs], [[rubric for rubric, _ in job.wanted] for job in jobs])
        finished = [list(zip(job.wanted, judgements, strict=True)) for job, judgements in zip(jobs, judged, strict=True)]
        self.keep_all([(job.transcript, done) for job, done in zip(jobs, finished, strict=True)])
        for job in jobs:
            self.claimed.difference_update(key for _, key in job.wanted)
            job.read.left = 0
        self.tally.finished += len(jobs)

    # A judgement is asked for

    async def do(self, job: _Job) -> None:
        finished: list[tuple[Wanted, Judgement]] = []
        try:
            for group in [job.wanted] if self.work.together else [[each] for each in job.wanted]:
                judgements = await self.ask(job, group)
                if judgements is None:
                    break
                finished += zip(group, judgements, strict=True)
        finally:
            if self.work.purse is not None:
                price = self.work.purse.price
                self.work.purse.settle(job.reserved, sum(price.of(judgement.usage) for _, judgement in finished))
                self.tally.spent = self.work.purse.spent
            self.keep(job.transcript, finished)
            self.claimed.difference_update(key for _, key in job.wanted)
            if len(finished) == len(job.wanted):
                job.read.left -= 1
                self.tally.finished += not job.read.left

    async def ask(self, job: _Job, group: Sequence[Wanted]) -> list[Judgement] | None:
        """Return a judgement for each rubric, waiting for an endpoint that is away; ``None`` where the run is stopped meanwhile.

        Raises :class:`StopRunError` for what would meet every other transcript too.
        """
        rubrics = [rubric for rubric, _ in group]
        while True:
            await self.outage.passed(job, self.stop)
            if self.outage.away and self.stop.is_set():
                return None
            judgements = await self.call(job.transcript, rubrics)
            failed = [each for each in judgements if each.failure]
            for each in failed:
                if each.kind in HOPELESS:
                    raise StopRunError(each.failure.removeprefix(COULD_NOT_READ), hint=GOES_ON, kind=each.kind)
            worst = next((each for each in failed if each.kind in AWAY), failed[0] if failed else None)
            if not self.outage.met(worst.kind or "other" if worst is not None else ""):
                return judgements
            self.waste(judgements)
            if worst is not None and not self.stop.is_set():
                await self.outage.wait(job, worst.failure.removeprefix(COULD_NOT_READ), self.stop)
            if self.stop.is_set():
                return None

    def waste(self, judgements: Sequence[Judgement]) -> None:
        """Count what was spent on judgements that will be asked for again."""
        for judgement in judgements:
            self.tally.add(judgement.usage)
            if self.work.purse is not None:
                self.work.purse.settle(0, self.work.purse.price.of(judgement.usage))

    async def call(self, transcript: Transcript, rubrics: Sequence[Rubric]) -> list[Judgement]:
        judge = self.work.judge
        if self.work.together and isinstance(judge, Together):
            return await judge.judge_together(transcript, rubrics)
        return [await judge.judge(transcript, rubric) for rubric in rubrics]

    # What came of it is kept

    def keep(self, transcript: Transcript, finished: Sequence[tuple[Wanted, Judgement]], *, reused: bool = False) -> None:
        """Keep grades, then count them."""
        if finished:
            self.keep_all([(transcript, finished)], reused=reused)

    def keep_all(self, judged: Sequence[tuple[Transcript, Sequence[tuple[Wanted, Judgement]]]], *, reused: bool = False) -> None:
        """Keep the grades of several transcripts, then count them."""
        name = self.work.judge.name
        made = [
            (key, graded(transcript, rubric, name, judgement))
            for transcript, finished in judged
            for (rubric, key), judgement in finished
        ]
        if reused:
            made = [(key, grade.model_copy(update={"reused": True})) for key, grade in made]
        self.results.add(made)
        if self.work.cache is not None and not reused:
            for transcript, finished in judged:
                self.work.cache.put(transcript, [(rubric, judgement) for (rubric, _), judgement in finished])
        for _, grade in made:
            self.tally.count(grade, reused=reused)
        self.watcher.progressed(self.tally)
        if self.tally.failed >= FAILED_FROM_THE_START:
            self.look_whether_all_fail(made[-1][1])

    def look_whether_all_fail(self, last: Grade) -> None:
        if self.tally.failed == self.tally.graded and last.status == "failed" and last.kind not in OWN_FAULT and not self.error:
            raise StopRunError(
                f"The first {self.tally.failed} judgements all failed, the last so: {last.reason.removeprefix(COULD_NOT_READ)}",
                hint="When it is put right, the same command with --retry-failed goes on from there.",
            )

    # Now and then

    async def now_and_then(self) -> None:
        now = time.monotonic()
        if now - self.breathed_at >= _BREATHE_EVERY_S:
            # Reading alone never waits; what has been told or finished meanwhile gets its turn.
            self.breathed_at = now
            await asyncio.sleep(0)
        if now - self.saved_at >= _SAVE_EVERY_S and (self.pressing is None or self.pressing.done()):
            self.saved_at = now
            self.mark_done()
            self.pressing = asyncio.create_task(self.save())

    async def save(self) -> None:
        try:
            await asyncio.to_thread(self.results.press)
            self.watcher.saved(self.tally)
        except Exception as error:
            if self.error is None:
                self.fail(error)

    def mark_done(self) -> None:
        """Mark in the results how far the sources are done, without a gap."""
        done: dict[bytes, Place] = {}
        while self.read and not self.read[0].left:
            if (place := self.read.popleft().place) is not None:
                done[place.source] = place
        for place in done.values():
            self.results.set_mark(place.source, place.lines, place.transcripts)
