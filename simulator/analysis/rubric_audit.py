"""Auditing a rubric: how it grades conversations of which it is known how they were served, and what each criterion adds.

Scripted trainees (warm, cold, crossing the line, faking …) meet customers, and the built-in judge grades what came of it. A
criterion that never applies, that always comes out the same, or that always says what another says, adds nothing to a level;
levels that do not differ between styles tell nothing. What the author should look at is said; nothing is called wrong that
another rubric could mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import fmean
from typing import Any

from simulator.analysis.trainees import Style, styles
from simulator.conversation.scene import Voice
from simulator.conversation.session import Detector, Session
from simulator.conversation.simulate import run
from simulator.domain.grade import Finding, Grade
from simulator.domain.persona import Persona
from simulator.domain.rubric import Criterion, Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.grade import grade
from simulator.grading.judges.prompt import only_when_broken
from simulator.grading.judges.protocol import Judge

LEAST = 10
"""Conversations in which a criterion must have been counted before "always" is said of it."""
GOOD_STYLES = frozenset({"warm", "chatty"})
POOR_STYLES = frozenset({"cold", "crossing", "faking"})
_LEAST_APART = 1.0
"""Levels that the best and the worst style must be apart, on average, for a rubric to tell them apart."""


@dataclass
class CriterionUse:
    """How one criterion came out, in conversations; ``by_style`` holds (met, counted) of each style."""

    criterion: Criterion
    met: int = 0
    not_met: int = 0
    not_applicable: int = 0
    not_judged: int = 0
    uncounted: int = 0
    capped: Counter[str] = field(default_factory=Counter)
    by_style: dict[str, list[int]] = field(default_factory=dict)
    examples: dict[str, tuple[str, str]] = field(default_factory=dict)
    """A quote for each verdict, with the style whose words they are."""

    @property
    def counted(self) -> int:
        """Conversations in which it was met or not met, with words to show for it where words are needed."""
        return self.met + self.not_met

    def add(self, finding: Finding, style: str, level: int | None) -> None:
        """Count one finding of a grade of this level."""
        if finding.verdict == "not_applicable":
            self.not_applicable += 1
            return
        if finding.verdict == "not_judged":
            self.not_judged += 1
            return
        if not finding.counted:
            self.uncounted += 1
            return
        met = finding.verdict == "met"
        self.met += met
        self.not_met += not met
        tally = self.by_style.setdefault(style, [0, 0])
        tally[0] += met
        tally[1] += 1
        cap = self.criterion.cap_when_not_met
        if not met and cap is not None and level is not None and level <= cap:
            self.capped[style] += 1
        if finding.evidence:
            self.examples.setdefault(finding.verdict, (style, finding.evidence[0].quote))


@dataclass
class RubricAudit:
    """What an audit found: grades by style, the criteria one by one, and what an author should look at."""

    rubric: Rubric
    judge: str
    conversations: int = 0
    levels: dict[str, list[int]] = field(default_factory=dict)
    not_scored: Counter[str] = field(default_factory=Counter)
    criteria: dict[str, CriterionUse] = field(default_factory=dict)
    _together: Counter[tuple[str, str, bool]] = field(default_factory=Counter)

    def add(self, made: Grade, style: str) -> None:
        """Count the grade of a conversation with a trainee of this style."""
        self.conversations += 1
        if made.level is None:
            self.not_scored[style] += 1
        else:
            self.levels.setdefault(style, []).append(made.level)
        counted = {}
        for finding in made.findings:
            self.criteria[finding.criterion].add(finding, style, made.level)
            if finding.counted and finding.verdict in ("met", "not_met"):
                counted[finding.criterion] = finding.verdict
        for one, other in combinations(counted, 2):
            self._together[one, other, counted[one] == counted[other]] += 1

    @property
    def styles(self) -> list[str]:
        """The styles met, in their order."""
        return list(dict.fromkeys([*self.levels, *self.not_scored]))

    def mean(self, style: str) -> float | None:
        """Return the mean level of a style, ``None`` where none was scored."""
        found = self.levels.get(style)
        return fmean(found) if found else None

    def remarks(self) -> list[str]:
        """Return what an author should look at, the most telling first."""
        return [*self._about_styles(), *self._about_criteria(), *self._about_levels()]

    def _about_styles(self) -> Iterable[str]:
        means = {style: mean for style in self.styles if (mean := self.mean(style)) is not None}
        if len(means) > 1:
            best, worst = max(means, key=lambda each: means[each]), min(means, key=lambda each: means[each])
            if means[best] - means[worst] < _LEAST_APART:
                yield f"it hardly tells styles apart: {best} has {means[best]:.1f} on average, {worst} {means[worst]:.1f}"
        for good in sorted(GOOD_STYLES & means.keys()):
            for poor in sorted(POOR_STYLES & means.keys()):
                if means[poor] > means[good]:
                    yield f"the {poor} trainee has more than the {good} one: {means[poor]:.1f} against {means[good]:.1f}"

    def _about_criteria(self) -> Iterable[str]:
        for name, use in self.criteria.items():
            if use.not_judged and not use.counted:
                yield f"{name}: needs a reader; the built-in judge leaves it not judged"
            elif not use.counted and use.not_applicable == self.conversations:
                yield f"{name}: never applied in {self.conversations} conversations"
            elif use.counted >= LEAST and use.met in (0, use.counted) and not only_when_broken(use.criterion):
                outcome = "met" if use.met else "not met"
                yield f"{name}: {outcome} in all {use.counted} conversations in which it counted, so it adds nothing to a level"
            capped = [f"{style} ×{count}" for style, count in use.capped.items() if style in GOOD_STYLES]
            if capped:
                yield f"{name}: its cap holds the level of {', '.join(capped)} down{_quoted(use)}"
        for one, other in combinations(self.criteria, 2):
            same, apart = self._together[one, other, True], self._together[one, other, False]
            varied = 0 < self.criteria[one].met < self.criteria[one].counted
            if same >= LEAST and not apart and varied:
                yield f"{one} and {other} said the same in all {same} conversations in which both counted"

    def _about_levels(self) -> Iterable[str]:
        reached = {level for found in self.levels.values() for level in found}
        never = [str(level) for level in range(1, 6) if level not in reached]
        if never and sum(map(len, self.levels.values())) >= LEAST:
            yield f"never given: level {', '.join(never)}"

    def as_json(self) -> dict[str, Any]:
        """Return the audit as plain data."""
        return {
            "rubric": self.rubric.id,
            "digest": self.rubric.digest,
            "judge": self.judge,
            "conversations": self.conversations,
            "styles": {
                style: {
                    "mean_level": round(mean, 2) if (mean := self.mean(style)) is not None else None,
                    "levels": {str(level): self.levels.get(style, []).count(level) for level in range(1, 6)},
                    "not_scored": self.not_scored[style],
                }
                for style in self.styles
            },
            "criteria": [
                {
                    "id": name,
                    **{key: getattr(use, key) for key in ("met", "not_met", "not_applicable", "not_judged", "uncounted")},
                    "met_by_style": {style: {"met": met, "of": of} for style, (met, of) in use.by_style.items()},
                    "capped": dict(use.capped),
                    "examples": {verdict: {"style": style, "quote": quote} for verdict, (style, quote) in use.examples.items()},
                }
                for name, use in self.criteria.items()
            ],
            "remarks": self.remarks(),
        }


def _quoted(use: CriterionUse) -> str:
    found = use.examples.get("not_met")
    return f", for instance at “{found[1]}”" if found is not None and found[0] in GOOD_STYLES else ""


@dataclass(frozen=True, slots=True)
class Served:
    """A conversation and the style of the trainee who served it."""

    style: str
    transcript: Transcript


async def served(
    personas: Sequence[Persona],
    *,
    voice: Voice,
    detector: Detector,
    plays: int = 1,
    seed: int = 0,
    chosen: Sequence[Style] | None = None,
) -> AsyncIterator[Served]:
    """Yield what comes of every style meeting every persona, in each of its scenarios."""
    for persona in personas:
        for style in chosen if chosen is not None else styles().styles:
            for scenario in persona.scenarios:
                for at in range(plays):
                    identity = persona.identities[(seed + at) % len(persona.identities)]
                    session = Session(persona, scenario, identity, seed=seed + at, voice=voice, detector=detector)
                    yield Served(style.id, await run(session, style.speak(session.transcript, styles().farewells)))


async def audit_rubric(
    rubric: Rubric, conversations: AsyncIterator[Served], judge: Judge, *, on_done: Callable[[int], None] | None = None
) -> RubricAudit:
    """Grade conversations against a rubric and gather how it came out."""
    found = RubricAudit(rubric, judge.name, criteria={each.id: CriterionUse(each) for each in rubric.criteria})
    async for each in conversations:
        found.add(await grade(each.transcript, rubric, judge), each.style)
        if on_done is not None:
            on_done(found.conversations)
    return found
