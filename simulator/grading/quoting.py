"""Finding the words of a quote in a text.

Words are compared as :func:`simulator.domain.text.fold` leaves them, whole words only, punctuation at either end of the quote
aside. What is found is handed back as the text's own characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from simulator.domain.text import fold


class Quote:
    """Words to look for: ``folded``, and ``bare`` without punctuation at their ends."""

    __slots__ = ("bare", "folded")

    def __init__(self, text: str) -> None:
        self.folded = _folded(text)[0]
        self.bare = _bare(self.folded)


class Words:
    """A text to look for quotes in."""

    __slots__ = ("_folded", "_origin", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._folded, self._origin = _folded(text)

    def count(self, quote: Quote) -> int:
        """Return at how many places the words stand."""
        return len(_places(self._folded, quote.bare))

    def find(self, quote: Quote) -> str | None:
        """Return the exact piece of the text that is quoted, or ``None`` when the words are not there.

        Punctuation at its ends comes back with it where the text has the same there.
        """
        wanted, folded, origin = quote.bare, self._folded, self._origin
        if not wanted:
            return None
        places = _places(folded, wanted)
        if not places:
            return None
        start, stop = places[0], places[0] + len(wanted)
        before, _, after = quote.folded.partition(wanted)
        for mark in reversed(before):
            if start == 0 or folded[start - 1] != mark:
                break
            start -= 1
        for mark in after:
            if stop >= len(folded) or folded[stop] != mark:
                break
            stop += 1
        # A folded character may be one of several that came from the same piece (ß, ligatures): take the whole piece.
        while stop < len(origin) - 1 and origin[stop] == origin[stop - 1]:
            stop += 1
        return self._text[origin[start] : origin[stop]].rstrip()


def locate(text: str, quote: str) -> str | None:
    """Return the exact piece of ``text`` that ``quote`` quotes, or ``None``; see :meth:`Words.find`."""
    return Words(text).find(Quote(quote))


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """Fold ``text``; also return, for each folded character, where in ``text`` the piece begins that it came from.

    There is one more entry: the length of ``text`` up to its last visible character.
    """
    # Nearly every text has one folded character for each of its own.
    spaced = text.replace("\n", " ")
    if spaced == spaced.strip() and "  " not in spaced and spaced.isprintable():
        if spaced.isascii():
            return spaced.replace("`", "'").lower(), range(len(text) + 1)
        singly = [*map(_SINGLY.__getitem__, spaced)]
        if "" not in singly:
            return "".join(singly), range(len(text) + 1)
    return _folded_by_pieces(text)


class _Singly(dict[str, str]):
    """What a character is folded to where that is one character, whatever stands beside it; else nothing."""

    def __missing__(self, char: str) -> str:
        folded = " " if char == " " else fold(char)
        self[char] = folded if len(folded) == 1 and not _joins(char) else ""
        return self[char]


_SINGLY = _Singly()


def _folded_by_pieces(text: str) -> tuple[str, list[int]]:
    out: list[str] = []
    origin: list[int] = []
    gap = False
    at, end = 0, 0
    while at < len(text):
        stop = at + 1
        while stop < len(text) and _joins(text[stop]):
            stop += 1
        piece = fold(text[at:stop])
        if not piece:
            gap = bool(out)
        else:
            if gap:
                out.append(" ")
                origin.append(at)
                gap = False
            out.append(piece)
            origin.extend([at] * len(piece))
            end = stop
        at = stop
    origin.append(end)
    return "".join(out), origin


def _joins(char: str) -> bool:
    # Combining marks, and the vowels and final consonants of decomposed Hangul: NFKC joins them to what came before.
    return bool(unicodedata.combining(char)) or "\u1160" <= char <= "\u11ff"


def _bare(folded: str) -> str:
    """Return a folded quote without punctuation at its ends; all of it when there is nothing else."""
    start, stop = 0, len(folded)
    while start < stop and not _wordy(folded[start]):
        start += 1
    while stop > start and not _wordy(folded[stop - 1]):
        stop -= 1
    return folded[start:stop] or folded


def _wordy(char: str) -> bool:
    # Letters, digits, marks and symbols (emoji); not punctuation or spaces.
    return unicodedata.category(char)[0] in "LNMS"


def _places(folded: str, wanted: str) -> list[int]:
    """Return where ``wanted`` stands in ``folded`` as whole words."""
    places = []
    at = folded.find(wanted)
    while at >= 0:
        stop = at + len(wanted)
        inside_before = at > 0 and folded[at - 1].isalnum() and wanted[0].isalnum()
        inside_after = stop < len(folded) and folded[stop].isalnum() and wanted[-1].isalnum()
        if not inside_before and not inside_after:
            places.append(at)
        at = folded.find(wanted, at + 1)
    return places
