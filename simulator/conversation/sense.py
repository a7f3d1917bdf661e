"""Whether a text is something an English-speaking customer can make sense of at all."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from simulator.conversation.sentences import FUNCTION_WORDS, content, words

_FOREIGN_WORDS = """
    el la los las una uno que de del por para con esta este muy pero como gracias usted hola puedo ayudar señor buenos buenas
    le les des est une dans pour avec vous nous je tu il elle ne pas oui merci bonjour puis aider monsieur madame
    der die das und ist nicht ich sie wir mit für auf ein eine danke bitte guten tag kann ihnen helfen haben
    il lo gli che non sono grazie posso aiutarla buongiorno come sta het een niet dank u wel kan ik
    jak się dzień dobry proszę nie jest czy mogę pomóc não obrigado você posso ajudar tack och inte
"""
_FOREIGN = frozenset(_FOREIGN_WORDS.split())
# Words of English that are also foreign function words say nothing either way.
_BOTH = frozenset(
    {
        "die",
        "come",
        "in",
        "no",
        "a",
        "me",
        "as",
        "do",
        "he",
        "she",
        "was",
        "to",
        "i",
        "so",
        "an",
        "or",
        "on",
        "tag",
        "pour",
        "sta",
    }
)
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


def _latin(text: str) -> float:
    letters = [char for char in text if char.isalpha()]
    if not letters:
        return 1.0
    return sum(unicodedata.name(char, "").startswith("LATIN") for char in letters) / len(letters)


@lru_cache(maxsize=64)
def english(text: str) -> bool:
    """Return whether a longer text is mostly English: enough of its words are English function words."""
    tokens = words(text)
    if len(tokens) < 8:
        return True
    return sum(word in FUNCTION_WORDS for word in tokens) / len(tokens) >= 0.2


def foreign(text: str) -> bool:
    """Return whether a text is plainly not English: another script, or another language's small words and none of ours."""
    if _latin(text) < 0.5:
        return True
    tokens = words(text)
    ours = sum(word in FUNCTION_WORDS and word not in _FOREIGN for word in tokens)
    theirs = sum(word in _FOREIGN and word not in _BOTH for word in tokens)
    return theirs >= 2 and theirs > ours and len(tokens) >= 3


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
    return not (english(vocabulary) and foreign(text))
