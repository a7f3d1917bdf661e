"""A person's answers become a grade by the same arithmetic as a judge's findings."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.domain.grade import Evidence, Grade
from simulator.domain.rubric import Rubric
from simulator.grading.person import Answer, answers_of, grade_by_person
from simulator.grading.score import score


@pytest.fixture
def rubric() -> Rubric:
    return Rubric.model_validate(
        {
            "id": "warmth", "title": "Warmth", "levels": {n: f"level {n}" for n in range(1, 6)},
            "thresholds": [0.2, 0.4, 0.6, 0.9], "needs": {4: {"turns": 2}, 5: {"turns": 2, "criteria": 3}},
            "criteria": [{"id": each, "asks": f"{each}?"} for each in ("greets", "hears", "thanks")],
        }
    )  # fmt: skip


def seen(turn: int) -> tuple[Evidence, ...]:
    return (Evidence(turn=turn, quote="words"),)


def test_the_level_is_that_of_the_findings(rubric: Rubric) -> None:
    answers = {
        "greets": Answer("met", seen(2)),
        "hears": Answer("not_met", seen(4)),
        "thanks": Answer("met", seen(4), "at the end"),
    }
    grade = grade_by_person("t1", rubric, "ann", answers)
    expected = score(rubric, grade.findings)
    assert (grade.status, grade.level, grade.score, grade.reason) == ("scored", expected.level, expected.score, expected.reason)
    assert [each.counted for each in grade.findings] == [True] * 3
    assert all(each.substantiated for each in grade.findings)
    assert grade.versions.rubric == rubric.digest
    assert grade_by_person("t1", rubric, "ann", answers, digest="old").versions.rubric == "old"


def test_without_turns_a_level_does_not_ask_for_them(rubric: Rubric) -> None:
    told = {each.id: Answer("met", seen(2)) for each in rubric.criteria}
    untold = told | {"thanks": Answer("met")}
    assert grade_by_person("t1", rubric, "ann", told).level == 3
    grade = grade_by_person("t1", rubric, "ann", untold)
    assert grade.level == 5
    assert "Not every answer names its turn" in grade.reason
    few = {"greets": Answer("met"), "hears": Answer("not_applicable"), "thanks": Answer("not_applicable")}
    assert grade_by_person("t1", rubric, "ann", few).level == 4  # 5 takes three questions, whatever the turns


def test_no_level_before_every_question_is_answered(rubric: Rubric) -> None:
    answers = {"greets": Answer("met"), "hears": Answer("met"), "thanks": Answer(None, seen(2), "perhaps")}
    grade = grade_by_person("t1", rubric, "ann", answers)
    assert (grade.status, grade.level, grade.score) == ("not_scored", None, None)
    assert "2 of 3" in grade.reason


def test_cannot_say_is_an_answer_and_not_a_verdict(rubric: Rubric) -> None:
    grade = grade_by_person("t1", rubric, "ann", {each.id: Answer("not_judged") for each in rubric.criteria})
    assert grade.status == "not_scored"
    assert not any(each.counted for each in grade.findings)
    assert grade.findings[0].reason


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"greets": Answer("met", seen(2), "warmly"), "hears": Answer("not_judged"), "thanks": Answer(None, seen(3), "?")},
        {"greets": Answer("not_applicable"), "hears": Answer("not_met"), "thanks": Answer("not_judged", (), "too short")},
    ],
)
def test_answers_come_back_as_they_were(rubric: Rubric, answers: dict[str, Any]) -> None:
    record = grade_by_person("t1", rubric, "ann", answers).model_dump_json()
    assert answers_of(Grade.model_validate_json(record)) == answers


def test_damaged_leftovers_are_an_error(rubric: Rubric) -> None:
    grade = Grade.model_validate({**grade_by_person("t1", rubric, "ann", {}).model_dump(), "open": [1]})
    with pytest.raises(ValueError, match="open"):
        answers_of(grade)
