"""A person's ratings on disk: every answer is there before the next can be given.

The file is results as 'fineline grade' writes them, with the person's name as judge. Each change appends the whole grade again,
so that a crash can tear only the last line (cut off at the next start); the last record of a transcript and rubric is the one
that counts. Closing leaves one record of each that has answers, in place of the old file at one stroke.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from simulator.domain.errors import FinelineError, UsageError
from simulator.domain.grade import Grade
from simulator.files import lock_file, write_atomically

Key = tuple[str, str]
"""Transcript and rubric."""

_BEGINNING = b'{"transcript":'


def rating_file_of(results: Path, rater: str) -> Path:
    """Return where a person's ratings of these results go unless told: ``results.ann.jsonl``."""
    stem = results.name.removesuffix(results.suffix) if results.suffix in (".jsonl", ".json", ".ndjson") else results.name
    name = re.sub(r"[^\w.-]+", "-", rater).strip(".-") or "rater"
    return results.with_name(f"{stem}.{name}.jsonl")


class RatingFile:
    """The ratings of one person, open for writing by one program at a time."""

    def __init__(self, path: Path, rater: str) -> None:
        """Open ``path`` and take up what it holds.

        Raises :class:`UsageError` where it is open elsewhere or another's, :class:`FinelineError` where it cannot be read
        or written, or holds something else.
        """
        self.path = path
        self.rater = rater
        self.grades: dict[Key, Grade] = {}
        self._lines = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = path.open("a+b", buffering=0)
        except OSError as error:
            raise FinelineError(f"{path} could not be written: {error.strerror or error}.") from None
        try:
            if not _locked(self._file):
                raise UsageError(f"{path} is open in another window.", hint="Close it there, or rate under another name.")
            self._end = self._take_up()
        except BaseException:
            self._file.close()
            raise

    def _take_up(self) -> int:
        end = 0
        try:
            with self.path.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    if not line.endswith(b"\n") and (end or line.startswith(_BEGINNING[: len(line)])):
                        break  # torn by a crash; written over by what comes next
                    if line.strip():
                        self._take(line, number)
                    end += len(line)
            if end < self.path.stat().st_size:
                self._file.truncate(end)
        except OSError as error:
            raise FinelineError(f"{self.path} could not be read: {error.strerror or error}.") from None
        return end

    def _take(self, line: bytes, number: int) -> None:
        try:
            grade = Grade.model_validate_json(line)
        except ValidationError:
            raise FinelineError(f"{self.path}:{number}: this is not a grade.", hint="Write to another file with --out.") from None
        if grade.judge != self.rater:
            raise UsageError(
                f"{self.path} holds the ratings of {grade.judge!r}, not of {self.rater!r}.",
                hint="Write to another file with --out, or say who you are with --rater.",
            )
        self.grades[grade.transcript, grade.rubric] = grade
        self._lines += 1

    def put(self, grade: Grade, more: Mapping[str, Any]) -> None:
        """Write a grade, in place of an earlier one; ``more`` are further keys of its record. On disk when this returns.

        Raises :class:`FinelineError` where the disk does not take it; it then counts as unwritten, and the file is as before.
        """
        kept = Grade.model_validate({**grade.model_dump(), **more})
        line = _line(kept)
        try:
            self._append(line)
        except OSError as error:
            raise FinelineError(f"{self.path} could not be written: {error.strerror or error}.") from None
        self._end += len(line)
        self._lines += 1
        self.grades[kept.transcript, kept.rubric] = kept

    def _append(self, line: bytes) -> None:
        written = 0
        try:
            while written < len(line):
                written += self._file.write(line[written:]) or 0
        except OSError:
            if written:
                self._file.truncate(self._end)
            raise

    def close(self) -> None:
        """Press everything onto the disk, and leave one record of each transcript and rubric.

        Raises :class:`FinelineError` where that fails; every record is in the file all the same.
        """
        if self._file.closed:
            return
        try:
            kept = [grade for grade in self.grades.values() if grade.findings or (grade.model_extra or {}).get("open")]
            if self._lines > len(kept):
                lines = (_line(grade).decode("utf-8", "replace") for grade in kept)
                write_atomically(self.path, "".join(lines))
            else:
                os.fsync(self._file.fileno())
            if not kept:
                self.path.unlink(missing_ok=True)  # nothing was rated
        except OSError as error:
            raise FinelineError(f"{self.path} could not be written: {error.strerror or error}.") from None
        finally:
            self._file.close()


def _line(grade: Grade) -> bytes:
    text = json.dumps(grade.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


def _locked(file: BinaryIO) -> bool:
    try:
        return lock_file(file.fileno())
    except OSError:
        return True  # this file system knows no locks: go on without
