"""The report as one HTML page that needs nothing else: no network, no other file, and no script to be read.

Everything that people, models or files said is escaped by Jinja; the content security policy names the page's own style
and script by their hashes, so that nothing else could run or load even if something got through.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from simulator import __version__
from simulator.analysis.intervals import Share, wilson
from simulator.analysis.report import said
from simulator.analysis.report.build import Report
from simulator.analysis.report.comparing import LEVELS
from simulator.analysis.report.parts import FEW, FEWEST, OUTCOMES, CriterionPart, RubricPart, SeriesPart
from simulator.analysis.report.passages import MOST_QUOTES, Passage, passage, quoted_alone, whole
from simulator.analysis.report.tally import Shown, ShownGrade
from simulator.analysis.resampling import LEAST_UNITS
from simulator.domain.grade import Evidence
from simulator.domain.text import clean

FILES = Path(__file__).parent / "templates"
MOST_CONVERSATIONS = 300
OUTCOME_WORDS = {
    "met": "met", "not_met": "not met", "not_applicable": "not applicable", "not_judged": "not judged",
    "unsubstantiated": "not substantiated",
}  # fmt: skip
OUTCOME_MARKS = {"met": "✓", "not_met": "✗", "not_applicable": "–", "not_judged": "?", "unsubstantiated": "!"}
STATUS_WORDS = {"scored": "scored", "not_scored": "not scored", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Words:
    """The words a finding is shown with, and what has to be said about them. ``claimed`` are quotes that nobody said."""

    passage: Passage
    note: str = ""
    claimed: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation shown from beginning to end."""

    anchor: str
    transcript: str
    passage: Passage


class Page:
    """What the template asks for."""

    def __init__(self, report: Report, made: datetime) -> None:
        self.report = report
        self.made = f"{made:%Y-%m-%d %H:%M} UTC"
        self.version = __version__

    @cached_property
    def judges(self) -> list[str]:
        """The judges' names, in the order in which they come."""
        return list(dict.fromkeys(one.series.judge for part in self.report.parts for one in part.series))

    @cached_property
    def talks(self) -> list[Talk]:
        """The conversations shown in full: those of the grades that are shown first, then those of the findings."""
        wanted: dict[str, None] = {}
        series = [one for part in self.report.parts for one in part.series]
        for each in series:
            wanted.update((one.transcript, None) for shown in each.grades.values() for one in shown)
        for each in series:
            wanted.update((one.transcript, None) for part in each.criteria for sample in part.samples for one in sample.shown)
        shown = list(wanted)[:MOST_CONVERSATIONS]
        held = {id_: talk for id_, talk in self.report.conversations.items() if id_ in set(shown)}
        return [
            Talk(f"t{at}", clean(id_, keep_newlines=False), whole(held[id_])) for at, id_ in enumerate(shown, 1) if id_ in held
        ]

    @cached_property
    def _anchors(self) -> dict[str, str]:
        return {each.transcript: each.anchor for each in self.talks}

    def anchor(self, transcript: str) -> str:
        """Return where a conversation is shown in full, or ``""``."""
        return self._anchors.get(clean(transcript, keep_newlines=False), "")

    def words(self, shown: Shown) -> Words | None:
        """Return the words of a finding in their place; ``None`` where it has none."""
        if not shown.evidence:
            return None
        if shown.outcome == "unsubstantiated":
            return self.claimed(shown.transcript, shown.evidence)
        return self.in_place(shown.transcript, shown.evidence)

    def claimed(self, transcript: str, evidence: Sequence[Evidence]) -> Words:
        """Return the turns that a judge quoted wrongly, as they are: nobody is shown to have said what they did not."""
        found = self.report.conversations
        said_so = found.holding(transcript, evidence)
        if said_so is not None and all(said_so[each.turn - 1].role == "trainee" for each in evidence):
            return Words(passage(said_so, evidence), "These words are there, and were not counted all the same.")
        conversation = found.holding(transcript, ()) or ()
        there = [each for each in evidence if each.turn <= len(conversation)]
        return Words(passage(conversation, there), claimed=tuple(evidence[:MOST_QUOTES]))

    def in_place(self, transcript: str, evidence: Sequence[Evidence]) -> Words:
        """Return quotes in their conversation, or alone, saying why."""
        found = self.report.conversations
        conversation = found.holding(transcript, evidence)
        if conversation is not None:
            return Words(passage(conversation, evidence))
        if transcript not in found:
            return Words(quoted_alone(evidence), "The conversation is not at hand; these are the words as they were graded.")
        return Words(
            quoted_alone(evidence), "These words are no longer in the transcript of this name: it was changed after the grading."
        )

    def outcomes(self) -> Iterator[tuple[str, str, str]]:
        """Yield the outcomes: id, mark and words."""
        return ((each, OUTCOME_MARKS[each], OUTCOME_WORDS[each]) for each in OUTCOMES)

    def share(self, count: int, n: int) -> Share:
        """Return a count as a share with its interval."""
        return wilson(count, n)

    def titles(self) -> str:
        """Return the rubrics' titles as a list in words."""
        return said.listed(dict.fromkeys(each.title for each in self.report.parts))

    def asks(self, part: RubricPart, criterion: str) -> str:
        """Return a criterion's question, or its id where it is not known."""
        defined = part.rubric.criterion(criterion) if part.rubric else None
        return defined.asks if defined else criterion

    def questions(self, part: RubricPart) -> list[CriterionPart]:
        """Return the criteria of a rubric, each once, whichever judge answered them."""
        return list({one.id: one for each in part.series for one in each.criteria}.values())

    def deep(self, part: RubricPart) -> int:
        """Return the depth of headings below a rubric's, or below its judges' where there are several."""
        return 4 if len(part.series) > 1 else 3

    def status(self, each: SeriesPart, status: str) -> int:
        """Return how many grades of a series have a status."""
        return each.statuses.get(status, 0)

    def total(self, each: SeriesPart) -> int:
        """Return how many grades a series has."""
        return sum(each.statuses.values())

    def against(self, each: SeriesPart) -> str:
        """Return what groups are compared with."""
        return next((one.difference.against for one in each.groups if one.difference is not None), "all others")

    def in_levels(self, each: SeriesPart) -> list[tuple[tuple[str, int | None], tuple[ShownGrade, ...]]]:
        """Return the grades that are shown, by level from the lowest, and then those without one."""
        order = {"scored": 0, "not_scored": 1, "failed": 2}
        return sorted(each.grades.items(), key=lambda one: (order[one[0][0]], one[0][1] or 0))

    def unread(self, each: SeriesPart) -> list[CriterionPart]:
        """Return the criteria of which some were not judged."""
        return [one for one in each.criteria if one.not_judged]


def render(report: Report, *, made: datetime) -> str:
    """Return the page. ``made`` is when, in UTC."""
    style, script = _text("report.css"), _text("report.js")
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    return (
        _environment()
        .get_template("report.html")
        .render(page=Page(report, made), report=report, style=style, script=script, policy=policy)
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FILES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        line=_line, count=_count, pretty=_pretty, percent=said.percent, mean=said.mean, points=said.points, place=said.place
    )
    environment.globals.update(
        levels=LEVELS, few=FEW, fewest=FEWEST, least=LEAST_UNITS, marks=OUTCOME_MARKS, outcome_words=OUTCOME_WORDS,
        status_words=STATUS_WORDS, spread=said.spread, said=said,
    )  # fmt: skip
    return environment


def _text(name: str) -> str:
    return (FILES / name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _line(text: Any) -> str:
    """Return text on one line, safe to show; escaping is the template's."""
    return clean(str(text), keep_newlines=False)


def _count(number: int) -> str:
    return f"{number:,}"


def _pretty(data: Any) -> str:
    return clean(json.dumps(data, indent=2, ensure_ascii=False))
