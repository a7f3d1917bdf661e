"""Judgements of identical work, kept from run to run: the same words, rubric, judge and prompt are not paid for twice.

A small SQLite file, for its owner only, beside what else can be made again. It holds findings with the words they quote, never
whole transcripts, and no failures. It is a convenience: where it cannot be read or written, the run goes on without it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.judges.protocol import Judgement

FILE_NAME = "judgements.db"
_VERSION = 1
# Above this size the older half is dropped when the file is opened.
LARGEST_BYTES = 1 << 30
_WAITING = 256
_WAIT_S = 2.0
_BUSY_S = 2.0

_AS_JSON = TypeAdapter(Judgement)


class Cache:
    """Judgements by one judge, asked in one way; ``judge`` is everything that its answers depend on beside words and rubric.

    ``warn`` hears, once, why the file cannot be used. Used from one thread.
    """

    def __init__(self, folder: Path, judge: str, *, warn: Callable[[str], None] = lambda _message: None) -> None:
        self._path = folder / FILE_NAME
        self._judge = judge.encode("utf-8", "replace")
        self._warn = warn
        self._waiting: list[tuple[bytes, bytes]] = []
        self._written_at = time.monotonic()
        self._file: sqlite3.Connection | None = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            self._file = _opened(self._path)
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    def get(self, transcript: Transcript, rubrics: Sequence[Rubric]) -> list[Judgement | None]:
        """Return what is known of each rubric; what it cost was paid then and is not told again."""
        if self._file is None:
            return [None] * len(rubrics)
        keys = self._keys(transcript, rubrics)
        try:
            places = ",".join("?" * len(keys))
            query = f"SELECT key, judgement FROM judgements WHERE key IN ({places})"  # noqa: S608 - question marks only
            found = dict(self._file.execute(query, keys).fetchall())
        except sqlite3.Error as error:
            self._give_up(error)
            found = {}
        return [_read(found[key]) if key in found else None for key in keys]

    def knows(self, transcript: Transcript, rubrics: Sequence[Rubric]) -> list[bool]:
        """Return for each rubric whether its judgement is known."""
        if self._file is None:
            return [False] * len(rubrics)
        keys = self._keys(transcript, rubrics)
        try:
            query = f"SELECT key FROM judgements WHERE key IN ({','.join('?' * len(keys))})"  # noqa: S608 - question marks only
            found = {key for (key,) in self._file.execute(query, keys)}
        except sqlite3.Error as error:
            self._give_up(error)
            found = set()
        return [key in found for key in keys]

    def put(self, transcript: Transcript, judgements: Sequence[tuple[Rubric, Judgement]]) -> None:
        """Keep judgements that did not fail. They are written a little later, many at a time."""
        whole = [(rubric, judgement) for rubric, judgement in judgements if not judgement.failure]
        if self._file is None or not whole:
            return
        keys = self._keys(transcript, [rubric for rubric, _ in whole])
        for key, (_, judgement) in zip(keys, whole, strict=True):
            plain = Judgement(
                findings=judgement.findings, ratings=judgement.ratings, prompt=judgement.prompt, detector=judgement.detector
            )
            self._waiting.append((key, zlib.compress(_AS_JSON.dump_json(plain, exclude_defaults=True), 1)))
        if len(self._waiting) >= _WAITING or time.monotonic() - self._written_at >= _WAIT_S:
            self.write()

    def write(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        self._written_at = time.monotonic()
        if self._file is None or not waiting:
            return
        try:
            with self._file:
                self._file.executemany("INSERT OR REPLACE INTO judgements (key, judgement) VALUES (?, ?)", waiting)
        except sqlite3.Error as error:
            self._give_up(error)

    def close(self) -> None:
        """Write what waits, and close the file."""
        self.write()
        if self._file is not None:
            with suppress(sqlite3.Error):
                self._file.close()
            self._file = None

    def _keys(self, transcript: Transcript, rubrics: Sequence[Rubric]) -> list[bytes]:
        """Return the key of judging the words against each rubric: who said what, whatever the transcript is called.

        The identity that was played is part of it, since a blind judge is not shown its name.
        """
        words = json.dumps([transcript.identity, [(turn.role, turn.text) for turn in transcript.turns]])
        said = hashlib.blake2b(words.encode() + b"\0" + self._judge, digest_size=16)
        keys = []
        for rubric in rubrics:
            key = said.copy()
            key.update(b"\0" + rubric.digest.encode())
            keys.append(key.digest())
        return keys

    def _give_up(self, error: Exception) -> None:
        if self._file is not None:
            with suppress(sqlite3.Error):
                self._file.close()
            self._file = None
        self._warn(f"The cache {self._path} cannot be used and is left alone: {error}.")


def _opened(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=_BUSY_S)
    try:
        # In this mode a kill loses nothing that was committed, and a power cut at the most the last commits.
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = NORMAL")
        [version] = file.execute("PRAGMA user_version").fetchone()
        if version != _VERSION:
            with file:
                file.execute("DROP TABLE IF EXISTS judgements")
                file.execute(
                    "CREATE TABLE judgements (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, judgement BLOB NOT NULL)"
                )
                file.execute(f"PRAGMA user_version = {_VERSION}")
        elif path.stat().st_size > LARGEST_BYTES:
            with file:
                file.execute("DELETE FROM judgements WHERE number <= (SELECT (MIN(number) + MAX(number)) / 2 FROM judgements)")
            file.execute("VACUUM")
    except BaseException:
        file.close()
        raise
    return file


def _read(judgement: bytes) -> Judgement | None:
    try:
        return _AS_JSON.validate_json(zlib.decompress(judgement))
    except (zlib.error, ValidationError):
        return None
