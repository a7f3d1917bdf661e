"""``fineline report``: graded transcripts as one page that can be read, printed and defended."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.domain.errors import EXIT_FAILURE, UsageError

if TYPE_CHECKING:
    from simulator.batch.readers import Rejected
    from simulator.domain.rubric import Rubric

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_MOST_NAMED = 20
_EVERY_S = 0.3


@app.command()
def report(
    results: Annotated[list[Path], typer.Argument(metavar="RESULTS...", help="What 'fineline grade --out' wrote.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The page; report.html where left out.")] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="KEY", help="Compare groups by this key of the transcripts; a.b for b in a.")
    ] = None,
    rubric: Annotated[
        list[str] | None, typer.Option("--rubric", "-r", help="Only this rubric; may be given more than once.")
    ] = None,
    transcripts: Annotated[
        list[str] | None, typer.Option("--transcripts", metavar="PATH", help="Where they are, if not where they were graded.")
    ] = None,
    trainee: Annotated[str | None, typer.Option(help="With --transcripts: the speaker who was graded.")] = None,
    findings: Annotated[int, typer.Option(min=0, max=100_000, help="Shown of each question and outcome, with words.")] = 20,
    every_version: Annotated[
        bool, typer.Option("--every-version", help="Show grades by earlier versions of a rubric or judge too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write the numbers to standard output instead.")] = False,
) -> None:
    """Make one HTML page of results: levels, questions, groups, and the findings with their quotes where they were said.

    The page needs no network and no other file. Of several results files, grades by the same judge are counted together and
    those by different judges shown apart. Exit code 1 where a line of the results is no grade.
    """
    from datetime import UTC, datetime

    from simulator.analysis.report.build import Wanted, build
    from simulator.batch.manifest import load_manifest
    from simulator.batch.sources import sources_of
    from simulator.cli.export import own_sessions
    from simulator.files import keep_what_is_read, write_atomically

    if out is not None and out.suffix.casefold() in (".csv", ".parquet"):
        raise UsageError(f"{out} is no page.", hint=f"Tables are made with: fineline export {results[0]} --out {out}")
    keep_what_is_read(out, [*results, *(transcripts or ())])
    wanted = Wanted(rubrics=rubric or (), by=by, findings=findings, every_version=every_version)
    sources = sources_of(results, transcripts or (), trainee=trainee)
    teller = _Teller()
    # Runs carry the rubrics they used; where one says nothing of itself, those at hand may be the same.
    library = {} if all(load_manifest(path) is not None for path in results) else _library()
    made = build(results, wanted, sources, library, sessions=own_sessions, told=teller.name, progress=teller.progress)
    teller.close()
    if as_json:
        import json

        print(json.dumps(made.as_json(), indent=2, ensure_ascii=False))
    if out is not None or not as_json:
        from simulator.analysis.report.page import render

        page = out if out is not None else Path("report.html")
        write_atomically(page, render(made, made=datetime.now(UTC)))
        many = "1 transcript" if made.seen.transcripts == 1 else f"{made.seen.transcripts:,} transcripts"
        print(f"Report on {many} written to {page}", file=sys.stderr)
        if made.missing:
            print(f"Quotes stand without their conversations: {made.missing}", file=sys.stderr)
            print("Name the transcripts with --transcripts PATH.", file=sys.stderr)
    if made.rejected_count:
        raise typer.Exit(EXIT_FAILURE)


def _library() -> dict[str, Rubric]:
    """Return the rubrics that are at hand, by their digests."""
    from simulator.cli.authored import open_library
    from simulator.domain.errors import AuthoringError

    library = open_library()
    found = {}
    for name in library.rubrics:
        try:
            rubric = library.rubric(name)
        except AuthoringError:
            continue
        found[rubric.digest] = rubric
    return found


class _Teller:
    """Says on standard error what is being read, where somebody watches, and names the first lines that are no grades."""

    def __init__(self) -> None:
        self._rejected = 0
        self._watched = sys.stderr.isatty()
        self._said = time.monotonic()
        self._shown = False

    def progress(self, what: str, count: int) -> None:
        """Show how much has been read, not more often than is readable."""
        if self._watched and time.monotonic() - self._said > _EVERY_S:
            self._said = time.monotonic()
            self._shown = True
            print(f"\r\x1b[K{count:,} {what} read", end="", file=sys.stderr, flush=True)

    def name(self, rejected: Rejected) -> None:
        """Name a line that is no grade."""
        from simulator.domain.text import clean

        self._rejected += 1
        if self._rejected <= _MOST_NAMED:
            self._clear()
            print(clean(str(rejected), keep_newlines=False), file=sys.stderr)

    def close(self) -> None:
        """End what is shown."""
        self._clear()
        if self._rejected > _MOST_NAMED:
            print(f"… and {self._rejected - _MOST_NAMED:,} more lines that are no grades.", file=sys.stderr)

    def _clear(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False
