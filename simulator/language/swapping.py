"""The same transcript with other people in it: everybody's gender swapped, or everybody's name one of another origin.

For testing whether a judge treats people alike: what was said stays what was said, only who says it and of whom changes
(counterfactual data, after Lu et al. 2020, "Gender Bias in Neural Natural Language Processing", and names as in Bertrand &
Mullainathan 2004, Am. Econ. Rev. 94: 991-1013). Words are swapped by how they are written; what cannot be told stays as it is.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

from simulator.language import people
from simulator.language.neutral import is_owned

Way = Literal["gender", "names"]
WAYS: tuple[Way, ...] = ("gender", "names")
Gender = Literal["feminine", "masculine"]

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")

# Feminine, masculine. The first pair that a word is in is the one that counts.
_PAIRS: tuple[tuple[str, str], ...] = tuple(
    (feminine, masculine)
    for feminine, _, masculine in (
        pair.partition("/")
        for pair in (
            "she/he herself/himself she's/he's she'll/he'll she'd/he'd woman/man women/men girl/boy girls/boys lady/gentleman "
            "ladies/gentlemen gal/guy gals/guys lass/lad lasses/lads madam/sir ma'am/sir ms/mr mrs/mr miss/mr missus/mister "
            "wife/husband wives/husbands wifey/hubby girlfriend/boyfriend girlfriends/boyfriends gf/bf fiancée/fiancé "
            "fiancee/fiance mum/dad mom/dad mums/dads moms/dads mummy/daddy mommy/daddy mother/father mothers/fathers "
            "stepmother/stepfather stepmum/stepdad grandma/grandpa granny/grandad gran/grandad nan/grandad nana/grandpa "
            "grandmother/grandfather daughter/son daughters/sons granddaughter/grandson granddaughters/grandsons sister/brother "
            "sisters/brothers sis/bro aunt/uncle auntie/uncle niece/nephew nieces/nephews queen/king princess/prince "
            "waitress/waiter waitresses/waiters barmaid/barman actress/actor bride/groom widow/widower heroine/hero hostess/host "
            "saleswoman/salesman businesswoman/businessman policewoman/policeman gentlewoman/gentleman female/male females/males"
        ).split()
    )
)


@dataclass(frozen=True, slots=True)
class Swapped:
    """Texts with other people in them: how many words changed, and whom the swap made of those it changed.

    ``towards`` counts the changed words by the gender they have now. ``kept`` are names (as written) that could not be swapped.
    """

    texts: tuple[str, ...]
    changes: int
    towards: Mapping[Gender, int] = field(default_factory=dict)
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Name:
    origin: str
    place: int
    gender: Gender


@cache
def _table() -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the pairs of names of each origin: feminine, masculine."""
    text = files("simulator.language").joinpath("data", "counterparts.txt").read_text("utf-8")
    lines = [line.partition(": ") for line in text.splitlines() if line and not line.startswith("#")]
    pairs = {origin: [pair.partition("/") for pair in names.split()] for origin, _, names in lines}
    return {origin: tuple((one, other) for one, _, other in found) for origin, found in pairs.items()}


@cache
def _names() -> dict[str, _Name]:
    found: dict[str, _Name] = {}
    for origin, pairs in _table().items():
        for place, (feminine, masculine) in enumerate(pairs):
            found.setdefault(feminine, _Name(origin, place, "feminine"))
            found.setdefault(masculine, _Name(origin, place, "masculine"))
    return found


@cache
def _words() -> dict[str, tuple[str, Gender]]:
    """Return what each gendered word becomes, and the gender of what it becomes."""
    found: dict[str, tuple[str, Gender]] = {}
    for feminine, masculine in _PAIRS:
        found.setdefault(feminine, (masculine, "masculine"))
        found.setdefault(masculine, (feminine, "feminine"))
    return found


def swap(texts: Sequence[str], way: Way, names: Iterable[str] = ()) -> Swapped:
    """Return the texts with everybody's gender swapped (``"gender"``) or everybody's first name changed to one of another
    origin and the same gender (``"names"``).

    ``names`` are names known to occur. The same name becomes the same other name throughout, and in every transcript.
    Swapping gender twice gives the texts back except where two words have one counterpart (Mrs and Ms).
    """
    known = {part.casefold() for name in names for part in name.split() if len(part) > 1}
    towards: Counter[Gender] = Counter()
    kept: dict[str, None] = {}
    changes = 0
    out = []
    for text in texts:
        parts: list[str] = []
        done = 0
        matches = list(_WORD.finditer(text))
        for number, match in enumerate(matches):
            following = matches[number + 1] if number + 1 < len(matches) else None
            adjacent = following is not None and not text[match.end() : following.start()].strip()
            found = _instead(match[0], following[0] if following is not None and adjacent else None, way, known, kept)
            if found is None:
                continue
            instead, gender = found
            parts += [text[done : match.start()], instead]
            done = match.end()
            changes += 1
            towards[gender] += 1
        parts.append(text[done:])
        out.append("".join(parts))
    return Swapped(tuple(out), changes, dict(towards), tuple(kept))


def _instead(word: str, following: str | None, way: Way, known: set[str], kept: dict[str, None]) -> tuple[str, Gender] | None:
    plain = word.casefold().replace("’", "'")
    bare, ending = (plain[:-2], "'s") if plain.endswith("'s") else (plain, "")
    if word[0].isupper() and (bare in known or people.is_first_name(bare) or (bare in _names() and _sure(bare))):
        other = _other_name(bare, way)
        if other is None:
            kept[word[: len(word) - len(ending)]] = None
            return None
        name, gender = other
        return _as_written(word, name.capitalize() + ending), gender
    if way == "names":
        return None
    if plain == "her":
        return _as_written(word, "his" if is_owned(following) else "him"), "masculine"
    if plain == "hers":
        return _as_written(word, "his"), "masculine"
    if plain == "his":
        return _as_written(word, "her" if is_owned(following) else "hers"), "feminine"
    if plain == "him":
        return _as_written(word, "her"), "feminine"
    for form, rest in ((plain, ""), (bare, ending)):
        if form in _words():
            other_word, gender = _words()[form]
            return _as_written(word, other_word + rest), gender
    return None


def _sure(bare: str) -> bool:
    """Return whether a capitalised word in the table is a name and not a word at the start of a sentence."""
    return not people.is_word_too(bare)


def _other_name(bare: str, way: Way) -> tuple[str, Gender] | None:
    found = _names().get(bare)
    if found is None:
        return None
    if way == "gender":
        feminine, masculine = _table()[found.origin][found.place]
        return (masculine, "masculine") if found.gender == "feminine" else (feminine, "feminine")
    origins = [origin for origin in _table() if origin != found.origin]
    draw = int.from_bytes(hashlib.blake2b(bare.encode(), digest_size=8).digest())
    pairs = _table()[origins[draw % len(origins)]]
    feminine, masculine = pairs[(draw // len(origins)) % len(pairs)]
    return (feminine, "feminine") if found.gender == "feminine" else (masculine, "masculine")


def _as_written(word: str, other: str) -> str:
    """Return a word with the capitals of the one it replaces."""
    if word.isupper() and len(word) > 1:
        return other.upper()
    return other[0].upper() + other[1:] if word[0].isupper() else other
