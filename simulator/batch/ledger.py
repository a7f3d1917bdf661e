"""A results file that survives being killed: every finished grade is on disk before it is counted.

Results are JSONL, appended. Beside them, ``NAME.done`` keeps the keys of the work that is done, so that a start does not have to
read the results: it reads the keys, and of the results only what stands behind the last of them (a few lines after a crash;
a torn one is cut off).

*On disk* means: handed to the operating system before it is counted, so that nothing is lost when the program is killed at any
moment; and pressed onto the disk itself (fsync) every few seconds and at the end. A power cut can lose those last seconds; what
it leaves is told apart from whole results at the next start, cut off, and done again.

``NAME.done`` is a header and entries of 24 bytes: the key (16) and, as a big-endian number, where its result ends in the file.
An entry whose number has its highest bit set is a mark: of the source and work that its key stands for, so many lines from the
beginning (32 bits), with so many transcripts in them (31 bits), need not be looked at again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from simulator.batch.keyset import KEY_BYTES, KeySet
from simulator.batch.known import ENTRY_BYTES, HEADER, MARK, TRANSCRIPT_BITS, Known, index_path, is_ours
from simulator.domain.errors import FinelineError, UsageError
from simulator.domain.grade import Grade
from simulator.domain.transcript import Transcript
from simulator.files import lock_file

__all__ = ["KEY_DIGITS", "Known", "Ledger", "as_line", "index_path", "without_failures", "work_key", "work_keys", "work_part"]

KEY_DIGITS = 2 * KEY_BYTES
# How many keys wait in memory: after a kill so many lines of results are read again.
_ENTRIES_WAITING = 1 << 10


def without_failures(path: Path) -> int:
    """Take the failed grades out of a results file, so that they are tried again; return how many there were.

    Raises :class:`FinelineError` where that cannot be done, or another program is writing to the file.
    """
    dropped = 0
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        if not path.exists():
            return 0
        with index_path(path).open("ab") as index, path.open("rb") as old, temporary.open("wb") as new:
            if not _locked(index):
                raise _busy(path)
            for line in old:
                if b"failed" in line and line.endswith(b"\n") and json.loads(line).get("status") == "failed":
                    dropped += 1
                else:
                    new.write(line)
        if dropped:
            # The keys are made anew from what stays; without them a crash in between only costs time.
            index_path(path).unlink(missing_ok=True)
            temporary.replace(path)
    except (OSError, ValueError) as error:
        reason = error.strerror or error if isinstance(error, OSError) else "it holds a line that is no grade"
        raise FinelineError(f"{path} could not be gone through: {reason}.") from None
    finally:
        temporary.unlink(missing_ok=True)
    return dropped


def work_keys(transcript: Transcript, work: Sequence[bytes]) -> list[str]:
    """Return the key (32 hex digits) of each work with this transcript; ``work`` comes from :func:`work_part`."""
    words = json.dumps([transcript.id, [(turn.role, turn.text) for turn in transcript.turns]])
    said = hashlib.blake2b(words.encode(), digest_size=KEY_BYTES)
    keys = []
    for part in work:
        key = said.copy()
        key.update(part)
        keys.append(key.hexdigest())
    return keys


def work_part(rubric_digest: str, judge: str, prompt: str) -> bytes:
    """Return the part of a key that is the same for all transcripts."""
    return b"\0" + json.dumps([rubric_digest, judge, prompt]).encode()


def work_key(transcript: Transcript, rubric_digest: str, judge: str, prompt: str) -> str:
    """Return the key (32 hex digits) of grading these words against this rubric by this judge.

    Blind to everything but who said what: a transcript under another id is other work, since results carry the id.
    """
    return work_keys(transcript, [work_part(rubric_digest, judge, prompt)])[0]


def as_line(key: str, record: Grade | Mapping[str, Any]) -> bytes:
    """Return a result as its line: the record with its key."""
    if isinstance(record, Grade):
        try:
            return f'{record.model_dump_json()[:-1]},"key":"{key}"}}\n'.encode()
        except ValueError:  # words that are no Unicode text
            record = record.model_dump(mode="python")
    text = json.dumps({**record, "key": key}, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


class Ledger:
    """The results file and its keys, open for appending. One program at a time."""

    def __init__(self, path: Path, *, again: bool = False) -> None:
        """Open ``path``, taking up what it holds; with ``again`` begin it anew.

        Raises :class:`FinelineError` where it cannot be written, holds something that is not grades, or is being written by
        another program.
        """
        self.path = path
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "no file that could be taken up again"
            raise UsageError(f"{path} is {what}.", hint="Give --out the name of a file.")
        self.index = index_path(path)
        self._waiting = bytearray()
        made = not self.index.exists()
        opened: list[BinaryIO] = []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Without a buffer of Python's own: what a write has returned from, a kill cannot take back.
            for each in (path, self.index):
                opened.append(each.open("r+b" if each.exists() else "x+b", buffering=0))
            self._results, self._entries = opened
            if not _locked(self._entries):
                raise _busy(path)
            if again:
                if not is_ours(self._results):
                    raise FinelineError(
                        f"{path} holds something that is not a grade of this command, so --again does not write over it.",
                        hint="Write to another file with --out, or remove it first.",
                    )
                self._entries.truncate(0)
                self._results.truncate(0)
            self._known = Known(path)
            self._end = self._known.end
            self._entries.truncate(self._known.index_end)
            self._entries.seek(self._known.index_end)
            if not self._known.index_end:
                self._entries.write(HEADER)
            self._waiting, self._known.new = self._known.new, bytearray()
            self._write_entries()
            self._results.truncate(self._end)
            self._results.seek(self._end)
        except OSError as error:
            _close(opened)
            raise FinelineError(f"{path} could not be written: {error.strerror or error}.") from None
        except BaseException:
            _close(opened)
            if made:
                self.index.unlink(missing_ok=True)
            raise

    @property
    def done(self) -> KeySet:
        """The keys of everything that is done."""
        return self._known.done

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def mark(self, source: bytes) -> tuple[int, int]:
        """Return what of a source need not be looked at again; see :meth:`Known.mark`."""
        return self._known.mark(source)

    # What is added

    def add(self, results: Iterable[tuple[str, Grade | Mapping[str, Any]]]) -> None:
        """Append finished work. Safe from a kill when this returns. Raises :class:`FinelineError` when the disk takes no more."""
        lines = [(bytes.fromhex(key), as_line(key, record)) for key, record in results]
        if not lines:
            return
        data = b"".join(line for _, line in lines)
        written = 0
        error = None
        try:
            while written < len(data):
                written += self._results.write(memoryview(data)[written:])
        except OSError as failure:
            error = failure
        for key, line in lines:
            if written < len(line):
                break
            written -= len(line)
            self._end += len(line)
            self._note(key, self._end)
        if error is not None:
            self._cut_back()
            raise self._failed(error) from None
        if len(self._waiting) >= _ENTRIES_WAITING * ENTRY_BYTES:
            self._write_entries()

    def set_mark(self, source: bytes, lines: int, transcripts: int) -> None:
        """Write down that so many lines of a source, with so many transcripts in them, need not be looked at again."""
        mark = lines << TRANSCRIPT_BITS | transcripts
        known = self._known.mark(source)
        if (lines, transcripts) > known and mark < MARK and transcripts >> TRANSCRIPT_BITS == 0:
            self._known.marked(source, mark)
            self._waiting += source + (MARK | mark).to_bytes(8, "big")

    def _note(self, key: bytes, end: int) -> None:
        self._waiting += key + end.to_bytes(8, "big")
        self.done.add(key)

    def _write_entries(self) -> None:
        """Write the waiting keys. Where that fails they go on waiting: the results are what counts."""
        at = self._entries.tell()
        written = 0
        with suppress(OSError):
            while written < len(self._waiting):
                written += self._entries.write(memoryview(bytes(self._waiting))[written:])
        whole = written - written % ENTRY_BYTES
        del self._waiting[:whole]
        if written > whole:
            with suppress(OSError):
                self._entries.truncate(at + whole)
                self._entries.seek(at + whole)

    def _cut_back(self) -> None:
        """Take a result that was written in part out again, as far as the disk lets us; the next start would do it too."""
        try:
            self._results.truncate(self._end)
            self._results.seek(self._end)
        except OSError:
            return

    def press(self) -> None:
        """Press the results onto the disk itself. Takes as long as the disk does; may be called from another thread."""
        try:
            os.fsync(self._results.fileno())
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> FinelineError:
        return FinelineError(
            f"{self.path} could not be written further: {error.strerror or error}.",
            hint="What was finished is kept; make room and run the same command again.",
        )

    @property
    def size(self) -> int:
        """How many bytes of results there are."""
        return self._end

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Press everything onto the disk and close both files."""
        if self._results.closed:
            return
        # Where the disk fails now, nothing that was counted is lost: it was written before, and the keys are found from it.
        with suppress(FinelineError):
            self.press()
        self._write_entries()
        _close([self._results, self._entries])


def _busy(path: Path) -> FinelineError:
    return FinelineError(f"Another program is writing to {path}.", hint="Wait until it has ended, or write to another file.")


def _locked(file: BinaryIO) -> bool:
    try:
        return lock_file(file.fileno())
    except OSError:
        # A file system without locks: two programs at once cannot be told there.
        return True


def _close(files: Iterable[BinaryIO]) -> None:
    for file in files:
        try:
            file.close()
        except OSError:
            continue
