"""``fineline audit``: does the grade depend on who the people are?"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from simulator.domain.errors import EXIT_FAILURE, EXIT_INTERRUPTED, UsageError

if TYPE_CHECKING:
    from simulator.analysis.counterfactual import Compared, Moved, SwapAudit
    from simulator.analysis.intervals import Share
    from simulator.batch.readers import Reading
    from simulator.cli.judges import ChosenJudge
    from simulator.domain.rubric import Rubric
    from simulator.domain.transcript import Transcript

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_USUAL = ("warmth", "boundaries", "authenticity", "service")
_SHOWN = 10


@app.command()
def audit(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders, globs, or - for standard input.")],
    swap: Annotated[
        Literal["gender", "names"], typer.Option(help="Swap everybody's gender, or give everybody a name of another origin.")
    ],
    rubric: Annotated[
        list[str] | None, typer.Option("--rubric", "-r", help="A rubric's id or file; may be given more than once.")
    ] = None,
    judge: Annotated[Literal["builtin", "model"] | None, typer.Option(help="Who judges.", show_default="builtin")] = None,
    model: Annotated[str | None, typer.Option(help="The judge's model, where it is not the one in the settings.")] = None,
    sighted: Annotated[
        bool, typer.Option("--sighted", help="Let a model read names and pronouns, to see what hiding them is worth.")
    ] = False,
    control: Annotated[
        bool | None,
        typer.Option(
            "--control/--no-control",
            help="Grade the unchanged transcripts twice, to see what moves by itself.",
            show_default="for models",
        ),
    ] = None,
    trainee: Annotated[str | None, typer.Option(help="The speaker who is graded, as the files name them.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="Take the first so many transcripts only.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=500, help="Transcripts under way at once, with a model.")] = 8,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write everything found here, as JSON.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")] = False,
) -> None:
    """Grade transcripts with the people in them swapped, and report how many levels and verdicts moved, and which.

    A grade that is about what was said does not move. Exit code 1 where grades failed or records could not be read.
    """
    import asyncio

    from simulator import settings
    from simulator.authoring.library import Library
    from simulator.batch.readers import Reading
    from simulator.batch.speakers import Sides
    from simulator.cli.judges import chosen
    from simulator.files import keep_what_is_read, write_atomically

    if sighted and judge != "model" and model is None:
        raise UsageError("--sighted is for language models: the built-in judge never hears names.", hint="Add --judge model.")
    configured = settings.load()
    if sighted:
        configured = configured.model_copy(update={"blind_judge": False})
    library = Library(settings.library_folders(configured), settings.cache_folder())
    rubrics = [library.rubric(each) for each in dict.fromkeys(rubric or _USUAL)]
    reads = chosen(configured, library, judge=judge, model=model)
    keep_what_is_read(out, paths)
    source = _Source(paths, Reading(Sides(trainee)), limit)
    with_control = bool(reads.models) if control is None else control
    found, stopped = asyncio.run(
        _hold(source, rubrics, reads, swap, control=with_control, concurrency=concurrency if reads.models else 1)
    )
    record = {**found.as_json(), "rejected": source.rejected, "stopped": stopped}
    if reads.models:
        record["blind"] = configured.blind_judge
    if out is not None:
        write_atomically(out, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    if as_json:
        print(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        from simulator.domain.text import clean

        blind = None if not reads.models else configured.blind_judge
        for line in report(found, blind=blind):
            print(clean(line, keep_newlines=False))
    if stopped:
        raise typer.Exit(EXIT_INTERRUPTED)
    if found.failed or source.rejected:
        raise typer.Exit(EXIT_FAILURE)


class _Source:
    """The transcripts, one after the other; what cannot be read is told about and left out."""

    def __init__(self, paths: list[str], reading: Reading, limit: int | None) -> None:
        self.paths, self.reading, self.limit = paths, reading, limit
        self.rejected = 0

    def __iter__(self) -> Iterator[Transcript]:
        from simulator.batch.readers import Rejected, read

        taken = 0
        for record in read(self.paths, self.reading, stdin=sys.stdin.buffer):
            if isinstance(record, Rejected):
                self.rejected += 1
                print(record, file=sys.stderr)
                continue
            yield record
            taken += 1
            if taken == self.limit:
                return


async def _hold(
    source: _Source,
    rubrics: list[Rubric],
    reads: ChosenJudge,
    way: Literal["gender", "names"],
    *,
    control: bool,
    concurrency: int,
) -> tuple[SwapAudit, bool]:
    import asyncio
    import signal

    from simulator.analysis.counterfactual import swap_audit

    stop = asyncio.Event()

    def interrupt() -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        print("\nFinishing what is under way; once more to leave at once.", file=sys.stderr)

    loop = asyncio.get_running_loop()
    with_signals = sys.platform != "win32"
    if with_signals:
        loop.add_signal_handler(signal.SIGINT, interrupt)
    progress = _Progress()
    try:
        await reads.settle()
        found = await swap_audit(
            iter(source), rubrics, reads.judge, way, control=control, concurrency=concurrency, on_done=progress.show, stop=stop
        )
    finally:
        progress.close()
        if with_signals:
            loop.remove_signal_handler(signal.SIGINT)
        await reads.aclose()
    return found, stop.is_set()


class _Progress:
    """One changing line on a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._said = 0.0

    def show(self, found: SwapAudit) -> None:
        now = time.monotonic()
        if self._terminal and now - self._said > 0.2:
            self._said = now
            line = f"{found.transcripts:,} transcripts, {len(found.moved) + found.more_moved:,} grades moved"
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        if self._said:
            print(file=sys.stderr)


def report(found: SwapAudit, *, blind: bool | None) -> list[str]:
    """Return what an audit found in lines for people. ``blind`` says whether a model could read who people are."""
    compared = found.transcripts - found.nothing_to_swap
    what = "gender" if found.way == "gender" else "first names"
    how = {None: "", True: ", blind to names and pronouns", False: ", reading names and pronouns"}[blind]
    lines = [f"{what} swapped in {compared:,} of {found.transcripts:,} transcripts; judge: {found.judge}{how}"]
    if found.nothing_to_swap:
        lines.append(f"{found.nothing_to_swap:,} name nobody and were not graded: there was nothing to swap in them")
    if not compared:
        return lines
    lines += ["", "                  levels moved               verdicts moved"]
    for rubric in found.swapped:
        levels, verdicts = found.shares(rubric)
        lines.append(f"  {rubric:<14}  {_share(levels):<25}  {_share(verdicts)}")
        if rubric in found.control:
            base = found.control[rubric]
            lines.append(f"    unchanged, twice: {_control(base)}")
        for way in found.directions(rubric) if found.way == "gender" else ():
            step = found.swapped[rubric].mean_step(way)
            if step.value is not None and found.swapped[rubric].levels_moved:
                interval = f", 95% {step.low:+.2f} to {step.high:+.2f}" if step.low is not None and step.high is not None else ""
                words = {"feminine": "made women", "masculine": "made men"}.get(str(way), "made both")
                lines.append(f"    people {words}: level {step.value:+.2f} on average ({step.n:,} grades{interval})")
    if found.failed:
        lines += ["", f"{found.failed:,} comparisons failed:"]
        lines += [f"  {count:,} ×  {reason}" for reason, count in found.reasons.most_common(3)]
    if found.names_kept:
        most = ", ".join(name for name, _ in found.names_kept.most_common(8))
        lines += ["", f"names that could not be swapped and stayed: {most}"]
    lines += ["", *_moved(found)]
    return lines


def _moved(found: SwapAudit) -> list[str]:
    if not found.moved:
        return ["nothing moved"]
    everything = len(found.moved) + found.more_moved
    lines = [f"what moved ({everything:,}):"]
    for each in found.moved[:_SHOWN]:
        lines += _one(each)
    if everything > _SHOWN:
        lines.append(f"  … and {everything - _SHOWN:,} more; --out FILE or --json lists {'up to ' if found.more_moved else ''}"
                     f"{len(found.moved):,}")  # fmt: skip
    return lines


def _one(moved: Moved) -> list[str]:
    before, after = ("not scored" if each is None else f"level {each}" for each in (moved.before, moved.after))
    head = f"{before} → {after}" if before != after else f"{before}, as before"
    lines = [f"  {moved.transcript}, {moved.rubric}: {head}"]
    for each in moved.verdicts:
        words = each.quote_after or each.quote_before
        shown = f": “{words}”" if words else ""
        lines.append(f"    {each.criterion}: {each.before.replace('_', ' ')} → {each.after.replace('_', ' ')}{shown}")
    return lines


def _share(share: Share) -> str:
    if share.value is None or share.low is None or share.high is None:
        return "–"
    return f"{share.count:,} of {share.n:,} ({share.low:.1%}–{share.high:.1%})"


def _control(base: Compared) -> str:
    from simulator.analysis.intervals import wilson

    levels, verdicts = wilson(base.levels_moved, base.levels), wilson(base.verdicts_moved, base.verdicts)
    return f"levels {_share(levels)}, verdicts {_share(verdicts)}"
