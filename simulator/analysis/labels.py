"""Plain labels in a CSV: one row a label (unit, rater, label), or one row a unit and a column a rater."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from simulator.analysis.agreement import Patterns, Rating
from simulator.domain.errors import UsageError, unknown

MOST_RATERS = 50


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels by rater. ``numbers`` says that all of them are; ``scale`` is their order where it was given."""

    raters: tuple[str, ...]
    patterns: Patterns
    units: int
    numbers: bool
    scale: tuple[str, ...] | None = None


def read_long(lines: Iterable[str], name: str, unit: str, rater: str, label: str, order: Sequence[str] = ()) -> Labels:
    """Read a table of one label a row. Raises :class:`UsageError` for a missing column, a row cut short, a second label."""
    header, rows = _table(lines, name)
    at_unit, at_rater, at_label = (_place(header, each, name) for each in (unit, rater, label))
    raters: dict[str, int] = {}
    given: dict[str, dict[int, str]] = {}
    for number, row in rows:
        who = raters.setdefault(row[at_rater].strip(), len(raters))
        if len(raters) > MOST_RATERS:
            raise UsageError(f"{name}: more than {MOST_RATERS} raters in the column {rater!r}.", hint="Is that the right column?")
        said = given.setdefault(row[at_unit].strip(), {})
        if who in said:
            raise UsageError(
                f"{name}:{number}: {row[at_rater].strip()!r} labels {row[at_unit].strip()!r} a second time.",
                hint="A rater gives a unit one label; is --unit the column that tells units apart?",
            )
        said[who] = row[at_label].strip()
    return _labels(list(raters), ([said.get(each, "") for each in range(len(raters))] for said in given.values()), name, order)


def read_wide(lines: Iterable[str], name: str, columns: Sequence[str], order: Sequence[str] = ()) -> Labels:
    """Read a table of one unit a row, a column for each rater. Raises :class:`UsageError` as :func:`read_long` does."""
    header, rows = _table(lines, name)
    places = [_place(header, each, name) for each in columns]
    if len(set(places)) < len(places):
        raise UsageError("A column is named twice.")
    return _labels([header[each] for each in places], ([row[each].strip() for each in places] for _, row in rows), name, order)


def _table(lines: Iterable[str], name: str) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    source = iter(lines)
    first = next(source, "")
    # Only the separator is guessed, from the header; quotes are doubled as RFC 4180 has it.
    separator = max(",;\t|", key=first.count)
    header = [each.strip() for each in next(csv.reader([first], delimiter=separator), [])]
    if not any(header):
        raise UsageError(f"{name} is empty: expected a header and rows.")

    def rows() -> Iterator[tuple[int, list[str]]]:
        table = csv.reader(source, delimiter=separator, strict=True)
        try:
            for row in table:
                if row and len(row) != len(header):
                    raise UsageError(f"{name}:{table.line_num + 1}: {len(row)} columns where the header has {len(header)}.")
                if row:
                    yield table.line_num + 1, row
        except csv.Error as error:
            raise UsageError(f"{name}:{table.line_num + 1}: not CSV: {error}.") from None

    return header, rows()


def _place(header: Sequence[str], column: str, name: str) -> int:
    folded = [each.casefold() for each in header]
    if column.strip().casefold() not in folded:
        raise unknown(f"column in {name}", column, header)
    return folded.index(column.strip().casefold())


def _labels(raters: Sequence[str], rows: Iterable[Sequence[str]], name: str, order: Sequence[str]) -> Labels:
    if len(raters) < 2:
        raise UsageError(f"{name} has labels of {len(raters) or 'no'} rater: agreement takes two.")
    patterns, units = Patterns(), 0
    for row in rows:
        patterns.add([each or None for each in row])
        units += 1
    seen = {str(each) for row in patterns.counts for each in row if each is not None}
    if order:
        wrong = sorted(seen - set(order))
        if wrong:
            raise unknown("label in --order", wrong[0], order)
        return Labels(tuple(raters), patterns, units, False, tuple(order))
    numbers = {each: number for each in seen if (number := _number(each)) is not None}
    if len(numbers) < len(seen) or not seen:
        return Labels(tuple(raters), patterns, units, False)
    read: Patterns = Patterns()
    for labels, count in patterns.counts.items():
        read.add([_rating(each, numbers) for each in labels], count)
    return Labels(tuple(raters), read, units, True)


def _rating(label: Rating, numbers: dict[str, float]) -> Rating:
    return None if label is None else numbers[str(label)]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
