"""A panel: several judges, or one asked several times, and per criterion what more than half of them found.

How votes are counted:

* Each member has one vote, shared by its repeats. A judge without repeats (the built-in one says the same every time) is asked
  once, and its answer is its whole vote.
* Usable answers are *met* and *not met* that are substantiated, and *not applicable*. Who left a criterion not judged, could
  not show words for it, or failed, takes no part in the vote on it.
* The verdict is the one answer, of the three, that more than half of the usable votes gave. Where none has more than half,
  the criterion is *not judged* and not counted: the panel is undecided, and the reason says who found what, with words of
  either side.
* The evidence is quoted from the members who voted so, from each in turn, no words twice.
* The panel fails where no more than half of it could judge at all, and where a member's failure would meet every other
  transcript too (a wrong key, nobody there): going on without that member would make another panel of it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol, TypeVar, runtime_checkable

from simulator.domain.grade import Evidence, Finding, Rating, Usage, Verdict
from simulator.domain.rubric import Criterion, Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.judges.protocol import COULD_NOT_READ, Judge, Judgement, Together
from simulator.grading.judges.reply import MAX_EVIDENCE
from simulator.grading.score import score
from simulator.models.errors import HOPELESS
from simulator.models.structured import add

VERSION = "panel-1"
# What meets every transcript alike; whoever runs the panel stops or waits rather than go on with fewer judges.
MEETS_ALL = HOPELESS | {"unreachable"}
MAX_REASON_CHARS = 600

_WORDS: dict[Verdict, str] = {"met": "met", "not_met": "not met", "not_applicable": "not applicable", "not_judged": "not judged"}
T = TypeVar("T")


@runtime_checkable
class Repeatable(Protocol):
    """A judge that may answer differently when it is asked again."""

    def repeated(self, number: int) -> Judge:
        """Return the judge whose answers are independent of its other repeats; ``number`` counts from 1."""
        ...


@dataclass(frozen=True, slots=True)
class _Seat:
    """One repeat of one member, and its share of the vote."""

    judge: Judge
    member: int
    repeat: int
    vote: Fraction


@dataclass(frozen=True, slots=True)
class _Vote:
    """What one seat found about a criterion."""

    seat: _Seat
    finding: Finding

    @property
    def usable(self) -> bool:
        return usable(self.finding)


def undecided(findings: Sequence[Finding], ratings: Sequence[Rating]) -> list[str]:
    """Return the criteria on which a panel had answers and no majority."""
    if not ratings:
        return []
    answered = {criterion for rating in ratings for criterion in rating.verdicts}
    return [each.criterion for each in findings if each.verdict == "not_judged" and each.criterion in answered]


def usable(finding: Finding) -> bool:
    """Return whether a finding answers its question: applicable or not, and substantiated where it is met or not met."""
    return finding.verdict == "not_applicable" or (finding.counted and finding.verdict != "not_judged")


class Panel:
    """Several judges as one. Members are asked at the same time, each ``repeats`` times where asking again can differ.

    ``labels`` name the members where their judges' own names would not tell them apart.
    """

    def __init__(self, members: Sequence[Judge], repeats: int = 1, *, labels: Sequence[str] = ()) -> None:
        if not members or repeats < 1 or (labels and len(labels) != len(members)):
            raise ValueError("a panel takes at least one member and repeat, and a label for each member or none")
        self._members = tuple(members)
        self._labels = tuple(labels)
        self._repeats = tuple(repeats if isinstance(each, Repeatable) else 1 for each in members)
        self._seats = [
            _Seat(member.repeated(repeat) if isinstance(member, Repeatable) else member, number, repeat, Fraction(1, times))
            for number, (member, times) in enumerate(zip(members, self._repeats, strict=True))
            for repeat in range(1, times + 1)
        ]
        # What was answered before a member could not be reached, until the transcript is judged again. The transcript is kept
        # with it, so that no other can have its identity.
        self._waiting: dict[tuple[int, tuple[str, ...]], tuple[Transcript, dict[int, list[Judgement]]]] = {}

    @property
    def members(self) -> tuple[str, ...]:
        """The members' names, as ratings give them."""
        names = [
            label or judge.name for label, judge in zip(self._labels or [""] * len(self._members), self._members, strict=True)
        ]
        seen: Counter[str] = Counter()
        told = []
        for name in names:
            seen[name] += 1
            told.append(f"{name} ({seen[name]})" if seen[name] > 1 else name)
        return tuple(told)

    @property
    def name(self) -> str:
        """``panel: a, b, c``, ``a ×3`` or ``panel: a ×3, b ×3``."""
        named = [f"{name} ×{times}" if times > 1 else name for name, times in zip(self.members, self._repeats, strict=True)]
        return named[0] if len(named) == 1 else f"panel: {', '.join(named)}"

    async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
        """Return what more than half of the panel found about each criterion, and every member's own rating."""
        [judgement] = await self.judge_together(transcript, [rubric], at_once=False)
        return judgement

    async def judge_together(self, transcript: Transcript, rubrics: Sequence[Rubric], *, at_once: bool = True) -> list[Judgement]:
        """Return one judgement a rubric, in their order; members that can read for all rubrics in one call do."""
        key = (id(transcript), tuple(each.digest for each in rubrics))
        _, known = self._waiting.pop(key, (transcript, {}))
        asked = [number for number in range(len(self._seats)) if number not in known]
        answers = await _all(_read(self._seats[number].judge, transcript, rubrics, at_once=at_once) for number in asked)
        given = known | dict(zip(asked, answers, strict=True))
        gone = {number for number, each in given.items() if any(one.kind in MEETS_ALL for one in each)}
        if gone:
            # Answers are paid for once, and told of once: when it is judged again, only who was missing is asked.
            kept = {number: [_paid(one) for one in each] for number, each in given.items() if number not in gone}
            self._waiting[key] = transcript, kept
        ordered = [given[number] for number in range(len(self._seats))]
        return [self._conclude(rubric, [each[at] for each in ordered]) for at, rubric in enumerate(rubrics)]

    def _conclude(self, rubric: Rubric, judgements: Sequence[Judgement]) -> Judgement:
        usage = Usage()
        for each in judgements:
            usage = add(usage, each.usage)
        names = self.members
        seated = list(zip(self._seats, judgements, strict=True))
        ratings = tuple(_rating(names[seat.member], seat.repeat, rubric, each) for seat, each in seated)
        prompt = "+".join(dict.fromkeys(each.prompt for each in judgements if each.prompt)) or None
        detector = next((each.detector for each in judgements if each.detector), None)
        answered = [(seat, each) for seat, each in seated if not each.failure]
        failed = [(seat, each) for seat, each in seated if each.failure]
        meeting_all = next((each.kind for _, each in failed if each.kind in MEETS_ALL), "")
        if meeting_all or sum(seat.vote for seat, _ in answered) * 2 <= len(self._members):
            kind = meeting_all or Counter(each.kind for _, each in failed).most_common(1)[0][0]
            why = self._failure(failed, kind)
            return Judgement(ratings=ratings, failure=why, kind=kind, usage=usage, prompt=prompt, detector=detector)
        by_seat = [(seat, {finding.criterion: finding for finding in each.findings}) for seat, each in answered]
        findings = tuple(
            self._vote(criterion, [_Vote(seat, found[criterion.id]) for seat, found in by_seat if criterion.id in found], failed)
            for criterion in rubric.criteria
        )
        return Judgement(findings=findings, ratings=ratings, usage=usage, prompt=prompt, detector=detector)

    def _failure(self, failed: Sequence[tuple[_Seat, Judgement]], kind: str) -> str:
        if kind in MEETS_ALL:
            seat, judgement = next((seat, each) for seat, each in failed if each.kind == kind)
            return f"{self.members[seat.member]}: {judgement.failure.removeprefix(COULD_NOT_READ)}"
        why: dict[str, list[_Seat]] = {}
        for seat, each in failed:
            why.setdefault(each.failure.removeprefix(COULD_NOT_READ), []).append(seat)
        parts = " ".join(f"{self._named(seats)}: {failure}" for failure, seats in why.items())
        return f"{len(failed)} of {len(self._seats)} of the panel could not judge. {parts}"

    # One criterion

    def _vote(self, criterion: Criterion, votes: Sequence[_Vote], failed: Sequence[tuple[_Seat, Judgement]]) -> Finding:
        camps: dict[Verdict, list[_Vote]] = {}
        for vote in votes:
            if vote.usable:
                camps.setdefault(vote.finding.verdict, []).append(vote)
        silent = [each.seat for each in votes if not each.usable] + [seat for seat, _ in failed]
        if not camps:
            return self._unanswered(criterion, votes)
        whole = sum(_weight(camp) for camp in camps.values())
        verdict, camp = max(camps.items(), key=lambda each: _weight(each[1]))
        said = self._said(camps, silent)
        if _weight(camp) * 2 <= whole:
            # Both sides' words, for whoever decides.
            quoted = _evidence([each for votes in camps.values() for each in votes])
            return Finding(criterion=criterion.id, verdict="not_judged", evidence=quoted, reason=_short(f"Undecided. {said}."))
        own = camp[0].finding.reason.strip()
        reason = _short(own if len(camps) == 1 and not silent and len(votes) == 1 else f"{said}. {own}".strip())
        if verdict == "not_applicable":
            return Finding(criterion=criterion.id, verdict=verdict, reason=reason)
        return Finding(
            criterion=criterion.id,
            verdict=verdict,
            evidence=_evidence(camp),
            reason=reason,
            counted=True,
            substantiated=True,
        )

    def _said(self, camps: dict[Verdict, list[_Vote]], silent: Sequence[_Seat]) -> str:
        """Say who found what, the largest camp first."""
        ordered = sorted(camps.items(), key=lambda each: -_weight(each[1]))
        if len(ordered) == 1 and not silent and len(self._seats) > 1:
            return f"All {len(self._seats)}: {_WORDS[ordered[0][0]]}"
        parts = [f"{self._named([each.seat for each in camp])}: {_WORDS[verdict]}" for verdict, camp in ordered]
        if silent:
            parts.append(f"{self._named(silent)}: no usable answer")
        return "; ".join(parts)

    def _unanswered(self, criterion: Criterion, votes: Sequence[_Vote]) -> Finding:
        """Return the finding where nobody gave a usable answer: a claim without words to show for it, or none at all."""
        claims = [each for each in votes if each.finding.verdict != "not_judged"]
        first = (claims or list(votes))[0].finding if votes else None
        if first is None:
            return Finding(criterion=criterion.id, verdict="not_judged", reason="None of the panel gave a finding for it.")
        reasons = dict.fromkeys(each.finding.reason for each in votes)
        if len(reasons) == 1:
            return first
        return first.model_copy(update={"reason": _short(f"None of the panel gave a usable answer. {first.reason}".strip())})

    def _named(self, seats: Sequence[_Seat]) -> str:
        """Name the seats by their members, with how many of a member's repeats where it has several."""
        names = self.members
        counts = Counter(seat.member for seat in seats)
        return ", ".join(
            f"{names[member]} ({count} of {self._repeats[member]})" if self._repeats[member] > 1 else names[member]
            for member, count in sorted(counts.items())
        )


async def _read(judge: Judge, transcript: Transcript, rubrics: Sequence[Rubric], *, at_once: bool) -> list[Judgement]:
    if at_once and isinstance(judge, Together):
        return await judge.judge_together(transcript, rubrics)
    return [await judge.judge(transcript, rubric) for rubric in rubrics]


async def _all(coming: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Wait for all at the same time; where one raises, end the others."""
    tasks = [asyncio.create_task(each) for each in coming]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


def _paid(judgement: Judgement) -> Judgement:
    """Return an answer whose cost has been told."""
    return replace(judgement, usage=Usage())


def _rating(name: str, repeat: int, rubric: Rubric, judgement: Judgement) -> Rating:
    if judgement.failure:
        return Rating(judge=name, repeat=repeat, status="failed", reason=judgement.failure)
    result = score(rubric, judgement.findings)
    verdicts = {each.criterion: each.verdict for each in judgement.findings if usable(each)}
    return Rating(
        judge=name,
        repeat=repeat,
        status=result.status,
        level=result.level,
        score=result.score,
        verdicts=verdicts,
        reason=result.reason,
    )


def _weight(camp: Sequence[_Vote]) -> Fraction:
    return sum((each.seat.vote for each in camp), Fraction(0))


def _evidence(camp: Sequence[_Vote]) -> tuple[Evidence, ...]:
    """Return the words the camp rests on, one of each member's in turn; of words within others, those that came first."""
    kept: list[Evidence] = []
    longest = max(len(each.finding.evidence) for each in camp)
    for at in range(longest):
        for each in camp:
            if at < len(each.finding.evidence) and len(kept) < MAX_EVIDENCE:
                new = each.finding.evidence[at]
                if not any(old.turn == new.turn and (old.quote in new.quote or new.quote in old.quote) for old in kept):
                    kept.append(new)
    return tuple(sorted(kept, key=lambda each: each.turn))


def _short(text: str) -> str:
    return text if len(text) <= MAX_REASON_CHARS else text[: MAX_REASON_CHARS - 1].rstrip() + "…"
