"""Is it English? A plain vote of common words and letters: enough to say "not understood" rather than to guess."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from simulator.language import wordlists

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_OTHER_MARKS = re.compile(r"[^\x00-\x7f\w]")
_TO_SPACES = {code: " " for code in range(128) if not chr(code).isalpha() and chr(code) != "'"}
_COMMON = wordlists.read("common English")
_ONLY_FOREIGN = wordlists.read("common elsewhere") - _COMMON


def common(words: Sequence[str]) -> int:
    """Return how many of the words (lower case) are everyday English ones."""
    return sum(map(_COMMON.__contains__, words))


def likely(text: str) -> bool:
    """Return whether the text can be read as English; numbers alone can, text without any letter or digit cannot."""
    text = text[:4000].replace("’", "'")
    if not text.isascii():
        # Marks and symbols say nothing; letters of other alphabets, and accented ones, do.
        text = _OTHER_MARKS.sub(" ", text)
    if text.isascii():
        words = _plain_words(text.lower())
        if not words:
            return any(char.isdigit() for char in text)
        return _foreign(words) <= common(words)
    words = [word.casefold() for word in _WORD.findall(text)]
    if not words:
        return any(char.isdigit() for char in text)
    letters = "".join(words)
    latin = sum(char < "\u0250" or unicodedata.name(char, "").startswith("LATIN") for char in letters)
    if latin < 0.8 * len(letters):
        return False
    accented = sum(char > "\x7f" for char in letters)
    return _foreign(words) + (accented > 0.03 * len(letters)) <= common(words)


def _plain_words(text: str) -> list[str]:
    """Return the words of lower-case ASCII text."""
    plain = f" {text.translate(_TO_SPACES)} "
    # An apostrophe belongs to a word only between two letters.
    if " '" in plain or "' " in plain or "''" in plain:
        return _WORD.findall(text)
    return plain.split()


def _foreign(words: Sequence[str]) -> int:
    return sum(map(_ONLY_FOREIGN.__contains__, words))
