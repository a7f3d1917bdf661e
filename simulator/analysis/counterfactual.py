"""Does a grade depend on who the people are? The same transcripts, graded with other people in them.

Each transcript is graded as it is and with everybody's gender or name swapped, by the same judge against the same rubric. What
moved is counted, with an interval: levels, and verdicts by criterion. A language model does not answer alike twice, so what it
makes of the unchanged transcript a second time (the *control*) is the yardstick: only what moves more than that is telling.

Source of the method: counterfactual evaluation (Garg et al. 2019, "Counterfactual Fairness in Text Classification"; Kusner et
al. 2017, "Counterfactual Fairness"). Intervals of shares are Wilson's (1927, J. Am. Stat. Assoc. 22: 209-212).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from simulator.analysis.intervals import Share, wilson
from simulator.analysis.resampling import Figure, Numbers, bootstrap
from simulator.batch.outage import StopRunError
from simulator.domain.errors import FinelineError
from simulator.domain.grade import Finding, Grade
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.grade import grade
from simulator.grading.judges.protocol import Judge
from simulator.language.swapping import Gender, Swapped, Way, swap
from simulator.models.errors import HOPELESS

Towards = Literal["feminine", "masculine", "mixed"]
MOST_KEPT = 200
"""Moved grades that are kept to be shown; the counts go on."""


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict that changed, and the words either side of it rested on (``""`` where it rested on none)."""

    criterion: str
    before: str
    after: str
    quote_before: str = ""
    quote_after: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """One grade that moved: levels before and after (``None`` where not scored), and the criteria whose verdicts changed."""

    transcript: str
    rubric: str
    before: int | None
    after: int | None
    verdicts: tuple[Change, ...]
    towards: Towards | None

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        changed = [asdict(each) for each in self.verdicts]
        return {
            "transcript": self.transcript, "rubric": self.rubric, "level_before": self.before, "level_after": self.after,
            "verdicts": changed, **({"towards": self.towards} if self.towards else {}),
        }  # fmt: skip


@dataclass
class Compared:
    """How one rubric's grades moved. ``steps`` counts level changes (after minus before) by what the swap made of people."""

    rubric: str
    levels: int = 0
    levels_moved: int = 0
    verdicts: int = 0
    verdicts_moved: int = 0
    scored_or_not: int = 0
    """Grades that were scored before and not after, or the other way round."""
    steps: Counter[tuple[Towards | None, int]] = field(default_factory=Counter)
    by_criterion: Counter[str] = field(default_factory=Counter)

    def add(self, before: Grade, after: Grade, towards: Towards | None) -> Moved | None:
        """Count a pair of grades; return what moved, or ``None``."""
        changed = _changed(before, after)
        self.verdicts += len(before.findings)
        self.verdicts_moved += len(changed)
        self.by_criterion.update(each.criterion for each in changed)
        if before.level is not None and after.level is not None:
            self.levels += 1
            step = after.level - before.level
            self.levels_moved += step != 0
            self.steps[towards, step] += 1
        elif before.status != after.status:
            self.scored_or_not += 1
        if not changed and before.level == after.level:
            return None
        return Moved(before.transcript, before.rubric, before.level, after.level, changed, towards)

    def mean_step(self, towards: Towards | None) -> Figure:
        """Return the mean change of level where the swap made people so, with a bootstrap interval over transcripts."""
        steps = sorted((step, count) for (way, step), count in self.steps.items() if way == towards)
        values = np.array([step for step, _ in steps], float)

        def mean(weights: Numbers) -> Numbers:
            return np.asarray(weights @ values / weights.sum(axis=1))

        return bootstrap(mean, np.array([count for _, count in steps], np.int64), undefined="no grades to compare")


def _changed(before: Grade, after: Grade) -> tuple[Change, ...]:
    now = {each.criterion: each for each in after.findings}
    pairs = [(each, now[each.criterion]) for each in before.findings if each.criterion in now]
    return tuple(
        Change(was.criterion, _said(was), _said(is_now), _quote(was), _quote(is_now))
        for was, is_now in pairs
        if _said(was) != _said(is_now)
    )


def _quote(finding: Finding) -> str:
    return finding.evidence[0].quote if finding.evidence else ""


def _said(finding: Finding) -> str:
    """Return a verdict as it counts: one without words to show for it does not."""
    claims = finding.verdict in ("met", "not_met")
    return "unsubstantiated" if claims and not finding.counted else finding.verdict


@dataclass
class SwapAudit:
    """What an audit found. ``control`` is empty where the judge always answers alike."""

    way: Way
    judge: str
    transcripts: int = 0
    nothing_to_swap: int = 0
    failed: int = 0
    swapped: dict[str, Compared] = field(default_factory=dict)
    control: dict[str, Compared] = field(default_factory=dict)
    moved: list[Moved] = field(default_factory=list)
    more_moved: int = 0
    names_kept: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def shares(self, rubric: str) -> tuple[Share, Share]:
        """Return the share of levels and of verdicts that moved, each with its interval."""
        found = self.swapped[rubric]
        return wilson(found.levels_moved, found.levels), wilson(found.verdicts_moved, found.verdicts)

    def as_json(self) -> dict[str, Any]:
        """Return plain data: counts, shares with intervals, mean level changes, and the grades that moved."""
        return {
            "swap": self.way,
            "judge": self.judge,
            "transcripts": self.transcripts,
            "nothing_to_swap": self.nothing_to_swap,
            "failed": self.failed,
            "failures": dict(self.reasons),
            "rubrics": {rubric: self._rubric(rubric) for rubric in self.swapped},
            "moved": [each.as_json() for each in self.moved],
            "moved_not_listed": self.more_moved,
            "names_not_swapped": dict(self.names_kept.most_common(20)),
        }

    def _rubric(self, rubric: str) -> dict[str, Any]:
        found = self.swapped[rubric]
        levels, verdicts = self.shares(rubric)
        steps = {way: found.mean_step(way).as_json() for way in self.directions(rubric)}
        out: dict[str, Any] = {
            "levels_moved": levels.as_json(),
            "verdicts_moved": verdicts.as_json(),
            "scored_or_not_changed": found.scored_or_not,
            "mean_level_change": steps,
            "verdicts_moved_by_criterion": dict(found.by_criterion.most_common()),
        }
        if rubric in self.control:
            base = self.control[rubric]
            out["control"] = {
                "levels_moved": wilson(base.levels_moved, base.levels).as_json(),
                "verdicts_moved": wilson(base.verdicts_moved, base.verdicts).as_json(),
            }
        return out

    def directions(self, rubric: str) -> list[Towards | None]:
        """Return what the swaps made of people, where it can be told, in a fixed order."""
        order: list[Towards | None] = ["feminine", "masculine", "mixed", None]
        return [way for way in order if any(step == way for step, _ in self.swapped[rubric].steps)]


def with_others(transcript: Transcript, way: Way) -> tuple[Transcript, Swapped]:
    """Return the transcript with other people in it, under the same id, and what was swapped.

    What was heard and felt when it was made is left out: it belongs to the words as they were.
    """
    names = [transcript.identity] if transcript.identity else []
    found = swap([turn.text for turn in transcript.turns], way, names)
    turns = [_unheard(turn).model_copy(update={"text": text}) for turn, text in zip(transcript.turns, found.texts, strict=True)]
    identity = swap([transcript.identity], way, names).texts[0] if transcript.identity else None
    return transcript.model_copy(update={"turns": turns, "identity": identity}), found


def _unheard(turn: Turn) -> Turn:
    return turn.model_copy(update={"behaviours": (), "moved": (), "state": None})


def _towards(towards: Iterable[tuple[Gender, int]]) -> Towards:
    """Return whom a swap made of the people: of one gender where three quarters of the changed words are of it."""
    counts = dict(towards)
    total = sum(counts.values())
    for gender, count in counts.items():
        if count >= 0.75 * total:
            return gender
    return "mixed"


async def swap_audit(
    transcripts: Iterator[Transcript],
    rubrics: Sequence[Rubric],
    judge: Judge,
    way: Way,
    *,
    control: bool = False,
    concurrency: int = 1,
    on_done: Callable[[SwapAudit], None] | None = None,
    stop: asyncio.Event | None = None,
) -> SwapAudit:
    """Grade every transcript as it is and with other people in it, and count what moved.

    ``control`` grades the unchanged one twice. At most ``concurrency`` transcripts are under way. A transcript in which nobody
    can be told is counted and not graded. A grade that failed on either side is counted as failed and compared with nothing.
    When ``stop`` is set, nothing new is begun. Raises :class:`StopRunError` for what would meet every call (a wrong key).
    """
    audit = SwapAudit(way, judge.name)
    for rubric in rubrics:
        audit.swapped[rubric.id] = Compared(rubric.id)
        if control:
            audit.control[rubric.id] = Compared(rubric.id)

    async def one(transcript: Transcript) -> None:
        other, found = with_others(transcript, way)
        audit.names_kept.update(found.kept)
        if not found.changes:
            audit.nothing_to_swap += 1
            return
        towards = _towards(found.towards.items()) if way == "gender" else None
        plain = transcript.model_copy(update={"turns": [_unheard(turn) for turn in transcript.turns]})
        for rubric in rubrics:
            reads = [
                grade(plain, rubric, judge),
                grade(other, rubric, judge),
                *([grade(plain, rubric, judge)] if control else []),
            ]
            before, after, *again = await asyncio.gather(*reads)
            wrong = next((each for each in (before, after, *again) if each.status == "failed"), None)
            if wrong is not None and wrong.kind in HOPELESS:
                raise StopRunError(wrong.reason)
            if wrong is not None:
                audit.failed += 1
                audit.reasons[wrong.reason] += 1
                continue
            moved = audit.swapped[rubric.id].add(before, after, towards)
            for each in again:
                audit.control[rubric.id].add(before, each, towards)
            if moved is not None and len(audit.moved) < MOST_KEPT:
                audit.moved.append(moved)
            elif moved is not None:
                audit.more_moved += 1

    async def work() -> None:
        # The workers draw from the one iterator, so that no more are read than are under way.
        for transcript in transcripts:
            if stop is not None and stop.is_set():
                return
            audit.transcripts += 1
            await one(transcript)
            if on_done is not None:
                on_done(audit)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, concurrency)):
                group.create_task(work())
    except* FinelineError as errors:
        raise errors.exceptions[0] from None
    audit.moved.sort(key=lambda each: (each.rubric, each.transcript))
    return audit
