"""Reading the transcripts that evaluators really have, one after another, whatever their number.

Fineline JSONL, OpenAI chat JSONL (``messages``), ShareGPT (``conversations``), ABCD JSON, CSV, plain text
(``Speaker: words``) and WebVTT; plain, gzip or zstd; from files, folders, globs and standard input.
"""

from __future__ import annotations

import glob
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from simulator.batch.lines import (
    DAMAGED,
    MOST_CHARACTERS_A_RECORD,
    Lines,
    Position,
    SkipError,
    behind,
    encoding_of,
    file_format,
    unpacked,
)
from simulator.batch.read_json import read_json, read_jsonl
from simulator.batch.read_table import looks_like_header, read_csv
from simulator.batch.read_text import SPOKEN, read_text, read_vtt
from simulator.batch.records import AS_FOUND, Reading, Rejected
from simulator.domain.errors import FinelineError, UsageError
from simulator.domain.transcript import Transcript

__all__ = ["Position", "Reading", "Rejected", "SkipError", "file_format", "files", "read", "read_stream"]

# What a run writes beside its results in a form that is read, its description first; and the results themselves.
_BESIDE = (".run.json", ".batch.json", ".disagreements.csv", "")


def read(paths: Sequence[str], reading: Reading = AS_FOUND, *, stdin: BinaryIO | None = None) -> Iterator[Transcript | Rejected]:
    """Yield the transcripts of files, folders, globs and ``-`` (standard input), in order, one at a time.

    What cannot be read is yielded as :class:`Rejected` and the rest goes on. Raises :class:`UsageError` where a path does not
    exist, and :class:`simulator.batch.speakers.WhoIsTheTraineeError` where it cannot be told who is to be graded.
    """
    reading = reading.afresh()
    for path in paths:
        if path == "-":
            if stdin is None:
                raise UsageError("There is no standard input to read.")
            yield from read_stream(stdin, "<stdin>", "", reading)
        else:
            for file in files(path):
                try:
                    with file.open("rb") as stream:
                        yield from read_stream(stream, str(file), file_format(file), reading)
                except OSError as error:
                    raise FinelineError(f"{file} could not be read: {error.strerror or error}.") from None


def files(path: str) -> list[Path]:
    """Return the files a path means: itself, everything readable in a folder but results, or what a glob finds; sorted.

    Raises :class:`UsageError` where there is nothing.
    """
    place = Path(path)
    if place.is_dir():
        found = sorted(each for each in place.rglob("*") if each.is_file() and file_format(each) in _READERS)
        # What runs wrote is no transcripts: results have their description beside them.
        results = [each.with_name(each.name.removesuffix(_BESIDE[0])) for each in found if each.name.endswith(_BESIDE[0])]
        written = {each.with_name(f"{each.name}{more}") for each in results for more in _BESIDE}
        found = [each for each in found if each not in written]
        if not found:
            raise UsageError(f"There are no transcripts in {path}.", hint=f"Looked for {', '.join(sorted(_READERS))}.")
        return found
    if place.exists():
        return [place]
    found = sorted(Path(each) for each in glob.glob(path, recursive=True) if Path(each).is_file())  # noqa: PTH207 - absolute globs
    if not found:
        raise UsageError(f"There is no file {path!r}.")
    return found


def read_stream(
    stream: BinaryIO, name: str, suffix: str, reading: Reading, position: Position | None = None
) -> Iterator[Transcript | Rejected]:
    """Yield the transcripts of one open file; ``suffix`` says its format, ``""`` to have it told by its beginning.

    With a ``position`` that is not at the beginning, the file is JSONL, and these lines are skipped. Raises :class:`SkipError`
    where that cannot be done with certainty.
    """
    position = position or Position()
    with unpacked(stream, name) as packed:
        text = lines = None
        try:
            encoding = encoding_of(packed)
            if position.lines and encoding != "utf-8-sig":
                raise SkipError
            plain = behind(packed, position) if position.lines else packed
            errors = "surrogateescape" if encoding == "utf-8-sig" else "replace"
            text = io.TextIOWrapper(plain, encoding=encoding, errors=errors, newline="")
            reader = _READERS.get(suffix) or _tell(text)
            lines = Lines.of(text, position, _again(stream, encoding))
            yield from reader(lines, name, reading)
        except DAMAGED as error:
            why = "it ends in the middle" if isinstance(error, EOFError) else error
            line = lines.read + 1 if lines is not None else 1
            yield Rejected(name, line, f"the packed file is cut off or damaged here ({why})", "")
        finally:
            if text is not None:
                text.detach()


def _again(stream: BinaryIO, encoding: str) -> Callable[[], Iterator[str]] | None:
    """Return what reads the lines of an open file once more; ``None`` for what is no regular file."""
    path = getattr(stream, "name", None)
    if not isinstance(path, str) or not Path(path).is_file():
        return None

    def read_again() -> Iterator[str]:
        with Path(path).open("rb") as file, unpacked(file, path) as plain:
            errors = "surrogateescape" if encoding == "utf-8-sig" else "replace"
            text = io.TextIOWrapper(plain, encoding=encoding, errors=errors, newline="")
            try:
                yield from Lines(text, Position())
            finally:
                text.detach()

    return read_again


Reader = Callable[[Lines, str, Reading], Iterator["Transcript | Rejected"]]


def _tell(stream: io.TextIOWrapper) -> Reader:
    """Tell the format by the beginning of a stream that has no name."""
    ahead: list[str] = []
    stream._looked_at = ahead  # type: ignore[attr-defined]
    while len(ahead) < 20:
        line = stream.readline(MOST_CHARACTERS_A_RECORD)
        if not line:
            break
        ahead.append(line)
        if line.strip():
            break
    first = ahead[-1].strip() if ahead else ""
    if first.startswith("WEBVTT"):
        return read_vtt
    if SPOKEN.match(first):
        return read_text
    if first.startswith("["):
        return read_json
    if first.startswith("{"):
        # What is laid out for people breaks its lines behind these; other lines are records, whole or not.
        return read_json if first.endswith(("{", "[", ",")) else read_jsonl
    if looks_like_header(first):
        return read_csv
    return read_text


_READERS: dict[str, Reader] = {
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_text,
    ".vtt": read_vtt,
}
