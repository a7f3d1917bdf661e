"""Evidence: whether the words a finding rests on are in the transcript, said in that turn by that speaker.

Words are compared as :func:`simulator.domain.text.fold` leaves them (white space, quotation marks and case aside), whole words
only, and punctuation at either end of the quote aside. A quote that holds is handed back as the exact characters of the turn
(cleaned of escapes and control characters, as everything that is shown).

A quote of three words or more given for the wrong turn is moved to the right one when exactly one turn of that speaker has
it, there and only once: the words are what a finding rests on, and there is then no doubt where they were said. Anything
less certain fails.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from simulator.domain.behaviour import Role
from simulator.domain.grade import Evidence
from simulator.domain.text import clean, fold
from simulator.domain.transcript import Transcript

Fault = Literal["empty", "no_such_turn", "wrong_speaker", "not_in_turn"]

FAULTS: dict[Fault, str] = {
    "empty": "no words were quoted",
    "no_such_turn": "there is no such turn",
    "wrong_speaker": "that turn is not the trainee's",
    "not_in_turn": "these words are not in that turn",
}
MIN_WORDS_TO_MOVE = 3
MAX_QUOTE_CHARS = 300


@dataclass(frozen=True, slots=True)
class Check:
    """One piece of evidence, checked. ``evidence`` holds the turn's own characters when it passed, else what was claimed."""

    evidence: Evidence
    fault: Fault | None = None
    moved_from: int | None = None

    @property
    def holds(self) -> bool:
        """Whether the words are there."""
        return self.fault is None


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """Fold ``text``; also return, for each folded character, where in ``text`` the piece begins that it came from.

    There is one more entry: the length of ``text`` up to its last visible character.
    """
    spaced = text.replace("\n", " ")
    if spaced == " ".join(spaced.split()):
        # Nearly every text has one folded character for each of its own.
        if spaced.isascii():
            return fold(spaced), range(len(text) + 1)
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


def _bare(quote: str) -> str:
    """Return the folded quote without punctuation at its ends; all of it when there is nothing else."""
    folded, _ = _folded(quote)
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


def locate(text: str, quote: str) -> str | None:
    """Return the exact substring of ``text`` that ``quote`` quotes, or ``None`` when the words are not there.

    Punctuation at its ends comes back with it where the text has the same there.
    """
    wanted = _bare(quote)
    if not wanted:
        return None
    folded, origin = _folded(text)
    places = _places(folded, wanted)
    if not places:
        return None
    start, stop = places[0], places[0] + len(wanted)
    before, _, after = _folded(quote)[0].partition(wanted)
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
    return text[origin[start] : origin[stop]].rstrip()


def check(transcript: Transcript, evidence: Evidence, *, role: Role = "trainee") -> Check:
    """Check one quote against the turn it names (numbered from 1), which must be one of ``role``'s."""
    if not fold(evidence.quote):
        return Check(evidence, "empty")
    turns = transcript.turns
    inside = evidence.turn <= len(turns)
    if inside and turns[evidence.turn - 1].role == role:
        found = locate(clean(turns[evidence.turn - 1].text), evidence.quote)
        if found is not None:
            return Check(Evidence(turn=evidence.turn, quote=found))
    if (moved := _only_place(transcript, evidence.quote, role)) is not None:
        return Check(moved, moved_from=evidence.turn)
    if not inside:
        return Check(evidence, "no_such_turn")
    return Check(evidence, "wrong_speaker" if turns[evidence.turn - 1].role != role else "not_in_turn")


def _only_place(transcript: Transcript, quote: str, role: Role) -> Evidence | None:
    wanted = _bare(quote)
    if len(wanted.split()) < MIN_WORDS_TO_MOVE:
        return None
    hits = [(number, turn) for number, turn in transcript.said_by(role) for _ in _places(_folded(clean(turn.text))[0], wanted)]
    if len(hits) != 1:
        return None
    number, turn = hits[0]
    found = locate(clean(turn.text), quote)
    return Evidence(turn=number, quote=found) if found is not None else None


def verify(transcript: Transcript, evidence: Sequence[Evidence], *, role: Role = "trainee") -> tuple[Check, ...]:
    """Check every quote of a finding, in order."""
    return tuple(check(transcript, each, role=role) for each in evidence)


def excerpt(text: str, limit: int = MAX_QUOTE_CHARS) -> str:
    """Return the beginning of ``text`` as a quote: all of it, or whole sentences or words up to ``limit`` characters."""
    text = text.strip()
    if len(text) <= limit:
        return text
    head = text[:limit]
    sentence = max(head.rfind(mark) for mark in (". ", "! ", "? ", "\n"))
    if sentence >= limit // 3:
        return head[: sentence + 1].rstrip()
    word = head.rfind(" ")
    return head[:word].rstrip() if word > 0 else head
