"""``fineline import``: whatever evaluators have, as Fineline JSONL."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer

from simulator.domain.errors import EXIT_FAILURE, FinelineError

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def import_(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders, globs, or - for standard input.")],
    trainee: Annotated[str | None, typer.Option(help="The speaker who is the trainee, as the files name them.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write here instead of standard output.")] = None,
    conversation_column: Annotated[str | None, typer.Option(help="CSV: the column that tells conversations apart.")] = None,
    speaker_column: Annotated[str | None, typer.Option(help="CSV: the column that says who speaks.")] = None,
    text_column: Annotated[str | None, typer.Option(help="CSV: the column with the words.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first record that cannot be read.")] = False,
) -> None:
    """Turn transcripts of any known format into Fineline JSONL.

    Reads Fineline JSONL, OpenAI chat JSONL, ShareGPT, ABCD JSON, CSV, plain text ("Speaker: words") and WebVTT, also packed
    with gzip or zstd. What cannot be read is named on standard error and left out; the exit code is then 1.
    """
    import json

    from simulator.batch.readers import Reading, Rejected, read
    from simulator.batch.speakers import Sides, WhoIsTheTraineeError
    from simulator.files import keep_what_is_read

    reading = Reading(Sides(trainee), conversation_column, speaker_column, text_column)
    # A pipe is read once: what was looked at would be gone.
    if trainee is None and sys.stdin.isatty() and not any(path == "-" or Path(path).is_fifo() for path in paths):
        # Looking at the first record is enough to know whether to ask.
        try:
            next(iter(read(paths, reading)), None)
        except WhoIsTheTraineeError as error:
            print(error.message, file=sys.stderr)
            answer = typer.prompt("Which speaker is the trainee?", err=True)
            reading = Reading(Sides(answer), conversation_column, speaker_column, text_column)

    keep_what_is_read(out, paths)
    written = left_out = 0
    try:
        with _written(out) as target:
            for result in read(paths, reading, stdin=sys.stdin.buffer):
                if isinstance(result, Rejected):
                    left_out += 1
                    print(f"{result}", file=sys.stderr)
                    if strict:
                        raise _StoppedError
                    continue
                target.write(json.dumps(result.as_record(), ensure_ascii=False) + "\n")
                written += 1
    except _StoppedError:
        pass
    print(f"{written} transcript{'s' if written != 1 else ''}{f', {left_out} left out' if left_out else ''}", file=sys.stderr)
    if left_out:
        raise typer.Exit(EXIT_FAILURE)


class _StoppedError(Exception):
    """What was written so far is not wanted."""


@contextmanager
def _written(out: Path | None) -> Iterator[IO[str]]:
    """Open a file that takes the place of ``out`` when everything has been written, or standard output.

    Raises :class:`FinelineError` where it cannot be written.
    """
    if out is None:
        yield sys.stdout
        return
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix=f".{out.name}.", dir=out.parent, delete=False) as target:
            temporary = Path(target.name)
            yield target
        temporary.chmod(0o644)
        temporary.replace(out)
    except OSError as error:
        raise FinelineError(f"{out} could not be written: {error.strerror or error}.") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
