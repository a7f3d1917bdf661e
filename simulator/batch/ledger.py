"""A results file that survives being killed: every finished grade is on disk before it is counted.

Results are JSONL, appended. Beside them, ``NAME.done`` keeps one fixed-width line a result: the key of the work and where
the result ends in the file. A start reads the keys only, and what the results file holds beyond the last of them (a line or
two after a crash; a torn one is cut off), so it is quick however much was done.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from simulator.domain.errors import FinelineError
from simulator.domain.transcript import Transcript

KEY_DIGITS = 32
_OFFSET_DIGITS = 14
_ENTRY_BYTES = KEY_DIGITS + 1 + _OFFSET_DIGITS + 1


def without_failures(path: Path) -> int:
    """Take the failed grades out of a results file, so that they are tried again; return how many there were."""
    dropped = 0
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        if not path.exists():
            return 0
        with path.open("rb") as old, temporary.open("wb") as new:
            for line in old:
                if line.endswith(b"\n") and json.loads(line).get("status") == "failed":
                    dropped += 1
                else:
                    new.write(line)
        if dropped:
            # The keys are made anew from what stays; without them a crash in between only costs time.
            path.with_name(f"{path.name}.done").unlink(missing_ok=True)
            temporary.replace(path)
    except (OSError, ValueError) as error:
        raise FinelineError(f"{path} could not be gone through: {error}.") from None
    finally:
        temporary.unlink(missing_ok=True)
    return dropped


def work_key(transcript: Transcript, rubric_digest: str, judge: str, prompt: str) -> str:
    """Return the key (32 hex digits) of grading these words against this rubric by this judge.

    Blind to everything but who said what: a transcript under another id is other work, since results carry the id.
    """
    parts = [transcript.id, [(turn.role, turn.text) for turn in transcript.turns], rubric_digest, judge, prompt]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=KEY_DIGITS // 2).hexdigest()


class Ledger:
    """The results file and its keys, open for appending. One program at a time."""

    def __init__(self, path: Path, *, again: bool = False) -> None:
        """Open ``path``, taking up what it holds; with ``again`` begin it anew.

        Raises :class:`FinelineError` where it cannot be written, or holds something that is not grades.
        """
        self.path = path
        self.index = path.with_name(f"{path.name}.done")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if again:
                self.index.unlink(missing_ok=True)
                path.unlink(missing_ok=True)
            self._results: BinaryIO = path.open("ab")
            self._entries: BinaryIO = self.index.open("ab")
        except OSError as error:
            raise FinelineError(f"{path} could not be written: {error.strerror or error}.") from None
        self.done: set[bytes] = set()
        try:
            self._take_up()
        except BaseException:
            self.close()
            raise

    def _take_up(self) -> None:
        known = self.index.read_bytes()
        whole = len(known) - len(known) % _ENTRY_BYTES
        if whole != len(known):
            self._entries.truncate(whole)
        size = self.path.stat().st_size
        end = 0
        for at in range(0, whole, _ENTRY_BYTES):
            offset = int(known[at + KEY_DIGITS + 1 : at + _ENTRY_BYTES - 1])
            if offset > size:
                # The results are shorter than the keys say: somebody shortened them. What is missing is done again.
                self._entries.truncate(at)
                break
            self.done.add(bytes.fromhex(known[at : at + KEY_DIGITS].decode()))
            end = offset
        with self.path.open("rb") as results:
            results.seek(end)
            for line in results:
                key = _key_of(line)
                if key is None:
                    if line.endswith(b"\n"):
                        raise FinelineError(
                            f"{self.path} holds something that is not a grade of this command.",
                            hint="Write to another file with --out, or begin anew with --again.",
                        )
                    self._results.truncate(end)
                    break
                end += len(line)
                self._note(key, end)
        self._results.seek(0, os.SEEK_END)
        self._entries.flush()

    def _note(self, key: str, end: int) -> None:
        self._entries.write(f"{key} {end:0{_OFFSET_DIGITS}d}\n".encode())
        self.done.add(bytes.fromhex(key))

    def __contains__(self, key: str) -> bool:
        return bytes.fromhex(key) in self.done

    def add(self, results: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Append finished work. On disk when this returns. Raises :class:`FinelineError` when the disk takes no more."""
        try:
            ends: list[tuple[str, int]] = []
            position = self._results.tell()
            for key, record in results:
                line = (
                    json.dumps({**record, "key": key}, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
                    + b"\n"
                )
                position += len(line)
                self._results.write(line)
                ends.append((key, position))
            self._results.flush()
            for key, end in ends:
                self._note(key, end)
            self._entries.flush()
        except OSError as error:
            raise FinelineError(
                f"{self.path} could not be written further: {error.strerror or error}.",
                hint="What was finished is kept; make room and run the same command again.",
            ) from None

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close both files."""
        for file in (self._results, self._entries):
            try:
                file.close()
            except OSError:
                # The disk is full: what could not be flushed was reported by add() and will be done again.
                continue


def _key_of(line: bytes) -> str | None:
    if not line.endswith(b"\n"):
        return None
    try:
        key = json.loads(line)["key"]
        return key if len(bytes.fromhex(key)) * 2 == KEY_DIGITS else None
    except (ValueError, KeyError, TypeError):
        return None
