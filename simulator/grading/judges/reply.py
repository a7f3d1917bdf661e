"""What a model judge answers, and how much of it can be used.

The reply must hold each criterion that was asked about exactly once. A criterion that is missing or answered twice, and a finding
whose words are not in the transcript, are problems to ask about again; criteria nobody asked about are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, ValidatorFunctionWrapHandler, field_validator, model_validator

from simulator.domain.grade import Evidence, Finding
from simulator.domain.rubric import Criterion
from simulator.domain.text import clean
from simulator.grading.evidence import FAULTS, Check
from simulator.grading.judges.prompt import Problem, keeps_from, only_when_broken
from simulator.grading.judges.view import View

MAX_EVIDENCE = 3
MAX_REASON_CHARS = 400

_SPELLED = {
    "yes": "met", "true": "met", "no": "not_met", "false": "not_met", "unmet": "not_met",
    "na": "not_applicable", "n_a": "not_applicable", "n/a": "not_applicable", "does_not_apply": "not_applicable",
}  # fmt: skip


class Quoted(BaseModel):
    """Words of a trainee's turn."""

    turn: int = Field(description="The number of the TRAINEE turn")
    quote: str = Field(description="Words copied from that turn, letter for letter")

    @field_validator("turn", mode="before")
    @classmethod
    def _bare_number(cls, value: Any) -> Any:
        return value.strip(" []#") if isinstance(value, str) else value


class Answer(BaseModel):
    """One question, answered; reason and evidence come first, so that the verdict follows from them."""

    criterion: str = Field(description="The question id")
    reason: str = Field(default="", description="One plain sentence about the words")
    evidence: list[Quoted] = Field(default=[], description="The words it rests on; empty for not_applicable")
    verdict: Literal["met", "not_met", "not_applicable"]

    @field_validator("evidence", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """Take one quote alone for a list of one; words without a turn's number may still have only one place."""
        given = value if isinstance(value, list) else [value]
        return [{"turn": 0, "quote": each} if isinstance(each, str) else each for each in given if each]

    @field_validator("verdict", mode="before")
    @classmethod
    def _spelled(cls, value: Any) -> Any:
        if isinstance(value, bool):
            return "met" if value else "not_met"
        if not isinstance(value, str):
            return value
        word = "_".join(value.strip().casefold().replace("-", " ").replace("_", " ").split())
        return _SPELLED.get(word, word)


class Answers(BaseModel):
    """A model judge's whole reply."""

    findings: list[Answer]

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, value: Any) -> Any:
        """Take what small models write instead of the list: one finding alone, or a mapping by question id."""
        if not isinstance(value, dict):
            return value
        given = value.get("findings")
        if given is None and "criterion" in value:
            given = [value]
        elif given is None and value and all(isinstance(each, dict) for each in value.values()):
            given = value
        if isinstance(given, dict):
            given = [{"criterion": key, **each} for key, each in given.items() if isinstance(each, dict)]
        return {"findings": given}

    @field_validator("findings", mode="wrap")
    @classmethod
    def _whole_ones(cls, value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
        """Leave out findings that are not filled in: they are then missing, and asked for again, without losing the others."""
        try:
            return validate(value)
        except ValidationError:
            if not isinstance(value, list):
                raise
            return [each for one in value for each in _filled_in(one, validate)]


def _filled_in(value: Any, validate: ValidatorFunctionWrapHandler) -> list[Any]:
    try:
        return list(validate([value]))
    except ValidationError:
        return []


@dataclass(slots=True)
class Reading:
    """What of a reply can be used (``findings``), what must be asked again (``problems``), and what was claimed without words
    to show for it (``claims``); all by criterion id."""

    findings: dict[str, Finding] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    claims: dict[str, Finding] = field(default_factory=dict)


def read(answers: Answers, asked: Sequence[Criterion], view: View) -> Reading:
    """Sort a reply into findings that hold and problems."""
    given: dict[str, list[Answer]] = {}
    for answer in answers.findings:
        given.setdefault(_id(answer.criterion), []).append(answer)
    reading = Reading()
    for criterion in asked:
        match given.get(_id(criterion.id)) or _given_barely(given, criterion, asked):
            case []:
                reading.problems[criterion.id] = Problem(criterion.id, "there is no finding for it")
            case [answer]:
                _examine(reading, criterion, answer, view)
            case _:
                reading.problems[criterion.id] = Problem(criterion.id, "there is more than one finding for it")
    return reading


def _given_barely(given: Mapping[str, list[Answer]], criterion: Criterion, asked: Sequence[Criterion]) -> list[Answer]:
    """Return what is given for one of several rubrics' questions (``warmth.greets``) without its rubric, if only one has it."""
    bare = criterion.id.rpartition(".")[2]
    alone = sum(each.id.rpartition(".")[2] == bare for each in asked) == 1
    return given.get(_id(bare), []) if alone else []


def _id(text: str) -> str:
    return text.strip().casefold().replace("-", "_").replace(" ", "_")


def _examine(reading: Reading, criterion: Criterion, answer: Answer, view: View) -> None:
    reason = clean(answer.reason, keep_newlines=False).strip()[:MAX_REASON_CHARS]
    if answer.verdict == "not_applicable" or (answer.verdict == "met" and only_when_broken(criterion)):
        reading.findings[criterion.id] = Finding(criterion=criterion.id, verdict="not_applicable", reason=reason)
        return
    checks = [view.check(each.turn, each.quote) for each in answer.evidence]
    held = _distinct(each.evidence for each in checks if each.holds)
    if held or (answer.verdict == "met" and keeps_from(criterion)):
        reading.findings[criterion.id] = Finding(
            criterion=criterion.id,
            verdict=answer.verdict,
            evidence=tuple(held[:MAX_EVIDENCE]),
            reason=reason,
            counted=True,
            substantiated=True,
        )
        return
    why = _why(answer, checks)
    reading.problems[criterion.id] = Problem(criterion.id, why)
    reading.claims[criterion.id] = Finding(
        criterion=criterion.id,
        verdict=answer.verdict,
        evidence=tuple(
            Evidence(turn=each.turn, quote=clean(each.quote, keep_newlines=False))
            for each in answer.evidence[:MAX_EVIDENCE]
            if each.turn >= 1 and each.quote.strip()
        ),
        reason=f"{reason} Not substantiated: {why}.".strip(),
        counted=False,
        substantiated=False,
    )


def _distinct(evidence: Iterable[Evidence]) -> list[Evidence]:
    return list({(each.turn, each.quote): each for each in evidence}.values())


def _why(answer: Answer, checks: Sequence[Check]) -> str:
    """Say what is wrong with the evidence, so that the judge can look again and a reader understands."""
    if not checks:
        return "no words were quoted"
    parts = []
    for quoted, checked in list(zip(answer.evidence, checks, strict=True))[:MAX_EVIDENCE]:
        if checked.fault is None:
            continue
        fault = FAULTS[checked.fault]
        words = clean(quoted.quote, keep_newlines=False).strip()[:120]
        parts.append(f"turn {quoted.turn}, “{words}”: {fault}" if words else f"turn {quoted.turn}: {fault}")
    return "; ".join(parts)
