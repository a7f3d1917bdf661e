"""Reading transcripts from JSON: one record a line, or a file that holds one or many."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from simulator.batch.lines import MOST_CHARACTERS_A_RECORD, Lines
from simulator.batch.records import TURN_KEYS, Reading, Rejected, UnreadableError, stem, transcript_of, whole_text
from simulator.domain.transcript import Transcript

# JSON has no NaN: programs that write it mean that there is no value.
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)


def read_jsonl(lines: Lines, name: str, reading: Reading) -> Iterator[Transcript | Rejected]:
    """Read one record a line."""
    position = lines.position
    number, too_long = position.lines, False
    for line in lines:
        goes_on = len(line) >= MOST_CHARACTERS_A_RECORD and line[-1] not in "\r\n"
        if too_long:
            too_long = goes_on
            continue
        number += 1
        position.lines = number
        if goes_on:
            too_long = True
            yield _too_long(name, number, line)
            continue
        if not line.strip():
            continue
        try:
            try:
                record = _decoded(line)
            except (json.JSONDecodeError, RecursionError) as error:
                raise UnreadableError(f"not JSON: {_what_is_wrong(error, line)}") from None
            yield transcript_of(record, f"{name}:{number}", f"{stem(name)}-{number}", reading)
        except UnreadableError as error:
            yield Rejected(name, number, str(error), line.rstrip("\r\n"))


def _decoded(line: str) -> Any:
    record = _DECODER.decode(line)
    # Bytes that are no UTF-8 come as lone surrogates, and JSON can spell them.
    return whole_text(record) if "\\ud" in line or "\\uD" in line or not (line.isascii() or _is_text(line)) else record


def _what_is_wrong(error: json.JSONDecodeError | RecursionError, line: str) -> str:
    if isinstance(error, RecursionError):
        return "it nests too deep"
    if error.pos >= len(line.rstrip()) or error.msg.startswith("Unterminated"):
        return f"it is cut off (column {len(line.rstrip()) + 1})"
    return f"{error.msg} in column {error.colno}"


def _is_text(line: str) -> bool:
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_long(name: str, line: int, beginning: str) -> Rejected:
    return Rejected(name, line, f"a record is longer than {MOST_CHARACTERS_A_RECORD:,} characters", beginning[:1000])


def read_json(lines: Lines, name: str, reading: Reading) -> Iterator[Transcript | Rejected]:
    """Read a JSON file: a list of records (streamed), one record or several, or ABCD's splits, each a list of records."""
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
                yield transcript_of(whole_text(each), f"{name} record {number}", label, reading)
            except UnreadableError as error:
                yield Rejected(name, 1, f"record {number}: {error}", json.dumps(each, ensure_ascii=False))


def _json_values(lines: Lines, name: str) -> Iterator[Any]:
    chunks = lines.chunks()
    buffer, listed, done = "", False, False
    while True:
        buffer = buffer.lstrip(" \t\r\n,") if listed else buffer.lstrip()
        if buffer and not listed and buffer[0] == "[":
            listed, buffer = True, buffer[1:]
            continue
        if listed and buffer.startswith("]"):
            listed, done, buffer = False, True, buffer[1:]
            continue
        try:
            # A number at the end of the buffer may go on in the next chunk; records are objects, so this is no loss.
            value, end = _DECODER.raw_decode(buffer)
        except (json.JSONDecodeError, RecursionError) as error:
            chunk = next(chunks, "")
            if not chunk:
                if buffer or listed or not done:
                    what = error.msg if isinstance(error, json.JSONDecodeError) else "it nests too deep"
                    rest = "; nothing after it could be read" if done else ""
                    yield Rejected(name, 1, f"not JSON, or cut off: {what}{rest}", buffer[:1000])
                return
            if len(buffer) > MOST_CHARACTERS_A_RECORD:
                yield _too_long(name, 1, buffer)
                return
            # Doubling what is read keeps the number of attempts, and so the time, small for long records.
            buffer += chunk + "".join(next(chunks, "") for _ in range(len(buffer) >> 17))
            continue
        yield value
        done, buffer = True, buffer[end:]
