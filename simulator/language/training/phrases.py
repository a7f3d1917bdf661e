"""Sentences from a small grammar (``phrases.txt``): text of kinds that ordinary chat lacks, for the network to learn to read."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_TRIES = 3  # so many times as many sentences are made as are wanted; some come twice


@dataclass
class Section:
    """Sentences of one kind: how many are wanted, and the patterns they are made from."""

    name: str
    wanted: int
    patterns: list[str] = field(default_factory=list)


def read(path: Path) -> tuple[dict[str, list[str]], list[Section]]:
    """Return the slots and the sections of a file of patterns; the file says how they are written."""
    slots: dict[str, list[str]] = {}
    sections: list[Section] = []
    for line in path.read_text("utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("@") and " = " in line:
            name, _, values = line[1:].partition(" = ")
            slots[name.strip().lower()] = [value.strip() for value in values.split(" | ")]
        elif line.startswith("== "):
            name, count = line[3:].rsplit(" ", 1)
            sections.append(Section(name, int(count)))
        else:
            sections[-1].patterns.append(line)
    return slots, sections


def sentences(path: Path, seed: int = 1) -> dict[str, list[str]]:
    """Return the sentences of every section, each sentence once."""
    choice = random.Random(seed)
    slots, sections = read(path)
    met: set[str] = set()
    out: dict[str, list[str]] = {}
    for section in sections:
        made = out.setdefault(section.name, [])
        for number in range(section.wanted * _TRIES):
            sentence = fill(section.patterns[number % len(section.patterns)], slots, choice)
            if sentence not in met:
                met.add(sentence)
                made.append(sentence)
            if len(made) == section.wanted:
                break
    return out


def fill(pattern: str, slots: Mapping[str, list[str]], choice: random.Random) -> str:
    """Return the pattern with one alternative in place of each pair of braces, outer ones first."""
    while "{" in pattern:
        start = pattern.index("{")
        end = _closing(pattern, start)
        body = pattern[start + 1 : end]
        options = [slots.get(option.strip().lower(), [option]) for option in _options(body)]
        chosen = choice.choice(choice.choice(options))
        if body[:1].isupper() and body.lower() in slots:
            chosen = chosen[0].upper() + chosen[1:]
        pattern = pattern[:start] + chosen + pattern[end + 1 :]
    return re.sub(r"\s+([.,?!])", r"\1", re.sub(r"\s+", " ", pattern)).strip()


def _closing(pattern: str, start: int) -> int:
    depth = 0
    for number, char in enumerate(pattern[start:], start):
        depth += (char == "{") - (char == "}")
        if depth == 0:
            return number
    raise ValueError(f"a brace is not closed: {pattern}")


def _options(body: str) -> Iterator[str]:
    depth, begin = 0, 0
    for number, char in enumerate(body):
        depth += (char == "{") - (char == "}")
        if char == "|" and depth == 0:
            yield body[begin:number]
            begin = number + 1
    yield body[begin:]
