"""Reading the grades of results files again, whatever their number, each known by its file and line.

Several files are read as one. Work that was done more than once (files that overlap, a failure tried again elsewhere) counts
once: the last time it did not fail, or the last time.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from simulator.batch.readers import Rejected
from simulator.domain.errors import FinelineError, UsageError
from simulator.domain.grade import Grade

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KEY = re.compile(rb'"key"\s*:\s*"([0-9a-f]{32})"\s*}\s*$')
_TRANSCRIPT = re.compile(rb'^\s*\{\s*"transcript"\s*:\s*("(?:[^"\\]|\\.)*")')
_FAILED = re.compile(rb'"status"\s*:\s*"failed"')
_PLACE = re.compile(r" at line \d+ column \d+$")
_MOST_RAW_CHARS = 1000


@dataclass(frozen=True, slots=True)
class Result:
    """A grade as a results file has it. ``key`` names the work (32 hex digits) and is as good as random between works."""

    grade: Grade
    key: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What results files hold, seen in a quick first look: which records stand for their work, and how many there are.

    ``left_out`` has a 1 for each line, counted over all files, whose work is there again in another line that counts.
    """

    left_out: bytes
    records: int
    repeated: int
    transcripts: int


def contents(paths: Sequence[Path]) -> Contents:
    """Look through results files without reading the grades; about 30 bytes of memory a record.

    Raises :class:`FinelineError` where a file cannot be read and :class:`UsageError` where there is none.
    """
    import numpy as np

    works, transcripts, failed = array("Q"), array("Q"), bytearray()
    for path in paths:
        for number, line in _lines(path):
            key = _KEY.search(line[-80:])
            named = _TRANSCRIPT.match(line)
            # Without a key, a record is what it says; a line that does not begin like a record is like no other.
            works.append(int(key[1][:16], 16) if key else _hashed(line if named else f"{path}:{number}".encode()))
            transcripts.append(_hashed(named[1]) if named else 0)
            failed.append(bool(_FAILED.search(line)))
    records = len(works)
    if not records:
        return Contents(b"", 0, 0, 0)
    keys = np.frombuffer(works, np.uint64)
    left_out = _repeated(keys, np.frombuffer(failed, np.uint8))
    # Sorted where they are: nothing else is done with them.
    named_ones = np.frombuffer(transcripts, np.uint64)
    named_ones.sort()
    different = 1 + int(np.count_nonzero(named_ones[1:] != named_ones[:-1])) - int(named_ones[0] == 0)
    return Contents(left_out, records, left_out.count(1), different)


def _repeated(keys: NDArray[np.uint64], failed: NDArray[np.uint8]) -> bytes:
    """Return a 1 for each record whose work is there again in one that counts; nothing where there is no such record."""
    import numpy as np

    ordered = np.sort(keys)
    several = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    del ordered
    if not len(several):
        return b""
    at = np.flatnonzero(np.isin(keys, several))
    # Equal keys side by side, what did not fail after what did, later after earlier: the last of each is the one that counts.
    at = at[np.lexsort((failed[at] == 0, keys[at]))]
    last = np.append(keys[at[1:]] != keys[at[:-1]], True)
    left_out = np.zeros(len(keys), np.uint8)
    left_out[at[~last]] = 1
    return left_out.tobytes()


def read_grades(paths: Sequence[Path], seen: Contents | None = None) -> Iterator[Result | Rejected]:
    """Yield the grades of results files in order, one at a time; what is no grade comes as :class:`Rejected`.

    With ``seen`` (the :func:`contents` of the same files) work that was done more than once comes once.
    Raises :class:`FinelineError` where a file cannot be read and :class:`UsageError` where there is none.
    """
    at = -1
    for path in paths:
        name = str(path)
        for number, line in _lines(path):
            at += 1
            if seen is not None and at < len(seen.left_out) and seen.left_out[at]:
                continue
            try:
                grade = Grade.model_validate_json(line.rstrip())
            except ValidationError as error:
                yield Rejected(name, number, _why(error, line), line[:_MOST_RAW_CHARS].decode("utf-8", "replace"))
                continue
            if grade.status == "scored" and grade.level is None:
                yield Rejected(name, number, "it is scored and has no level", line[:_MOST_RAW_CHARS].decode("utf-8", "replace"))
                continue
            key = (grade.model_extra or {}).get("key")
            yield Result(grade, key if isinstance(key, str) else hashlib.sha256(line).hexdigest()[:32], name, number)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except FileNotFoundError:
        raise UsageError(f"There is no file {str(path)!r}.") from None
    except OSError as error:
        raise FinelineError(f"{path} could not be read: {error.strerror or error}.") from None


def _hashed(words: bytes) -> int:
    # Never 0, which stands for "not named".
    return int.from_bytes(hashlib.blake2b(words, digest_size=8).digest(), "little") | 1


def _why(error: ValidationError, line: bytes) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        cut = "; the line is cut off" if not line.endswith(b"\n") else ""
        what = _PLACE.sub("", first["ctx"]["error"]).replace("EOF while parsing", "it ends within")
        return f"not JSON: {what}{cut}"
    if first["type"] == "model_type":
        return "a grade is an object"
    place = ".".join(str(part) for part in first["loc"])
    if place == "transcript" and b'"turns"' in line:
        return "this is a transcript, not a grade: grade it first (fineline grade)"
    return f"not a grade: {place}: {first['msg'][:1].lower()}{first['msg'][1:]}"
