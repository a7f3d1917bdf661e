"""What tables grades make: one of grades, one of findings, and one of ratings where a panel judged.

The three join on ``transcript``, ``rubric``, ``judge`` and ``key``. Types are those of SQL, as DuckDB writes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.batch.grades import Result
from simulator.domain.text import clean

Cell = str | int | float | bool | None | list[dict[str, Any]]
Row = list[Cell]
TEXT = "VARCHAR"
EVIDENCE = "STRUCT(turn INTEGER, quote VARCHAR)[]"


@dataclass(frozen=True)
class Table:
    """A table: its name, its columns with their types, and the rows that one grade makes."""

    name: str
    columns: dict[str, str]
    rows: Callable[[Result], Iterator[Row]]

    def with_columns(self, names: Sequence[str], values: Callable[[str], Sequence[Cell]]) -> Table:
        """Return the table with further text columns behind its own, whose values are looked up by the transcript's id."""

        def rows(result: Result) -> Iterator[Row]:
            further: Row = [_text(each) for each in values(result.grade.transcript)]
            for row in self.rows(result):
                yield row + further

        # A key that is called like a column of ours stays apart from it.
        taken = {(f"transcript.{each}" if each in self.columns else each): TEXT for each in names}
        return Table(self.name, {**self.columns, **taken}, rows)


def _text(value: Cell) -> str | None:
    if value is None:
        return None
    return clean(str(value).lower() if isinstance(value, bool) else str(value))


def _names(result: Result) -> Row:
    grade = result.grade
    return [clean(grade.transcript), clean(grade.rubric), clean(grade.judge)]


_NAMES = {"transcript": TEXT, "rubric": TEXT, "judge": TEXT}


def _grade(result: Result) -> Iterator[Row]:
    grade, usage, versions = result.grade, result.grade.usage, result.grade.versions
    counted = Counter(each.outcome for each in grade.findings)
    yield [
        *_names(result), grade.status, grade.level, grade.score, clean(grade.reason), grade.kind or None,
        counted["met"], counted["not_met"], counted["not_applicable"], counted["not_judged"], counted["unsubstantiated"],
        usage.calls, usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.estimated,
        versions.fineline, versions.rubric, versions.prompt, versions.detector, result.key,
    ]  # fmt: skip


def _findings(result: Result) -> Iterator[Row]:
    names = _names(result)
    for each in result.grade.findings:
        evidence: list[dict[str, Any]] = [{"turn": one.turn, "quote": clean(one.quote)} for one in each.evidence]
        first = evidence[0] if evidence else {"turn": None, "quote": None}
        yield [
            *names, clean(each.criterion), each.verdict, each.counted, each.substantiated, first["turn"], first["quote"],
            clean(each.reason), evidence, result.key,
        ]  # fmt: skip


def _ratings(result: Result) -> Iterator[Row]:
    names = _names(result)
    for each in result.grade.ratings:
        yield [*names, clean(each.judge), each.repeat, each.status, each.level, each.score, clean(each.reason), result.key]


GRADES = Table(
    "grades",
    {
        **_NAMES, "status": TEXT, "level": "TINYINT", "score": "DOUBLE", "reason": TEXT, "kind": TEXT,
        **dict.fromkeys(("met", "not_met", "not_applicable", "not_judged", "unsubstantiated"), "SMALLINT"),
        **dict.fromkeys(("calls", "input_tokens", "cached_tokens", "output_tokens"), "BIGINT"), "tokens_estimated": "BOOLEAN",
        "fineline_version": TEXT, "rubric_version": TEXT, "prompt_version": TEXT, "detector_version": TEXT, "key": TEXT,
    },
    _grade,
)  # fmt: skip
FINDINGS = Table(
    "findings",
    {
        **_NAMES, "criterion": TEXT, "verdict": TEXT, "counted": "BOOLEAN", "substantiated": "BOOLEAN", "turn": "INTEGER",
        "quote": TEXT, "reason": TEXT, "evidence": EVIDENCE, "key": TEXT,
    },
    _findings,
)  # fmt: skip
RATINGS = Table(
    "ratings",
    {
        **_NAMES, "member": TEXT, "repeat": "INTEGER", "status": TEXT, "level": "TINYINT", "score": "DOUBLE", "reason": TEXT,
        "key": TEXT,
    },
    _ratings,
)  # fmt: skip
TABLES = {table.name: table for table in (GRADES, FINDINGS, RATINGS)}
