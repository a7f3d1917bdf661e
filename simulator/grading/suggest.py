"""Suggestions: the two or three moments of a conversation most worth practising, each with words to try there.

A moment is a trainee's turn. Its value is what the findings at it weigh (one that caps the level weighs more), and how far it
moved the customer's feelings the wrong way. The line to try there is an authored one: a good reply to the very move the
customer had just made. Where the persona's author gave none, one of the criterion's own examples may stand in, but only one
that fits what the customer has just said and speaks of nothing that is not there (a hose, in a café); else the advice stands
alone. Never is it something the trainee has already said. Where little went wrong, the best moments are named instead, with
what to keep doing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from simulator.domain.grade import Finding, Grade
from simulator.domain.persona import Identity, Persona
from simulator.domain.rubric import Criterion, Rubric
from simulator.domain.text import clean, fold
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.evidence import excerpt

if TYPE_CHECKING:
    import numpy as np

MOST = 3
FEWEST = 2
CAP_WEIGHT = 3.0
# A finding of weight 1 counts as much as a feeling moved two points the wrong way.
FELT_WEIGHT = 0.5
# From this much of what could go wrong, a moved feeling alone is worth a suggestion.
FELT_FROM = 2.0
SAME_WORDS = 0.8
# How alike (cosine) an example from the rubric must be to the customer's words to be offered as an answer to them.
FITS = 0.35
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_SLOT = re.compile(r"\{[A-Za-z_]+\}")
_COMMON = frozenset(
    _WORD.findall(
        "a an and are as at be but can do for from have i i'll i'm if in is it it's just let's me my of on or so that that's "
        "the there this to us was we what with you your"
    )
)
# Words that belong to any trade and any moment. An example with any other, which nobody used here, is from another conversation.
_ANYWHERE = frozenset(
    _WORD.findall(
        "about after again all already always annoyed answer any anyone anything ask asked awful back bad been before best "
        "better both bother bring busy by call can't check clear come coming could course deal dear did didn't do doesn't "
        "don't done each else enjoy even ever every everything fault feel fetch few find fine finish first fix flattered "
        "friendly from fun gave get give glad go going good great guess had hand happen happened happens hard has haven't he "
        "hear heard hello help her here here's him his honest honestly hope how i'd i've into isn't it'd job keep kind know "
        "last late least leave let like listen little long look lot lovely made make man many matter may maybe mean means "
        "mind minute moment more morning most much must need never next nice no nobody not nothing now oh ok okay once one "
        "only other our out over own person please pleasure problem professional promise put rather really right said same "
        "say second see sense set shall share she should shouldn't since some somebody someone something sooner sorry sort "
        "sound sounded sounds start still straight stretched such sure sweet take talk tell than thank thanks that'd them "
        "then there there's they thing things think though time tired today together told too trouble true try turn two "
        "until up very wait waiting want wasn't way we'll we're well went were what's when where which while who why will "
        "wish without won't word work worn would wouldn't yes yet you'd you'll you're you've "
    )
)


class TextEncoder(Protocol):
    """The part of the sentence encoder that is needed: unit vectors, one a text."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return an array of shape (n, d), each row of length 1."""
        ...


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One moment: the trainee's ``turn`` and what they ``said``, why it mattered, how the customer ``felt``, and a line to try.

    ``keep`` marks a moment that went well: ``try_instead`` is then empty. ``rubric`` and ``criterion`` are empty where only
    the customer's feelings speak. ``source`` says whose words the line is: the persona's author, the rubric's, or a model's.
    """

    turn: int
    said: str
    why: str
    felt: str
    try_instead: str
    rubric: str
    criterion: str = ""
    keep: bool = False
    source: str = ""


@dataclass(slots=True)
class _Moment:
    turn: int
    hurt: float = 0.0
    helped: float = 0.0
    missed: list[tuple[Rubric, Criterion, Finding, str]] = field(default_factory=list)
    met: list[tuple[Rubric, Criterion, Finding, str]] = field(default_factory=list)

    @property
    def urgency(self) -> float:
        weights = sum(
            criterion.weight + (CAP_WEIGHT if criterion.cap_when_not_met is not None else 0) for _, criterion, _, _ in self.missed
        )
        return weights + self.hurt * FELT_WEIGHT

    @property
    def merit(self) -> float:
        return sum(criterion.weight for _, criterion, _, _ in self.met) + self.helped * FELT_WEIGHT


def suggest(
    persona: Persona,
    identity: Identity,
    transcript: Transcript,
    graded: Sequence[tuple[Rubric, Grade]],
    *,
    encoder: TextEncoder | None = None,
) -> tuple[Suggestion, ...]:
    """Return up to three suggestions, the most valuable first, those on what to keep last; none without a trainee's turn."""
    desk = _Desk(persona, identity, transcript, encoder)
    moments = _moments(persona, transcript, graded)
    suggestions: list[Suggestion] = []
    for moment in sorted(moments, key=lambda each: (-each.urgency, each.turn)):
        if len(suggestions) == MOST:
            break
        taken = {each.criterion for each in suggestions if each.criterion}
        made = desk.improve(moment, taken)
        if made is not None:
            suggestions.append(made)
    if len(suggestions) >= FEWEST:
        return tuple(suggestions)
    used = {each.turn for each in suggestions}
    best = [each for each in moments if each.turn not in used and each.merit > each.urgency]
    for moment in sorted(best, key=lambda each: (-each.merit, each.turn))[: FEWEST - len(suggestions)]:
        suggestions.append(desk.keep(moment, last=len(suggestions) == FEWEST - 1))
    return tuple(suggestions)


def _moments(persona: Persona, transcript: Transcript, graded: Sequence[tuple[Rubric, Grade]]) -> list[_Moment]:
    moments = {number: _Moment(number) for number, _ in transcript.said_by("trainee")}
    for number, turn in transcript.said_by("trainee"):
        for moved in turn.moved:
            feeling = persona.state.get(moved.feeling)
            if feeling is None or moved.because == "time":
                continue
            good = moved.by if feeling.good == "high" else -moved.by
            moments[number].helped += max(good, 0)
            moments[number].hurt += max(-good, 0)
    for rubric, grade in graded:
        for finding in grade.findings:
            criterion = rubric.criterion(finding.criterion)
            places = [each for each in finding.evidence if each.turn in moments]
            if criterion is None or not finding.counted or not places:
                continue
            if finding.verdict == "not_met":
                for place in places:
                    moments[place.turn].missed.append((rubric, criterion, finding, place.quote))
            elif finding.verdict == "met" and criterion.met_by:
                best = max(places, key=lambda each: (moments[each.turn].helped, -each.turn))
                moments[best.turn].met.append((rubric, criterion, finding, best.quote))
    return list(moments.values())


class _Desk:
    """Writes suggestions for one conversation and remembers which lines it has used."""

    def __init__(self, persona: Persona, identity: Identity, transcript: Transcript, encoder: TextEncoder | None) -> None:
        self._persona = persona
        self._identity = identity
        self._scenario = persona.scenario(transcript.scenario) if transcript.scenario else None
        self._turns = transcript.turns
        self._encoder = encoder
        self._said = [turn.text for _, turn in transcript.said_by("trainee")]
        self._used: set[str] = set()

    def improve(self, moment: _Moment, taken: set[str]) -> Suggestion | None:
        """Return what to try at a moment that went wrong, or ``None`` where nothing did or no authored line fits."""
        missed = sorted(
            (each for each in moment.missed if each[1].id not in taken),
            key=lambda each: (each[1].cap_when_not_met is None, not _of_the_moment(each[1]), -each[1].weight),
        )
        turn = self._turns[moment.turn - 1]
        for rubric, criterion, finding, quote in missed:
            # What was missing in the whole conversation can be made good anywhere: advice says how, and no one line does.
            line, source = self._better(moment.turn, criterion) if _of_the_moment(criterion) else ("", "")
            if not line and not criterion.advice:
                continue
            why = criterion.advice or finding.reason
            return Suggestion(
                moment.turn, clean(quote), clean(why), self._felt(turn, wrong=True), line, rubric.id, criterion.id, source=source
            )
        if moment.hurt < FELT_FROM:
            return None
        line, source = self._better(moment.turn, None)
        if not line:
            return None
        felt = self._felt(turn, wrong=True)
        return Suggestion(moment.turn, self._words_of(turn), "It cost you with the customer.", felt, line, "", source=source)

    def keep(self, moment: _Moment, *, last: bool) -> Suggestion:
        """Return what went well at a moment; the ``last`` one says where to go from here."""
        turn = self._turns[moment.turn - 1]
        met = max(moment.met, key=lambda each: each[1].weight, default=None)
        why = "Keep doing this."
        if met is not None:
            why = f"Keep doing this. It is what this question looks for: {met[1].asks}"
        if last:
            why += " " + self._next()
        return Suggestion(
            moment.turn,
            clean(met[3]) if met else self._words_of(turn),
            why,
            self._felt(turn, wrong=False),
            "",
            met[0].id if met else "",
            met[1].id if met else "",
            keep=True,
        )

    def _next(self) -> str:
        if self._persona.difficulty < 3:
            return "When it comes easily, meet a harder customer."
        return "This was a hard customer: meet them in another situation, or after a week, and see whether it holds."

    @staticmethod
    def _words_of(turn: Turn) -> str:
        strongest = max((each for each in turn.behaviours if each.quote), key=lambda each: each.strength, default=None)
        return clean(strongest.quote if strongest else excerpt(turn.text))

    def _felt(self, turn: Turn, *, wrong: bool) -> str:
        """Say how the turn moved the customer: the feelings that went the wrong (or right) way, furthest first."""
        total: dict[str, tuple[float, float]] = {}
        for moved in turn.moved:
            if moved.because != "time":
                by, _ = total.get(moved.feeling, (0.0, 0.0))
                total[moved.feeling] = (by + moved.by, moved.to)
        parts = []
        for feeling_id, (by, to) in sorted(total.items(), key=lambda each: -abs(each[1][0])):
            feeling = self._persona.state.get(feeling_id)
            if feeling is None or by == 0 or ((by > 0) == (feeling.good == "high")) == wrong:
                continue
            parts.append(f"{self._identity.fill(feeling.means)}: {round(by, 1):+g}, to {round(to, 1):g} of 10")
        return "; ".join(parts[:2])

    # The line to try

    def _better(self, number: int, criterion: Criterion | None) -> tuple[str, str]:
        before = next((turn for turn in reversed(self._turns[: number - 1]) if turn.role == "customer"), None)
        if before is None:
            return "", ""
        move = self._persona.by_move.get(before.move) if before.move else None
        replies = [line for line in map(self._fill, move.good_replies if move else ()) if self._fresh(line)]
        if replies:
            return self._use(self._closest(replies, [before.text, *(criterion.examples.met if criterion else ())])), "persona"
        examples = [line for line in map(self._fill, criterion.examples.met if criterion else ()) if self._fresh(line)]
        here = self._here(before)
        fitting = [line for line in examples if _content(line) - _ANYWHERE <= here]
        if fitting and (best := self._answering(fitting, before.text)):
            return self._use(best), "rubric"
        return "", ""

    def _use(self, line: str) -> str:
        self._used.add(fold(line))
        return line

    def _here(self, before: Turn) -> frozenset[str]:
        """Return the words of the moment and of the situation: what an answer may speak of."""
        scenario = self._scenario
        situation = (scenario.place, scenario.wants, scenario.goal, *scenario.knows) if scenario is not None else ()
        return frozenset().union(*(_content(text) for text in (before.text, *map(self._fill, situation))))

    def _answering(self, lines: Sequence[str], asked: str) -> str:
        """Return the line that answers ``asked`` best, or ``""`` where none is near it, or nobody can tell."""
        if self._encoder is None or not asked.strip():
            return ""
        vectors = self._encoder.encode([*lines, asked])
        likeness = vectors[:-1] @ vectors[-1]
        best = int(likeness.argmax())
        return lines[best] if likeness[best] >= FITS else ""

    def _fill(self, line: str) -> str:
        return clean(self._identity.fill(line))

    def _fresh(self, line: str) -> bool:
        if fold(line) in self._used or _SLOT.search(line):
            return False
        return not any(fold(line) == fold(said) or overlap(line, said) >= SAME_WORDS for said in self._said)

    def _closest(self, lines: Sequence[str], texts: Sequence[str]) -> str:
        """Return the line nearest to what it should fit; the first of equals."""
        texts = [text for text in texts if text.strip()]
        if len(lines) == 1 or not texts:
            return lines[0]
        if self._encoder is not None:
            vectors = self._encoder.encode([*lines, *texts])
            likeness = (vectors[: len(lines)] @ vectors[len(lines) :].T).mean(axis=1)
            return lines[int(likeness.argmax())]
        return max(lines, key=lambda line: sum(overlap(line, text) for text in texts))


def _of_the_moment(criterion: Criterion) -> bool:
    """Return whether a criterion that was not met was missed or broken in the very turn its evidence quotes."""
    return bool(criterion.applies.customer or criterion.applies.trainee or criterion.broken_by)


def _content(text: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(fold(text)) if word not in _COMMON)


def overlap(one: str, other: str) -> float:
    """Return how many content words two texts share, 0–1 of the longer list (Jaccard's index)."""
    first, second = _content(one), _content(other)
    either: Iterable[str] = first | second
    return len(first & second) / len(list(either)) if first or second else 0.0
