"""Counting grades as they come: as much memory for a million transcripts as for a hundred."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from simulator.analysis.panel import Disagreement, PanelAgreement
from simulator.analysis.report.sampling import FirstKeys, Strata
from simulator.batch.grades import Result
from simulator.domain.grade import Evidence, Finding, Grade, Outcome, Usage
from simulator.domain.rubric import Rubric
from simulator.domain.text import clean

MOST_REASONS = 500
OTHER_REASONS = "Other reasons"
EXAMPLES = 3
MOST_DISAGREEMENTS = 12


@dataclass(frozen=True, order=True)
class Series:
    """Grades that can be counted together: one rubric as it was defined, by one judge as it was.

    ``made_with`` is the version of the judge's prompt or detector.
    """

    rubric: str
    rubric_version: str
    judge: str
    made_with: str


def series_of(grade: Grade) -> Series:
    """Return the series a grade belongs to."""
    versions = grade.versions
    return Series(grade.rubric, versions.rubric or "", grade.judge, versions.prompt or versions.detector or "")


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding that is shown with its words. ``level`` is that of its grade, where it was scored."""

    transcript: str
    criterion: str
    outcome: Outcome
    evidence: tuple[Evidence, ...]
    reason: str
    level: int | None
    group: str | None
    key: str


@dataclass(frozen=True, slots=True)
class ShownGrade:
    """A grade that is shown with all its findings."""

    transcript: str
    status: str
    level: int | None
    reason: str
    findings: tuple[Finding, ...]
    group: str | None
    key: str


@dataclass
class Counts:
    """What grades came to: statuses, levels 1–5, and of each criterion the outcomes."""

    statuses: Counter[str] = field(default_factory=Counter)
    levels: Counter[int] = field(default_factory=Counter)
    criteria: defaultdict[str, Counter[Outcome]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, grade: Grade) -> None:
        """Count a grade."""
        self.statuses[grade.status] += 1
        if grade.status == "scored" and grade.level is not None:
            self.levels[grade.level] += 1
        for finding in grade.findings:
            self.criteria[finding.criterion][finding.outcome] += 1

    @property
    def grades(self) -> int:
        """How many grades there are, of whatever status."""
        return self.statuses.total()


class Reasons:
    """How often each reason was given, with a few transcripts as examples; beyond many different ones counted together."""

    def __init__(self) -> None:
        self._found: dict[str, FirstKeys[str]] = {}

    def add(self, reason: str, key: str, transcript: str) -> None:
        """Count a reason."""
        if reason not in self._found and len(self._found) >= MOST_REASONS:
            reason = OTHER_REASONS
        examples = self._found.setdefault(reason, FirstKeys(EXAMPLES))
        if examples.wants(key):
            examples.keep(key, transcript)

    def most_common(self) -> list[tuple[str, int, list[str]]]:
        """Return reasons, their numbers and examples, the most frequent first."""
        found = [(reason, each.count, list(each)) for reason, each in self._found.items()]
        return sorted(found, key=lambda each: (each[0] == OTHER_REASONS, -each[1], each[0]))

    def __bool__(self) -> bool:
        return bool(self._found)


class SeriesTally:
    """Everything counted of one series. ``last`` is the place of its last grade among all that were read."""

    def __init__(self, series: Series, rubric: Rubric | None, *, findings: int, grades: int) -> None:
        self.series = series
        self.rubric = rubric
        self.whole = Counts()
        self.groups: defaultdict[str, Counts] = defaultdict(Counts)
        self.last = 0
        self.usage = Usage()
        self.not_scored = Reasons()
        self.failed = Reasons()
        self.not_judged: defaultdict[str, Reasons] = defaultdict(Reasons)
        # Strata: criterion, outcome and group; status, level and group.
        self.findings: Strata[tuple[str, Outcome, str | None], Shown] = Strata(findings)
        self.grades: Strata[tuple[str, int | None, str | None], ShownGrade] = Strata(grades)
        self._transcripts = array("q")
        self.panel = PanelAgreement([rubric], series.judge) if rubric is not None else None
        self.disagreements: FirstKeys[list[Disagreement]] = FirstKeys(MOST_DISAGREEMENTS)

    @property
    def again(self) -> int:
        """How many grades are of transcripts that have another grade of other words here: 8 bytes of memory a grade."""
        import numpy as np

        names = np.sort(np.frombuffer(self._transcripts, np.int64))
        return int(np.count_nonzero(names[1:] == names[:-1]))

    def add(self, result: Result, group: str | None) -> None:
        """Count a grade, and keep what belongs to the samples."""
        grade = result.grade
        self._transcripts.append(hash(grade.transcript))
        self.whole.add(grade)
        if group is not None:
            self.groups[group].add(grade)
        usage = grade.usage
        for name in ("input_tokens", "output_tokens", "cached_tokens", "calls"):
            setattr(self.usage, name, getattr(self.usage, name) + getattr(usage, name))
        self.usage.estimated = self.usage.estimated or usage.estimated
        if grade.status != "scored":
            reasons = self.failed if grade.status == "failed" else self.not_scored
            reasons.add(clean(grade.reason, keep_newlines=False) or "No reason was given", result.key, grade.transcript)
        if grade.ratings and self.panel is not None:
            self._count_panel(result)
        self._sample(result, group)

    def _sample(self, result: Result, group: str | None) -> None:
        grade, key = result.grade, result.key
        level = grade.level if grade.status == "scored" else None
        sample = self.grades[grade.status, level, group]
        if sample.wants(key):
            sample.keep(key, ShownGrade(grade.transcript, grade.status, level, grade.reason, grade.findings, group, key))
        for finding in grade.findings:
            outcome = finding.outcome
            shown = self.findings[finding.criterion, outcome, group]
            if shown.wants(key):
                shown.keep(
                    key,
                    Shown(grade.transcript, finding.criterion, outcome, finding.evidence, finding.reason, level, group, key),
                )
            if outcome == "not_judged":
                reason = clean(finding.reason, keep_newlines=False) or "No reason was given"
                self.not_judged[finding.criterion].add(reason, key, grade.transcript)

    def _count_panel(self, result: Result) -> None:
        if self.panel is None:
            return
        apart = self.panel.add(result.grade.model_dump())
        if apart and self.disagreements.wants(result.key):
            self.disagreements.keep(result.key, apart)


class Tally:
    """All series of a report. ``definitions`` are the rubrics by digest; findings and grades say how large the samples are."""

    def __init__(self, definitions: Mapping[str, Rubric], *, findings: int, grades: int) -> None:
        self._definitions = definitions
        self._sizes = {"findings": findings, "grades": grades}
        self.series: dict[Series, SeriesTally] = {}
        self.read = 0

    def add(self, result: Result, group: str | None = None) -> None:
        """Count a grade."""
        self.read += 1
        series = series_of(result.grade)
        tally = self.series.get(series)
        if tally is None:
            tally = self.series[series] = SeriesTally(series, self._definitions.get(series.rubric_version), **self._sizes)
        tally.last = self.read
        tally.add(result, group)

    def newest(self, preferred: Iterable[str] = ()) -> list[SeriesTally]:
        """Return of each rubric and judge the series that is now in force: as a run's description has it (the digests
        ``preferred``), or else the one whose grades came last. Rubrics and judges are in the order in which they first came.
        """
        wanted = frozenset(preferred)
        found: dict[tuple[str, str], SeriesTally] = {}
        for each in self.series.values():
            at = (each.series.rubric, each.series.judge)
            before = found.get(at)
            if before is None or (each.series.rubric_version in wanted, each.last) > (
                before.series.rubric_version in wanted,
                before.last,
            ):
                found[at] = each
        return list(found.values())
