"""What a model judge gets to see of a transcript, and the way back from its quotes to what was really said."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from simulator.domain.text import clean
from simulator.domain.transcript import Transcript
from simulator.grading.evidence import Check, Recording
from simulator.grading.judges.prompt import lines, unfence
from simulator.language.neutral import neutralise


class View:
    """The turns' words as the judge reads them: cleaned and, when ``blind``, with names, pronouns and gendered words neutralised.

    ``names`` are further names to neutralise besides the identity that was played.
    """

    def __init__(self, transcript: Transcript, *, blind: bool, names: Iterable[str] = ()) -> None:
        self._transcript = transcript
        self._said = [turn.text for turn in transcript.turns]
        texts = self._cleaned = [clean(text) for text in self._said]
        known = [name for name in (transcript.identity, *names) if name]
        self._neutral = neutralise(texts, known) if blind else None
        self.texts: tuple[str, ...] = tuple(self._neutral.texts if self._neutral is not None else texts)
        self._speakers = [turn.role for turn in transcript.turns]
        self.trainee_turns = self._speakers.count("trainee")

    def still_of(self, transcript: Transcript) -> bool:
        """Whether this is the view of ``transcript`` as it is now."""
        return self._transcript is transcript and self._said == [turn.text for turn in transcript.turns]

    @cached_property
    def recording(self) -> str:
        """The transcript as the judge reads it, one line a turn."""
        return lines(self._speakers, self.texts)

    def check(self, turn: int, quote: str) -> Check:
        """Check words the judge quotes from what it read, then again, restored, against what was said."""
        seen = self._shown.check(turn, unfence(quote))
        if not seen.holds:
            return seen
        number = seen.evidence.turn
        shown = self.texts[number - 1]
        if shown is self._cleaned[number - 1] and "‹" not in shown and "›" not in shown:
            return seen  # it reads just as it was said
        at = unfence(shown).index(seen.evidence.quote)
        exact = shown[at : at + len(seen.evidence.quote)]
        said = self._neutral.restore(number - 1, exact) if self._neutral is not None else exact
        restored = self._recorded.check(number, said)
        return Check(restored.evidence, restored.fault, seen.moved_from)

    @cached_property
    def _shown(self) -> Recording:
        """What the judge reads, to look for its quotes in."""
        fenced = "‹" in self.recording or "›" in self.recording
        return Recording(self._speakers, [*map(unfence, self.texts)] if fenced else self.texts)

    @cached_property
    def _recorded(self) -> Recording:
        """What was said."""
        return Recording(self._speakers, self._cleaned)
