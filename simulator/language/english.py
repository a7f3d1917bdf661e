"""Is it English? A plain vote of common words and letters: enough to say "not understood" rather than to guess."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from simulator.language import wordlists

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_COMMON, _FOREIGN = wordlists.read("common English"), wordlists.read("common elsewhere")


def common(words: Sequence[str]) -> int:
    """Return how many of the words (lower case) are everyday English ones."""
    return sum(map(_COMMON.__contains__, words))


def likely(text: str) -> bool:
    """Return whether the text can be read as English; numbers alone can, text without any letter or digit cannot."""
    text = text[:4000]
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(text)]
    if not words:
        return any(char.isdigit() for char in text)
    letters = "".join(words)
    latin = sum(char < "\u0250" or unicodedata.name(char, "").startswith("LATIN") for char in letters)
    if latin < 0.8 * len(letters):
        return False
    common = sum(word in _COMMON for word in words)
    foreign = sum(word in _FOREIGN and word not in _COMMON for word in words)
    accented = sum(char > "\x7f" and char != "'" for char in letters)
    return not (foreign + (accented > 0.03 * len(letters)) > common)
