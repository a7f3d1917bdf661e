"""What a report says, part by part: numbers with their intervals, and the samples of words they can be traced to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from simulator.analysis.intervals import Share, wilson
from simulator.analysis.panel import Disagreement, RubricAgreement
from simulator.analysis.report.comparing import LEVELS, Difference, difference, mean_level, median_level
from simulator.analysis.report.groups import NOT_KNOWN, comparable
from simulator.analysis.report.tally import Counts, Series, SeriesTally, Shown, ShownGrade
from simulator.analysis.resampling import LEAST_UNITS, Figure
from simulator.domain.grade import Outcome, Usage
from simulator.domain.rubric import Rubric
from simulator.domain.text import clean

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
FEW = 30
"""Grades below which a group is marked as small."""
FEWEST = 5
"""Grades below which a group may point to single people."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something has no level or verdict, how often, and a few transcripts of which that is so."""

    text: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Levels:
    """How levels are spread: the number of each, and mean and median of all."""

    counts: Mapping[int, int]
    mean: Figure
    median: float | None

    @property
    def n(self) -> int:
        """How many grades have a level."""
        return sum(self.counts.values())

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        counts = {str(level): self.counts.get(level, 0) for level in LEVELS}
        return {"levels": counts, "mean": self.mean.as_json(), "median": self.median}


def levels_of(counts: Counts) -> Levels:
    """Return how the levels of counted grades are spread."""
    return Levels({level: counts.levels[level] for level in LEVELS}, mean_level(counts.levels), median_level(counts.levels))


@dataclass(frozen=True)
class Sample:
    """Findings of one outcome that are shown, and how many there are."""

    anchor: str
    outcome: Outcome
    count: int
    shown: tuple[Shown, ...]


@dataclass(frozen=True)
class CriterionPart:
    """One criterion: what came of it, how often it was met where it counted, and its findings."""

    anchor: str
    id: str
    asks: str
    weight: float | None
    cap: int | None
    outcomes: Mapping[Outcome, int]
    met: Share
    groups: Mapping[str, Share]
    not_judged: tuple[Reason, ...]
    samples: tuple[Sample, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        groups = {"groups": {name: each.as_json() for name, each in self.groups.items()}} if self.groups else {}
        reasons = {"not_judged_reasons": {each.text: each.count for each in self.not_judged}} if self.not_judged else {}
        outcomes: dict[str, int] = dict(self.outcomes)  # type: ignore[arg-type]
        return {"criterion": self.id, **outcomes, "met_of_counted": self.met.as_json(), **groups, **reasons}


@dataclass(frozen=True)
class GroupPart:
    """One group of transcripts: how it was graded, and how it differs from the others."""

    name: str
    grades: int
    levels: Levels
    difference: Difference | None

    @property
    def warning(self) -> str:
        """What to bear in mind where there are few."""
        if 0 < self.levels.n < FEWEST:
            return "very few: may point to single people"
        if self.levels.n < LEAST_UNITS:
            return "too few for an interval" if self.levels.n else ""
        return "few" if self.levels.n < FEW else ""

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        against = self.difference
        more = {"difference": {"against": against.against, **against.figure.as_json()}} if against is not None else {}
        return {"group": self.name, "grades": self.grades, **self.levels.as_json(), **more}


@dataclass(frozen=True)
class SeriesPart:
    """One rubric by one judge. ``disagreeing`` is in how many conversations a panel's members disagree on anything."""

    anchor: str
    series: Series
    statuses: Mapping[str, int]
    levels: Levels
    criteria: tuple[CriterionPart, ...]
    groups: tuple[GroupPart, ...]
    grades: Mapping[tuple[str, int | None], tuple[ShownGrade, ...]]
    not_scored: tuple[Reason, ...]
    failed: tuple[Reason, ...]
    panel: RubricAgreement | None
    disagreements: tuple[Disagreement, ...]
    disagreeing: int
    usage: Usage

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        out: dict[str, Any] = {
            "judge": self.series.judge, "rubric_version": self.series.rubric_version, "made_with": self.series.made_with,
            **{status: self.statuses.get(status, 0) for status in ("scored", "not_scored", "failed")},
            **self.levels.as_json(), "criteria": [each.as_json() for each in self.criteria],
        }  # fmt: skip
        if self.groups:
            out["groups"] = [each.as_json() for each in self.groups]
        for name, reasons in (("not_scored_reasons", self.not_scored), ("failed_reasons", self.failed)):
            if reasons:
                out[name] = {each.text: each.count for each in reasons}
        if self.panel is not None:
            out["panel"] = self.panel.as_json()
        return out


@dataclass(frozen=True)
class RubricPart:
    """One rubric, as each judge that was asked answered it."""

    anchor: str
    id: str
    title: str
    rubric: Rubric | None
    series: tuple[SeriesPart, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"rubric": self.id, "title": self.title, "judges": [each.as_json() for each in self.series]}


@dataclass
class Numbers:
    """How parts are made: the groups in their order, and how many differences the whole report draws."""

    groups: Sequence[str] = ()
    comparisons: int = field(default=1)


def rubric_part(number: int, tallies: Sequence[SeriesTally], how: Numbers) -> RubricPart:
    """Return the part of one rubric from its counted series."""
    rubric = next((each.rubric for each in tallies if each.rubric is not None), None)
    name = clean(tallies[0].series.rubric, keep_newlines=False)
    parts = tuple(_series(f"r{number}s{at}", each, how) for at, each in enumerate(tallies, 1))
    return RubricPart(f"r{number}", name, rubric.title if rubric else name, rubric, parts)


def comparisons_of(tally: SeriesTally) -> int:
    """Return how many differences between groups the part of a series will draw an interval for."""
    own = _own(tally)
    large = [name for name in own if tally.groups[name].levels.total() >= LEAST_UNITS]
    return int(len(large) == 2) if len(own) == 2 else len(large)


def _own(tally: SeriesTally) -> list[str]:
    return [name for name, counts in tally.groups.items() if comparable(name) and counts.levels]


def _series(anchor: str, tally: SeriesTally, how: Numbers) -> SeriesPart:
    whole = tally.whole
    ids = list(dict.fromkeys([*(each.id for each in tally.rubric.criteria if each.id in whole.criteria), *whole.criteria])
               if tally.rubric else whole.criteria)  # fmt: skip
    groups = [name for name in how.groups if name in tally.groups]
    shown: dict[tuple[str, int | None], list[ShownGrade]] = {}
    for (status, level, _), sample in tally.grades.items():
        shown.setdefault((status, level), []).extend(sample)
    return SeriesPart(
        anchor=anchor,
        series=tally.series,
        statuses=dict(whole.statuses),
        levels=levels_of(whole),
        criteria=tuple(_criterion(f"{anchor}-c{at}", each, tally, groups) for at, each in enumerate(ids, 1)),
        groups=tuple(_group(name, tally, how) for name in groups),
        grades={at: tuple(sorted(each, key=lambda one: one.key)) for at, each in shown.items()},
        not_scored=_reasons(tally.not_scored.most_common()),
        failed=_reasons(tally.failed.most_common()),
        panel=_panel(tally),
        disagreements=tuple(each for found in tally.disagreements for each in found),
        disagreeing=tally.disagreements.count,
        usage=tally.usage,
    )


def _reasons(found: Sequence[tuple[str, int, list[str]]]) -> tuple[Reason, ...]:
    return tuple(Reason(text, count, tuple(clean(each, keep_newlines=False) for each in ids)) for text, count, ids in found)


def _panel(tally: SeriesTally) -> RubricAgreement | None:
    found = tally.panel.result() if tally.panel is not None else []
    return found[0] if found else None


def _criterion(anchor: str, criterion_id: str, tally: SeriesTally, groups: Sequence[str]) -> CriterionPart:
    counts = tally.whole.criteria[criterion_id]
    defined = tally.rubric.criterion(criterion_id) if tally.rubric else None
    name = clean(criterion_id, keep_newlines=False)
    reasons = tally.not_judged.get(criterion_id)
    return CriterionPart(
        anchor=anchor,
        id=name,
        asks=defined.asks if defined else name,
        weight=defined.weight if defined else None,
        cap=defined.cap_when_not_met if defined else None,
        outcomes={outcome: counts[outcome] for outcome in OUTCOMES},
        met=_met(counts),
        groups={name: _met(tally.groups[name].criteria[criterion_id]) for name in groups},
        not_judged=_reasons(reasons.most_common()) if reasons else (),
        samples=tuple(_sample(f"{anchor}-{outcome}", criterion_id, outcome, counts[outcome], tally) for outcome in OUTCOMES),
    )


def _met(counts: Mapping[Outcome, int]) -> Share:
    met = counts.get("met", 0)
    return wilson(met, met + counts.get("not_met", 0))


def _sample(anchor: str, criterion_id: str, outcome: Outcome, count: int, tally: SeriesTally) -> Sample:
    found: list[Shown] = []
    for (criterion, what, _), sample in tally.findings.items():
        if (criterion, what) == (criterion_id, outcome):
            found.extend(sample)
    return Sample(anchor, outcome, count, tuple(sorted(found, key=lambda each: each.key)))


def _group(name: str, tally: SeriesTally, how: Numbers) -> GroupPart:
    counts = tally.groups[name]
    return GroupPart(name, counts.grades, levels_of(counts), _differs(name, tally, how))


def _differs(name: str, tally: SeriesTally, how: Numbers) -> Difference | None:
    """Return how a group differs from all others; of two groups only the second, from the first."""
    own = [each for each in how.groups if each in _own(tally)]
    if name not in own or len(own) < 2 or (len(own) == 2 and name == own[0]):
        return None
    others = [each for each in tally.groups if each not in (name, NOT_KNOWN)]
    against = own[0] if len(own) == 2 else "all others"
    chosen = [own[0]] if len(own) == 2 else others
    rest: dict[int, int] = {level: sum(tally.groups[each].levels[level] for each in chosen) for level in LEVELS}
    return difference(name, tally.groups[name].levels, against, rest, comparisons=max(1, how.comparisons))


def usage_total(parts: Sequence[RubricPart]) -> Usage:
    """Return the tokens that all grades of the report took together."""
    total = Usage()
    for each in (one.usage for part in parts for one in part.series):
        for name in ("input_tokens", "output_tokens", "cached_tokens", "calls"):
            setattr(total, name, getattr(total, name) + getattr(each, name))
        total.estimated = total.estimated or each.estimated
    return total
