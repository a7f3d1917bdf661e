"""Reading transcripts from tables, plain text and subtitles."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence

from simulator.batch.lines import Lines
from simulator.batch.records import (
    ID_KEYS,
    SPEAKER_KEYS,
    TEXT_KEYS,
    Reading,
    Rejected,
    UnreadableError,
    stem,
    transcript_of,
)
from simulator.domain.errors import UsageError
from simulator.domain.transcript import Transcript

_CONVERSATION_COLUMNS = ("conversation", *ID_KEYS, "call_id", "chat_id", "thread_id", "conversationid")
SPOKEN = re.compile(r"^\s*(?:\[[^\]]{1,20}\]\s*)?([^\W\d_][\w .'’-]{0,40}?)\s*:\s+(\S.*)$")
_CUE_TIME = re.compile(r"^\s*(?:\d+:)?\d{1,2}:\d{2}\.\d{3}\s+-->\s")
_CUE_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_CUE_TAG = re.compile(r"</?[a-zA-Z0-9:.][^>]*>")


def read_csv(lines: Lines, name: str, reading: Reading) -> Iterator[Transcript | Rejected]:
    """Read a table with a turn a row, the rows of a conversation together.

    Raises :class:`UsageError` where a column is not there.
    """
    rows = iter(lines)
    header_line = next(rows, "")
    # Only the separator is guessed, from the header; quotes are doubled as RFC 4180 has it.
    separator = max(",;\t|", key=header_line.count)
    header = next(csv.reader([header_line], delimiter=separator), [])
    conversation = _column(header, reading.conversation_column, _CONVERSATION_COLUMNS, "conversation", name)
    speaker = _column(header, reading.speaker_column, SPEAKER_KEYS, "speaker", name)
    words = _column(header, reading.text_column, TEXT_KEYS, "text", name)
    table = csv.reader(rows, delimiter=separator)
    current: list[dict[str, str]] = []
    label, begun = "", 2
    finished: set[int] = set()
    while True:
        try:
            row = next(table, None)
        except csv.Error as error:
            yield Rejected(name, table.line_num + 1, f"not CSV: {error}", "")
            continue
        number = table.line_num + 1
        if row is not None and len(row) != len(header):
            if row:
                yield Rejected(name, number, f"{len(row)} columns where the header has {len(header)}", ",".join(row))
            continue
        if row is None or row[conversation] != label:
            if current:
                finished.add(hash(label))
                yield from _from_rows(label, current, name, begun, reading)
            if row is None:
                return
            label, begun, current = row[conversation], number, []
        if hash(label) in finished:
            yield Rejected(name, number, f"conversation {label!r} goes on after another one: sort the rows by it", ",".join(row))
            label = ""
            continue
        current.append({"role": row[speaker], "text": row[words]})


def _from_rows(label: str, rows: list[dict[str, str]], name: str, line: int, reading: Reading) -> Iterator[Transcript | Rejected]:
    try:
        yield transcript_of({"id": label or f"{stem(name)}-{line}", "turns": rows}, f"{name}:{line}", label, reading)
    except UnreadableError as error:
        yield Rejected(name, line, str(error), json.dumps(rows, ensure_ascii=False))


def _column(header: Sequence[str], named: str | None, usual: Sequence[str], what: str, name: str) -> int:
    folded = [each.strip().casefold() for each in header]
    for candidate in [named] if named is not None else usual:
        if candidate.casefold() in folded:
            return folded.index(candidate.casefold())
    raise UsageError(
        f"{name}:1: there is no {what} column{f' called {named!r}' if named else ''}.",
        hint=f"Columns: {', '.join(header)}. Name it with --{what}-column.",
    )


def read_text(lines: Lines, name: str, reading: Reading) -> Iterator[Transcript | Rejected]:
    """Read ``Speaker: words``; lines without a speaker go on with what was said last."""
    turns: list[dict[str, str]] = []
    for number, line in enumerate(lines, 1):
        if match := SPOKEN.match(line.rstrip("\r\n")):
            turns.append({"role": match[1], "text": match[2]})
        elif line.strip():
            if not turns:
                yield Rejected(name, number, "expected 'Speaker: words'", line.rstrip("\r\n"))
                return
            turns[-1]["text"] += "\n" + line.strip()
    yield from _from_rows(stem(name), turns, name, 1, reading)


def read_vtt(lines: Lines, name: str, reading: Reading) -> Iterator[Transcript | Rejected]:
    """Read WebVTT: who speaks is in voice tags or before a colon."""
    turns: list[dict[str, str]] = []
    in_cue = False
    for line in lines:
        if _CUE_TIME.match(line):
            in_cue = True
        elif not line.strip():
            in_cue = False
        elif in_cue:
            voice = _CUE_VOICE.search(line)
            words = _CUE_TAG.sub("", line).strip()
            spoken = None if voice else SPOKEN.match(words)
            speaker = voice[1].strip() if voice else spoken[1] if spoken else ""
            words = spoken[2] if spoken else words
            if turns and speaker in ("", turns[-1]["role"]):
                turns[-1]["text"] += f" {words}"
            elif speaker:
                turns.append({"role": speaker, "text": words})
    yield from _from_rows(stem(name), turns, name, 1, reading)
