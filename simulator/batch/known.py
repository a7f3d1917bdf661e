"""What a results file holds, found out from its keys and without changing anything; see :mod:`simulator.batch.ledger`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from simulator.batch.keyset import KEY_BYTES, KeySet
from simulator.domain.errors import FinelineError

if TYPE_CHECKING:
    import numpy as np

# A file of keys: its header, the size of an entry, and what makes of an entry a mark.
HEADER = b"fineline keys 2\n"
ENTRY_BYTES = KEY_BYTES + 8
MARK = 1 << 63
TRANSCRIPT_BITS = 31
# How a result begins, and how long the first may be that is looked at.
_BEGINNING = b'{"transcript":'
_LONGEST_LINE = 1 << 20
_ENTRIES_AT_ONCE = 1 << 17


def index_path(results: Path) -> Path:
    """Return where the keys of a results file are."""
    return results.with_name(f"{results.name}.done")


class Known:
    """What a results file holds, read without changing anything: the keys of what is done, and marks."""

    def __init__(self, path: Path) -> None:
        """Read the keys of ``path``, which need not exist.

        Raises :class:`FinelineError` where it cannot be read, or holds something that is not grades.
        """
        self.path = path
        self.done = KeySet()
        self.end = 0
        """Where the whole results end in the file; what stands behind was not written to its end."""
        self.index_end = 0
        """Where the usable keys end in their file; 0 where there are none."""
        self.new = bytearray()
        """Entries of results that have no key in the file of keys yet."""
        self._marks: dict[bytes, int] = {}
        try:
            with path.open("rb") as results:
                self._take_up(results)
        except FileNotFoundError:
            return
        except OSError as error:
            raise FinelineError(f"{path} could not be read: {error.strerror or error}.") from None

    def __contains__(self, key: str) -> bool:
        return bytes.fromhex(key) in self.done

    def mark(self, source: bytes) -> tuple[int, int]:
        """Return what of a source (16 bytes that stand for it and the work) need not be looked at again.

        That is how many lines from its beginning, and how many transcripts are in them.
        """
        mark = self._marks.get(source, 0)
        return mark >> TRANSCRIPT_BITS, mark & ((1 << TRANSCRIPT_BITS) - 1)

    def marked(self, source: bytes, mark: int) -> None:
        """Take note of a new mark."""
        self._marks[source] = mark

    def _take_up(self, results: BinaryIO) -> None:
        size = os.fstat(results.fileno()).st_size
        try:
            with index_path(self.path).open("rb") as entries:
                usable = self._load(entries, results, size)
        except FileNotFoundError:
            usable = False
        if not usable:
            # No keys, keys of an older form, or keys that the results do not bear out: made anew from the results.
            self.done, self._marks, self.end, self.index_end = KeySet(), {}, 0, 0
        results.seek(self.end)
        for line in results:
            key = _key_of(line)
            if key is None:
                if (line.endswith(b"\n") and b"\0" not in line) or not (self.end or _may_be_torn(line)):
                    raise FinelineError(
                        f"{self.path} holds something that is not a grade of this command.",
                        hint="Write to another file with --out.",
                    )
                break
            self.end += len(line)
            self.new += key + self.end.to_bytes(8, "big")
            self.done.add(key)

    def _load(self, index: BinaryIO, results: BinaryIO, size: int) -> bool:
        """Take up the keys and where the last of their results ends; return whether they can be used."""
        if index.read(len(HEADER)) != HEADER:
            return False
        import numpy as np

        self.index_end = len(HEADER)
        before = 0
        last = b""
        for entries, ends in _entries(index):
            is_mark = ends >= MARK
            if np.any(~is_mark & (ends > size)):
                # Somebody shortened the results: what is missing is done again, and what marks passed over looked at again.
                return False
            for at in np.flatnonzero(is_mark).tolist():
                self._marks[entries[at, :KEY_BYTES].tobytes()] = int(ends[at]) - MARK
            of_results = np.flatnonzero(~is_mark)
            if len(of_results):
                last = entries[of_results[-1], :KEY_BYTES].tobytes()
                before = int(ends[of_results[-2]]) if len(of_results) > 1 else self.end
                self.end = int(ends[of_results[-1]])
            self.index_end += len(entries) * ENTRY_BYTES
        self.done.load(lambda: (entries[ends < MARK, :KEY_BYTES] for entries, ends in _entries(index)))
        if not last:
            return True
        if not 0 <= before < self.end:
            return False
        results.seek(before)
        return _key_of(results.read(self.end - before)) == last


def _entries(index: BinaryIO) -> Iterator[tuple[np.ndarray[Any, np.dtype[np.uint8]], np.ndarray[Any, np.dtype[np.uint64]]]]:
    """Yield the entries of a file of keys, many at a time: their bytes, and their numbers."""
    import numpy as np

    index.seek(len(HEADER))
    while data := index.read(_ENTRIES_AT_ONCE * ENTRY_BYTES):
        whole = len(data) - len(data) % ENTRY_BYTES
        entries = np.frombuffer(data, dtype=np.uint8, count=whole).reshape(-1, ENTRY_BYTES)
        yield entries, entries[:, KEY_BYTES:].copy().view(">u8").reshape(-1)


def _key_of(line: bytes) -> bytes | None:
    if not line.endswith(b"\n"):
        return None
    try:
        key = bytes.fromhex(json.loads(line)["key"])
    except (ValueError, KeyError, TypeError):
        return None
    return key if len(key) == KEY_BYTES else None


def is_ours(results: BinaryIO) -> bool:
    """Return whether a file is empty or begins as results do, if only with a line that was not written to its end."""
    results.seek(0)
    line, end, _ = results.read(_LONGEST_LINE).partition(b"\n")
    return _key_of(line + end) is not None or (not end and _may_be_torn(line))


def _may_be_torn(line: bytes) -> bool:
    """Return whether this is how a file's first result may look that was not written to its end."""
    return line.startswith(_BEGINNING[: len(line)]) or not line.strip(b"\0")
