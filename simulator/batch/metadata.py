"""What transcripts say about themselves beside their words: the values of keys, found again by the transcript's id.

Keys are dotted paths (``team``, ``survey.warmth``, ``labels.site``). Values are kept in a temporary database on disk, so that
memory does not grow with the number of transcripts.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import BaseModel

from simulator.batch.readers import Rejected
from simulator.domain.errors import FinelineError, UsageError, nearest
from simulator.domain.text import clean
from simulator.domain.transcript import Transcript

MOST_VALUE_CHARS = 200
_AT_ONCE = 1000
_LOOKED_AT_FOR_KEYS = 2000
_MOST_KEYS_NAMED = 200
_MISSING = object()
Value = str | int | float | bool | None
Values = tuple[Value, ...]


def value_of(transcript: Transcript, key: str) -> Value:
    """Return what a transcript has under a dotted key, ``None`` where it has nothing there.

    Raises :class:`UsageError` where that is no single value.
    """
    found = _walk(transcript, key)
    if found is _MISSING or found is None:
        return None
    if isinstance(found, BaseModel):
        found = found.model_dump()
    if isinstance(found, dict | list | tuple):
        within = [f"{key}.{each}" for each in found] if isinstance(found, dict) else []
        raise UsageError(
            f"{key!r} is {'an object' if isinstance(found, dict) else 'a list'}, not one value.",
            hint=f"Choose one of {', '.join(sorted(within)[:20])}." if within else "",
        )
    if isinstance(found, bool | int | float):
        return found
    text = clean(str(found), keep_newlines=False).strip()
    return text[: MOST_VALUE_CHARS - 1] + "…" if len(text) > MOST_VALUE_CHARS else text or None


def _walk(held: Any, key: str) -> Any:
    """Go down a dotted path; a key that has dots of its own is found as well."""
    if isinstance(held, BaseModel):
        held = {**(held.model_extra or {}), **{name: getattr(held, name) for name in type(held).model_fields}}
    if not isinstance(held, dict):
        return _MISSING
    if key in held:
        return held[key]
    for at in (place for place, char in enumerate(key) if char == "."):
        if key[:at] in held and (found := _walk(held[key[:at]], key[at + 1 :])) is not _MISSING:
            return found
    return _MISSING


def keys_of(transcript: Transcript) -> Iterator[str]:
    """Yield the dotted keys under which a transcript has a single value; its turns aside."""
    yield from _keys(transcript.model_dump(exclude={"turns"}), "", 3)


def _keys(held: dict[str, Any], before: str, depth: int) -> Iterator[str]:
    for name, value in held.items():
        if isinstance(value, dict):
            if depth > 1:
                yield from _keys(value, f"{before}{name}.", depth - 1)
        elif isinstance(value, str | int | float) and value != "":
            yield f"{before}{name}"


class Metadata:
    """The values of some keys for every transcript, by its id; closed (and gone) at the end of a ``with``."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)
        self._folder = tempfile.TemporaryDirectory(prefix="fineline-")
        self._values = sqlite3.connect(str(Path(self._folder.name) / "values.db"))
        # Nothing in it outlives the program: no journal to survive a crash with.
        self._values.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -20000;"
            "CREATE TABLE held (id TEXT PRIMARY KEY, held TEXT) WITHOUT ROWID"
        )
        self._last: tuple[str, Values | None] = ("", None)

    def gather(self, transcripts: Iterable[Transcript | Rejected]) -> None:
        """Read the transcripts' values.

        Raises :class:`UsageError` for a key that none of them has, offering the nearest they do have.
        """
        waiting: list[tuple[str, str]] = []
        missing = set(self.keys)
        known: dict[str, None] = {}
        read = 0
        try:
            for each in transcripts:
                if isinstance(each, Rejected):
                    continue
                read += 1
                if read <= _LOOKED_AT_FOR_KEYS and len(known) < _MOST_KEYS_NAMED:
                    known.update(dict.fromkeys(keys_of(each)))
                values = [value_of(each, key) for key in self.keys]
                if missing:
                    missing -= {key for key, value in zip(self.keys, values, strict=True) if value is not None}
                waiting.append((each.id, json.dumps(values)))
                if len(waiting) == _AT_ONCE:
                    self._keep(waiting)
                    waiting = []
            self._keep(waiting)
        except sqlite3.Error as error:
            raise FinelineError(
                f"The values of {', '.join(self.keys)} could not be kept in {self._folder.name}: {error}."
            ) from None
        for key in sorted(missing):
            near = nearest(key, known)
            names = ", ".join(sorted(known))
            hint = f"Did you mean {near!r}? Keys: {names}." if near else f"Keys: {names}." if names else ""
            raise UsageError(f"No transcript has a value for {key!r}." if read else "There are no transcripts.", hint=hint)

    def _keep(self, values: list[tuple[str, str]]) -> None:
        # One id with two different values: neither can be told to be that of a grade.
        self._values.executemany(
            "INSERT INTO held VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET held = CASE WHEN held = excluded.held THEN held END",
            values,
        )

    def of(self, transcript: str) -> Values | None:
        """Return a transcript's values in the order of the keys; ``None`` where there is none, or several that differ."""
        if self._last[0] != transcript or self._last[1] is None:
            row = self._values.execute("SELECT held FROM held WHERE id = ?", (transcript,)).fetchone()
            self._last = (transcript, tuple(json.loads(row[0])) if row is not None and row[0] is not None else None)
        return self._last[1]

    def most_common(self, most: int) -> tuple[list[tuple[Values, int]], int, int]:
        """Return the most frequent values with their numbers, how many different ones there are, and how many transcripts."""
        different, transcripts = self._values.execute("SELECT COUNT(DISTINCT held), COUNT(*) FROM held").fetchone()
        rows = self._values.execute(
            "SELECT held, COUNT(*) FROM held WHERE held IS NOT NULL GROUP BY held ORDER BY COUNT(*) DESC, held LIMIT ?", (most,)
        )
        return [(tuple(json.loads(held)), count) for held, count in rows], different, transcripts

    def quarters(self) -> list[float]:
        """Return where the numbers under the first key fall into quarters, rising; nothing where some are no numbers."""
        kind, value = "json_type(held, '$[0]')", "json_extract(held, '$[0]')"
        words, numbers = self._values.execute(
            f"SELECT TOTAL({kind} NOT IN ('integer', 'real', 'null')), TOTAL({kind} IN ('integer', 'real')) FROM held"  # noqa: S608
        ).fetchone()
        if words or not numbers:
            return []
        ordered = f"SELECT {value} FROM held WHERE {value} IS NOT NULL ORDER BY 1 LIMIT 1 OFFSET ?"  # noqa: S608
        least, *found = (self._values.execute(ordered, (int(numbers * at / 4),)).fetchone()[0] for at in range(4))
        return sorted({float(each) for each in found} - {float(least)})

    def close(self) -> None:
        """Throw the values away."""
        self._values.close()
        self._folder.cleanup()

    def __enter__(self) -> Metadata:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
