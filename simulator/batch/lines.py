"""Streams of lines: unpacked, begun behind what is done, and looked at before they are read."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from simulator.domain.errors import UsageError

MOST_CHARACTERS_A_RECORD = 16_000_000
_PACKED = {".gz", ".zst"}
_PACKED_AT_ONCE = 1 << 14


@contextmanager
def unpacked(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """Give the plain bytes of a stream that may be gzip or zstd, told by how it begins."""
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]
    magic = buffered.peek(4)[:4]
    if magic[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=buffered) as plain:
            yield plain  # type: ignore[misc]
    elif magic == b"\x28\xb5\x2f\xfd":
        try:
            frames = _Zstandard(buffered)
        except ImportError:
            raise UsageError(f"{name} is packed with zstd.", hint="Install the extra: pip install 'fineline[zstd]'.") from None
        yield io.BufferedReader(frames)
    else:
        yield buffered


class DamagedError(Exception):
    """A packed file is cut off or damaged; the message says how."""


# What reading a packed file may raise.
DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, DamagedError)


class _Zstandard(io.RawIOBase):
    """The plain bytes of frames packed with zstd. Unlike the library's own reader it says where a frame is cut off."""

    def __init__(self, stream: BinaryIO) -> None:
        import zstandard

        self._library = zstandard
        self._stream = stream
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._begun = False
        self._left = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            packed = self._left or self._stream.read(_PACKED_AT_ONCE)
            self._left = b""
            if not packed:
                if self._begun:
                    raise DamagedError("it ends in the middle")
                return 0
            try:
                self._ready = memoryview(self._frame.decompress(packed))
            except self._library.ZstdError as error:
                raise DamagedError(str(error).rpartition(": ")[2]) from None
            self._begun = not self._frame.eof
            if self._frame.eof:
                self._left = self._frame.unused_data
                self._frame = self._library.ZstdDecompressor().decompressobj()
        data = self._ready[: len(buffer)]
        self._ready = self._ready[len(data) :]
        buffer[: len(data)] = data
        return len(data)


def encoding_of(stream: BinaryIO) -> str:
    """Return how the text of a stream is encoded, by its beginning; the stream stays where it is."""
    beginning = stream.peek(4)[:4]  # type: ignore[attr-defined]
    if beginning[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    # Without a mark: what people write begins with characters of which every other byte is zero.
    zeros = [byte == 0 for byte in beginning]
    if zeros == [False, True, False, True]:
        return "utf-16-le"
    return "utf-16-be" if zeros == [True, False, True, False] else "utf-8-sig"


def file_format(file: Path) -> str:
    """Return the suffix that says what a file holds, whether it is packed or not; ``""`` where there is none."""
    return next((each.casefold() for each in reversed(file.suffixes) if each.casefold() not in _PACKED), "")


@dataclass
class Position:
    """Where in a stream of lines a reader is: it begins behind so many ``lines``, and counts on.

    ``offset`` is the byte at which the first line behind them begins, where it is known from before.
    """

    lines: int = 0
    offset: int | None = None


class SkipError(Exception):
    """Lines cannot be skipped, because what a line is in this file cannot be told without reading it."""


def behind(stream: BinaryIO, position: Position) -> BinaryIO:
    """Return a stream from behind the lines of a position, which are counted and not looked at.

    Raises :class:`SkipError` where that cannot be done with certainty.
    """
    if position.offset is not None:
        stream.seek(position.offset)
        return stream
    left, last, read = position.lines, 0, 0
    while left:
        try:
            chunk = stream.read(1 << 20)
        except DAMAGED:
            raise SkipError from None  # what stands before the damage is still to be read
        if chunk.endswith(b"\r"):
            chunk += stream.read(1)
        ends = chunk.count(b"\n")
        last = 0 if ends else last + len(chunk)
        # Readers end lines at a lone carriage return as well, and cut those that never end.
        lone = b"\r" in chunk and chunk.count(b"\r") != chunk.count(b"\r\n")
        if not chunk or lone or last >= MOST_CHARACTERS_A_RECORD:
            raise SkipError
        if ends < left:
            left -= ends
            read += len(chunk)
            continue
        at = -1
        for _ in range(left):
            at = chunk.index(b"\n", at + 1)
        position.offset = read + at + 1
        return io.BufferedReader(_Rest(chunk[at + 1 :], stream))
    return stream


class _Rest(io.RawIOBase):
    """What was read too far, and the rest of the stream."""

    def __init__(self, ahead: bytes, stream: BinaryIO) -> None:
        self._ahead = memoryview(ahead)
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._ahead[: len(buffer)] or self._stream.read(len(buffer))
        self._ahead = self._ahead[len(data) :]
        buffer[: len(data)] = data
        return len(data)


class Lines:
    """Lines of a stream with the look-ahead put back in front; readers that can begin behind some count in ``position``.

    ``again`` reads the same lines once more, where they do not come through a pipe.
    """

    def __init__(
        self, stream: TextIO, position: Position, seen: Iterable[str] = (), again: Callable[[], Iterator[str]] | None = None
    ) -> None:
        self.stream = stream
        self.again = again
        self.read = position.lines
        self.position = position
        self.seen = list(seen)

    @classmethod
    def of(cls, stream: TextIO, position: Position, again: Callable[[], Iterator[str]] | None = None) -> Lines:
        """Return the lines of a stream of which some may have been looked at."""
        ahead: list[str] = getattr(stream, "_looked_at", [])
        return cls(stream, position, ahead, again)

    def __iter__(self) -> Iterator[str]:
        while self.seen:
            self.read += 1
            yield self.seen.pop(0)
        while line := self.stream.readline(MOST_CHARACTERS_A_RECORD):
            self.read += 1
            yield line

    def chunks(self, size: int = 1 << 16) -> Iterator[str]:
        """Yield the text without regard to lines, about ``size`` characters at a time."""
        while self.seen:
            yield self.seen.pop(0)
        while chunk := self.stream.read(size):
            yield chunk
