"""Reading transcripts from JSON: one record a line, or a file that holds one or many."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from simulator.batch.lines import MOST_CHARACTERS_A_RECORD, Lines
from simulator.batch.records import TURN_KEYS, Reading, Rejected, UnreadableError, stem, transcript_of
from simulator.domain.transcript import Transcript


def read_jsonl(lines: Lines, name: str, reading: Reading) -> Iterator[Transcript | Rejected]:
    """Read one record a line."""
    position = lines.position
    for number, line in enumerate(lines, position.lines + 1):
        position.lines = number
        if not line.strip():
            continue
        try:
            try:
                record = json.loads(line)
            except (json.JSONDecodeError, RecursionError) as error:
                what = f"{error.msg} in column {error.colno}" if isinstance(error, json.JSONDecodeError) else "it nests too deep"
                raise UnreadableError(f"not JSON: {what}") from None
            yield transcript_of(record, f"{name}:{number}", f"{stem(name)}-{number}", reading)
        except UnreadableError as error:
            yield Rejected(name, number, str(error), line.rstrip("\r\n"))


def read_json(lines: Lines, name: str, reading: Reading) -> Iterator[Transcript | Rejected]:
    """Read a JSON file: a list of records (streamed), one record, or ABCD's splits, each a list of records."""
    for number, record in enumerate(_json_values(lines, name), 1):
        if isinstance(record, Rejected):
            yield record
            return
        groups: Iterable[Any] = [record]
        if isinstance(record, dict) and not any(key in record for key in TURN_KEYS):
            lists = [each for each in record.values() if isinstance(each, list)]
            groups = (each for part in lists for each in part) if lists else [record]
        for within, each in enumerate(groups, 1):
            label = f"{stem(name)}-{number}" if groups == [record] else f"{stem(name)}-{within}"
            try:
                yield transcript_of(each, f"{name} record {number}", label, reading)
            except UnreadableError as error:
                yield Rejected(name, 1, f"record {number}: {error}", json.dumps(each, ensure_ascii=False))


def _json_values(lines: Lines, name: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    chunks = lines.chunks()
    buffer, listed, done = "", False, False
    while True:
        buffer = buffer.lstrip(" \t\r\n,") if listed else buffer.lstrip()
        if buffer and not listed and buffer[0] == "[":
            listed, buffer = True, buffer[1:]
            continue
        if listed and buffer.startswith("]"):
            return
        try:
            # A number at the end of the buffer may go on in the next chunk; records are objects, so this is no loss.
            value, end = decoder.raw_decode(buffer)
        except (json.JSONDecodeError, RecursionError) as error:
            chunk = next(chunks, "")
            if not chunk:
                if buffer or listed or not done:
                    what = error.msg if isinstance(error, json.JSONDecodeError) else "it nests too deep"
                    yield Rejected(name, 1, f"not JSON, or cut off: {what}", buffer[:1000])
                return
            if len(buffer) > MOST_CHARACTERS_A_RECORD:
                yield Rejected(name, 1, f"a record is longer than {MOST_CHARACTERS_A_RECORD:,} characters", buffer[:1000])
                return
            # Doubling what is read keeps the number of attempts, and so the time, small for long records.
            buffer += chunk + "".join(next(chunks, "") for _ in range(len(buffer) >> 17))
            continue
        yield value
        done, buffer = True, buffer[end:]
        if not listed:
            return
