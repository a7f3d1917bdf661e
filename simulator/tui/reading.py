"""A transcript as a rater reads it, and the way from the words they see to the words that were said."""

from __future__ import annotations

import re

from simulator.domain.grade import Evidence
from simulator.domain.text import clean, fold
from simulator.domain.transcript import Transcript
from simulator.grading.evidence import check, excerpt
from simulator.language.neutral import neutralise

_WORD = re.compile(r"\S+")
_MOST_WORDS_SEARCHED = 200


class Reading:
    """The turns' words, cleaned, and with ``blind`` without names, pronouns and gendered words. Turns count from 1."""

    def __init__(self, transcript: Transcript, *, blind: bool) -> None:
        self._transcript = transcript
        texts = [clean(turn.text) for turn in transcript.turns]
        self._neutral = neutralise(texts, [transcript.identity] if transcript.identity else []) if blind else None
        self.texts: tuple[str, ...] = tuple(texts if self._neutral is None else self._neutral.texts)

    def is_trainee(self, turn: int) -> bool:
        """Return whether the trainee speaks in a turn."""
        return self._transcript.turns[turn - 1].role == "trainee"

    def whole(self, turn: int) -> str:
        """Return a turn as a quote: all of it, or the beginning of a long one."""
        return excerpt(self.texts[turn - 1])

    def evidence(self, turn: int, seen: str) -> Evidence | None:
        """Return the evidence that words seen in a turn are; ``None`` where they do not lead back to what was said."""
        said = self._neutral.restore(turn - 1, seen) if self._neutral is not None else seen
        found = check(self._transcript, Evidence(turn=turn, quote=said))
        return found.evidence if found.holds and found.evidence.turn == turn else None

    def shown(self, evidence: Evidence) -> str:
        """Return the words of evidence as they are seen here."""
        if self._neutral is None or evidence.turn > len(self.texts):
            return evidence.quote
        text, wanted = self.texts[evidence.turn - 1], fold(evidence.quote)
        spans = [(match.start(), match.end()) for match in _WORD.finditer(text)][:_MOST_WORDS_SEARCHED]
        for at, (start, _) in enumerate(spans):
            for _, stop in spans[at:]:
                said = fold(self._neutral.restore(evidence.turn - 1, text[start:stop]))
                if said == wanted:
                    return text[start:stop]
                if len(said) > len(wanted):
                    break
        return self.whole(evidence.turn)
