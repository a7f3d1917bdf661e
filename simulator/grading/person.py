"""A person's rating as a grade: the same findings, the same arithmetic, no machine in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator import __version__
from simulator.domain.grade import Evidence, Finding, Grade, GradeVersions, Verdict
from simulator.domain.rubric import Rubric
from simulator.grading.score import score

COULD_NOT_SAY = "The rater could not say."
NO_TURNS = "Not every answer names its turn, so it is not asked how many turns this rests on."


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says to one criterion. ``verdict`` is ``None`` until they do; ``not_judged`` says that they cannot say."""

    verdict: Verdict | None = None
    evidence: tuple[Evidence, ...] = ()
    note: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing was said, marked or noted."""
        return self.verdict is None and not self.evidence and not self.note


def grade_by_person(
    transcript_id: str, rubric: Rubric, rater: str, answers: Mapping[str, Answer], *, digest: str | None = None
) -> Grade:
    """Return the grade that a person's answers (by criterion) add up to.

    A level comes only when every criterion has an answer. Where some answer that counts names no turn, the level does not ask
    how many turns it rests on: nobody knows. What was marked or noted without an answer is kept under the key ``open``.
    ``digest`` is the rubric's, where it is known under another than its own.
    """
    findings = [
        _finding(each.id, answers[each.id]) for each in rubric.criteria if each.id in answers and answers[each.id].verdict
    ]
    open_ones = {
        each.id: {"evidence": [one.model_dump() for one in answers[each.id].evidence], "note": answers[each.id].note}
        for each in rubric.criteria
        if each.id in answers and answers[each.id].verdict is None and not answers[each.id].empty
    }
    more: dict[str, Any] = {"open": open_ones} if open_ones else {}
    base = {"transcript": transcript_id, "rubric": rubric.id, "judge": rater, "findings": tuple(findings), **more}
    versions = GradeVersions(fineline=__version__, rubric=digest or rubric.digest)
    if len(findings) < len(rubric.criteria):
        reason = f"Not finished: {len(findings)} of {len(rubric.criteria)} questions are answered."
        return Grade(**base, status="not_scored", reason=reason, versions=versions)
    told = all(each.evidence for each in findings if each.counted)
    result = score(rubric, findings, turns_told=told)
    reason = result.reason if told or result.level is None or not rubric.needs else f"{result.reason} {NO_TURNS}"
    return Grade(**base, status=result.status, level=result.level, score=result.score, reason=reason, versions=versions)


def answers_of(grade: Grade) -> dict[str, Answer]:
    """Return the answers that a person's grade holds, by criterion. Raises ``ValueError`` where what was left open is damaged."""
    out = {
        each.criterion: Answer(each.verdict, each.evidence, "" if each.reason == COULD_NOT_SAY else each.reason)
        for each in grade.findings
    }
    left = (grade.model_extra or {}).get("open", {})
    if not isinstance(left, dict):
        raise ValueError("'open' is not an object")
    for criterion, each in left.items():
        evidence = tuple(Evidence.model_validate(one) for one in each.get("evidence", ()))
        out.setdefault(criterion, Answer(None, evidence, str(each.get("note", ""))))
    return out


def _finding(criterion: str, answer: Answer) -> Finding:
    verdict = answer.verdict or "not_judged"
    return Finding(
        criterion=criterion,
        verdict=verdict,
        evidence=answer.evidence,
        reason=answer.note or (COULD_NOT_SAY if verdict == "not_judged" else ""),
        counted=verdict in ("met", "not_met"),
        substantiated=True if answer.evidence else None,
    )
