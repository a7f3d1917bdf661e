"""One run of ``fineline grade``: from what was asked for to the results."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import typer

from simulator.cli import grade_words as words
from simulator.cli.batches import WithUnderWay, summary_of
from simulator.cli.grade_setup import Order, Setup
from simulator.cli.pipe import Pipe
from simulator.cli.progress import Outlook, Progress, Rejects, money
from simulator.domain.errors import EXIT_FAILURE, EXIT_INTERRUPTED, FinelineError, UsageError

if TYPE_CHECKING:
    from simulator.analysis.panel import PanelAgreement
    from simulator.batch.cache import Cache
    from simulator.batch.cost import Purse
    from simulator.batch.estimate import Estimate
    from simulator.batch.intake import Intake
    from simulator.batch.ledger import Ledger
    from simulator.batch.openai_batch import Progress as Handed
    from simulator.batch.run_record import RunRecord
    from simulator.batch.runner import Outcome, Work
    from simulator.batch.tally import Tally
    from simulator.cli.panels import Summary

# How long a start may count what is to be done before it goes on with what it has: a new run, and one that is taken up again.
_COUNT_S, _COUNT_AGAIN_S = 5.0, 0.4
_COUNTED, _COUNTED_AGAIN = 1000, 100
# From so many calls, or so much money of whatever currency, somebody at a terminal is asked first.
_MANY_CALLS, _MUCH_MONEY = 1000, 1.0


class Grading(Setup):
    """A run."""

    heard: PanelAgreement | None = None
    """How far a panel whose results go to a pipe agrees."""

    def do(self) -> int:
        """Do the run; return the exit code. Raises :class:`FinelineError` for what stops it."""
        from simulator.cli import batches

        if self.order.batch_api:
            batches.check(self.chosen, self.order.out, self.order.paths, one_call=self.order.one_call)
        else:
            batches.refuse_beside(self.order.out)
        with asyncio.Runner() as runner:
            try:
                runner.run(self.chosen.settle())
                if self.order.batch_api:
                    runner.run(batches.ready(self.chosen, self.order.out))
                return self._dry_run() if self.order.dry_run else self._run(runner)
            finally:
                runner.run(self.chosen.aclose())

    # Before

    def _dry_run(self) -> int:
        from simulator.batch.ledger import Known

        order = self.order
        results = Known(order.out) if order.out is not None and not order.again else None
        cache = self.cache(lambda message: words.say([message]))
        work = self.work(cache)
        intake = self.intake(work, results)
        if not intake.countable:
            raise UsageError("What comes by standard input or a pipe can be read only once, so it cannot be counted beforehand.")
        try:
            estimate = self.estimate(intake, work, results or Pipe(), None)
        finally:
            if cache is not None:
                cache.close()
        if order.as_json:
            print(json.dumps(self._estimate_json(estimate), ensure_ascii=False, indent=2))
        else:
            words.say(self._before(estimate))
        return 0

    def estimate(self, intake: Intake, work: Work, results: Any, record: RunRecord | None) -> Estimate:
        """Count what is to be done: all of it for a dry run, and as much as a start has time for otherwise."""
        from simulator.batch.estimate import COUNTED, survey

        so_far = record.so_far if record is not None and not self.order.dry_run else None
        taken_up = so_far is not None
        longest_s = None if self.order.dry_run else _COUNT_AGAIN_S if taken_up else _COUNT_S
        counted = COUNTED if self.order.dry_run else _COUNTED_AGAIN if taken_up else _COUNTED
        terminal = sys.stderr.isatty()
        begun = time.monotonic()

        def told(transcripts: int) -> None:
            if terminal and time.monotonic() - begun > 1:
                print(f"\r\x1b[KCounting … {transcripts:,} transcripts", end="", file=sys.stderr, flush=True)

        if self.order.batch_api and self.order.out is not None:
            results = WithUnderWay(results, self.order.out, again=self.order.again)
        try:
            return survey(
                intake,
                work,
                results,
                self.chosen.readers[0] if self.chosen.readers else None,
                members=max(1, len(self.chosen.readers) * self.chosen.repeats),
                counted=counted,
                longest_s=longest_s,
                so_far=so_far,
                told=told,
            )
        finally:
            if terminal:
                print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _before(self, estimate: Estimate, record: RunRecord | None = None) -> list[str]:
        from simulator import settings
        from simulator.language.tokens import exact

        models = [each.endpoint.model for each in self.chosen.models]
        if not models:
            return [*words.before(replace(estimate, calls=0), None, judges="the built-in judge"), "  It costs nothing."]
        unknown = next((each for each in models if settings.price_of(self.settings, each) is None), None)
        local = all(each.local for each in self.chosen.endpoints)
        return words.before(
            estimate,
            self.price,
            judges=self.chosen.judge.name,
            hint="" if local or unknown is None else settings.price_hint(unknown),
            inexact=next((each for each in models if not exact(each)), ""),
            budget=self.order.budget,
            spent=record.spent_before if record is not None else 0.0,
        )

    def _estimate_json(self, estimate: Estimate) -> dict[str, Any]:
        cost = None
        if self.price is not None and self.chosen.models:
            low, high = estimate.money(self.price)
            cost = {"currency": self.price.currency, "with_prompt_cache": low, "without_prompt_cache": high}
        return {
            "judge": self.chosen.judge.name,
            "rubrics": [each.id for each in self.rubrics],
            "estimate": estimate.as_json(),
            "cost": cost,
        }

    def _agreed(self, estimate: Estimate) -> bool:
        """Ask whether a large run is to begin, where somebody is there to answer."""
        if self.order.yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return True
        much = self.price is not None and estimate.money(self.price)[1] >= _MUCH_MONEY
        many = estimate.calls >= _MANY_CALLS and not all(each.local for each in self.chosen.endpoints)
        return not (much or many) or typer.confirm("Begin?", default=True, err=True)

    # The run itself

    def _run(self, runner: asyncio.Runner) -> int:
        from simulator.batch.ledger import Ledger, without_failures

        order = self.order
        if order.out is not None and order.retry_failed and not order.again:
            without_failures(order.out)
        _ = self.price  # what is wrong with prices is said before anything is touched
        results: Ledger | Pipe = Ledger(order.out, again=order.again) if order.out is not None else self._pipe()
        cache = self.cache(lambda message: words.say([message]))
        try:
            return self._with(runner, results, cache)
        finally:
            if cache is not None:
                cache.close()
            if not isinstance(results, Pipe):
                results.close()

    def _pipe(self) -> Pipe:
        if not self.chosen.panel:
            return Pipe()
        from simulator.analysis.panel import PanelAgreement

        # Nobody can read them again afterwards, so they are listened to as they pass.
        self.heard = PanelAgreement(self.rubrics, self.chosen.judge.name)
        return Pipe(self.heard.add)

    def _with(self, runner: asyncio.Runner, results: Ledger | Pipe, cache: Cache | None) -> int:
        order = self.order
        work = self.work(cache)
        # For batches everything is looked at each time: what was asked is found again by it.
        intake = self.intake(work, None if isinstance(results, Pipe) or order.batch_api else results)
        record = self._record(work) if not isinstance(results, Pipe) else None
        progress = Progress(
            Rejects(order.out, intake.skips()),
            Outlook(lambda: intake.share_read, lambda: intake.skipped_transcripts, limits=self.chosen.limits),
            strict=order.strict,
        )
        estimate = None
        if self.chosen.models and intake.countable:
            estimate = self.estimate(intake, work, results, record)
            if estimate.calls or not order.batch_api:  # what is to be collected is no work of now
                words.say(self._before(estimate, record))
            if not self._agreed(estimate):
                return EXIT_INTERRUPTED
        if self.price is not None and self.chosen.models:
            work = replace(work, purse=self._purse(work, record))
        progress.outlook.estimate = estimate
        progress.outlook.price, progress.outlook.budget = self.price if self.chosen.models else None, order.budget
        one = _One(self, work, results, intake, progress, record)
        return one.go(runner)

    def _purse(self, work: Work, record: RunRecord | None) -> Purse:
        from simulator.batch.cost import Purse
        from simulator.batch.estimate import upper_bound

        assert self.price is not None  # noqa: S101 - for the type checker
        members = len(self.chosen.readers) * self.chosen.repeats
        bound = upper_bound(self.chosen.readers[0], work, self.price, members)
        return Purse(self.price, self.order.budget, bound, spent=record.spent_before if record is not None else 0.0)

    def _record(self, work: Work) -> RunRecord:
        from simulator.batch.run_record import RunRecord

        assert self.order.out is not None  # noqa: S101 - for the type checker
        price = self.price if self.chosen.models else None
        return RunRecord(self.order.out, self.manifest(work), price, again=self.order.again)


@dataclass
class _One:
    """A run that has begun."""

    grading: Grading
    work: Work
    results: Ledger | Pipe
    intake: Intake
    progress: Progress
    record: RunRecord | None
    begun: float = field(default_factory=time.monotonic)
    handed: Handed | None = None

    def go(self, runner: asyncio.Runner) -> int:
        """Do it, say what came of it, and return the exit code."""
        from simulator.batch.memory import seldom_looked_through
        from simulator.batch.outage import StopRunError
        from simulator.batch.tally import Tally

        tally = Tally(rejected=self.progress._rejects.kept)
        tally.spent = self._spent_before
        if self.record is not None:
            self.record.begin(self._size)
            self.progress.on_saved = self._save
        try:
            with seldom_looked_through():
                outcome = runner.run(self._grade(tally))
        except (FinelineError, KeyboardInterrupt) as error:
            self.progress.close()
            with suppress(FinelineError):
                self._save(tally)
            if tally.graded:
                self._say(tally, None)
            if isinstance(error, StopRunError):
                advice = runner.run(self.grading.chosen.advice(error.kind))
                hint = " ".join(each for each in (advice, error.hint) if each)
                raise StopRunError(error.message, hint=hint, kind=error.kind) from None
            if isinstance(error, KeyboardInterrupt) and self.record is not None:
                words.say([f"Go on with: {words.command_again()}"])
            raise
        self.progress.close()
        outcome.tally.transcripts += self.intake.skipped_transcripts
        outcome.tally.resumed += self.intake.skipped_transcripts * self.work.usually
        still_to_come = self.handed is not None and not self.handed.finished
        self._save(outcome.tally, finished=not (outcome.stopped or outcome.over_budget or still_to_come))
        self._say(outcome.tally, outcome)
        if outcome.stopped:
            return EXIT_INTERRUPTED
        return EXIT_FAILURE if outcome.over_budget or outcome.tally.rejected or outcome.tally.failed else 0

    @property
    def _spent_before(self) -> float:
        return self.record.spent_before if self.record is not None else 0.0

    @property
    def _size(self) -> int:
        return 0 if isinstance(self.results, Pipe) else self.results.size

    def _save(self, tally: Tally, *, finished: bool = False) -> None:
        if self.record is not None:
            self.record.save(tally, self._size, finished=finished)

    def _say(self, tally: Tally, outcome: Outcome | None) -> None:
        order, price = self.grading.order, self.work.purse.price if self.work.purse is not None else None
        lines = words.after(tally, order.out, price=price, spent_before=self._spent_before)
        stopped, then = None, None
        if outcome is not None and (outcome.stopped or outcome.over_budget):
            stopped = "interrupted" if outcome.stopped else "budget"
            if outcome.over_budget and price is not None and order.budget is not None:
                lines.append(f"Stopped: one more judgement could pass the budget of {money(order.budget, price.currency)}.")
            if order.out is not None:
                then = words.command_again()
                how = "With a larger --budget, go" if outcome.over_budget else "Go"
                lines.append(f"{how} on with: {then}")
        panel = self._panel()
        if panel is not None:
            lines += panel.lines
        handed = summary_of(self.handed, self.grading.chosen) if self.handed is not None else None
        if handed is not None:
            lines += handed.lines
            stopped, then = stopped or "under way", words.command_again()
            lines.append(f"Answers come within a day. Collect them with: {then}")
        words.say(lines)
        if order.as_json and order.out is not None and outcome is not None:
            seconds = time.monotonic() - self.begun
            summary = words.as_json(
                tally, order.out, price=price, spent_before=self._spent_before, seconds=seconds, stopped=stopped, then=then
            )
            more = {"panel": panel.data if panel is not None else None, "batches": handed.data if handed is not None else None}
            print(json.dumps({**summary, **{name: data for name, data in more.items() if data is not None}}, ensure_ascii=False))

    def _panel(self) -> Summary | None:
        """Return how far the members of a panel agree; ``None`` where there is no panel."""
        from simulator.cli.panels import summed_up, told

        if not self.grading.chosen.panel:
            return None
        if self.grading.order.out is not None:
            return summed_up(self.grading.order.out, self.work.rubrics, self.work.judge.name)
        return told(self.grading.heard) if self.grading.heard is not None else None

    async def _hand_over(self, tally: Tally, stop: asyncio.Event) -> Outcome:
        from simulator.batch.runner import Outcome
        from simulator.cli.batches import hand_over

        grading = self.grading
        assert grading.order.out is not None  # noqa: S101 - for the type checker
        self.handed = await hand_over(
            grading.chosen,
            self.work,
            self.results,
            grading.order.out,
            lambda: self.intake,
            self.progress,
            say=self.progress.say,
            direct_times=grading.direct_times,
            again=grading.order.again,
            stop=stop,
            tally=tally,
        )
        return Outcome(tally, stopped=stop.is_set(), over_budget=self.handed.over_budget)

    async def _grade(self, tally: Tally) -> Outcome:
        from simulator.batch.intake import in_a_thread
        from simulator.batch.runner import run

        stop = asyncio.Event()
        told = 0

        def interrupt() -> None:
            nonlocal told
            told += 1
            if told > 1:
                raise KeyboardInterrupt
            stop.set()
            self.progress.say("Finishing what is under way; once more to leave at once.")

        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM) if sys.platform != "win32" else ()
        for each in signals:
            loop.add_signal_handler(each, interrupt)
        # Whoever writes to a pipe may take their time; others must not wait for that.
        slow = not self.intake.countable and not ("-" in self.grading.order.paths and _is_file(sys.stdin))
        records = in_a_thread(iter(self.intake)) if slow else self.intake
        place = (lambda: None) if slow else self.intake.place
        try:
            if self.grading.order.batch_api:
                return await self._hand_over(tally, stop)
            return await run(records, self.work, self.results, self.progress, stop=stop, place=place, tally=tally)
        finally:
            for each in signals:
                loop.remove_signal_handler(each)


def _is_file(stream: Any) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return True


__all__ = ["Grading", "Order"]
