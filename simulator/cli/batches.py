"""``fineline grade --batch-api``: the part of a run that hands work over, and says what is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.domain.errors import UsageError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from simulator.batch.openai_batch import Progress
    from simulator.batch.readers import Rejected
    from simulator.batch.runner import Work
    from simulator.batch.tally import Results, Tally, Watcher
    from simulator.cli.judges import ChosenJudge
    from simulator.cli.panels import Summary
    from simulator.domain.transcript import Transcript


def check(chosen: ChosenJudge, out: Path | None, paths: Sequence[str], *, one_call: bool) -> None:
    """Raise :class:`UsageError` for what cannot go through a Batch API."""
    if not chosen.models:
        raise UsageError("The built-in judge needs no Batch API: it answers at once.", hint="Choose a model with --judge model.")
    if chosen.panel:
        raise UsageError(
            "A batch is judged by one model, asked once.",
            hint="Run it once for each judge, to a file each, and compare them with 'fineline agree'.",
        )
    if out is None:
        raise UsageError("With --batch-api results are collected another day.", hint="Say into which file with --out FILE.")
    if "-" in paths:
        raise UsageError(
            "With --batch-api the transcripts are read again when answers come; standard input is gone by then.",
            hint="Save them to a file first, for instance with 'fineline import'.",
        )
    if one_call:
        raise UsageError("--one-call does not go with --batch-api.")


async def ready(chosen: ChosenJudge, out: Path | None) -> None:
    """Raise :class:`simulator.models.errors.ModelError` where the endpoint has no Batch API, before anything is begun."""
    from simulator.batch.asked import Shelf
    from simulator.models.batches import BatchApi

    if out is not None and Shelf(out).state.exists():
        return  # it has one: work is under way there
    api = BatchApi(chosen.models[0].endpoint)
    try:
        await api.ready()
    finally:
        await api.aclose()


def refuse_beside(out: Path | None) -> None:
    """Refuse to ask directly for what is under way in batches: it would be paid for twice."""
    from simulator.batch.asked import Shelf

    if out is not None and (shelf := Shelf(out)).state.exists():
        raise UsageError(
            f"Batches are under way for {out}.",
            hint=f"Go on with --batch-api. To ask directly all the same, and pay twice, delete {shelf.state}.",
        )


class WithUnderWay:
    """Results as an estimate sees them: what is under way in batches need not be asked for either."""

    def __init__(self, results: Any, out: Path, *, again: bool) -> None:
        from simulator.batch.asked import Shelf

        self._results = results
        self._keys = None if again else Shelf(out).under_way()

    def __contains__(self, key: str) -> bool:
        return key in self._results or (self._keys is not None and bytes.fromhex(key) in self._keys)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._results, name)


async def hand_over(
    chosen: ChosenJudge,
    work: Work,
    results: Results,
    out: Path,
    read: Callable[[], Iterable[Transcript | Rejected]],
    watcher: Watcher,
    *,
    say: Callable[[str], None],
    direct_times: float = 1.0,
    again: bool = False,
    stop: asyncio.Event | None = None,
    tally: Tally | None = None,
) -> Progress:
    """Do what can be done now; see :meth:`simulator.batch.openai_batch.Handover.advance`. With ``again`` begin anew."""
    from simulator.batch.asked import Shelf
    from simulator.batch.collecting import Desk
    from simulator.batch.openai_batch import Handover
    from simulator.models.batches import BatchApi

    [model] = chosen.models
    reads: Any = chosen.judge
    api = BatchApi(model.endpoint)
    try:
        handover = Handover(api, Desk(reads, model, work, results, Shelf(out), watcher, direct_times=direct_times, say=say))
        if again:
            await handover.give_up()
        return await handover.advance(read, stop, tally)
    finally:
        await api.aclose()


def summary_of(progress: Progress, chosen: ChosenJudge) -> Summary | None:
    """Return what to say about what is still to come; ``None`` where there is nothing."""
    from simulator.cli.panels import Summary

    return None if progress.finished else Summary(told(progress, chosen.endpoints[0].host), as_json(progress))


def told(progress: Progress, host: str) -> list[str]:
    """Return lines that say what was handed over and what is still to come; none where everything is answered."""
    if progress.finished:
        return []
    lines = []
    total = sum(batch.total for batch in progress.batches)
    done = sum(batch.done for batch in progress.batches)
    if progress.submitted:
        lines.append(f"{_requests(progress.submitted)} handed over to {host}.")
    if progress.batches:
        many = "1 batch is" if len(progress.batches) == 1 else f"{len(progress.batches)} batches are"
        answered = f", {done:,} of {_requests(total)} answered" if total and not progress.submitted else ""
        lines.append(f"{many} under way at {host}{answered}.")
    if progress.held:
        lines.append(f"{_requests(progress.held)} waiting until {host} takes more.")
    return lines


def as_json(progress: Progress) -> dict[str, Any]:
    """Return the same for programs."""
    names = ("id", "status", "total", "done", "failed")
    return {
        "under_way": [{name: getattr(batch, name) for name in names} for batch in progress.batches],
        "submitted": progress.submitted,
        "held": progress.held,
    }


def _requests(count: int) -> str:
    return f"{count:,} request{'s' if count != 1 else ''}"
