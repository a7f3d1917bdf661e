"""Reading transcripts from tables: a turn a row, the columns found by their names."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.batch.lines import DAMAGED, MOST_CHARACTERS_A_RECORD, Lines
from simulator.batch.records import (
    ID_KEYS,
    SPEAKER_KEYS,
    TEXT_KEYS,
    Reading,
    Rejected,
    UnreadableError,
    stem,
    transcript_of,
    whole_text,
)
from simulator.domain.errors import UsageError, nearest
from simulator.domain.transcript import Transcript, Turn

_CONVERSATION_COLUMNS = ("conversation", *ID_KEYS, "call_id", "chat_id", "thread_id", "ticket_id", "case_id")
# Names that a record or a turn has for something of its own.
_TAKEN = frozenset({"id", "turns"})
_TAKEN_IN_TURNS = frozenset(Turn.model_fields)
_ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class _Row:
    """A row with the line it ends in; ``fault`` says why it cannot be used, and then its cells may be none or too few."""

    line: int
    cells: list[str]
    fault: str = ""


@dataclass
class _Table:
    header: list[str]
    conversation: int
    speaker: int
    words: int
    separator: str
    rows: Iterator[_Row]


@dataclass
class _Conversation:
    label: str
    begun: int
    rows: list[_Row] = field(default_factory=list)
    fault: _Row | None = None


def read_csv(lines: Lines, name: str, reading: Reading) -> Iterator[Transcript | Rejected]:
    """Read a table with a turn a row.

    Further columns are kept: with the transcript where they say the same in all its rows, else with the turns. A conversation
    of which a row cannot be read is left out as a whole, since a part of it would be another conversation. Rows that do not
    stand together are put together on disk; where a table comes through a pipe, they are left out and named.
    Raises :class:`UsageError` where a column is not there and no transcript has been read before.
    """
    try:
        table = _table(lines, name, reading)
    except UsageError as error:
        if not reading.sides.told:
            raise
        yield Rejected(name, 1, f"{error.message.removeprefix(f'{name}:1: ')} {error.hint}", "")
        return
    if table is None:
        return
    if lines.again is not None and not _together(table, _table(lines.again(), name, reading)):
        conversations = _put_together(table, name)
    else:
        conversations = _in_order(table, name)
    for each in conversations:
        if isinstance(each, Rejected):
            yield each
        else:
            yield _from_rows(each, table, name, reading)


def _table(lines: Iterable[str], name: str, reading: Reading) -> _Table | None:
    """Return a table behind its header, ``None`` where there is none."""
    rows = iter(lines)
    header_line, above = next(rows, ""), 1
    said = re.fullmatch(r"sep=(.)\s*", header_line, re.IGNORECASE)
    if said:  # how Excel is told
        header_line, above = next(rows, ""), 2
    if not header_line.strip():
        return None
    # Only the separator is guessed, from the header; quotes are doubled as RFC 4180 has it.
    separator = said[1] if said else max(",;\t|", key=header_line.count)
    header = next(csv.reader([header_line], delimiter=separator), [])
    return _Table(
        header,
        _column(header, reading.conversation_column, _CONVERSATION_COLUMNS, "conversation", name),
        _column(header, reading.speaker_column, SPEAKER_KEYS, "speaker", name),
        _column(header, reading.text_column, TEXT_KEYS, "text", name),
        separator,
        _rows(rows, separator, len(header), above),
    )


def _rows(lines: Iterator[str], separator: str, width: int, above: int) -> Iterator[_Row]:
    csv.field_size_limit(max(csv.field_size_limit(), MOST_CHARACTERS_A_RECORD))
    # Strict, because a quote that is never closed would otherwise swallow what follows without a word.
    table = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        begins = table.line_num + above + 1
        try:
            row = next(table, None)
        except csv.Error as error:
            why = "a quotation mark is never closed" if "unexpected end" in str(error) else str(error)
            yield _Row(begins, [], f"not CSV: {why}")
            continue
        if row is None:
            return
        if len(row) != width and row:
            yield _Row(table.line_num + above, row, f"{len(row)} columns where the header has {width}")
        elif row:
            yield _Row(table.line_num + above, row)


# -- rows that stand together, and rows that do not


def _in_order(table: _Table, name: str) -> Iterator[_Conversation | Rejected]:
    current: _Conversation | None = None
    finished: set[int] = set()
    lost: _Row | None = None
    for row in table.rows:
        if len(row.cells) <= table.conversation:
            # Whose row it was cannot be told: it may have been the last of one conversation or the first of the next.
            lost = row
            if current is not None:
                current.fault = current.fault or row
                current.rows.append(row)
            continue
        label = row.cells[table.conversation]
        if label.strip() and hash(label) in finished:
            reason = f"conversation {label!r} goes on after another one: sort the rows by it, or read it from a file"
            yield Rejected(name, row.line, reason, table.separator.join(row.cells))
            continue
        if current is None or label != current.label:
            if current is not None:
                finished.add(hash(current.label))
                yield current
            current = _Conversation(label, row.line, fault=lost)
        lost = None
        current.rows.append(row)
        if row.fault:
            current.fault = current.fault or row
    if current is not None:
        yield current
    elif lost is not None:
        yield Rejected(name, lost.line, lost.fault, "")


def _together(table: _Table, ahead: _Table | None) -> bool:
    """Return whether the rows of each conversation stand together, by reading the table once more."""
    finished: set[int] = set()
    current = 0
    # What is damaged is said when it is read in earnest.
    with suppress(*DAMAGED):
        if ahead is not None:
            for row in ahead.rows:
                label = row.cells[table.conversation] if len(row.cells) > table.conversation else ""
                if label.strip() and hash(label) != current:
                    current = hash(label)
                    if current in finished:
                        return False
                    finished.add(current)
    return True


def _put_together(table: _Table, name: str) -> Iterator[_Conversation | Rejected]:
    """Yield conversations whose rows stand anywhere, in the order in which they begin; the rows wait on disk."""
    with tempfile.TemporaryDirectory(prefix="fineline-") as folder, _database(Path(folder)) as held:
        held.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -20000;"
            "CREATE TABLE rows (conversation INTEGER, line INTEGER, row TEXT, PRIMARY KEY (conversation, line)) WITHOUT ROWID"
        )
        numbers: dict[str, int] = {}
        waiting: list[tuple[int, int, str]] = []

        def keep() -> None:
            held.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", waiting)
            waiting.clear()

        damage: Exception | None = None
        unnamed = ""
        try:
            for row in table.rows:
                if len(row.cells) <= table.conversation:
                    yield Rejected(name, row.line, f"{row.fault}; some conversation lacks it", "")
                    continue
                label = row.cells[table.conversation]
                # Rows that name no conversation belong to those beside them that name none either.
                unnamed = "" if label.strip() else unnamed or f"\0{row.line}"
                number = numbers.setdefault(unnamed or label, len(numbers))
                waiting.append((number, row.line, json.dumps([row.cells, row.fault])))
                if len(waiting) == _ROWS_AT_ONCE:
                    keep()
        except DAMAGED as error:
            damage = error
        keep()
        current, so_far = None, -1
        for number, line, row in held.execute("SELECT conversation, line, row FROM rows ORDER BY conversation, line"):
            cells, fault = json.loads(row)
            if current is None or number != so_far:
                if current is not None:
                    yield current
                current, so_far = _Conversation(cells[table.conversation], line), number
            current.rows.append(_Row(line, cells, fault))
            if fault and current.fault is None:
                current.fault = current.rows[-1]
        if current is not None and damage is None:
            yield current
        if damage is not None:
            raise damage


def _database(folder: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(str(folder / "rows.db")))


# -- a conversation


def _from_rows(conversation: _Conversation, table: _Table, name: str, reading: Reading) -> Transcript | Rejected:
    fault, begun = conversation.fault, conversation.begun
    raw = "\n".join(table.separator.join(row.cells) for row in conversation.rows)
    if fault is not None:
        rest = f"; conversation {conversation.label!r} is left out as a whole" if len(conversation.rows) > 1 else ""
        return Rejected(name, fault.line, fault.fault + rest, raw)
    label = conversation.label if conversation.label.strip() else f"{stem(name)}-{begun}"
    try:
        return transcript_of(whole_text(_record(label, conversation.rows, table)), f"{name}:{begun}", label, reading)
    except UnreadableError as error:
        return Rejected(name, begun, str(error), raw)


def _record(label: str, rows: Sequence[_Row], table: _Table) -> dict[str, Any]:
    turns: list[dict[str, Any]] = [{"role": row.cells[table.speaker], "text": row.cells[table.words]} for row in rows]
    record: dict[str, Any] = {"id": label, "turns": turns}
    for at, title in enumerate(table.header):
        if at in (table.conversation, table.speaker, table.words):
            continue
        key = title.strip() or f"column_{at + 1}"
        values = [row.cells[at] for row in rows]
        if len(set(values)) == 1:
            if values[0].strip():
                record[f"given_{key}" if key in _TAKEN else key] = _value(values[0])
            continue
        for turn, value in zip(turns, values, strict=True):
            if value.strip():
                turn[f"given_{key}" if key in _TAKEN_IN_TURNS else key] = _value(value)
    return record


def _value(cell: str) -> str | int | float:
    """Return a cell as the number it is, where writing that number gives the cell again."""
    for kind in (int, float):
        try:
            if str(kind(cell)) == cell and cell not in ("nan", "inf", "-inf"):
                return kind(cell)
        except ValueError:
            continue
    return cell


def _column(header: Sequence[str], named: str | None, usual: Sequence[str], what: str, name: str) -> int:
    folded = [_folded(each) for each in header]
    for candidate in [named] if named is not None else usual:
        if _folded(candidate) in folded:
            return folded.index(_folded(candidate))
    near = next((found for each in ([named] if named is not None else usual) if (found := nearest(each, header))), "")
    meant = f" Did you mean {near!r}?" if near and named is not None else f" Is it {near!r}?" if near else ""
    raise UsageError(
        f"{name}:1: there is no {what} column{f' called {named!r}' if named is not None else ''}.",
        hint=f"Columns: {', '.join(header)}.{meant} Name it with --{what}-column.",
    )


def _folded(title: str) -> str:
    return re.sub(r"[\s_.-]+", "", title).casefold()


def table_columns(line: str) -> frozenset[str]:
    """Return the titles in a line that may be a header, as they are compared."""
    return frozenset(_folded(each.strip().strip('"')) for each in re.split(r"[,;\t|]", line))


def looks_like_header(line: str) -> bool:
    """Return whether a line names columns for who speaks and for the words."""
    titles = table_columns(line)
    return any(_folded(each) in titles for each in SPEAKER_KEYS) and any(_folded(each) in titles for each in TEXT_KEYS)
