"""Evidence: whether the words a finding rests on are in the transcript, said in that turn by that speaker.

Words are compared as :func:`simulator.domain.text.fold` leaves them (white space, quotation marks and case aside), whole words
only, and punctuation at either end of the quote aside. A quote that holds is handed back as the exact characters of the turn
(cleaned of escapes and control characters, as everything that is shown).

A quote of three words or more given for the wrong turn is moved to the right one when exactly one turn of that speaker has
it, there and only once: the words are what a finding rests on, and there is then no doubt where they were said. Anything
less certain fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from simulator.domain.behaviour import Role
from simulator.domain.grade import Evidence
from simulator.domain.text import clean
from simulator.domain.transcript import Transcript
from simulator.grading.quoting import Quote, Words, locate

__all__ = ["FAULTS", "Check", "Fault", "Recording", "check", "excerpt", "locate", "verify"]

Fault = Literal["empty", "no_such_turn", "wrong_speaker", "not_in_turn"]

FAULTS: dict[Fault, str] = {
    "empty": "no words were quoted",
    "no_such_turn": "there is no such turn",
    "wrong_speaker": "that turn is not the trainee's",
    "not_in_turn": "these words are not in that turn",
}
MIN_WORDS_TO_MOVE = 3
MAX_QUOTE_CHARS = 300


class Check(NamedTuple):
    """One piece of evidence, checked. ``evidence`` holds the turn's own characters when it passed, else what was claimed."""

    evidence: Evidence
    fault: Fault | None = None
    moved_from: int | None = None

    @property
    def holds(self) -> bool:
        """Whether the words are there."""
        return self.fault is None


class Recording:
    """What was said, turn by turn, to check quotes against: who spoke, and their cleaned words."""

    def __init__(self, speakers: Sequence[Role], texts: Sequence[str]) -> None:
        self._speakers = speakers
        self._texts = texts
        self._words: dict[int, Words] = {}

    def check(self, turn: int, text: str, *, role: Role = "trainee") -> Check:
        """Check words quoted from a turn (numbered from 1), which must be one of ``role``'s."""
        quote = Quote(text)
        if not quote.folded:
            return Check(Evidence.model_construct(turn=turn, quote=text), "empty")
        inside = 1 <= turn <= len(self._texts)
        if inside and self._speakers[turn - 1] == role:
            found = self._of(turn).find(quote)
            if found is not None:
                return Check(Evidence(turn=turn, quote=found))
        if (moved := self._only_place(quote, role)) is not None:
            return Check(moved, moved_from=turn)
        claimed = Evidence.model_construct(turn=turn, quote=text)
        if not inside:
            return Check(claimed, "no_such_turn")
        return Check(claimed, "wrong_speaker" if self._speakers[turn - 1] != role else "not_in_turn")

    def _of(self, turn: int) -> Words:
        if turn not in self._words:
            self._words[turn] = Words(self._texts[turn - 1])
        return self._words[turn]

    def _only_place(self, quote: Quote, role: Role) -> Evidence | None:
        if len(quote.bare.split()) < MIN_WORDS_TO_MOVE:
            return None
        turns = (number for number, speaker in enumerate(self._speakers, 1) if speaker == role)
        hits = [number for number in turns for _ in range(self._of(number).count(quote))]
        if len(hits) != 1:
            return None
        found = self._of(hits[0]).find(quote)
        return Evidence(turn=hits[0], quote=found) if found is not None else None


def check(transcript: Transcript, evidence: Evidence, *, role: Role = "trainee") -> Check:
    """Check one quote against the turn it names (numbered from 1), which must be one of ``role``'s."""
    return _recorded(transcript).check(evidence.turn, evidence.quote, role=role)


def _recorded(transcript: Transcript) -> Recording:
    return Recording([turn.role for turn in transcript.turns], [clean(turn.text) for turn in transcript.turns])


def verify(transcript: Transcript, evidence: Sequence[Evidence], *, role: Role = "trainee") -> tuple[Check, ...]:
    """Check every quote of a finding, in order."""
    recording = _recorded(transcript)
    return tuple(recording.check(each.turn, each.quote, role=role) for each in evidence)


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
