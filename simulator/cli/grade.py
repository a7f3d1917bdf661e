"""``fineline grade``: saved transcripts against rubrics, resumable."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from simulator.domain.errors import EXIT_FAILURE, EXIT_INTERRUPTED, FinelineError, UsageError

if TYPE_CHECKING:
    from simulator.batch.readers import Reading, Rejected
    from simulator.batch.runner import Work
    from simulator.batch.tally import Tally
    from simulator.domain.grade import Grade
    from simulator.grading.judges.protocol import Judge

app = typer.Typer(rich_markup_mode=None)

_USUAL = ("warmth", "boundaries", "authenticity", "service")


@app.command()
def grade(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders, globs, or - for standard input.")],
    rubric: Annotated[
        list[str] | None, typer.Option("--rubric", "-r", help="A rubric's id or file; may be given more than once.")
    ] = None,
    judge: Annotated[Literal["builtin", "model"], typer.Option(help="Who judges.")] = "builtin",
    model: Annotated[str | None, typer.Option(help="The judge's model, where it is not the one in the settings.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write here, and go on where it stopped.")] = None,
    trainee: Annotated[str | None, typer.Option(help="The speaker who is graded, as the files name them.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Transcripts under way at once, with a model.")] = 8,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first record that cannot be read.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Begin anew instead of going on.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try what failed in an earlier run again.")] = False,
    conversation_column: Annotated[str | None, typer.Option(help="CSV: the column that tells conversations apart.")] = None,
    speaker_column: Annotated[str | None, typer.Option(help="CSV: the column that says who speaks.")] = None,
    text_column: Annotated[str | None, typer.Option(help="CSV: the column with the words.")] = None,
) -> None:
    """Grade transcripts: one JSON record per transcript and rubric, to a file or standard output.

    Reads what 'fineline import' reads. With --out every finished grade is on disk before it is counted, and the same command
    goes on where it stopped; what cannot be read goes to FILE.rejected. Exit code 1 where anything was rejected or failed.
    """
    import asyncio

    from simulator.batch.ledger import Ledger, without_failures
    from simulator.batch.readers import Reading
    from simulator.batch.speakers import Sides

    if out is not None:
        _refuse_tables(out)
    work, chat = _work(rubric or list(_USUAL), judge, model, concurrency)
    reading = _asked(paths, Reading(Sides(trainee), conversation_column, speaker_column, text_column))
    if out is not None and retry_failed and not again:
        without_failures(out)
    ledger = Ledger(out, again=again) if out is not None else _Pipe()
    progress = _Progress(out, strict=strict)
    try:
        tally, stopped = asyncio.run(_run(paths, reading, work, ledger, progress, chat))
    finally:
        progress.close()
        if isinstance(ledger, Ledger):
            ledger.close()
    _summarise(tally, out, stopped=stopped)
    if stopped:
        raise typer.Exit(EXIT_INTERRUPTED)
    if tally.rejected or tally.failed:
        raise typer.Exit(EXIT_FAILURE)


def _refuse_tables(out: Path) -> None:
    """Refuse a results file that is called like something results are made into afterwards."""
    then = {".csv": "export", ".parquet": "export", ".xlsx": "export", ".html": "report"}.get(out.suffix.casefold())
    if then is not None:
        results = out.with_suffix(".jsonl")
        made = out.with_suffix(".csv") if out.suffix.casefold() == ".xlsx" else out
        raise UsageError(
            f"Results are JSONL, so that a run that is cut off loses nothing; {out} would not be.",
            hint=f"Write to --out {results}, then: fineline {then} {results} --out {made}",
        )


def _work(rubrics: list[str], judge: str, model: str | None, concurrency: int) -> tuple[Work, Any]:
    from simulator import settings
    from simulator.authoring.library import Library
    from simulator.batch.runner import Work

    configured = settings.load()
    library = Library(settings.library_folders(configured), settings.cache_folder())
    wanted = [library.rubric(each) for each in dict.fromkeys(rubrics)]
    if judge == "builtin":
        from simulator.grading.judges.builtin import BuiltinJudge
        from simulator.language.detector import Detector

        detector = Detector.load(library.catalogue)
        reads: Judge = BuiltinJudge(detector)
        return Work(wanted, reads, detector.version), None
    from dataclasses import replace

    from simulator.grading.judges.model import ModelJudge
    from simulator.models.chat import ChatModel

    if configured.judge == "builtin":
        configured = configured.model_copy(update={"judge": "auto"})
    endpoint = settings.judge_endpoint(configured)
    if endpoint is None:
        raise UsageError(
            "There is no language model to judge with.",
            hint="Set OPENAI_API_KEY or OPENAI_BASE_URL, or choose one with 'fineline models'; or use --judge builtin.",
        )
    chat = ChatModel(replace(endpoint, model=model) if model else endpoint)
    model_judge = ModelJudge(chat, catalogue=library.catalogue)
    return Work(wanted, model_judge, model_judge.prompt_version, concurrency), chat


def _asked(paths: list[str], reading: Reading) -> Reading:
    """Ask who the trainee is where the first record does not tell and somebody is there to answer."""
    from dataclasses import replace

    from simulator.batch.readers import read
    from simulator.batch.speakers import Sides, WhoIsTheTraineeError

    if "-" in paths or reading.sides.trainee is not None or not sys.stdin.isatty():
        return reading
    try:
        next(read(paths, reading), None)
    except WhoIsTheTraineeError as error:
        print(error.message, file=sys.stderr)
        return replace(reading, sides=Sides(typer.prompt("Which speaker is the trainee?", err=True)))
    return reading


async def _run(paths: list[str], reading: Reading, work: Work, ledger: Any, progress: _Progress, chat: Any) -> tuple[Tally, bool]:
    import asyncio
    import signal

    from simulator.batch.readers import read
    from simulator.batch.runner import run

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
    try:
        if chat is not None:
            await chat.settle_on_model()
        transcripts = read(paths, reading, stdin=sys.stdin.buffer)
        outcome = await run(transcripts, work, ledger, progress, stop=stop)
        return outcome.tally, outcome.stopped
    finally:
        if with_signals:
            loop.remove_signal_handler(signal.SIGINT)
        if chat is not None:
            await chat.aclose()


class _Pipe:
    """Results to standard output, remembered by nobody."""

    def __contains__(self, key: str) -> bool:
        return False

    def add(self, results: Iterable[tuple[str, Grade | Mapping[str, Any]]]) -> None:
        from simulator.batch.ledger import as_line

        for key, record in results:
            sys.stdout.write(as_line(key, record).decode())
        sys.stdout.flush()

    def mark(self, source: bytes) -> tuple[int, int]:
        return 0, 0

    def set_mark(self, source: bytes, lines: int, transcripts: int) -> None: ...

    def press(self) -> None: ...


class _Progress:
    """Says how it goes on standard error: one line that changes on a terminal, a line now and then elsewhere."""

    def __init__(self, out: Path | None, *, strict: bool) -> None:
        self._rejects = out.with_name(f"{out.name}.rejected") if out is not None else None
        if self._rejects is not None:
            self._rejects.unlink(missing_ok=True)
        self._strict = strict
        self._terminal = sys.stderr.isatty()
        self._begun = self._said = time.monotonic()
        self._shown = False

    def rejected(self, record: Rejected) -> None:
        """Set a record that cannot be read aside, or stop at it."""
        if self._strict:
            raise FinelineError(str(record), hint="Without --strict it would be set aside and the rest graded.")
        self.close()
        print(record, file=sys.stderr)
        if self._rejects is not None:
            with self._rejects.open("a", encoding="utf-8") as file:
                line = {"path": record.path, "line": record.line, "reason": record.reason, "raw": record.raw}
                file.write(json.dumps(line, ensure_ascii=True) + "\n")

    def progressed(self, tally: Tally) -> None:
        """Show the counts, not more often than is readable."""
        now = time.monotonic()
        if now - self._said < (0.2 if self._terminal else 10):
            return
        self._said = now
        rate = tally.graded / (now - self._begun)
        failed = f", {tally.failed} failed" if tally.failed else ""
        spent = f", {tally.usage.input_tokens + tally.usage.output_tokens:,} tokens" if tally.usage.calls else ""
        line = f"{tally.transcripts:,} transcripts, {tally.graded:,} grades, {rate:,.0f} a second{failed}{spent}"
        print(f"\r\x1b[K{line}" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr, flush=True)
        self._shown = self._terminal

    def waiting(self, reason: str, seconds: float) -> None:
        """Say that the endpoint is away."""
        self.close()
        print(f"{reason} Trying again in {seconds:,.0f} s.", file=sys.stderr)

    def saved(self, tally: Tally) -> None:
        """Nothing is shown of it."""

    def close(self) -> None:
        """End the changing line."""
        if self._shown:
            print(file=sys.stderr)
            self._shown = False


def _summarise(tally: Tally, out: Path | None, *, stopped: bool) -> None:
    def say(text: str) -> None:
        print(text, file=sys.stderr)

    done_before = f", {tally.resumed:,} done before" if tally.resumed else ""
    outcome = f"{tally.scored:,} scored, {tally.not_scored:,} not scored, {tally.failed:,} failed{done_before}"
    say(f"{tally.transcripts:,} transcripts: {outcome}")
    for name in sorted({rubric for rubric, _ in tally.levels}):
        counts = [tally.levels[name, level] for level in range(1, 6)]
        say(f"  {name:<16} " + "  ".join(f"{level}: {count:,}" for level, count in enumerate(counts, 1)))
    for reason, count in tally.reasons.most_common(5):
        say(f"  failed {count:,} ×  {reason}")
    if tally.rejected:
        where = f"; see {out}.rejected" if out is not None else ""
        say(f"{tally.rejected:,} records could not be read{where}")
    if stopped and out is not None:
        say("Run the same command again to go on.")
