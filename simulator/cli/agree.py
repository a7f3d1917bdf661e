"""``fineline agree``: how far raters agree, people and machines alike."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli import authored
from simulator.domain.errors import FinelineError, UsageError

if TYPE_CHECKING:
    from simulator.analysis.comparison import Drawn
    from simulator.analysis.labels import Labels
    from simulator.analysis.raters import Ratings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def agree(
    results: Annotated[
        list[Path] | None, typer.Argument(metavar="RESULTS...", help="Results of 'fineline grade' and 'fineline review'.")
    ] = None,
    rubric: Annotated[list[str] | None, typer.Option("--rubric", "-r", help="Only this rubric; may be given again.")] = None,
    rater: Annotated[
        list[str] | None,
        typer.Option("--rater", help="Only this rater; may be given again. CSV, one label a row: the column of who labelled."),
    ] = None,
    members: Annotated[
        bool | None,
        typer.Option("--members/--panel", help="A panel's members as raters, or the panel; left out: members in a single file."),
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--csv", help="Compare plain labels in a CSV instead; - for standard input.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="CSV, one label a row: the column of what was labelled.")] = None,
    label: Annotated[str | None, typer.Option(help="CSV, one label a row: the column of the label.")] = None,
    columns: Annotated[str | None, typer.Option(help="CSV, one unit a row: the raters' columns, as a,b,c.")] = None,
    order: Annotated[
        str | None, typer.Option(help="CSV: labels in words that are a scale, from low to high, as low,mid,high.")
    ] = None,
    pairs: Annotated[
        bool, typer.Option("--pairs", help="With more than two raters: every pair, and κ on every criterion.")
    ] = False,
    bootstrap: Annotated[int, typer.Option(min=100, max=20000, help="Resamples for the intervals.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the resamples.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for programs: everything, every pair.")] = False,
) -> None:
    """Compare raters on the same transcripts: agreement on levels and on each criterion, with 95% bootstrap intervals.

    A rater is a judge's or a person's name in the results; a panel's members are raters too. Raw agreement, Cohen's and weighted
    kappa, Krippendorff's alpha and Spearman's rho; where a figure has no meaning, the reason stands in its place.
    """
    from simulator.analysis.comparison import Drawn

    drawn = Drawn(bootstrap, seed)
    if table is not None:
        if results:
            raise UsageError("Results and --csv do not go together.", hint="Compare one, then the other.")
        _compare_labels(_labels(table, unit, rater or [], label, columns, order), table, drawn, pairs=pairs, as_json=as_json)
        return
    for option, given in (
        ("--unit", unit),
        ("--label", label),
        ("--columns", columns),
        ("--order", order),
    ):
        if given is not None:
            raise UsageError(f"{option} is for plain labels.", hint="Give the table with --csv FILE.")
    if not results:
        raise UsageError("Which results?", hint="fineline agree A.jsonl B.jsonl, or --csv FILE for plain labels.")
    _compare_results(results, rubric or [], rater or [], members, drawn, pairs=pairs, as_json=as_json)


def _compare_results(
    paths: list[Path], rubrics: list[str], wanted: list[str], members: bool | None, drawn: Drawn, *, pairs: bool, as_json: bool
) -> None:
    from simulator.analysis.comparison import compare
    from simulator.analysis.raters import read_ratings
    from simulator.cli import agreement_tables as tables

    for path in paths:
        if path.suffix.casefold() in (".csv", ".tsv"):
            raise UsageError(f"{path} is a table.", hint=f"Compare its labels with --csv {path}.")
    ratings = read_ratings(paths, members=members, rubrics=rubrics)
    raters = ratings.chosen(wanted)
    found = compare(ratings, raters, drawn)
    if not found:
        raise FinelineError("No transcript was rated by two of these raters.", hint=_why_not(ratings, raters))
    names = ratings.names()
    if as_json:
        about = [
            {"name": names[each], "file": str(ratings.raters[each].path), "rated": ratings.raters[each].graded} for each in raters
        ]
        authored.print_json(
            {"raters": about, "rubrics": [each.as_json() for each in found], "resamples": drawn.times, "seed": drawn.seed}
        )
    else:
        for each in found:
            _print([*tables.of_rubric(each, every_pair=pairs), ""])
        _print(tables.ADVICE)
    for who in (ratings.raters[at] for at in raters):
        if who.again:
            authored.say(f"{who.path}: {who.again:,} of {who.name!r} stand in place of earlier ones.")


def _why_not(ratings: Ratings, raters: list[int]) -> str:
    """Return what was rated by whom, with an id of each, so that a difference in ids or rubrics can be seen."""
    names, parts, ids = ratings.names(), [], list(ratings.transcripts)
    for at in raters:
        firsts = {of.rubric: first for of in ratings.rubrics.values() if (first := of.first(at)) is not None}
        what = f"{', '.join(firsts)} of {ids[next(iter(firsts.values()))]!r} …" if firsts else "nothing that was judged"
        parts.append(f"{names[at]}: {what}")
    return f"Rated were: {'; '.join(parts)}"


def _labels(path: Path, unit: str | None, raters: list[str], label: str | None, columns: str | None, order: str | None) -> Labels:
    from simulator.analysis.labels import read_long, read_wide

    scale = [each.strip() for each in order.split(",") if each.strip()] if order else []
    hint = "One label a row: --unit, --rater and --label. One unit a row: --columns a,b,c."
    rater = raters[0] if len(raters) == 1 else None
    if columns is not None and (unit or raters or label):
        raise UsageError("--columns is for tables with one unit a row.", hint=hint)
    if columns is None and not (unit and rater and label):
        raise UsageError("It cannot be told how the table is laid out.", hint=hint)
    try:
        if str(path) == "-":
            return _read(sys.stdin, "<stdin>", columns, (unit, rater, label), scale, read_long, read_wide)
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(file, str(path), columns, (unit, rater, label), scale, read_long, read_wide)
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text.") from None
    except OSError as error:
        raise FinelineError(f"{path} could not be read: {error.strerror or error}.") from None


def _read(
    lines: Iterable[str], name: str, columns: str | None, long: tuple[Any, ...], scale: list[str], read_long: Any, read_wide: Any
) -> Labels:
    found: Labels = (
        read_wide(lines, name, columns.split(","), scale) if columns is not None else read_long(lines, name, *long, scale)
    )
    return found


def _compare_labels(labels: Labels, path: Path, drawn: Drawn, *, pairs: bool, as_json: bool) -> None:
    from simulator.analysis.comparison import compare_labels
    from simulator.cli import agreement_tables as tables

    found = compare_labels("label", labels.patterns, labels.raters, scale=labels.scale, numbers=labels.numbers, drawn=drawn)
    if as_json:
        about = {"file": str(path), "units": labels.units, "raters": list(labels.raters)}
        authored.print_json(about | found.as_json() | {"resamples": drawn.times, "seed": drawn.seed})
        return
    _print([f"{labels.units:,} units, {len(labels.raters)} raters: {', '.join(labels.raters)}", ""])
    kind = "labels (numbers)" if labels.numbers else "labels (a scale)" if labels.scale else "labels (no order)"
    _print([*tables.of_labels(found, title=kind, every_pair=pairs), "", *tables.ADVICE])


def _print(lines: Iterable[str]) -> None:
    from simulator.domain.text import clean

    for line in lines:
        print(clean(line, keep_newlines=False))
