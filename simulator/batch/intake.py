"""What a run reads: files, folders, globs, standard input and the app's own sessions, and how far it has come in them."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import BinaryIO, TypeVar

from simulator.batch.keyset import KEY_BYTES
from simulator.batch.readers import Position, Reading, Rejected, SkipError, file_format, files, read_stream
from simulator.batch.runner import Place
from simulator.domain.errors import FinelineError, UsageError
from simulator.domain.transcript import Transcript

STORE = "store:"
STANDARD_INPUT = "-"
# What a results file has beside it.
_BESIDE = ("", ".done", ".rejected", ".run.json", ".batch.json", ".disagreements.csv", ".batch")
_BY_LINES = frozenset({".jsonl", ".ndjson"})

# Yields the saved sessions, or the one with this id (or beginning of it).
Sessions = Callable[[str | None], Iterator[Transcript]]
T = TypeVar("T")


class Intake:
    """The transcripts of some sources, one after the other.

    ``sessions`` gives the app's own. ``results`` is where the run writes, which is not read even where it lies in a folder that
    is. ``done`` tells how many lines of a file need not be looked at again, for 16 bytes that stand for the file as it is now,
    how it is read, and ``work``: see :meth:`simulator.batch.ledger.Ledger.mark`.
    """

    def __init__(
        self,
        paths: Sequence[str],
        reading: Reading | None = None,
        *,
        stdin: BinaryIO | None = None,
        sessions: Sessions | None = None,
        results: Path | None = None,
        work: bytes = b"",
        done: Callable[[bytes], tuple[int, int]] = lambda _source: (0, 0),
    ) -> None:
        self._reading = (reading or Reading()).afresh()
        self._stdin = stdin
        self._sessions = sessions
        self._work = work
        self._done = done
        beside = {results.with_name(f"{results.name}{each}").absolute() for each in _BESIDE} if results is not None else set()
        self._places: list[str | Path] = []
        for path in paths:
            if path == STANDARD_INPUT or path.startswith(STORE):
                self._places.append(path)
            else:
                self._places += [each for each in files(path) if beside.isdisjoint((each.absolute(), each.parent.absolute()))]
        self._sizes = [each.stat().st_size if isinstance(each, Path) else 0 for each in self._places]
        self.skipped_transcripts = 0
        # Shared by all readings of the same sources: what has been counted once is found at once.
        self._offsets: dict[tuple[Path, int], int | None] = {}
        self._at = -1
        self._stream: BinaryIO | None = None
        self._position = Position()
        self._source: bytes | None = None
        self._transcripts = 0

    @property
    def countable(self) -> bool:
        """Whether the sources can be read twice: once to count, once to grade."""
        return not any(each == STANDARD_INPUT or (isinstance(each, Path) and read_once(each)) for each in self._places)

    def again(self) -> Intake:
        """Return the same sources, from the beginning."""
        other = copy(self)
        other.skipped_transcripts, other._at, other._stream = 0, -1, None
        return other

    def skips(self) -> dict[str, int]:
        """Return, for each file of which something will not be read again, how many lines that are."""
        lines = {str(each): self._done(self._identity(each))[0] for each in self._places if _by_lines(each)}
        return {path: count for path, count in lines.items() if count}

    def __iter__(self) -> Iterator[Transcript | Rejected]:
        for number, place in enumerate(self._places):
            self._at, self._source = number, None
            if isinstance(place, Path):
                yield from self._file(place)
            elif place == STANDARD_INPUT:
                if self._stdin is None:
                    raise UsageError("There is no standard input to read.")
                yield from read_stream(self._stdin, "<stdin>", "", self._reading)
            else:
                if self._sessions is None:
                    raise UsageError("The app's own sessions cannot be read here.")
                yield from self._sessions(place.removeprefix(STORE) or None)

    def _file(self, path: Path) -> Iterator[Transcript | Rejected]:
        suffix = file_format(path)
        try:
            with path.open("rb") as stream:
                self._stream = stream
                lines = 0
                if _by_lines(path):
                    self._source = self._identity(path)
                    lines, self._transcripts = self._done(self._source)
                if lines:
                    try:
                        yield from self._lines(stream, path, suffix, lines)
                        return
                    except SkipError:
                        stream.seek(0)
                        self._transcripts = 0
                yield from self._lines(stream, path, suffix, 0)
        except OSError as error:
            raise FinelineError(f"{path} could not be read: {error.strerror or error}.") from None
        finally:
            self._stream = None

    def _lines(self, stream: BinaryIO, path: Path, suffix: str, lines: int) -> Iterator[Transcript | Rejected]:
        self._position = Position(lines, self._offsets.get((path, lines)))
        skipped = self._transcripts
        records = read_stream(stream, str(path), suffix, self._reading, self._position)
        first = next(records, None)  # a SkipError comes before anything is taken for skipped
        if lines:
            self._offsets[path, lines] = self._position.offset
            self.skipped_transcripts += skipped
            if skipped:
                self._reading.sides.tell()
        if first is None:
            return
        self._transcripts += isinstance(first, Transcript)
        yield first
        for record in records:
            self._transcripts += isinstance(record, Transcript)
            yield record

    def _identity(self, path: Path | str) -> bytes:
        """Return what stands for a file as it is now, how it is read, and what is done with it."""
        status = Path(path).stat()
        parts = [str(Path(path).resolve()), status.st_size, status.st_mtime_ns, self._reading]
        return hashlib.blake2b(repr(parts).encode("utf-8", "replace") + self._work, digest_size=KEY_BYTES).digest()

    def place(self) -> Place | None:
        """Return where the source has been read to, behind the record that was yielded last; ``None`` where it has no lines."""
        return Place(self._source, self._position.lines, self._transcripts) if self._source is not None else None

    @property
    def share_read(self) -> float | None:
        """How much of the files has been read, 0–1; ``None`` where that cannot be told."""
        whole = sum(self._sizes)
        files = self.countable and all(isinstance(each, Path) for each in self._places)
        if not whole or self._at < 0 or not files:
            return None
        before = sum(self._sizes[: self._at])
        within = self._stream.tell() if self._stream is not None else self._sizes[self._at]
        return min(1.0, (before + within) / whole)


def read_once(place: Path | str) -> bool:
    """Return whether a path is a pipe, whose words are gone when they have been read."""
    return Path(place).is_fifo()


def _by_lines(place: Path | str) -> bool:
    return isinstance(place, Path) and file_format(place) in _BY_LINES and not read_once(place)


async def in_a_thread(records: Iterator[T], *, ahead: int = 16) -> AsyncIterator[T]:
    """Yield what may be long in coming, read in a thread of its own, so that nothing else has to wait for it.

    At most ``ahead`` records are read before they are asked for. The thread is left behind when nobody asks any more.
    """
    loop = asyncio.get_running_loop()
    ready: asyncio.Queue[tuple[T | None, BaseException | None]] = asyncio.Queue()
    room = threading.Semaphore(ahead)

    def hand_over(record: T | None, error: BaseException | None) -> bool:
        try:
            loop.call_soon_threadsafe(ready.put_nowait, (record, error))
        except RuntimeError:
            return False  # the loop was closed: nobody asks any more
        return True

    def pull() -> None:
        end: BaseException = StopIteration()
        try:
            for record in records:
                if not hand_over(record, None):
                    return
                room.acquire()
        except BaseException as error:
            end = error
        hand_over(None, end)

    threading.Thread(target=pull, daemon=True).start()
    while True:
        record, error = await ready.get()
        if isinstance(error, StopIteration):
            return
        if error is not None:
            raise error
        yield record  # type: ignore[misc]
        room.release()
