"""The built-in judge: answers criteria that name behaviours, from what the detector hears, with its spans as evidence.

How a criterion is read:

* **Occasions.** With ``applies.customer`` each turn in which the customer shows one of those behaviours (heard in it, or by the
  word of the persona's author for the move they made) is an occasion, and the trainee's next two turns are the answer to it;
  with ``by_the_end``, all that follow. With ``applies.trainee`` each turn in which the trainee shows one is an occasion, and that
  turn and their next one are looked at. With both, the trainee's behaviour must be in the answer to the customer's. With neither,
  the whole conversation is one occasion. A criterion without an occasion, or before ``min_turns``, is not applicable. What is
  missed after an occasion that was heard only faintly is held against nobody.
* **One occasion** is broken when a ``broken_by`` behaviour is shown (in more turns than the criterion ``tolerates``), else
  met when a ``met_by`` one is (or when there are only ``broken_by`` ones to keep from), else missed. A ``met_by`` behaviour
  is no sign where the same words also show one of ``unless``.
* **The criterion** is not met when any occasion was broken; otherwise it is met when one occasion was (every one, with
  ``every_time``); otherwise not met, and the evidence is what the trainee said instead.

Criteria that name no behaviour need a reader and are left *not judged*. So is everything where a speaker's words, taken together,
are not English: hearing nothing there means nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Literal, NamedTuple

from simulator.domain.behaviour import Catalogue, Heard
from simulator.domain.grade import Evidence, Finding
from simulator.domain.rubric import Criterion, Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.judges.hearing import CLEAR, FAINT, Alone, Hearing, Hears, Occasion
from simulator.grading.judges.protocol import Judgement

BUILT_IN = "built-in"
# A finding that holds the whole level down is an accusation, and has to be as clear.
ACCUSES_FROM = CLEAR
MAX_EVIDENCE = 3
NAMED_IN_REASON = 3
UNHEARD = "The built-in judge understands only English, and what was said here does not look like it."
NEEDS_READER = "This needs a reader's judgement; the built-in judge only hears behaviours."


Outcome = Literal["met", "broken", "missed"]
_Said = tuple[tuple[str, str, tuple[str, ...]], ...]
_MOST_UNASKED, _MOST_PREPARED = 10_000, 1_000


class _Answer(NamedTuple):
    outcome: Outcome
    occasion: Occasion
    shown: tuple[tuple[int, Heard], ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A criterion made ready to be asked of many transcripts: what it looks for as sets, and how that is called."""

    criterion: Criterion
    met_by: frozenset[str]
    broken_by: frozenset[str]
    customer: frozenset[str]
    trainee: frozenset[str]
    wanted: str
    kept_from: str
    not_called_for: Finding

    def called_for(self, hearing: Hearing) -> bool:
        """Return whether anything that calls for it occurs at all."""
        if self.customer:
            return hearing.shows_any("customer", self.customer)
        return not self.trainee or hearing.shows_any("trainee", self.trainee)


def _doubtful(
    transcripts: Sequence[Transcript], heard: Sequence[Sequence[tuple[Heard, ...]]], voiding: Collection[str]
) -> Iterator[str]:
    """Yield the trainee's words that may have to be listened to by themselves: their turn shows something voiding elsewhere."""
    for transcript, turns in zip(transcripts, heard, strict=True):
        for turn, signs in zip(transcript.turns, turns, strict=True):
            if turn.role == "trainee" and len(signs) > 1 and any(each.id in voiding for each in signs):
                yield from (each.quote for each in signs if each.shown)


class BuiltinJudge:
    """Judges without a model, the same way every time.

    ``catalogue`` only lends the behaviours' titles to the reasons.
    """

    def __init__(self, detector: Hears, catalogue: Catalogue | None = None) -> None:
        self._detector = detector
        self._lock = Lock()
        self._last: tuple[_Said, Hearing] | None = None
        self._titles = {each.id: _lowered(each.title) for each in catalogue} if catalogue else {}
        self._unasked: dict[tuple[str, str], Finding] = {}
        self._alone = Alone(detector)
        self._prepared: dict[str, tuple[_Asked, ...]] = {}

    @property
    def name(self) -> str:
        """``built-in``."""
        return BUILT_IN

    @property
    def version(self) -> str:
        """The detector's version."""
        return self._detector.version

    def hear(self, transcript: Transcript) -> Hearing:
        """Listen to a transcript once, for as many rubrics as there are: the last one is remembered by what was said in it."""
        said: _Said = tuple((turn.role, turn.text, turn.shows) for turn in transcript.turns)
        with self._lock:
            if self._last is None or self._last[0] != said:
                self._last = said, Hearing(transcript, self._detector, alone=self._alone)
            return self._last[1]

    async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
        """Return a finding for each criterion; it cannot fail. The listening is done in a thread."""
        return self.judge_heard(await asyncio.to_thread(self.hear, transcript), rubric)

    def judge_many(self, transcripts: Sequence[Transcript], rubrics: Sequence[Sequence[Rubric]]) -> list[list[Judgement]]:
        """Return a judgement for each of a transcript's rubrics, for each transcript; listening to many at once is quickest."""
        heard = self._detector.hear_many(transcripts, FAINT)
        voiding = {each for wanted in rubrics for rubric in wanted for criterion in rubric.criteria for each in criterion.unless}
        self._alone.prepare(_doubtful(transcripts, heard, voiding))
        hearings = (Hearing(each, self._detector, turns, self._alone) for each, turns in zip(transcripts, heard, strict=True))
        return [[self.judge_heard(hearing, one) for one in wanted] for hearing, wanted in zip(hearings, rubrics, strict=True)]

    def judge_heard(self, hearing: Hearing, rubric: Rubric) -> Judgement:
        """Judge a transcript that was already listened to."""
        findings = tuple([self._find(hearing, asked) for asked in self._asked(rubric)])
        return Judgement(findings=findings, detector=self._detector.version)

    def _asked(self, rubric: Rubric) -> tuple[_Asked, ...]:
        found = self._prepared.get(rubric.digest)
        if found is None:
            if len(self._prepared) >= _MOST_PREPARED:
                self._prepared.clear()
            found = self._prepared[rubric.digest] = tuple(
                _Asked(
                    each,
                    frozenset(each.met_by),
                    frozenset(each.broken_by),
                    frozenset(each.applies.customer),
                    frozenset(each.applies.trainee),
                    self._titled(each.met_by),
                    self._titled(each.broken_by),
                    self._unanswered(each, "not_applicable", "Nothing in this conversation called for it."),
                )
                for each in rubric.criteria
            )
        return found

    def _find(self, hearing: Hearing, asked: _Asked) -> Finding:
        criterion = asked.criterion
        applies = criterion.applies
        taken = len(hearing.trainee)
        if taken < applies.min_turns:
            reason = f"This is only asked once you have spoken {applies.min_turns} times; you spoke {_times(taken)}."
            return self._unanswered(criterion, "not_applicable", reason)
        if not hearing.understood:
            return self._unanswered(criterion, "not_judged", UNHEARD)
        if not asked.called_for(hearing) or not (occasions := self._occasions(hearing, asked)):
            return asked.not_called_for
        if not criterion.met_by and not criterion.broken_by:
            return self._unanswered(criterion, "not_judged", NEEDS_READER)
        answers = [self._answer(hearing, asked, occasion) for occasion in occasions]
        answers = [each for each in answers if each.outcome != "missed" or each.occasion.clear]
        if not answers:
            reason = "Nothing called for it clearly enough to hold it against you."
            return self._unanswered(criterion, "not_applicable", reason)
        return self._conclude(hearing, asked, answers)

    def _unanswered(self, criterion: Criterion, verdict: Literal["not_applicable", "not_judged"], reason: str) -> Finding:
        """Return a finding without evidence. There are few of them, and most findings are one: each is made once."""
        found = self._unasked.get((criterion.id, reason))
        if found is None:
            if len(self._unasked) >= _MOST_UNASKED:
                self._unasked.clear()
            found = self._unasked[criterion.id, reason] = Finding(criterion=criterion.id, verdict=verdict, reason=reason)
        return found

    def _occasions(self, hearing: Hearing, asked: _Asked) -> list[Occasion]:
        criterion = asked.criterion
        applies = criterion.applies
        if applies.customer:
            occasions = hearing.called_for("customer", applies.customer)
            if criterion.by_the_end:
                occasions = [each._replace(turns=hearing.rest_from(each.at)) for each in occasions]
            if not applies.trainee:
                return occasions
            return [each for each in occasions if hearing.in_turns(each.turns, applies.trainee)]
        if applies.trainee:
            occasions = hearing.called_for("trainee", applies.trainee)
            if criterion.met_by:
                return occasions
            # Nobody earns points for what was only faintly heard of them.
            return [each for each in occasions if self._broken(hearing, asked, each.turns)]
        return [Occasion(0, "", hearing.trainee)]

    def _answer(self, hearing: Hearing, asked: _Asked, occasion: Occasion) -> _Answer:
        criterion = asked.criterion
        broken = self._broken(hearing, asked, occasion.turns)
        allowed = max(1, int(criterion.tolerates * len(occasion.turns))) if criterion.tolerates else 0
        if len(broken) > allowed:
            return _Answer("broken", occasion, broken)
        if not criterion.met_by:
            return _Answer("met", occasion, broken)
        if not hearing.shows_any("trainee", asked.met_by):
            return _Answer("missed", occasion)
        shown = hearing.in_turns(occasion.turns, criterion.met_by, criterion.unless)
        if not shown and occasion.because == "voices_feeling":
            # They may say how they feel because the trainee has just asked or felt with them: that was the answer.
            shown = hearing.in_turns((occasion.at - 1,), criterion.met_by, criterion.unless)
        return _Answer("met" if shown else "missed", occasion, shown)

    @staticmethod
    def _broken(hearing: Hearing, asked: _Asked, turns: Sequence[int]) -> tuple[tuple[int, Heard], ...]:
        """Return the turns that show a ``broken_by`` behaviour, clearly enough for what the finding would do."""
        if not hearing.shows_any("trainee", asked.broken_by):
            return ()
        criterion = asked.criterion
        shown = hearing.in_turns(turns, criterion.broken_by)
        if criterion.cap_when_not_met is None:
            return shown
        return tuple((number, sign) for number, sign in shown if sign.strength >= ACCUSES_FROM)

    def _conclude(self, hearing: Hearing, asked: _Asked, answers: Sequence[_Answer]) -> Finding:
        criterion = asked.criterion
        sorted_out: dict[Outcome, list[_Answer]] = {"broken": [], "met": [], "missed": []}
        for answer in answers:
            sorted_out[answer.outcome].append(answer)
        broken, met, missed = sorted_out.values()
        if broken:
            reason = self._shows(broken)
            return self._finding(criterion, "not_met", self._spans(hearing, broken), reason)
        if met and not (criterion.every_time and missed):
            if criterion.met_by:
                return self._finding(criterion, "met", self._spans(hearing, met), self._shows(met))
            if let_pass := [each for each in met if each.shown]:
                reason = f"{self._shows(let_pass)} So little is let pass."
                return self._finding(criterion, "met", self._spans(hearing, let_pass), reason)
            # Where a whole conversation kept from something there are no words to show: the reason says how much was listened to.
            quoted = self._said(hearing, [each for each in met if each.occasion.at])
            return self._finding(criterion, "met", quoted, _kept(hearing, asked, met))
        return self._finding(criterion, "not_met", self._said(hearing, missed), self._lacks(asked, missed, len(met)))

    @staticmethod
    def _finding(criterion: Criterion, verdict: Literal["met", "not_met"], quoted: list[Evidence], reason: str) -> Finding:
        return Finding(
            criterion=criterion.id, verdict=verdict, evidence=tuple(quoted), reason=reason, counted=True, substantiated=True
        )

    # Evidence

    @staticmethod
    def _spans(hearing: Hearing, answers: Sequence[_Answer]) -> list[Evidence]:
        """Return the words that show it: each turn once, the strongest first among equals of the conversation's order."""
        by_turn: dict[int, Heard] = {}
        for answer in answers:
            for number, heard in answer.shown:
                if number not in by_turn or heard.strength > by_turn[number].strength:
                    by_turn[number] = heard
        strongest = list(by_turn)
        if len(strongest) > MAX_EVIDENCE:
            strongest.sort(key=lambda number: (-by_turn[number].strength, number))
        return [hearing.quoted(number, by_turn[number]) for number in sorted(strongest[:MAX_EVIDENCE])]

    @staticmethod
    def _said(hearing: Hearing, answers: Sequence[_Answer]) -> list[Evidence]:
        """Return what the trainee said at the occasions; for the conversation as a whole, their longest turn."""
        numbers = dict.fromkeys([each.occasion.turns[0] if each.occasion.at else hearing.longest for each in answers])
        quoted = (hearing.beginning(number) for number in numbers)
        return list(islice((each for each in quoted if each is not None), MAX_EVIDENCE))

    # Reasons, one plain sentence each

    def _title(self, behaviour: str) -> str:
        title = self._titles.get(behaviour)
        if title is None:
            title = self._titles[behaviour] = _lowered(behaviour.replace("_", " ").replace("-", " "))
        return title

    def _titled(self, behaviours: Sequence[str]) -> str:
        """Name a few behaviours; a list of ten would say no more."""
        titles = [self._title(each) for each in behaviours]
        if len(titles) <= NAMED_IN_REASON:
            return " or ".join(titles)
        return f"{', '.join(titles[:NAMED_IN_REASON])} or the like"

    def _shows(self, answers: Sequence[_Answer]) -> str:
        seen: dict[str, list[int]] = {}
        for answer in answers:
            for number, heard in answer.shown:
                numbers = seen.setdefault(heard.id, [])
                if number not in numbers:
                    numbers.append(number)
        parts = (f"{_turns(sorted(numbers))} ({self._title(behaviour)})" for behaviour, numbers in seen.items())
        return f"What you said in {', in '.join(parts)}."

    def _lacks(self, asked: _Asked, missed: Sequence[_Answer], met: int) -> str:
        occasions = [each.occasion for each in missed if each.occasion.at]
        if not occasions:
            return f"Nothing you said was heard as this ({asked.wanted})."
        causes = ", ".join(dict.fromkeys(self._title(each.because) for each in occasions))
        answered = " The other times you did answer it." if met else ""
        where = _turns([each.at for each in occasions])
        chance = "was the moment" if len(occasions) == 1 else "were the moments"
        return (
            f"{where[:1].upper()}{where[1:]} {chance} ({causes}); your answer was not heard as this ({asked.wanted}).{answered}"
        )


def _lowered(title: str) -> str:
    return title[:1].lower() + title[1:]


def _times(number: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(number, f"{number} times")


def _turns(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"turn {numbers[0]}"
    return f"turns {', '.join(str(each) for each in numbers[:-1])} and {numbers[-1]}"


def _kept(hearing: Hearing, asked: _Asked, answers: Sequence[_Answer]) -> str:
    after = [each.occasion.at for each in answers if each.occasion.at]
    if after:
        return f"You kept clear of it after {_turns(after)} ({asked.kept_from})."
    count = len(hearing.trainee)
    return f"You kept clear of it in {f'all {count} turns' if count != 1 else 'your one turn'} ({asked.kept_from})."
