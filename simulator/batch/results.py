"""Reading results files again: the records of grades, one after the other, whatever their number."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from simulator.domain.errors import FinelineError

_NEEDED = ("transcript", "rubric", "judge", "status")
_EXPECTED = "Expected were results of 'fineline grade' or 'fineline review'."
_HEAD = re.compile(rb'\{"transcript":\s?("(?:[^"\\]|\\.)*"),\s?"rubric":\s?("(?:[^"\\]|\\.)*"),\s?"judge":\s?"')


class Placed(NamedTuple):
    """A record and its line, counted from 1."""

    line: int
    record: dict[str, Any]


def records(path: Path, *, only: Collection[str] | None = None) -> Iterator[Placed]:
    """Yield the records of a results file as plain data; ``only`` those of some transcripts, quicker where they are few.

    A last line without its end is one that is just being written, and is left out. Raises :class:`FinelineError` with file
    and line for anything that is not a grade.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip() or (only is not None and _is_another(line, only)):
                    continue
                record = _record(line)
                if isinstance(record, dict) and only is not None and record["transcript"] not in only:
                    continue
                if isinstance(record, str):
                    if not line.endswith(b"\n"):
                        return
                    raise FinelineError(f"{path}:{number}: {record}.", hint=_EXPECTED)
                yield Placed(number, record)
    except OSError as error:
        raise FinelineError(f"{path} could not be read: {error.strerror or error}.") from None


def _is_another(line: bytes, only: Collection[str]) -> bool:
    """Return whether a line can be seen to be about another transcript without reading it."""
    found = _HEAD.match(line)
    return found is not None and json.loads(found[1]) not in only


def _record(line: bytes) -> dict[str, Any] | str:
    """Return the record of a line, or why it is none."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return "not JSON"
    if not isinstance(record, dict):
        return "not a grade: a grade is an object"
    missing = [key for key in _NEEDED if not isinstance(record.get(key), str)]
    return f"not a grade: no {', '.join(missing)}" if missing else record


def heads(path: Path) -> Iterator[tuple[str, str]]:
    """Yield transcript and rubric of each record, without reading further into records than that where they begin with them.

    Raises :class:`FinelineError` as :func:`records` does, for what is seen.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                found = _HEAD.match(line) if line.endswith(b"\n") else None
                if found is not None:
                    yield json.loads(found[1]), json.loads(found[2])
                    continue
                record = _record(line) if line.strip() else ""
                if isinstance(record, dict):
                    yield record["transcript"], record["rubric"]
                elif record and line.endswith(b"\n"):
                    raise FinelineError(f"{path}:{number}: {record}.", hint=_EXPECTED)
    except OSError as error:
        raise FinelineError(f"{path} could not be read: {error.strerror or error}.") from None
