"""What a model judge gets to see of a transcript, and the way back from its quotes to what was really said."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from simulator.domain.grade import Evidence
from simulator.domain.text import clean
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.evidence import Check, check
from simulator.grading.judges.prompt import lines, unfence
from simulator.language.neutral import neutralise


class View:
    """The turns' words as the judge reads them: cleaned and, when ``blind``, with names, pronouns and gendered words neutralised.

    ``names`` are further names to neutralise besides the identity that was played.
    """

    def __init__(self, transcript: Transcript, *, blind: bool, names: Iterable[str] = ()) -> None:
        self._transcript = transcript
        self._said = [turn.text for turn in transcript.turns]
        texts = [clean(text) for text in self._said]
        known = [name for name in (transcript.identity, *names) if name]
        self._neutral = neutralise(texts, known) if blind else None
        self.texts: tuple[str, ...] = tuple(self._neutral.texts if self._neutral is not None else texts)
        self.trainee_turns = sum(turn.role == "trainee" for turn in transcript.turns)

    def still_of(self, transcript: Transcript) -> bool:
        """Whether this is the view of ``transcript`` as it is now."""
        return self._transcript is transcript and self._said == [turn.text for turn in transcript.turns]

    @cached_property
    def recording(self) -> str:
        """The transcript as the judge reads it, one line a turn."""
        return lines(self._transcript, self.texts)

    @cached_property
    def _shown(self) -> Transcript:
        """What the judge reads as a transcript of its own, to look for its quotes in."""
        spoken = zip(self._transcript.turns, self.texts, strict=True)
        turns = [Turn.model_construct(role=turn.role, text=unfence(text)) for turn, text in spoken]
        return Transcript.model_construct(id=self._transcript.id, turns=turns)

    def check(self, turn: int, quote: str) -> Check:
        """Check words the judge quotes from what it read, then again, restored, against what was said."""
        claimed = Evidence.model_construct(turn=turn, quote=unfence(quote))
        if turn < 1:
            claimed.turn = len(self.texts) + 1  # no turn there either; the words may still have one place
        seen = check(self._shown, claimed)
        if not seen.holds:
            return seen
        number = seen.evidence.turn
        at = unfence(self.texts[number - 1]).index(seen.evidence.quote)
        exact = self.texts[number - 1][at : at + len(seen.evidence.quote)]
        said = self._neutral.restore(number - 1, exact) if self._neutral is not None else exact
        restored = check(self._transcript, Evidence(turn=number, quote=said))
        return Check(restored.evidence, restored.fault, seen.moved_from)
