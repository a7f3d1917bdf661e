"""Making texts blind for judging: who the people are is taken out, and every quote can be turned back.

Names become "Person A", "Person B" …; pronouns become they, them, their; gendered words become plain ones (husband → spouse,
Mrs → Mx). The words are read from how they are written, so an English sentence now and then comes out a little stiff; what was
said stays what was said.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from simulator.language import people

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")

_PRONOUNS = {
    "he": "they", "she": "they", "him": "them", "hers": "theirs", "himself": "themself", "herself": "themself",
    "he's": "they're", "she's": "they're", "he'll": "they'll", "she'll": "they'll", "he'd": "they'd", "she'd": "they'd",
}  # fmt: skip
_NOUNS = {
    "husband": "spouse", "wife": "spouse", "hubby": "spouse", "wifey": "spouse", "boyfriend": "partner",
    "girlfriend": "partner", "fiancé": "betrothed", "fiancée": "betrothed", "fiance": "betrothed", "fiancee": "betrothed",
    "man": "person", "woman": "person", "men": "people", "women": "people", "guy": "person", "guys": "people",
    "bloke": "person", "blokes": "people", "chap": "person", "chaps": "people", "gal": "person", "lad": "youngster",
    "lass": "youngster", "lads": "youngsters", "lasses": "youngsters", "lady": "person", "ladies": "people",
    "gentleman": "person", "gentlemen": "people", "gent": "person", "gents": "people", "boy": "youngster",
    "girl": "youngster", "boys": "youngsters", "girls": "youngsters", "male": "person", "female": "person", "sir": "Mx",
    "madam": "Mx", "ma'am": "Mx", "missus": "Mx", "mr": "Mx", "mrs": "Mx", "ms": "Mx", "mister": "Mx", "mum": "parent",
    "mom": "parent", "dad": "parent", "mummy": "parent", "daddy": "parent", "mother": "parent", "father": "parent",
    "mums": "parents", "moms": "parents", "dads": "parents", "mothers": "parents", "fathers": "parents",
    "gran": "grandparent", "granny": "grandparent", "grandma": "grandparent", "grandmother": "grandparent",
    "nan": "grandparent", "nana": "grandparent", "grandad": "grandparent", "granddad": "grandparent",
    "grandpa": "grandparent", "grandfather": "grandparent", "son": "child", "daughter": "child", "sons": "children",
    "daughters": "children", "grandson": "grandchild", "granddaughter": "grandchild", "grandsons": "grandchildren",
    "granddaughters": "grandchildren", "brother": "sibling", "sister": "sibling", "brothers": "siblings",
    "sisters": "siblings", "uncle": "relative", "aunt": "relative", "auntie": "relative", "nephew": "relative",
    "niece": "relative", "king": "monarch", "queen": "monarch", "waiter": "server", "waitress": "server",
    "barman": "bartender", "barmaid": "bartender", "actress": "actor", "groom": "newlywed", "bride": "newlywed",
    "widow": "widowed person", "widower": "widowed person", "handsome": "good-looking", "salesman": "salesperson",
    "saleswoman": "salesperson", "businessman": "businessperson", "businesswoman": "businessperson",
    "policeman": "police officer", "policewoman": "police officer",
}  # fmt: skip
_NOT_OWNED = frozenset(
    "a an the this that these those to for in on at of with from by about and or but if when while because so as than then now "
    "again "
    "is are was were will would can could should may might must has have had do does did not very too also just yesterday today "
    "tomorrow tonight later soon there here out up down off over back away before after you me us it i he she they we who what "
    "where why how whether he's she's it's they're i'm i'll i've you're we're that's there's again please thanks sorry".split()
)


@dataclass(frozen=True)
class _Swap:
    """One replacement: its place in the neutral text and in the original (start, end)."""

    start: int
    end: int
    was_start: int
    was_end: int


@dataclass(frozen=True)
class Neutralised:
    """Texts in which nobody can be told, and the way back: :meth:`restore`. ``names`` maps each name to its stand-in."""

    texts: tuple[str, ...]
    originals: tuple[str, ...]
    names: dict[str, str]
    _swaps: tuple[tuple[_Swap, ...], ...]

    def restore(self, turn_index: int, quote: str) -> str:
        """Return the original words of a quote from the neutral text of a turn (counted from 0).

        A quote that cuts through a replaced word gets the whole word back. What is not in the text is returned as it is.
        """
        text, wanted = self.texts[turn_index], quote.strip()
        at = text.find(wanted)
        if at < 0:
            at = text.casefold().find(wanted.casefold())
        if at < 0 or not wanted or len(text.casefold()) != len(text):
            return quote
        swaps = self._swaps[turn_index]
        start = _was(swaps, at, after=False)
        end = _was(swaps, at + len(wanted), after=True)
        return self.originals[turn_index][start:end]


def neutralise(texts: Sequence[str], names: Iterable[str] = ()) -> Neutralised:
    """Return the texts without names, pronouns and gendered words.

    ``names`` are names known to occur (first names or full ones); common first names are found without being told.
    """
    stand_ins: dict[str, str] = {}
    known = {part.casefold() for name in names for part in [name, *name.split()] if len(part) > 1}
    out, swaps = [], []
    for text in texts:
        neutral, swapped = _neutral(text, known, stand_ins)
        out.append(neutral)
        swaps.append(tuple(swapped))
    return Neutralised(tuple(out), tuple(texts), stand_ins, tuple(swaps))


def _neutral(text: str, known: set[str], stand_ins: dict[str, str]) -> tuple[str, list[_Swap]]:
    # Nearly all words are of no interest, and most turns hold no other: told at a glance.
    if not any(map(_TELLING.__getitem__, text.split())) and not (known and _names_one(text, known)):
        return text, []
    parts: list[str] = []
    swaps: list[_Swap] = []
    length = done = 0
    matches = list(_WORD.finditer(text))
    after_they = False
    for number, match in enumerate(matches):
        word = match[0]
        if not (after_they or _TELLING[word] or (known and _bare(word) in known)):
            continue
        following = matches[number + 1] if number + 1 < len(matches) else None
        adjacent = following is not None and not text[match.end() : following.start()].strip()
        instead = _instead(word, following[0] if following is not None and adjacent else None, known, stand_ins)
        if instead is None and after_they:
            plural = people.plural_verb(word)
            instead = plural if plural != word else None
        after_they = word.casefold() in ("he", "she") and adjacent
        if instead is None or instead == word:
            continue
        kept = text[done : match.start()]
        parts += [kept, instead]
        length += len(kept)
        swaps.append(_Swap(length, length + len(instead), match.start(), match.end()))
        length += len(instead)
        done = match.end()
    parts.append(text[done:])
    return "".join(parts), swaps


def _bare(word: str) -> str:
    """Return a word as it is looked up: folded, without a possessive ending."""
    return word.casefold().replace("’", "'").removesuffix("'s")


def _names_one(text: str, known: set[str]) -> bool:
    """Whether a known name may be in ``text``."""
    folded = text.casefold().replace("’", "'")
    return any(name in folded for name in known)


class _Telling(dict[str, bool]):
    """Whether there is a word in a piece of text without spaces that may tell who somebody is, whatever stands around it.

    Looked up once for each piece.
    """

    def __missing__(self, piece: str) -> bool:
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[piece] = any(_tells(word) for word in _WORD.findall(piece))
        return self[piece]


def _tells(word: str) -> bool:
    plain, bare = word.casefold().replace("’", "'"), _bare(word)
    if plain in ("her", "his") or plain in _PRONOUNS or bare in _NOUNS:
        return True
    return word[0].isupper() and people.is_first_name(bare)


_MOST_REMEMBERED = 1 << 15
_TELLING = _Telling()


def _instead(word: str, following: str | None, known: set[str], stand_ins: dict[str, str]) -> str | None:
    plain = word.casefold().replace("’", "'")
    bare, ending = (plain[:-2], "'s") if plain.endswith("'s") else (plain, "")
    if bare in known or (word[0].isupper() and people.is_first_name(bare)):
        if bare not in stand_ins:
            stand_ins[bare] = f"Person {_letters(len(stand_ins))}"
        return stand_ins[bare] + ending
    if plain in ("her", "his"):
        neutral = "their" if is_owned(following) else ("them" if plain == "her" else "theirs")
    elif plain in _PRONOUNS:
        neutral = _PRONOUNS[plain]
        if (
            neutral == "they're"
            and following is not None
            and following.casefold() in ("got", "been", "had", "gone", "done", "never")
        ):
            neutral = "they've"
    elif bare in _NOUNS:
        neutral = _NOUNS[bare] + ending
    else:
        return None
    if word.isupper() and len(word) > 2:
        return neutral.upper()
    return neutral[0].upper() + neutral[1:] if word[0].isupper() else neutral


def is_owned(following: str | None) -> bool:
    """Return whether "her" or "his" before this word says whose it is ("her kettle"), rather than whom ("told her that")."""
    return following is not None and following.casefold() not in _NOT_OWNED


def _letters(number: int) -> str:
    return chr(65 + number) if number < 26 else f"{_letters(number // 26 - 1)}{chr(65 + number % 26)}"


def _was(swaps: Sequence[_Swap], place: int, *, after: bool) -> int:
    """Return the place in the original of a place in the neutral text, moved out of a replaced word."""
    index = bisect_right([swap.start for swap in swaps], place - 1 if after else place) - 1
    if index < 0:
        return place
    swap = swaps[index]
    if place < swap.end or (after and place == swap.end):
        return swap.was_end if after else swap.was_start
    return swap.was_end + place - swap.end
