"""``fineline export``: saved conversations as JSONL, and grades as tables for spreadsheets and programs."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from simulator.domain.errors import EXIT_FAILURE, UsageError, unknown

if TYPE_CHECKING:
    from simulator.batch.grades import Result
    from simulator.batch.metadata import Metadata, Values
    from simulator.domain.transcript import Transcript

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_FORMATS = {".csv": "csv", ".parquet": "parquet"}
_MOST_NAMED = 20


@app.command()
def export(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SESSION | RESULTS...]", help="A session's id, or its beginning; or results of 'fineline grade'."
        ),
    ] = None,
    persona: Annotated[str | None, typer.Option(help="Sessions: only conversations with this persona.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write here instead of standard output.")] = None,
    to: Annotated[
        Literal["csv", "parquet"] | None, typer.Option("--to", help="Results: the form, where --out does not end in it.")
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option("--table", help="Results: grades, findings or ratings; all of them where left out.")
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="KEY", help="Results: a further column with this key of the transcripts."),
    ] = None,
    transcripts: Annotated[
        list[str] | None, typer.Option("--transcripts", metavar="PATH", help="Where they are, if not where they were graded.")
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="CSV for programs: no byte-order mark, no guard against formulas.")
    ] = False,
    listing: Annotated[bool, typer.Option("--list", help="List the saved sessions instead.")] = False,
) -> None:
    """Write saved conversations as JSONL, newest first; or the grades of results files as tables.

    Conversations have their session's id in "session", the self-rating in "self_rating" and the grades in "grades".

    Of results there are two tables, grades (a row for each transcript and rubric) and findings (a row for each criterion, with
    its words); and ratings, where a panel judged. Into a file go all of them (grades.csv, grades.findings.csv), to
    standard output the grades. In CSV, words that a spreadsheet would run as a formula get an apostrophe in front.
    """
    files = [each for each in what or () if Path(each).is_file()]
    if files or to or table or with_ or transcripts or plain or (out is not None and out.suffix.casefold() in _FORMATS):
        _tables(what or [], out, to, table or [], with_ or [], transcripts or [], plain=plain)
        return
    if len(what or ()) > 1:
        missing = [each for each in what or () if not Path(each).exists()]
        raise UsageError(f"There is no file {missing[0]!r}.", hint="Sessions are named one at a time.")
    _sessions(what[0] if what else None, persona, out, listing=listing)


def _sessions(session: str | None, persona: str | None, out: Path | None, *, listing: bool) -> None:
    import json

    from simulator import settings
    from simulator.files import write_atomically
    from simulator.store.store import Store

    store = Store.open(settings.data_folder())
    try:
        summaries = store.sessions(persona, limit=1_000_000)
        if session is not None:
            summaries = [each for each in summaries if each.id.startswith(session)]
            if not summaries:
                raise UsageError(f"There is no saved session {session!r}, and no file.", hint="See 'fineline export --list'.")
            if len(summaries) > 1:
                raise UsageError(f"{len(summaries)} saved sessions begin with {session!r}.", hint="Give more of the id.")
        if listing:
            for each in summaries:
                levels = " ".join(f"{rubric} {level}" for rubric, level in each.levels.items())
                when, state = f"{each.started_at:%Y-%m-%d %H:%M}", each.ending or each.phase
                print(f"{each.id[:12]}  {when}  {each.persona or '–'}  {state}  {levels}")
            return
        lines = []
        for each in summaries:
            record = store.transcript(each.id).as_record()
            rating = store.self_rating(each.id)
            record["session"] = each.id
            record["started_at"] = each.started_at.isoformat()
            record["self_rating"] = rating.model_dump() if rating else None
            record["grades"] = [grade.model_dump(mode="json") for grade in store.grades(each.id)]
            lines.append(json.dumps(record, ensure_ascii=False))
    finally:
        store.close()
    text = "".join(f"{line}\n" for line in lines)
    if out is None:
        sys.stdout.write(text)
    else:
        write_atomically(out, text)
        print(f"{len(lines)} conversations written to {out}", file=sys.stderr)


def _tables(
    what: Sequence[str],
    out: Path | None,
    to: str | None,
    names: Sequence[str],
    keys: Sequence[str],
    transcripts: Sequence[str],
    *,
    plain: bool,
) -> None:
    from simulator.batch.grades import contents
    from simulator.batch.writers.csv import CsvRows
    from simulator.batch.writers.files import write_tables
    from simulator.batch.writers.parquet import need_duckdb
    from simulator.batch.writers.tables import GRADES, TABLES
    from simulator.files import keep_what_is_read

    if not what:
        raise UsageError(
            "There are no results to make tables of.",
            hint="Name the file that 'fineline grade --out' wrote; your own sessions are graded with 'fineline grade store:'.",
        )
    for name in names:
        if name not in TABLES:
            raise unknown("table", name, TABLES)
    paths = [Path(each) for each in what]
    kind = _format(out, to)
    if kind == "parquet":
        need_duckdb()
        if out is None:
            raise UsageError("Parquet is not for a terminal.", hint="Name a file with --out.")
    chosen = [TABLES[name] for name in dict.fromkeys(names)] or (list(TABLES.values()) if out is not None else [GRADES])
    if out is None and len(chosen) > 1:
        raise UsageError("Standard output takes one table.", hint="Name a file with --out for more.")
    keep_what_is_read(out, paths)
    seen = contents(paths)
    if seen.repeated:
        print(f"{seen.repeated:,} grades are there more than once and come once.", file=sys.stderr)
    with metadata_of(paths, keys, transcripts) as metadata:
        unknown_ones: set[str] = set()

        def values(transcript: str) -> Values:
            found = metadata.of(transcript) if metadata else None
            if found is None and len(unknown_ones) <= _MOST_NAMED:
                unknown_ones.add(transcript)
            return found or (None,) * len(keys)

        tables = [each.with_columns(keys, values) if metadata else each for each in chosen]
        results = Readable(paths, seen)
        if out is None:
            if isinstance(sys.stdout, io.TextIOWrapper):
                # The ends of lines are CSV's own, on every system.
                sys.stdout.reconfigure(newline="")
            rows = CsvRows(tables[0], sys.stdout, plain=plain)
            for result in results:
                rows.add(result)
        else:
            for written in write_tables(results, tables, out, kind, plain=plain):
                print(f"{written.rows:,} rows written to {written.path}", file=sys.stderr)
    if unknown_ones:
        print(_not_found(sorted(unknown_ones), keys), file=sys.stderr)
    if results.rejected:
        raise typer.Exit(EXIT_FAILURE)


def _not_found(transcripts: Sequence[str], keys: Sequence[str]) -> str:
    """Return a line about transcripts whose keys are left empty."""
    from simulator.domain.text import clean

    many = "1 transcript" if len(transcripts) == 1 else f"{len(transcripts)} transcripts"
    many = f"more than {_MOST_NAMED} transcripts" if len(transcripts) > _MOST_NAMED else many
    named = clean(", ".join(transcripts[:3]), keep_newlines=False)
    what = f"{', '.join(keys)} {'is' if len(keys) == 1 else 'are'} left empty"
    return f"{many} not found, or there several times and different, so {what}: {named}{' …' if len(transcripts) > 3 else ''}"


def _format(out: Path | None, to: str | None) -> Literal["csv", "parquet"]:
    told = _FORMATS.get(out.suffix.casefold()) if out is not None else None
    if to is not None and told is not None and to != told:
        raise UsageError(f"{out} is not where {to} goes.", hint=f"Leave --to out, or call the file {Path(str(out)).stem}.{to}.")
    kind = to or told
    if kind is None and out is not None:
        raise UsageError(f"The form of {out} cannot be told.", hint="Call it .csv or .parquet, or add --to csv or --to parquet.")
    return "parquet" if kind == "parquet" else "csv"


class Readable:
    """The grades of results files; records that are none are named on standard error (the first of many) and counted."""

    def __init__(self, paths: Sequence[Path], seen: Any) -> None:
        self._paths = paths
        self._seen = seen
        self.rejected = 0

    def __iter__(self) -> Iterator[Result]:
        from simulator.batch.grades import read_grades
        from simulator.batch.readers import Rejected
        from simulator.domain.text import clean

        for each in read_grades(self._paths, self._seen):
            if isinstance(each, Rejected):
                self.rejected += 1
                if self.rejected <= _MOST_NAMED:
                    print(clean(str(each), keep_newlines=False), file=sys.stderr)
            else:
                yield each
        if self.rejected > _MOST_NAMED:
            print(f"… and {self.rejected - _MOST_NAMED:,} more lines that are no grades.", file=sys.stderr)


@contextmanager
def metadata_of(results: Sequence[Path], keys: Sequence[str], transcripts: Sequence[str]) -> Iterator[Metadata | None]:
    """Look up keys of the graded transcripts, which are where the runs' descriptions say, or at ``transcripts``."""
    if not keys:
        yield None
        return
    from simulator.batch.metadata import Metadata
    from simulator.batch.sources import sources_of

    places = sources_of(results, transcripts)
    if not places:
        raise UsageError(f"It is not known which transcripts {results[0]} was made from.", hint="Say it with --transcripts PATH.")
    with Metadata(keys) as metadata:
        metadata.gather(each for place in places for each in place.transcripts(own_sessions))
        yield metadata


def own_sessions(session: str | None) -> Iterator[Transcript]:
    """Yield the app's own sessions, or one of them."""
    from simulator import settings
    from simulator.batch.sessions import saved_sessions

    return saved_sessions(settings.data_folder(), session)
