"""Reading the turns that were written for training and testing the ear."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from simulator.domain.behaviour import Role

_HEADER = re.compile(r'^== (trainee|customer)(?: after "(.*)")? : (.*)$')
_NOTES = re.compile(r"(?: [+-](?: \??[a-z]+(?:_[a-z]+)*)+| \?[a-z]+(?:_[a-z]+)*)+$")


@dataclass(frozen=True)
class Labelled:
    """One turn, what precedes it, what it shows, and what it may or may not be heard to show."""

    role: Role
    before: str
    text: str
    shows: frozenset[str]
    may: frozenset[str]


class CorpusError(ValueError):
    """A line that cannot be read; says which."""


def read(path: Path, known: Iterable[str]) -> list[Labelled]:
    """Read one file of turns.

    Raises :class:`CorpusError` with file and line for a turn before any header or a behaviour that is not ``known``.
    """
    names = set(known) | {"none"}
    out: list[Labelled] = []
    header: tuple[Role, str, list[str]] | None = None
    for number, raw in enumerate(path.read_text("utf-8").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        place = f"{path.name}:{number}"
        if line.startswith("=="):
            match = _HEADER.match(line)
            if match is None:
                raise CorpusError(f"{place}: not a header: {line}")
            header = cast(Role, match[1]), match[2] or "", match[3].split()
            continue
        if header is None:
            raise CorpusError(f"{place}: a turn before the first header")
        role, before, labels = header
        notes = _NOTES.search(line)
        marks = list(labels)
        if notes is not None:
            adding = True
            for mark in notes[0].split():
                if mark in "+-":
                    adding = mark == "+"
                elif adding:
                    marks.append(mark)
                else:
                    marks = [each for each in marks if each.lstrip("?") != mark.lstrip("?")]
        shows = frozenset(mark for mark in marks if mark[0] != "?" and mark != "none")
        may = frozenset(mark[1:] for mark in marks if mark[0] == "?") - shows
        if unknown := (shows | may) - names:
            raise CorpusError(f"{place}: no behaviour {', '.join(sorted(unknown))}")
        text = line[: notes.start()] if notes is not None else line
        out.append(Labelled(role, before, text, shows, may))
    return out
