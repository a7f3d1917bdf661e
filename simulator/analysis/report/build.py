"""Making a report from results files: two passes over the grades and at most two over the transcripts, whatever their number."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from simulator import __version__
from simulator.analysis.report.groups import Grouping, in_order
from simulator.analysis.report.parts import Numbers, RubricPart, comparisons_of, rubric_part, usage_total
from simulator.analysis.report.passages import Conversations
from simulator.analysis.report.tally import Series, SeriesTally, Tally
from simulator.batch.grades import Contents, Result, contents, read_grades
from simulator.batch.intake import Sessions
from simulator.batch.manifest import RunManifest, load_manifest
from simulator.batch.metadata import Metadata
from simulator.batch.readers import Rejected
from simulator.batch.sources import Source
from simulator.domain.errors import FinelineError, UsageError, unknown
from simulator.domain.grade import Usage
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript

FINDINGS = 20
GRADES = 3
LEAST_OF_A_GROUP = 2
MOST_REJECTED = 50
_TOLD_EVERY = 1000
T = TypeVar("T")
Progress = Callable[[str, int], None]
"""Is told what is being read (``"grades"`` or ``"transcripts"``) and how many have been."""


@dataclass(frozen=True)
class Wanted:
    """What a report is to have in it.

    ``findings`` of each criterion and outcome are shown with their words, and ``grades`` of each level; more exist in large
    runs. ``by`` is a key of the transcripts to compare groups by. ``every_version`` shows grades by older definitions too.
    """

    rubrics: Sequence[str] = ()
    by: str | None = None
    findings: int = FINDINGS
    grades: int = GRADES
    every_version: bool = False


@dataclass(frozen=True)
class Ran:
    """A results file and what its run says of itself, if it does."""

    path: str
    manifest: RunManifest | None


@dataclass(frozen=True)
class Older:
    """Grades that are not in the report, because newer ones of the same rubric and judge are."""

    series: Series
    grades: int


@dataclass
class Report:
    """Everything a report says."""

    runs: tuple[Ran, ...]
    seen: Contents
    parts: tuple[RubricPart, ...]
    older: tuple[Older, ...]
    by: str | None
    groups: tuple[str, ...]
    folded: int
    comparisons: int
    conversations: Conversations
    sources: tuple[str, ...]
    missing: str
    rejected: tuple[Rejected, ...]
    rejected_count: int
    wanted: Wanted
    usage: Usage = field(default_factory=Usage)
    again: int = 0
    """How many grades are of a transcript that has another one, of other words, by the same rubric and judge."""

    def as_json(self) -> dict[str, Any]:
        """Return all numbers of the report as plain data, without anybody's words."""
        return {
            "fineline": __version__,
            "results": [each.path for each in self.runs],
            "runs": [each.manifest.model_dump(mode="json", exclude={"rubrics"}) if each.manifest else None for each in self.runs],
            "transcripts": self.seen.transcripts,
            "grades": self.seen.records - self.seen.repeated - self.rejected_count,
            "repeated": self.seen.repeated,
            "of_other_words": self.again,
            "rejected": self.rejected_count,
            "older": [
                {"rubric": each.series.rubric, "rubric_version": each.series.rubric_version, "judge": each.series.judge,
                 "made_with": each.series.made_with, "grades": each.grades}
                for each in self.older
            ],
            "by": self.by,
            "comparisons": self.comparisons,
            "rubrics": [each.as_json() for each in self.parts],
            "usage": self.usage.model_dump(),
        }  # fmt: skip


def build(
    results: Sequence[Path],
    wanted: Wanted,
    sources: Sequence[Source],
    library: Mapping[str, Rubric],
    *,
    sessions: Sessions | None = None,
    told: Callable[[Rejected], None] = lambda each: None,
    progress: Progress = lambda what, count: None,
) -> Report:
    """Read results and make their report. ``sources`` are where the transcripts are, ``library`` rubrics by their digest.

    ``sessions`` gives the app's own conversations. ``told`` hears of each line that is no grade, and ``progress`` now and then
    of what is being read and how much of it has been. Raises :class:`UsageError` where there are no grades, a rubric has none,
    or no transcript has the key to compare by; and what readers raise.
    """
    runs = tuple(Ran(str(path), load_manifest(path)) for path in results)
    definitions = {**library, **_definitions(runs)}
    seen = contents(results)
    reads = _Transcripts(sources, sessions, progress)
    with ExitStack() as stack:
        grouping = _grouping(wanted, reads, stack, results)
        groups = len(grouping.names) if grouping else 0
        sizes = {"findings": _size(wanted.findings, groups), "grades": _size(wanted.grades, groups)}
        tally = Tally(definitions, **sizes)
        rejected = _Rejects(told)
        grades = _counted(read_grades(results, seen), "grades", progress)
        for each in _kept(rejected.passing(grades), wanted):
            tally.add(each, grouping.of(each.grade.transcript) if grouping else None)
        names = _names(grouping, tally)
    if not tally.series:
        raise _nothing(results, wanted, rejected)
    chosen = list(tally.series.values()) if wanted.every_version else tally.newest(_digests(runs))
    comparisons = sum(map(comparisons_of, chosen))
    parts = _parts(chosen, Numbers(names, comparisons))
    conversations, missing = _conversations(parts, reads)
    kept = {each.series for each in chosen}
    return Report(
        runs=runs,
        seen=seen,
        parts=parts,
        older=tuple(Older(each.series, each.whole.grades) for each in tally.series.values() if each.series not in kept),
        by=wanted.by,
        groups=tuple(names),
        folded=grouping.folded if grouping else 0,
        comparisons=comparisons,
        conversations=conversations,
        sources=tuple(path for each in sources for path in each.paths),
        missing=missing,
        rejected=tuple(rejected.kept),
        rejected_count=rejected.count,
        wanted=wanted,
        usage=usage_total(parts),
        again=sum(each.again for each in chosen),
    )


def _size(most: int, groups: int) -> int:
    """Return how many of a group are shown, so that all groups together come to about as many as without groups."""
    return most if not groups else min(most, max(LEAST_OF_A_GROUP, math.ceil(most / groups)))


def _definitions(runs: Sequence[Ran]) -> dict[str, Rubric]:
    found: dict[str, Rubric] = {}
    for manifest in (each.manifest for each in runs if each.manifest is not None):
        for used in manifest.rubrics:
            try:
                rubric = Rubric.model_validate(used.definition)
            except ValidationError:
                # By another version of Fineline: its grades are counted, and shown without the definition.
                continue
            found[used.digest] = rubric
    return found


def _digests(runs: Sequence[Ran]) -> list[str]:
    return [used.digest for each in runs if each.manifest is not None for used in each.manifest.rubrics]


def _grouping(wanted: Wanted, reads: _Transcripts, stack: ExitStack, results: Sequence[Path]) -> Grouping | None:
    if wanted.by is None:
        return None
    if not reads:
        raise UsageError(f"It is not known which transcripts {results[0]} was made from.", hint="Say it with --transcripts PATH.")
    metadata = stack.enter_context(Metadata([wanted.by]))
    metadata.gather(reads.all())
    return Grouping(wanted.by, metadata)


def _names(grouping: Grouping | None, tally: Tally) -> list[str]:
    if grouping is None:
        return []
    return in_order(grouping, {name for each in tally.series.values() for name in each.groups})


class _Transcripts:
    """The transcripts that were graded, as often as they are asked for."""

    def __init__(self, sources: Sequence[Source], sessions: Sessions | None, progress: Progress) -> None:
        self._sources = sources
        self._sessions = sessions
        self._progress = progress

    def __bool__(self) -> bool:
        return bool(self._sources)

    def all(self) -> Iterator[Transcript | Rejected]:
        """Read them."""
        read = (each for source in self._sources for each in source.transcripts(self._sessions))
        return _counted(read, "transcripts", self._progress)


def _counted(records: Iterator[T], what: str, progress: Progress) -> Iterator[T]:
    for count, each in enumerate(records):
        if count % _TOLD_EVERY == 0:
            progress(what, count)
        yield each


class _Rejects:
    """Lines that are no grades: the first of them, and how many."""

    def __init__(self, told: Callable[[Rejected], None]) -> None:
        self.kept: list[Rejected] = []
        self.count = 0
        self._told = told

    def passing(self, records: Iterator[Result | Rejected]) -> Iterator[Result]:
        for each in records:
            if not isinstance(each, Rejected):
                yield each
                continue
            self.count += 1
            self._told(each)
            if len(self.kept) < MOST_REJECTED:
                self.kept.append(each)


def _kept(grades: Iterator[Result], wanted: Wanted) -> Iterator[Result]:
    """Yield the grades of the rubrics that are asked for. Raises :class:`UsageError` for a rubric that has none."""
    asked, met = frozenset(wanted.rubrics), dict.fromkeys(wanted.rubrics, 0)
    others: set[str] = set()
    for each in grades:
        name = each.grade.rubric
        if not asked or name in asked:
            yield each
            met[name] = met.get(name, 0) + 1
        elif len(others) < 100:
            others.add(name)
    for name, count in met.items():
        if not count:
            raise unknown("rubric in these results", name, others | {each for each in met if met[each]})


def _nothing(results: Sequence[Path], wanted: Wanted, rejected: _Rejects) -> FinelineError:
    names = ", ".join(map(str, results))
    if rejected.count:
        return UsageError(
            f"There are no grades in {names}: {rejected.kept[0]}.", hint="Results are what 'fineline grade --out' writes."
        )
    return UsageError(f"There are no grades in {names}.", hint="Grade some transcripts first: fineline grade PATH --out FILE.")


def _parts(chosen: Sequence[SeriesTally], how: Numbers) -> tuple[RubricPart, ...]:
    by_rubric: dict[str, list[SeriesTally]] = {}
    for each in chosen:
        by_rubric.setdefault(each.series.rubric, []).append(each)
    return tuple(rubric_part(number, tallies, how) for number, tallies in enumerate(by_rubric.values(), 1))


def _conversations(parts: Sequence[RubricPart], reads: _Transcripts) -> tuple[Conversations, str]:
    """Fetch the conversations that are shown; also return, in words, why there are none."""
    found = Conversations()
    if not reads:
        return found, "It is not known where the transcripts are."
    series = [one for part in parts for one in part.series]
    wanted = {one.transcript for each in series for shown in each.grades.values() for one in shown}
    wanted |= {one.transcript for each in series for part in each.criteria for sample in part.samples for one in sample.shown}
    try:
        found.gather(reads.all(), wanted)
    except FinelineError as error:
        return found, error.message
    return found, ""
