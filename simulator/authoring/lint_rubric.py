"""What a rubric or catalogue that loads may still get wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from simulator.authoring.yaml import Document, Location, problem
from simulator.domain.behaviour import Catalogue, Role
from simulator.domain.errors import Problem
from simulator.domain.rubric import Criterion, Rubric
from simulator.domain.text import fold


class _Lint:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def warn(
        self,
        location: Location,
        message: str,
        code: str,
        *,
        expected: str = "",
        key: bool = False,
        severity: Literal["error", "warning"] = "warning",
    ) -> None:
        place = self.document.place(location, key=key)
        self.problems.append(problem(self.document.path, message, place, code=code, expected=expected, severity=severity))


def lint_rubric(document: Document, rubric: Rubric, catalogue: Catalogue | None) -> list[Problem]:
    """Return what may be wrong with a rubric: behaviours of the wrong speaker, examples missing or on both sides, no sources."""
    lint = _Lint(document)
    if not rubric.sources:
        lint.warn((), "the rubric names no sources", "no-sources", expected="'sources': where criteria and levels come from")
    if len(set(rubric.thresholds)) < len(rubric.thresholds):
        lint.warn(("thresholds",), "two thresholds are the same: the level between is never given", "thresholds", key=True)
    speakers = {each.id: each.speakers for each in catalogue} if catalogue is not None else {}
    for index, criterion in enumerate(rubric.criteria):
        at = ("criteria", index)
        _speakers(lint, (*at, "met_by"), criterion.met_by, "trainee", speakers)
        _speakers(lint, (*at, "broken_by"), criterion.broken_by, "trainee", speakers)
        _speakers(lint, (*at, "applies", "trainee"), criterion.applies.trainee, "trainee", speakers)
        _speakers(lint, (*at, "applies", "customer"), criterion.applies.customer, "customer", speakers)
        _examples(lint, at, criterion)
    return lint.problems


def _speakers(lint: _Lint, where: Location, names: Collection[str], role: Role, speakers: Mapping[str, Collection[Role]]) -> None:
    for number, name in enumerate(names):
        if name in speakers and role not in speakers[name]:
            message = f"{name!r} is not something a {role} does, so this never counts"
            lint.warn((*where, number), message, "wrong-speaker", expected=f"a behaviour whose speakers include {role}")


def _examples(lint: _Lint, at: tuple[str | int, ...], criterion: Criterion) -> None:
    for side in ("met", "not_met"):
        if not getattr(criterion.examples, side):
            lint.warn((*at, "id"), f"the criterion {criterion.id!r} has no '{side}' example", "no-example",
                      expected="at least one on each side of the line")  # fmt: skip
    met = {fold(each) for each in criterion.examples.met}
    for number, example in enumerate(criterion.examples.not_met):
        if fold(example) in met:
            where = (*at, "examples", "not_met", number)
            lint.warn(where, "this example stands on both sides of the line", "both-sides", severity="error")


def lint_catalogue(document: Document, catalogue: Catalogue) -> list[Problem]:
    """Return what may be wrong with a catalogue: near misses missing, or the same turn as an example and a near miss."""
    lint = _Lint(document)
    for index, behaviour in enumerate(catalogue.behaviours):
        at = ("behaviours", index)
        if not behaviour.near_misses:
            lint.warn((*at, "id"), f"the behaviour {behaviour.id!r} has no near misses", "no-example",
                      expected="turns that look like it and are not")  # fmt: skip
        shown = {fold(each) for each in behaviour.examples}
        for number, example in enumerate(behaviour.near_misses):
            if fold(example) in shown:
                where = (*at, "near_misses", number)
                lint.warn(where, "this turn is an example of the behaviour too", "both-sides", severity="error")
    return lint.problems
