"""Reading YAML that people wrote: data, the place of every key and value, and one clear message for what is wrong.

libyaml (through PyYAML) only cuts the text into events; what they mean is decided here, by the YAML 1.2 core schema:
``no`` and ``on`` are words, tags are refused, nothing is ever executed. Nesting, size and aliases are bounded, so that
no file can exhaust the machine. One pass gives values and places alike, about thirty times as fast as ruamel.yaml's
round trip, which is what makes checking a whole library at every save affordable.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from simulator.domain import text as texts
from simulator.domain.errors import AuthoringError, Problem

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 40
MAX_WEIGHT = 200_000
"""Bound on a document with its aliases written out: one a node, and one more for every 64 characters of its text."""
MAX_PROBLEMS = 100

Location = Sequence[str | int]
"""The keys and indexes that lead to a value, from the top of the file."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same events from pure Python where there is no libyaml

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,30}|[0-9]{1,30}(?:\.[0-9]{0,30})?)(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: Mapping[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
# A plain scalar that begins otherwise is a word: most never reach the table and the patterns.
_TYPED = frozenset("~ntfNTF+-.0123456789")

_INDENTED = "check how far the line is indented"
# What libyaml says, and what it means to somebody who has never heard of a block mapping.
_PLAIN_WORDS: tuple[tuple[str, str], ...] = (
    ("mapping values are not allowed", f"a colon and a space are not expected here: put the text in quotes, or {_INDENTED}"),
    ("could not find expected ':'", f"this line is no 'key: value': a colon is missing, or {_INDENTED}"),
    ("did not find expected key", f"the line does not fit the ones above: {_INDENTED}, and that every quote is closed"),
    ("did not find expected '-' indicator", f"the line does not fit the list above: {_INDENTED}, and that it begins with '- '"),
    ("did not find expected ',' or ']'", "a list opened with [ is not closed with ], or a comma is missing"),
    ("did not find expected ',' or '}'", "a mapping opened with { is not closed with }, or a comma is missing"),
    ("found unexpected end of stream", "a quote is opened here and never closed"),
    ("found unexpected document indicator", "a quote is opened here and not closed before '---' or '...'"),
    ("found character that cannot start any token", "text cannot begin with this character: put it in quotes"),
    ("block sequence entries are not allowed", f"a list item ('- ') is not expected here: {_INDENTED}"),
    ("block mapping not allowed", f"a key is not expected here: {_INDENTED}"),
    ("found unknown escape character", "a backslash in double quotes means something special: write two, or use single quotes"),
    ("found invalid Unicode character escape code", "this escape names no character"),
    ("did not find expected hexdecimal number", "this escape names no character"),
    ("did not find expected alphabetic or numeric character", "text cannot begin with & or *: put it in quotes"),
    ("did not find expected comment or line break", "something follows where the line should end: put the text in quotes"),
    ("did not find expected <document start>", "something follows after the end of the mapping: check its indentation"),
    ("did not find expected node content", "a value is missing here, or a bracket above is not closed"),
    ("found a tab character", "a tab is used where YAML needs spaces"),
    ("nest", f"the file nests deeper than {MAX_DEPTH} levels"),
)


class Spot:
    """Where a node stands in the file. ``children`` are the spots below it, by key or index."""

    __slots__ = ("children", "end", "key", "start", "style", "weight")

    def __init__(self, start: Any, end: Any, style: str | None = None, children: Any = None) -> None:
        self.start = start
        self.end = end
        self.style = style
        self.children: dict[str | int, Spot] | list[Spot] | None = children
        self.key: Spot | None = None
        self.weight = 1

    @property
    def place(self) -> tuple[int, int]:
        """Line and column, counted from 1."""
        return self.start.line + 1, self.start.column + 1


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file: its ``data`` (plain dicts, lists, texts, numbers), and where each part of it stands.

    ``cleaned`` are the places (line, column) of texts from which control characters were dropped.
    """

    path: str
    text: str
    data: dict[str | int, Any]
    root: Spot
    cleaned: tuple[tuple[int, int], ...] = ()

    def place(self, location: Location, *, key: bool = False, offset: int | None = None) -> tuple[int, int]:
        """Return line and column (from 1) of what ``location`` leads to, or of the nearest thing above it that exists.

        ``key`` points at the key and not at its value. ``offset`` counts characters into a text: the column is exact when
        the text stands on one line without escapes, and otherwise that of its beginning.
        """
        spot, found = self.root, True
        for part in location:
            children = spot.children
            below = children.get(part) if isinstance(children, dict) else None
            if isinstance(children, list) and isinstance(part, int) and 0 <= part < len(children):
                below = children[part]
            if below is None:
                found = False
                break
            spot = below
        if (key or not found) and spot.key is not None:
            return spot.key.place
        line, column = spot.place
        if offset is not None and found and spot.children is None:
            source = self.text[spot.start.index : spot.end.index]
            quoted = spot.style in ("'", '"')
            if "\n" not in source and "\\" not in source and "''" not in source[1:-1]:
                return line, column + offset + quoted
        return line, column


def problem(
    path: str | os.PathLike[str],
    message: str,
    place: tuple[int, int] | None = None,
    *,
    code: str = "",
    expected: str = "",
    suggestion: str = "",
    severity: Literal["error", "warning"] = "error",
) -> Problem:
    """Return a problem whose words are safe to show, whatever the file said."""
    line, column = place or (None, None)
    words = (texts.clean(each, keep_newlines=False) for each in (os.fspath(path), message, expected, suggestion))
    shown, message, expected, suggestion = words
    return Problem(shown, message, line, column, expected=expected, suggestion=suggestion, severity=severity, code=code)


def read_text(path: Path) -> str:
    """Return the text of a file that people write.

    Raises :class:`AuthoringError` where it is missing, not a regular file, larger than 2 MB or not UTF-8. A byte order
    mark, which some editors write, is dropped.
    """

    def refuse(message: str, place: tuple[int, int] | None = None) -> AuthoringError:
        return AuthoringError([problem(path, message, place, code="file")])

    try:
        # Not blocking: opening a named pipe would otherwise wait for a writer for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if stat.S_ISDIR(status.st_mode):
                raise refuse("this is a folder, not a file")
            if not stat.S_ISREG(status.st_mode):
                raise refuse("this is a device or a pipe, not a file")
            raw = file.read(MAX_BYTES + 1) if status.st_size <= MAX_BYTES else b"\0" * (MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise refuse(_unreadable(error)) from None
    if len(raw) > MAX_BYTES:
        raise refuse(f"the file is larger than {MAX_BYTES // 1024 // 1024} MB; nothing that people write is")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise refuse("the file is UTF-16: save it as UTF-8", (1, 1))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise refuse(f"the file is not UTF-8 (byte 0x{raw[error.start]:02x} here): save it as UTF-8", (line, column)) from None


def _unreadable(error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return "this is not the name of a file"
    known = {
        errno.ENOENT: "there is no such file",
        errno.ENOTDIR: "there is no such file",
        errno.EACCES: "the file may not be read (permission denied)",
        errno.EISDIR: "this is a folder, not a file",
        errno.ELOOP: "the link leads back to itself",
        errno.ENAMETOOLONG: "this is not the name of a file",
        errno.ENXIO: "this is a device or a pipe, not a file",
    }
    return known.get(error.errno or 0, f"the file cannot be read ({error.strerror or 'unknown fault'})")


def load_yaml(path: Path) -> Document:
    """Read and parse a YAML file whose top is a mapping; raises :class:`AuthoringError` with everything that is wrong."""
    return parse_yaml(read_text(path), os.fspath(path))


def parse_yaml(text: str, path: str) -> Document:
    """Parse YAML text whose top is a mapping; ``path`` only names it in messages. Raises :class:`AuthoringError`."""
    text = text.removeprefix("\ufeff")
    if forbidden := _FORBIDDEN.search(text):
        at = forbidden.start()
        place = (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
        what = "a NUL character" if forbidden[0] == "\0" else f"the control character U+{ord(forbidden[0]):04X}"
        raise AuthoringError([problem(path, f"the file holds {what}, which is not text", place, code="yaml")])
    reader = _Reader(path, text)
    try:
        reader.run()
    except yaml.YAMLError as error:
        reader.problems.append(_syntax(path, text, error))
    except _TooMuch as error:
        reader.problems.append(problem(path, str(error), error.place, code="yaml"))
    if not reader.problems:
        if reader.root is None or (reader.data is None and reader.root.style != '"'):
            reader.problems.append(problem(path, "the file is empty", code="yaml"))
        elif not isinstance(reader.data, dict):
            found = "a list" if isinstance(reader.data, list) else "a single value"
            reader.problems.append(
                problem(path, f"the file holds {found}", reader.root.place, code="yaml",
                        expected="a mapping: lines of 'key: value'")
            )  # fmt: skip
    if reader.problems or reader.root is None:
        raise AuthoringError(reader.problems)
    return Document(path, text, reader.data, reader.root, tuple(reader.cleaned))


class _TooMuch(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, message: str, mark: Any) -> None:
        super().__init__(message)
        self.place = (mark.line + 1, mark.column + 1)


_UNSET = object()


class _Frame:
    """A container that is still open."""

    __slots__ = ("anchor", "data", "key", "key_spot", "spot")

    def __init__(self, data: Any, spot: Spot, anchor: str | None) -> None:
        self.data = data
        self.spot = spot
        self.anchor = anchor
        self.key: Any = _UNSET
        self.key_spot: Spot | None = None


class _Reader:
    """Builds the data and its places from events, without recursion."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.data: Any = None
        self.root: Spot | None = None
        self.problems: list[Problem] = []
        self.cleaned: list[tuple[int, int]] = []
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Any, Spot]] = {}
        self.documents = 0

    def refuse(self, message: str, mark: Any, expected: str = "") -> None:
        if len(self.problems) < MAX_PROBLEMS:
            place = (mark.line + 1, mark.column + 1)
            self.problems.append(problem(self.path, message, place, code="yaml", expected=expected))

    def run(self) -> None:
        for event in yaml.parse(self.text, Loader=_Loader):
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self.scalar(event)
            elif kind is yaml.MappingStartEvent:
                self.open(event, {}, {})
            elif kind is yaml.SequenceStartEvent:
                self.open(event, [], [])
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                frame = self.stack.pop()
                frame.spot.end = event.end_mark
                if frame.anchor is not None:
                    self.anchors[frame.anchor] = (frame.data, frame.spot)
                self.add(frame.data, frame.spot, event.start_mark)
            elif kind is yaml.AliasEvent:
                self.alias(event)
            elif kind is yaml.DocumentStartEvent:
                self.documents += 1
                if self.documents > 1:
                    self.refuse("a second document begins here; a file holds one", event.start_mark)
                    return

    def open(self, event: Any, data: Any, children: Any) -> None:
        if event.tag is not None:
            self.tag(event)
        if len(self.stack) >= MAX_DEPTH:
            raise _TooMuch(f"the file nests deeper than {MAX_DEPTH} levels", event.start_mark)
        spot = Spot(event.start_mark, event.end_mark, None, children)
        if event.anchor is not None:
            self.anchors.pop(event.anchor, None)
        self.stack.append(_Frame(data, spot, event.anchor))

    def tag(self, event: Any) -> None:
        self.refuse(f"the tag {event.tag!r} is refused: values are plain text, numbers, lists and mappings", event.start_mark)

    def scalar(self, event: Any) -> None:
        if event.tag is not None:
            self.tag(event)
        value: Any = event.value
        style = event.style
        spot = Spot(event.start_mark, event.end_mark, style)
        if style in ("", None):
            value = _resolve(value)
        if value.__class__ is str:
            if len(value) > 64:
                spot.weight += len(value) // 64
            if not value.isprintable():
                shown = texts.clean(value)
                if shown != value and shown != value.replace("\t", " "):
                    self.cleaned.append(spot.place)
                value = shown
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, spot)
        self.add(value, spot, event.start_mark)

    def alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            inside = any(frame.anchor == event.anchor for frame in self.stack)
            why = "holds itself" if inside else "is not defined above"
            self.refuse(f"*{event.anchor} {why}; text that begins with * needs quotes", event.start_mark)
            value, spot = None, Spot(event.start_mark, event.end_mark)
        else:
            value, target = self.anchors[event.anchor]
            spot = Spot(event.start_mark, event.end_mark, None, target.children)
            spot.weight = target.weight
        self.add(value, spot, event.start_mark)

    def add(self, value: Any, spot: Spot, mark: Any) -> None:
        if not self.stack:
            self.data, self.root = value, spot
            return
        frame = self.stack[-1]
        frame.spot.weight += spot.weight
        if frame.spot.weight > MAX_WEIGHT:
            raise _TooMuch("the file holds too much, or its anchors and aliases multiply to too much", mark)
        if frame.data.__class__ is list:
            frame.data.append(value)
            frame.spot.children.append(spot)  # type: ignore[union-attr]
        elif frame.key is _UNSET:
            frame.key_spot = spot
            frame.key = self.key(value, frame, spot.start)
        else:
            spot.key = frame.key_spot
            frame.data[frame.key] = value
            frame.spot.children[frame.key] = spot  # type: ignore[index]
            frame.key = _UNSET

    def key(self, value: Any, frame: _Frame, mark: Any) -> str | int:
        if value.__class__ is not str and value.__class__ is not int:
            what = {dict: "a mapping", list: "a list", bool: "true or false"}.get(type(value), "no word")
            self.refuse(f"a key cannot be {what}", mark, expected="a word, in quotes if need be")
            return f"(key of line {mark.line + 1}, column {mark.column + 1})"
        if value == "<<":
            self.refuse("merge keys (<<) are not read; write the keys out, or use an alias for the whole value", mark)
        elif value in frame.data:
            first = frame.spot.children[value].key.place[0]  # type: ignore[index,union-attr]
            self.refuse(f"the key {value!r} stands twice (first on line {first})", mark)
        return value  # type: ignore[no-any-return]


def _resolve(value: str) -> Any:
    """Return what a plain scalar means in the YAML 1.2 core schema; infinities, NaN and outsize numbers stay text."""
    if value and value[0] not in _TYPED:
        return value
    if value in _WORDS:
        return _WORDS[value]
    if _INT.fullmatch(value):
        return int(value)
    if _FLOAT.fullmatch(value):
        number = float(value)
        return number if abs(number) < 1e300 else value
    return value


def _syntax(path: str, text: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = str(getattr(error, "problem", None) or "")
    if mark is None:
        return problem(path, f"this is not YAML ({said or 'unreadable'})", code="yaml")
    opened = getattr(error, "context_mark", None)
    if opened is not None and ("end of stream" in said or "document indicator" in said):
        mark = opened  # where the quote was opened, not the end of the file
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    place = (mark.line + 1, mark.column + 1)
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        return problem(path, "a tab indents this line; YAML needs spaces", (mark.line + 1, indent.index("\t") + 1), code="yaml")
    if line[mark.column : mark.column + 1] == "\t":
        return problem(path, "a tab is used where YAML needs spaces", place, code="yaml")
    words = next((words for begins, words in _PLAIN_WORDS if begins in said), "")
    return problem(path, words or f"this is not YAML: {said}", place, code="yaml")
