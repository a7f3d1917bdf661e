"""Whether a text is something an English-speaking customer can make sense of at all."""

from __future__ import annotations

import re
from functools import lru_cache

from simulator.conversation.sentences import FUNCTION_WORDS, content, words
from simulator.language import english

_VOWELS = re.compile(r"[aeiouyàáâäãåæèéêëìíîïòóôöõøùúûü]")
_CLUSTER = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}|(.)\1{3,}|(?:asdf|qwer|zxcv|hjkl|sdfg|dfgh|fghj|jkl)")
_SHORT_WORDS = "hm hmm hmmm mm mmm mhm pfft shh tsk brr grr ok nvm tbh pls thx np brb tv dvd pc gps nhs vat bbq mr mrs dr st"
_SHORT_OK = frozenset(_SHORT_WORDS.split())


def _mashed(word: str) -> bool:
    if word in _SHORT_OK or word in FUNCTION_WORDS or any(char.isdigit() for char in word):
        return False
    if _CLUSTER.search(word) and not re.fullmatch(
        r"(?:a+|h+a*h*|o+h*|so+|no+|ye+s*|hm+|m+|w+o+w+|a+w+|u+[hgm]+|e+r*m*|ya+y*|he+y+|(?:ha)+h?|.*(?:ght|tch|ngth|rst).*)",
        word,
    ):
        return True
    return len(word) >= 4 and not _VOWELS.search(word)


@lru_cache(maxsize=64)
def speaks_english(text: str) -> bool:
    """Return whether a longer text is mostly English: enough of its words are English function words."""
    tokens = words(text)
    if len(tokens) < 8:
        return True
    return sum(word in FUNCTION_WORDS for word in tokens) / len(tokens) >= 0.2


def makes_sense(text: str, vocabulary: str) -> bool:
    """Return whether the customer can make something of ``text``.

    ``vocabulary`` is text of the persona's own: words in it are always understood, and a persona who does not speak English
    is only put off by mashed keys.
    """
    tokens = words(text)
    if not tokens:
        return True
    known = content(vocabulary)
    own = content(text)
    if own & known:
        return True
    mashed = sum(_mashed(word) for word in tokens)
    if mashed * 2 > len(tokens):
        return False
    return english.likely(text) or not speaks_english(vocabulary)
