"""Scoring: arithmetic over counted findings, and nothing else.

Each counted criterion brings its weight; the share of the weight that was met decides the level by the rubric's thresholds;
a criterion with ``cap_when_not_met`` that was not met bounds the level from above. Anyone can redo it: :func:`explain`
writes the sum down.

A level may ask to rest on more than a little (``Rubric.needs``): with fewer quoted turns or counted criteria, the level below
it is the highest, so that one kind exchange is not taken for a skill.

Two rules keep a level from being made of nothing. No counted criterion: not scored. More than half of the weight that
applied (or may have applied) could not be judged or substantiated: not scored either, because a level resting on a sliver
of the rubric would say less than it seems to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.domain.grade import Finding, Status
from simulator.domain.rubric import Criterion, Rubric

# The part of the applicable weight that may stay unread before a level is refused.
MAX_UNREAD_SHARE = 0.5
# Weights are decimal fractions people type; sums of them must not miss a threshold by rounding.
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Score:
    """What the findings add up to: ``level`` 1–5 and ``score`` 0–1 (the met share, before caps) only when scored."""

    status: Status
    level: int | None
    score: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Sum:
    met: tuple[Criterion, ...]
    not_met: tuple[Criterion, ...]
    unread: tuple[tuple[Criterion, str], ...]
    not_applicable: tuple[Criterion, ...]
    turns: int

    @property
    def met_weight(self) -> float:
        return sum(each.weight for each in self.met)

    @property
    def counted_weight(self) -> float:
        return self.met_weight + sum(each.weight for each in self.not_met)

    @property
    def unread_weight(self) -> float:
        return sum(each.weight for each, _ in self.unread)

    @property
    def share(self) -> float:
        return self.met_weight / self.counted_weight

    @property
    def caps(self) -> tuple[tuple[int, Criterion], ...]:
        capping = ((each.cap_when_not_met, each) for each in self.not_met)
        return tuple((cap, each) for cap, each in capping if cap is not None)


def _sum(rubric: Rubric, findings: Sequence[Finding]) -> _Sum:
    """Sort the rubric's criteria by what was found, in the rubric's order whatever the order of the findings."""
    by_id: dict[str, Finding] = {}
    for finding in findings:
        if finding.criterion in by_id:
            raise ValueError(f"two findings for the criterion {finding.criterion!r}")
        by_id[finding.criterion] = finding
    met: list[Criterion] = []
    not_met: list[Criterion] = []
    unread, not_applicable = [], []
    turns: set[int] = set()
    for criterion in rubric.criteria:
        found = by_id.get(criterion.id)
        if found is None:
            unread.append((criterion, "no finding"))
        elif found.verdict == "not_applicable":
            not_applicable.append(criterion)
        elif found.verdict == "not_judged":
            unread.append((criterion, "not judged"))
        elif not found.counted or found.substantiated is False:
            unread.append((criterion, "not substantiated"))
        else:
            (met if found.verdict == "met" else not_met).append(criterion)
            turns.update(each.turn for each in found.evidence)
    return _Sum(tuple(met), tuple(not_met), tuple(unread), tuple(not_applicable), len(turns))


def _by_thresholds(rubric: Rubric, share: float) -> int:
    return 1 + sum(share >= threshold - _TOLERANCE for threshold in rubric.thresholds)


def _thin(rubric: Rubric, total: _Sum, level: int, *, turns_told: bool = True) -> tuple[int, str]:
    """Return the highest level up to ``level`` that the findings are enough for, and what the next one would have needed."""
    wanting = ""
    for reached in range(level, 1, -1):
        needs = rubric.needs.get(reached)
        enough_turns = needs is None or not turns_told or total.turns >= needs.turns
        if needs is None or (enough_turns and len(total.met) + len(total.not_met) >= needs.criteria):
            continue
        # A level is out of reach together with those above it.
        level = reached - 1
        wanting = f"level {reached} takes {_counted(needs.turns, 'turn')} and {_counted(needs.criteria, 'question')}"
    return level, wanting


def _rests_on(total: _Sum, wanting: str) -> str:
    count = len(total.met) + len(total.not_met)
    return f"{total.turns} of your turns and {_counted(count, 'question')} ({wanting})"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _refusal(total: _Sum) -> str:
    """Return why there can be no level, or ``""``."""
    if not total.met and not total.not_met:
        if not total.unread:
            return "Nothing in this conversation called for it."
        return "Nothing that applies could be judged."
    possible = total.counted_weight + total.unread_weight
    if total.unread_weight > possible * MAX_UNREAD_SHARE + _TOLERANCE:
        return f"Only {total.counted_weight:g} of {possible:g} points could be judged and substantiated: too little for a level."
    return ""


def score(rubric: Rubric, findings: Sequence[Finding], *, turns_told: bool = True) -> Score:
    """Add up the findings of one transcript against ``rubric``; their order does not matter.

    A person need not say in which turns they saw it: with ``turns_told=False`` a level does not ask how many turns it rests on.

    Criteria without a finding count as not judged, findings for criteria the rubric does not have are left out.
    Raises ``ValueError`` when a criterion has two findings, which no judge may return.
    """
    total = _sum(rubric, findings)
    if refusal := _refusal(total):
        return Score("not_scored", None, None, refusal)
    level = _by_thresholds(rubric, total.share)
    reason = f"{total.met_weight:g} of {total.counted_weight:g} points met: level {level}."
    lowest = min((cap for cap, _ in total.caps), default=level)
    if lowest < level:
        causes = ", ".join(each.id for cap, each in total.caps if cap == lowest)
        reason = f"{reason[:-1]}, held at {lowest} because of {causes}."
        level = lowest
    enough, wanting = _thin(rubric, total, level, turns_told=turns_told)
    if enough < level:
        reason = f"{reason[:-1]}, held at {enough} because it rests on {_rests_on(total, wanting)}."
        level = enough
    return Score("scored", level, round(total.share, 6), reason)


def explain(rubric: Rubric, findings: Sequence[Finding]) -> str:
    """Return the sum as lines of plain text that can be checked with a pencil."""
    total = _sum(rubric, findings)
    lines = []
    for criterion in rubric.criteria:
        if criterion in total.met:
            lines.append(f"{criterion.weight:g} of {criterion.weight:g}  {criterion.id}: met")
        elif criterion in total.not_met:
            cap = f" (level at most {criterion.cap_when_not_met})" if criterion.cap_when_not_met is not None else ""
            lines.append(f"0 of {criterion.weight:g}  {criterion.id}: not met{cap}")
        elif criterion in total.not_applicable:
            lines.append(f"–       {criterion.id}: not applicable")
        else:
            why = next(why for each, why in total.unread if each == criterion)
            lines.append(f"–       {criterion.id}: {why}, weight {criterion.weight:g} not counted")
    result = score(rubric, findings)
    if result.level is None:
        return "\n".join([*lines, f"= not scored. {result.reason}"])
    bounds = ", ".join(f"{level} from {share:g}" for level, share in enumerate(rubric.thresholds, 2))
    lines.append(f"= {total.met_weight:g} of {total.counted_weight:g} = {total.share:.3f} (levels: 1 below, {bounds})")
    level = _by_thresholds(rubric, total.share)
    held = f"level {level}"
    capped = min((cap for cap, _ in total.caps), default=level)
    if capped < level:
        held += f", held at {capped} by {', '.join(each.id for cap, each in total.caps if cap == capped)}"
        level = capped
    enough, wanting = _thin(rubric, total, level)
    if enough < level:
        held += f", held at {enough} because it rests on {_rests_on(total, wanting)}"
    return "\n".join([*lines, f"= {held}: {rubric.levels[result.level]}"])
