"""What has been handed to a Batch API: which batches there are and what was asked in them, kept beside the results.

``NAME.batch.json`` lists the parts of the work, each a file of requests that becomes one batch. The folder ``NAME.batch`` holds,
for each part, its requests, what has to be known of them when answers come, and the answers once they are fetched. All of it is
gone when everything is answered.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, Self

from pydantic import Field, ValidationError

from simulator import __version__
from simulator.batch.keyset import KeySet
from simulator.domain.base import Record
from simulator.domain.errors import FinelineError
from simulator.domain.grade import Usage
from simulator.files import write_atomically

# A part is closed before a line could break a limit of the endpoint.
LONGEST_LINE = 16_000_000
# How many entries are put into the index at once.
_AT_ONCE = 10_000

Status = Literal["ready", "sending", "sent", "held", "answered"]


class Part(Record):
    """A file of requests.

    ``ready`` to be sent; ``sending``: it may have been; ``sent``: its batch is known; ``held`` until others have ended, since the
    endpoint takes only so much at once; ``answered``: its answers are here.
    """

    name: str
    requests: int = Field(ge=1)
    status: Status = "ready"
    file_id: str | None = None
    batch_id: str | None = None
    output_id: str | None = None
    errors_id: str | None = None
    set_aside: float = Field(default=0, description="Money kept back for it")
    alone: bool = Field(default=False, description="It was sent while no other was under way")


class Parts(Record):
    """Everything that was handed over for one results file. ``run`` marks its batches at the endpoint."""

    run: str
    judge: str
    prompt: str
    endpoint: str
    fineline: str = Field(default=__version__, description="The version that handed it over")
    made: int = Field(default=0, description="How many parts there ever were, so that no two have one name")
    one_by_one: bool = Field(default=False, description="The endpoint does not take several batches at once")
    parts: list[Part] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was made: how often the work was asked for with it, what it cost before, and the first answer where this
    is a second look at it."""

    key: str
    attempt: int = 1
    usage: Usage = field(default_factory=Usage)
    first: str | None = None

    def line(self) -> bytes:
        """Return it as a line of JSON."""
        data: dict[str, Any] = {"key": self.key, "attempt": self.attempt}
        if self.usage.calls:
            data["usage"] = self.usage.model_dump(exclude_defaults=True)
        if self.first is not None:
            data["first"] = self.first
        return json.dumps(data, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Asked:
        """Return what :meth:`line` wrote."""
        data = json.loads(line)
        return cls(data["key"], data["attempt"], Usage(**data.get("usage", {})), data.get("first"))


class Shelf:
    """The files of one results file's batches."""

    def __init__(self, results: Path) -> None:
        self.state = results.with_name(f"{results.name}.batch.json")
        self.folder = results.with_name(f"{results.name}.batch")

    def load(self) -> Parts | None:
        """Return what was handed over, ``None`` where nothing was. Raises :class:`FinelineError` where it cannot be read."""
        try:
            return Parts.model_validate_json(self.state.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not a list of batches"
            raise FinelineError(
                f"{self.state} could not be read: {reason}.",
                hint="Without it what was asked is lost; to begin anew all the same, delete it.",
            ) from None

    def save(self, parts: Parts) -> None:
        """Put down what was handed over, at once and whole; where nothing is left, clear everything away."""
        if parts.parts:
            write_atomically(self.state, parts.model_dump_json(indent=2) + "\n", mode=0o600)
        else:
            self.clear()

    def clear(self) -> None:
        """Delete all of it."""
        self.state.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def sweep(self, parts: Parts) -> None:
        """Delete the files of parts that are not there (any more)."""
        known = {part.name for part in parts.parts}
        with suppress(OSError):
            for path in self.folder.iterdir():
                if path.name.split(".")[0] not in known:
                    path.unlink(missing_ok=True)

    def under_way(self) -> KeySet:
        """Return the keys of everything that was handed over, or is about to be. Raises as :meth:`load`."""
        keys = KeySet()
        parts = self.load()
        for part in parts.parts if parts is not None else ():
            for key, _ in _keys(self.asked(part.name), "key"):
                keys.add(key)
        return keys

    def requests(self, name: str) -> Path:
        """Return where a part's requests are."""
        return self.folder / f"{name}.requests.jsonl"

    def asked(self, name: str) -> Path:
        """Return where is kept what was asked in a part."""
        return self.folder / f"{name}.asked.jsonl"

    def answers(self, name: str) -> list[Path]:
        """Return where a part's answers are: what went well and what did not."""
        return [self.folder / f"{name}.output.jsonl", self.folder / f"{name}.errors.jsonl"]


class PartWriter:
    """Writes requests into as many parts as the endpoint's limits ask for; ``parts`` are those that are whole."""

    def __init__(self, shelf: Shelf, parts: Parts, *, most_requests: int, most_bytes: int) -> None:
        self._shelf = shelf
        self._all = parts
        self._most_requests = most_requests
        self._most_bytes = most_bytes
        self._files: tuple[BinaryIO, BinaryIO] | None = None
        self._count = self._bytes = 0
        self._set_aside = 0.0
        self.parts: list[Part] = []
        self.count = 0

    def add(self, body: dict[str, Any], asked: Asked, call: str, *, set_aside: float = 0.0) -> bool:
        """Write one request, for which some money is ``set_aside``; return whether it could be: no endpoint takes any length."""
        request = {"custom_id": asked.key, "method": "POST", "url": call, "body": body}
        line = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
        if len(line) > min(LONGEST_LINE, self._most_bytes):
            return False
        if self._count and (self._count >= self._most_requests or self._bytes + len(line) > self._most_bytes):
            self._finish()
        requests, of_them = self._files or self._begin()
        try:
            requests.write(line)
            of_them.write(asked.line())
        except OSError as error:
            raise self._failed(error) from None
        self._count += 1
        self._bytes += len(line)
        self._set_aside += set_aside
        self.count += 1
        return True

    def _begin(self) -> tuple[BinaryIO, BinaryIO]:
        self._all.made += 1
        name = f"{self._all.made:04d}"
        try:
            self._shelf.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._files = self._shelf.requests(name).open("wb"), self._shelf.asked(name).open("wb")
        except OSError as error:
            raise self._failed(error) from None
        return self._files

    def _finish(self) -> None:
        for file in self._files or ():
            try:
                file.flush()
                os.fsync(file.fileno())
                file.close()
            except OSError as error:
                raise self._failed(error) from None
        if self._count:
            self.parts.append(Part(name=f"{self._all.made:04d}", requests=self._count, set_aside=self._set_aside))
        self._files = None
        self._count = self._bytes = 0
        self._set_aside = 0.0

    def _failed(self, error: OSError) -> FinelineError:
        return FinelineError(f"{self._shelf.folder} could not be written: {error.strerror or error}.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self._finish()
            return
        for file in self._files or ():
            with suppress(OSError):
                file.close()


def halved(shelf: Shelf, parts: Parts, part: Part) -> list[Part]:
    """Return two parts in place of one; their files are written, those of the old one stay until they are swept away."""
    half = (part.requests + 1) // 2
    made = []
    with shelf.requests(part.name).open("rb") as requests, shelf.asked(part.name).open("rb") as asked:
        for count in (half, part.requests - half):
            parts.made += 1
            name = f"{parts.made:04d}"
            with shelf.requests(name).open("wb") as some, shelf.asked(name).open("wb") as of_them:
                for _ in range(count):
                    some.write(requests.readline())
                    of_them.write(asked.readline())
            made.append(Part(name=name, requests=count, set_aside=part.set_aside * count / part.requests))
    return made


class Index:
    """Where, in the files of all parts, the request and the answer of a key are; on disk, since there may be millions.

    Made anew whenever answers are gone through, so it is never out of step with the files.
    """

    def __init__(self, shelf: Shelf, parts: Parts) -> None:
        self._shelf = shelf
        self._names = [part.name for part in parts.parts]
        self._open = [part.status != "answered" for part in parts.parts]
        self._files: dict[Path, BinaryIO] = {}
        shelf.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = shelf.folder / "index.sqlite"
        path.unlink(missing_ok=True)
        self._path = path
        self._base = sqlite3.connect(path, isolation_level=None)
        self._base.execute("PRAGMA journal_mode=OFF")
        self._base.execute("PRAGMA synchronous=OFF")
        columns = "key BLOB PRIMARY KEY, part INTEGER, file INTEGER, at INTEGER"
        for table in ("asked", "answers"):
            self._base.execute(f"CREATE TABLE {table} ({columns}) WITHOUT ROWID")
        self._base.execute("BEGIN")
        for number, part in enumerate(parts.parts):
            self._fill("asked", number, 0, _keys(shelf.asked(part.name), "key"))
            if part.status == "answered":
                for file, place in enumerate(shelf.answers(part.name)):
                    self._fill("answers", number, file, _keys(place, "custom_id"))
        self._base.execute("COMMIT")

    def _fill(self, table: str, part: int, file: int, found: Iterator[tuple[bytes, int]]) -> None:
        rows = ((key, part, file, at) for key, at in found)
        self._base.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?, ?, ?, ?)", rows)  # noqa: S608 - a name of ours

    def asked(self, key: str) -> tuple[Asked, bool] | None:
        """Return what was asked for a key and whether its answer may still come; ``None`` where nothing was."""
        found = self._base.execute("SELECT part, at FROM asked WHERE key = ?", (bytes.fromhex(key),)).fetchone()
        if found is None:
            return None
        part, at = found
        return Asked.read(self._line(self._shelf.asked(self._names[part]), at)), self._open[part]

    def answer(self, key: str) -> dict[str, Any] | None:
        """Return the answer to a key as the endpoint gave it; ``None`` where there is none."""
        found = self._base.execute("SELECT part, file, at FROM answers WHERE key = ?", (bytes.fromhex(key),)).fetchone()
        if found is None:
            return None
        part, file, at = found
        data = json.loads(self._line(self._shelf.answers(self._names[part])[file], at))
        return data if isinstance(data, dict) else None

    def _line(self, path: Path, at: int) -> bytes:
        file = self._files.get(path)
        if file is None:
            file = self._files[path] = path.open("rb")
        file.seek(at)
        return file.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._base.close()
        for file in self._files.values():
            file.close()
        self._path.unlink(missing_ok=True)


def _keys(path: Path, name: str) -> Iterator[tuple[bytes, int]]:
    """Yield the keys of a file of JSON lines, each with where its line begins; what is no line of ours is passed by."""
    with suppress(FileNotFoundError), closing(path.open("rb")) as lines:
        at = 0
        for line in lines:
            try:
                key = bytes.fromhex(json.loads(line)[name])
            except (ValueError, KeyError, TypeError, RecursionError):
                key = b""
            if key:
                yield key, at
            at += len(line)
