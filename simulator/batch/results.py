"""Reading results files again: the records of grades, one after the other, whatever their number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from simulator.domain.errors import FinelineError

_NEEDED = ("transcript", "rubric", "judge", "status")


class Placed(NamedTuple):
    """A record and its line, counted from 1."""

    line: int
    record: dict[str, Any]


def records(path: Path) -> Iterator[Placed]:
    """Yield the records of a results file as plain data.

    A last line without its end is one that is just being written, and is left out. Raises :class:`FinelineError` with file
    and line for anything that is not a grade.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                record = _record(line)
                if isinstance(record, str):
                    if not line.endswith(b"\n"):
                        return
                    raise FinelineError(
                        f"{path}:{number}: {record}.", hint="Expected were results of 'fineline grade' or 'fineline review'."
                    )
                yield Placed(number, record)
    except OSError as error:
        raise FinelineError(f"{path} could not be read: {error.strerror or error}.") from None


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
