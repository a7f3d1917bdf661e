"""The word lists in ``data/words.txt``, each under its name in brackets."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def _lists() -> dict[str, frozenset[str]]:
    text = files("simulator.language").joinpath("data", "words.txt").read_text("utf-8")
    parts = [part.partition("]\n") for part in text.split("\n[")[1:]]
    return {name: frozenset(words.split()) for name, _, words in parts}


def read(name: str) -> frozenset[str]:
    """Return the words of a list; ``KeyError`` where there is none of that name."""
    return _lists()[name]


def spellings() -> dict[str, str]:
    """Return the word that each unusual spelling stands for (``data/spellings.txt``)."""
    text = files("simulator.language").joinpath("data", "spellings.txt").read_text("utf-8")
    lines = [line.partition(": ") for line in text.splitlines() if not line.startswith("#")]
    return {typed: word for word, _, typings in lines for typed in typings.split()}
