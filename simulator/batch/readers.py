"""Reading the transcripts that evaluators really have, one after another, whatever their number.

Fineline JSONL, OpenAI chat JSONL (``messages``), ShareGPT (``conversations``), ABCD JSON, CSV, plain text
(``Speaker: words``) and WebVTT; plain, gzip or zstd; from files, folders, globs and standard input.
"""

from __future__ import annotations

import csv
import glob
import gzip
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, BinaryIO, TextIO

from pydantic import ValidationError

from simulator.batch.speakers import IGNORED, Sides
from simulator.domain.errors import FinelineError, UsageError
from simulator.domain.text import clean
from simulator.domain.transcript import Transcript

MOST_CHARACTERS_A_RECORD = 16_000_000
_SUFFIXES = {".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt", ".vtt"}
_PACKED = {".gz", ".zst"}
_ID_KEYS = ("id", "transcript_id", "conversation_id", "convo_id", "dialogue_id", "session_id")
_TURN_KEYS = ("turns", "messages", "conversations", "original", "dialogue")
_SPEAKER_KEYS = ("role", "from", "speaker", "author", "name", "sender", "participant")
_TEXT_KEYS = ("text", "content", "value", "utterance", "message", "transcript", "body")
_CONVERSATION_COLUMNS = ("conversation", *_ID_KEYS, "call_id", "chat_id", "thread_id", "conversationid")
_OURS: dict[str, type | UnionType] = {
    **dict.fromkeys(("persona", "scenario", "identity", "ending"), str | None),
    "seed": int | None,
    "survey": dict | None,
    "versions": dict,
}
_SPOKEN = re.compile(r"^\s*(?:\[[^\]]{1,20}\]\s*)?([^\W\d_][\w .'’-]{0,40}?)\s*:\s+(\S.*)$")
_CUE_TIME = re.compile(r"^\s*(?:\d+:)?\d{1,2}:\d{2}\.\d{3}\s+-->\s")
_CUE_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_CUE_TAG = re.compile(r"</?[a-zA-Z0-9:.][^>]*>")


@dataclass(frozen=True)
class Rejected:
    """A record that cannot be read as a transcript: where it stands, why, and what it was."""

    path: str
    line: int
    reason: str
    raw: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}"


@dataclass(frozen=True)
class Reading:
    """How files are to be read. Columns are found by their usual names where none is given."""

    sides: Sides = field(default_factory=Sides)
    conversation_column: str | None = None
    speaker_column: str | None = None
    text_column: str | None = None


class _UnreadableError(Exception):
    """One record cannot be read; its message says why."""


def read(paths: Sequence[str], reading: Reading = Reading(), *, stdin: BinaryIO | None = None) -> Iterator[Transcript | Rejected]:
    """Yield the transcripts of files, folders, globs and ``-`` (standard input), in order, one at a time.

    What cannot be read is yielded as :class:`Rejected` and the rest goes on. Raises :class:`UsageError` where a path does not
    exist, and :class:`simulator.batch.speakers.WhoIsTheTraineeError` where it cannot be told who is to be graded.
    """
    for path in paths:
        if path == "-":
            if stdin is None:
                raise UsageError("There is no standard input to read.")
            yield from read_stream(stdin, "<stdin>", "", reading)
        else:
            for file in files(path):
                try:
                    with file.open("rb") as stream:
                        yield from read_stream(stream, str(file), file_format(file), reading)
                except OSError as error:
                    raise FinelineError(f"{file} could not be read: {error.strerror or error}.") from None


def files(path: str) -> list[Path]:
    """Return the files a path means: itself, everything readable in a folder, or what a glob finds; sorted.

    Raises :class:`UsageError` where there is nothing.
    """
    place = Path(path)
    if place.is_dir():
        found = sorted(each for each in place.rglob("*") if each.is_file() and _suffix(each) in _SUFFIXES)
        if not found:
            raise UsageError(f"There are no transcripts in {path}.", hint=f"Looked for {', '.join(sorted(_SUFFIXES))}.")
        return found
    if place.exists():
        return [place]
    found = sorted(Path(each) for each in glob.glob(path, recursive=True) if Path(each).is_file())  # noqa: PTH207 - absolute globs
    if not found:
        raise UsageError(f"There is no file {path!r}.")
    return found


def _suffix(path: Path) -> str:
    suffixes = [each.casefold() for each in path.suffixes if each.casefold() not in _PACKED]
    return suffixes[-1] if suffixes else ""


@contextmanager
def _unpacked(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]
    magic = buffered.peek(4)[:4]
    if magic[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=buffered) as plain:
            yield plain  # type: ignore[misc]
    elif magic == b"\x28\xb5\x2f\xfd":
        try:
            import zstandard
        except ImportError:
            raise UsageError(f"{name} is packed with zstd.", hint="Install the extra: pip install 'fineline[zstd]'.") from None
        with zstandard.ZstdDecompressor().stream_reader(buffered) as plain:
            yield plain
    else:
        yield buffered


def file_format(file: Path) -> str:
    """Return the suffix that says what a file holds, whether it is packed or not; ``""`` where there is none."""
    return next((each.casefold() for each in reversed(file.suffixes) if each.casefold() not in _PACKED), "")


@dataclass
class Position:
    """Where in a stream of lines a reader is: it begins behind so many ``lines``, and counts on.

    ``offset`` is the byte at which the first line behind them begins, where it is known from before.
    """

    lines: int = 0
    offset: int | None = None


def read_stream(
    stream: BinaryIO, name: str, suffix: str, reading: Reading, position: Position | None = None
) -> Iterator[Transcript | Rejected]:
    """Yield the transcripts of one open file; ``suffix`` says its format, ``""`` to have it told by its beginning.

    With a ``position`` that is not at the beginning, the file is JSONL, and these lines are skipped. Raises :class:`SkipError`
    where that cannot be done with certainty.
    """
    position = position or Position()
    with _unpacked(stream, name) as packed:
        plain = _behind(packed, position) if position.lines else packed
        text = io.TextIOWrapper(plain, encoding="utf-8-sig", errors="surrogateescape", newline="")
        try:
            reader = _READERS.get(suffix) or _tell(text)
            yield from reader(_Rewindable.of(text, position), name, reading)
        except (EOFError, gzip.BadGzipFile) as error:
            yield Rejected(name, 1, f"the packed file is cut off or damaged ({error})", "")
        finally:
            text.detach()


class SkipError(Exception):
    """Lines cannot be skipped, because what a line is in this file cannot be told without reading it."""


def _behind(stream: BinaryIO, position: Position) -> BinaryIO:
    """Return a stream from behind the lines of a position, which are counted and not looked at."""
    if position.offset is not None:
        stream.seek(position.offset)
        return stream
    left, last, read = position.lines, 0, 0
    while left:
        chunk = stream.read(1 << 20)
        if chunk.endswith(b"\r"):
            chunk += stream.read(1)
        ends = chunk.count(b"\n")
        last = 0 if ends else last + len(chunk)
        # Readers end lines at a lone carriage return as well, and cut those that never end.
        lone = b"\r" in chunk and chunk.count(b"\r") != chunk.count(b"\r\n")
        if not chunk or lone or last >= MOST_CHARACTERS_A_RECORD:
            raise SkipError
        if ends < left:
            left -= ends
            read += len(chunk)
            continue
        at = -1
        for _ in range(left):
            at = chunk.index(b"\n", at + 1)
        position.offset = read + at + 1
        return io.BufferedReader(_Rest(chunk[at + 1 :], stream))
    return stream


class _Rest(io.RawIOBase):
    """What was read too far, and the rest of the stream."""

    def __init__(self, ahead: bytes, stream: BinaryIO) -> None:
        self._ahead = memoryview(ahead)
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._ahead[: len(buffer)] or self._stream.read(len(buffer))
        self._ahead = self._ahead[len(data) :]
        buffer[: len(data)] = data
        return len(data)


class _Rewindable:
    """Lines of a stream with the look-ahead put back in front; they are counted in ``position``."""

    def __init__(self, stream: TextIO, position: Position, seen: Iterable[str] = ()) -> None:
        self.stream = stream
        self.position = position
        self.seen = list(seen)

    @classmethod
    def of(cls, stream: TextIO, position: Position) -> _Rewindable:
        ahead: list[str] = getattr(stream, "_looked_at", [])
        return cls(stream, position, ahead)

    def __iter__(self) -> Iterator[str]:
        while self.seen:
            yield self.seen.pop(0)
        while line := self.stream.readline(MOST_CHARACTERS_A_RECORD):
            yield line

    def chunks(self, size: int = 1 << 16) -> Iterator[str]:
        while self.seen:
            yield self.seen.pop(0)
        while chunk := self.stream.read(size):
            yield chunk


Reader = Callable[[_Rewindable, str, Reading], Iterator["Transcript | Rejected"]]


def _tell(stream: io.TextIOWrapper) -> Reader:
    """Tell the format by the beginning of a stream that has no name."""
    ahead: list[str] = []
    stream._looked_at = ahead  # type: ignore[attr-defined]
    while len(ahead) < 20:
        line = stream.readline(MOST_CHARACTERS_A_RECORD)
        if not line:
            break
        ahead.append(line)
        if line.strip():
            break
    first = ahead[-1].strip() if ahead else ""
    if first.startswith("WEBVTT"):
        return _read_vtt
    if first.startswith("["):
        return _read_json
    if first.startswith("{"):
        return _read_jsonl if first.endswith("}") else _read_json
    header = {each.strip().strip('"').casefold() for each in re.split(r"[,;\t]", first)}
    if header & set(_TEXT_KEYS) and header & set(_SPEAKER_KEYS):
        return _read_csv
    return _read_text


# -- records of JSON


def _read_jsonl(lines: _Rewindable, name: str, reading: Reading) -> Iterator[Transcript | Rejected]:
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
                raise _UnreadableError(f"not JSON: {what}") from None
            yield _transcript(record, f"{name}:{number}", f"{_stem(name)}-{number}", reading)
        except _UnreadableError as error:
            yield Rejected(name, number, str(error), line.rstrip("\r\n"))


def _read_json(lines: _Rewindable, name: str, reading: Reading) -> Iterator[Transcript | Rejected]:
    """Read a JSON file: a list of records (streamed), one record, or ABCD's splits, each a list of records."""
    for number, record in enumerate(_json_values(lines, name), 1):
        if isinstance(record, Rejected):
            yield record
            return
        groups: Iterable[Any] = [record]
        if isinstance(record, dict) and not any(key in record for key in _TURN_KEYS):
            lists = [each for each in record.values() if isinstance(each, list)]
            groups = (each for part in lists for each in part) if lists else [record]
        for within, each in enumerate(groups, 1):
            label = f"{_stem(name)}-{number}" if groups == [record] else f"{_stem(name)}-{within}"
            try:
                yield _transcript(each, f"{name} record {number}", label, reading)
            except _UnreadableError as error:
                yield Rejected(name, 1, f"record {number}: {error}", json.dumps(each, ensure_ascii=False))


def _json_values(lines: _Rewindable, name: str) -> Iterator[Any]:
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


def _transcript(record: Any, where: str, fallback_id: str, reading: Reading) -> Transcript:
    if not isinstance(record, dict):
        raise _UnreadableError(f"a transcript is an object, this is {_kind(record)}")
    key = next((each for each in _TURN_KEYS if isinstance(record.get(each), list)), None)
    if key is None:
        raise _UnreadableError(f"it has none of the keys {', '.join(_TURN_KEYS)}")
    said = (_turn(turn, number) for number, turn in enumerate(record[key], 1))
    spoken = [each for each in said if each is not None]
    if not spoken:
        raise _UnreadableError("nobody says anything in it")
    roles = reading.sides.roles((speaker for speaker, _, _ in spoken), where)
    turns: list[dict[str, Any]] = [{**extra, "role": roles[speaker], "text": text} for speaker, text, extra in spoken]
    for turn, (speaker, _, _) in zip(turns, spoken, strict=True):
        if speaker.casefold() != turn["role"]:
            turn.setdefault("speaker", clean(speaker, keep_newlines=False))
    rest = {name: value for name, value in record.items() if name != key and name not in ("id", "turns")}
    # Others use our names for things of their own (ABCD's scenario is an object): kept, under a name that is free.
    for field_name, right in _OURS.items():
        if field_name in rest and not isinstance(rest[field_name], right):
            rest[f"given_{field_name}"] = rest.pop(field_name)
    found = next((str(record[each]) for each in _ID_KEYS if record.get(each) not in (None, "")), fallback_id)
    return _validated({**rest, "id": found, "turns": turns})


def _validated(record: dict[str, Any]) -> Transcript:
    try:
        return Transcript.model_validate(record)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _UnreadableError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None


def _turn(turn: Any, number: int) -> tuple[str, str, dict[str, Any]] | None:
    """Return speaker, words and everything else of a turn; ``None`` for what nobody said (system, tools, empty)."""
    if isinstance(turn, list | tuple) and len(turn) == 2 and all(isinstance(each, str) for each in turn):
        turn = {"role": turn[0], "text": turn[1]}
    if not isinstance(turn, dict):
        raise _UnreadableError(f"turn {number} is {_kind(turn)}, not an object")
    for speaker_key in _SPEAKER_KEYS:
        if isinstance(turn.get(speaker_key), str):
            break
    else:
        raise _UnreadableError(f"turn {number} does not say who speaks (none of {', '.join(_SPEAKER_KEYS)})")
    for text_key in _TEXT_KEYS:
        if text_key in turn:
            break
    speaker = turn[speaker_key].strip()
    if speaker.casefold() in IGNORED:
        return None
    words = turn.get(text_key)
    if isinstance(words, list):  # OpenAI's content parts
        words = "\n".join(part["text"] for part in words if isinstance(part, dict) and isinstance(part.get("text"), str))
    if words is None:
        return None
    if not isinstance(words, str):
        raise _UnreadableError(f"turn {number}: its words are {_kind(words)}, not text")
    if not (text := _words(words)):
        return None
    if len(turn) == 2:
        return speaker, text, {}
    return speaker, text, {name: value for name, value in turn.items() if name not in (speaker_key, text_key)}


# -- tables, text, subtitles


def _read_csv(lines: _Rewindable, name: str, reading: Reading) -> Iterator[Transcript | Rejected]:
    rows = iter(lines)
    header_line = next(rows, "")
    # Only the separator is guessed, from the header; quotes are doubled as RFC 4180 has it.
    separator = max(",;\t|", key=header_line.count)
    header = next(csv.reader([header_line], delimiter=separator), [])
    conversation = _column(header, reading.conversation_column, _CONVERSATION_COLUMNS, "conversation", name)
    speaker = _column(header, reading.speaker_column, _SPEAKER_KEYS, "speaker", name)
    words = _column(header, reading.text_column, _TEXT_KEYS, "text", name)
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
        yield _transcript({"id": label or f"{_stem(name)}-{line}", "turns": rows}, f"{name}:{line}", label, reading)
    except _UnreadableError as error:
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


def _read_text(lines: _Rewindable, name: str, reading: Reading) -> Iterator[Transcript | Rejected]:
    turns: list[dict[str, str]] = []
    for number, line in enumerate(lines, 1):
        if match := _SPOKEN.match(line.rstrip("\r\n")):
            turns.append({"role": match[1], "text": match[2]})
        elif line.strip():
            if not turns:
                yield Rejected(name, number, "expected 'Speaker: words'", line.rstrip("\r\n"))
                return
            turns[-1]["text"] += "\n" + line.strip()
    yield from _from_rows(_stem(name), turns, name, 1, reading)


def _read_vtt(lines: _Rewindable, name: str, reading: Reading) -> Iterator[Transcript | Rejected]:
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
            spoken = None if voice else _SPOKEN.match(words)
            speaker = voice[1].strip() if voice else spoken[1] if spoken else ""
            words = spoken[2] if spoken else words
            if turns and speaker in ("", turns[-1]["role"]):
                turns[-1]["text"] += f" {words}"
            elif speaker:
                turns.append({"role": speaker, "text": words})
    yield from _from_rows(_stem(name), turns, name, 1, reading)


_READERS: dict[str, Reader] = {
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".json": _read_json,
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".txt": _read_text,
    ".vtt": _read_vtt,
}


def _words(text: str) -> str:
    if text.isprintable():
        return text.strip()  # as nearly all are: nothing in them to be cleaned of
    # Bytes that are not UTF-8 come as lone surrogates: shown as the replacement character, so that turns still line up.
    return clean(re.sub(r"[\ud800-\udfff]", "\ufffd", text)).strip()


def _stem(name: str) -> str:
    return Path(name).name.split(".")[0] or "transcript"


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "nothing" if value is None else "something else")
