"""Sentences and words: taking text apart the same way for the voices, the guard and the director."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from simulator.domain.text import fold

# A full stop after one of these does not end a sentence.
_ABBREVIATIONS = frozenset(("mr", "mrs", "ms", "dr", "st", "vs", "etc", "eg", "ie", "approx", "tel", "prof", "sr", "jr"))
_END = re.compile(r"[.!?…]+[\"')\]\u2019\u201d]*(?=\s|$)|\n+")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")

_FUNCTION_WORDS = """
    a an the this that these those i you he she it we they me him her us them my your his its our their mine yours
    am is are was were be been being do does did done have has had will would shall should can could may might must
    and or but so if then than as at by for from in into of off on onto out over to up with about after before not no
    what when where who whom whose which why how there here just very really quite too also well oh ah um er okay ok
    yes yeah yep nope some any all more most much many such own same again once now s t re ve ll d m i'm i'll i've i'd
    you're you'll you've you'd it's that's there's here's what's let's don't doesn't didn't isn't aren't wasn't can't
    couldn't won't wouldn't he's she's they're we're we'll we've got get getting go going
"""
# Words that carry grammar, not meaning.
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
# Words that every other question holds, and that tell nothing about what is asked for.
_LIGHT_WORDS = """
    like want need know think please thing things something anything tell say said sorry help today back still ever make
    give gave take took come came put let lot bit kind
"""
_LIGHT = frozenset(_LIGHT_WORDS.split())

# Words of a shop counter that mean the same when a question is asked (not synonyms in general).
_CONCEPTS = {
    word: concept
    for concept, words in {
        "buy": "buy bought purchase purchased purchasing buying order ordered",
        "price": "price cost costs costed pay paid spend spent charge charged",
        "receipt": "receipt proof invoice",
        "problem": "problem problems issue issues wrong fault faulty broke broken breaking matter trouble defective damaged",
        "day": "day date",
        "money": "refund refunded money",
        "swap": "swap swapped exchange exchanged replacement replace replaced",
        "shop": "shop store branch",
        "name": "name called",
        "kind": "kind type sort model make brand",
        "child": "child children kid kids son daughter",
        "partner": "partner husband wife boyfriend girlfriend spouse",
        "card": "card debit credit contactless",
    }.items()
    for word in words.split()
}
_SUFFIXES = ("ings", "ing", "edly", "ies", "ied", "es", "ed", "ly", "s")


_FEW = 0.5


def sentences(text: str) -> list[str]:
    """Split text into sentences, each with its closing marks; abbreviations, decimals and trailing dots do not end one."""
    stream = SentenceStream()
    found = stream.feed(text)
    rest = stream.rest()
    return [*found, rest] if rest else found


class SentenceStream:
    """Collects pieces of streamed text and gives back each sentence once its end has been seen."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, piece: str) -> list[str]:
        """Add a piece; return the sentences it completed.

        The last sentence is only complete once the next one begins, as ``3.`` may become ``3.50``, and ``well…`` go on.
        """
        self._text += piece
        done: list[str] = []
        while (end := _first_end(self._text)) is not None:
            sentence, self._text = self._text[:end].strip(), self._text[end:].lstrip()
            if sentence:
                done.append(sentence)
        return done

    @property
    def pending(self) -> str:
        """What has been fed and not yet given back."""
        return self._text.strip()

    def rest(self) -> str:
        """Give back what is left, at the end of the stream."""
        rest, self._text = self.pending, ""
        return rest


def _first_end(text: str) -> int | None:
    for match in _END.finditer(text):
        following = text[match.end() :].lstrip()
        if not following:
            return None
        if "\n" in match[0]:
            return match.end()
        if match[0].startswith(("…", "..")) and following[0].islower():
            continue
        if match[0] == "." and _abbreviated(text, match.start()):
            continue
        return match.end()
    return None


def _abbreviated(text: str, stop: int) -> bool:
    before = re.search(r"[^\W\d_]+$", text[:stop])
    return before is not None and before[0].casefold() in _ABBREVIATIONS


@lru_cache(maxsize=8192)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a text, folded."""
    return tuple(_WORD.findall(fold(text)))


def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    if word in _CONCEPTS:
        return _CONCEPTS[word]
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            stem = word.removesuffix(suffix)
            return _CONCEPTS.get(stem, stem)
    return word


@lru_cache(maxsize=8192)
def content(text: str) -> frozenset[str]:
    """Return the stems of the words of a text that carry meaning."""
    return frozenset(_stem(word) for word in words(text) if word not in FUNCTION_WORDS and word not in _LIGHT)


def overlap(a: str, b: str) -> float:
    """Return how many meaning words two texts share, 0–1: the cosine of the two sets, lower where they are small."""
    left, right = content(a), content(b)
    if not left or not right:
        return 0.0
    return float(len(left & right) / ((len(left) + _FEW) * (len(right) + _FEW)) ** 0.5)


def repeats(text: str, said: Iterable[str]) -> bool:
    """Return whether ``text`` says the same words as one of ``said``, or nearly.

    Short texts ("Right then.") repeat only when they are the same; longer ones from four words in five shared.
    """
    mine = words(text)
    if not mine:
        return False
    have = set(mine)
    for other in said:
        theirs = words(other)
        if mine == theirs:
            return True
        if len(have) >= 5 and len(theirs) >= 5:
            shared = len(have & set(theirs))
            if shared / len(have | set(theirs)) >= 0.8:
                return True
    return False
