from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.domain.grade import Evidence, Finding
from simulator.domain.rubric import Criterion, Needs, Rubric
from simulator.grading.score import explain, score

LEVELS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
QUICK = settings(max_examples=100, deadline=None)


def rubric(*criteria: Criterion, thresholds: tuple[float, float, float, float] = (0.25, 0.5, 0.75, 0.9)) -> Rubric:
    return Rubric(id="skill", title="Skill", levels=LEVELS, thresholds=thresholds, criteria=criteria)


def criterion(name: str, **more: Any) -> Criterion:
    return Criterion(id=name, asks=f"Is {name} so?", met_by=("greets",), **more)


def finding(name: str, verdict: str, **more: Any) -> Finding:
    decided = verdict in ("met", "not_met")
    made: dict[str, Any] = {"counted": decided, "substantiated": True if decided else None}
    return Finding(criterion=name, verdict=verdict, evidence=(Evidence(turn=1, quote="hi"),), **(made | more))  # type: ignore[arg-type]


@st.composite
def graded(draw: st.DrawFn) -> tuple[Rubric, list[Finding]]:
    count = draw(st.integers(1, 7))
    criteria, findings = [], []
    for number in range(count):
        weight = draw(st.sampled_from([0.1, 0.2, 0.5, 1, 1.5, 3, 10]))
        cap = draw(st.sampled_from([None, None, 1, 2, 3, 4]))
        criteria.append(criterion(f"c{number}", weight=weight, cap_when_not_met=cap))
        verdict = draw(st.sampled_from(["met", "met", "not_met", "not_applicable", "not_judged", "lost"]))
        if verdict == "lost":
            findings.append(finding(f"c{number}", draw(st.sampled_from(["met", "not_met"])), counted=False, substantiated=False))
        else:
            findings.append(finding(f"c{number}", verdict))
    thresholds = sorted(draw(st.lists(st.floats(0.01, 1), min_size=4, max_size=4)))
    return rubric(*criteria, thresholds=tuple(thresholds)), findings  # type: ignore[arg-type]


@QUICK
@given(graded(), st.integers())
def test_order_does_not_matter(case: tuple[Rubric, list[Finding]], seed: int) -> None:
    asked, findings = case
    shuffled = random.Random(seed).sample(findings, len(findings))
    assert score(asked, shuffled) == score(asked, findings)
    assert explain(asked, shuffled) == explain(asked, findings)


@QUICK
@given(graded())
def test_meeting_one_more_criterion_never_lowers_the_level(case: tuple[Rubric, list[Finding]]) -> None:
    asked, findings = case
    before = score(asked, findings)
    if before.level is None or before.score is None:
        return
    for at, each in enumerate(findings):
        if each.verdict != "not_met" or not each.counted:
            continue
        better = [*findings[:at], finding(each.criterion, "met"), *findings[at + 1 :]]
        after = score(asked, better)
        assert after.level is not None and after.level >= before.level
        assert after.score is not None and after.score > before.score


@QUICK
@given(graded())
def test_caps_hold_and_no_level_comes_out_of_nothing(case: tuple[Rubric, list[Finding]]) -> None:
    asked, findings = case
    result = score(asked, findings)
    counted = [each for each in findings if each.counted]
    assert (result.status == "scored") == (result.level is not None) == (result.score is not None)
    if not counted:
        assert result.status == "not_scored"
    if result.level is not None:
        for each in counted:
            cap = asked.criterion(each.criterion).cap_when_not_met  # type: ignore[union-attr]
            if each.verdict == "not_met" and cap is not None:
                assert result.level <= cap


@QUICK
@given(graded())
def test_the_sum_can_be_redone_by_hand(case: tuple[Rubric, list[Finding]]) -> None:
    asked, findings = case
    result = score(asked, findings)
    weights = {each.id: each.weight for each in asked.criteria}
    met = sum(weights[each.criterion] for each in findings if each.counted and each.verdict == "met")
    counted = sum(weights[each.criterion] for each in findings if each.counted)
    text = explain(asked, findings)
    if result.score is not None:
        assert result.score == pytest.approx(met / counted, abs=1e-6)
        assert f"{met:g} of {counted:g}" in text and f"level {result.level}" in text.replace("held at", "level")
    else:
        assert "not scored" in text
    assert all(each.id in text for each in asked.criteria)


def test_what_is_not_applicable_changes_nothing() -> None:
    asked = rubric(criterion("a"), criterion("b"), criterion("c", weight=9))
    with_it = score(asked, [finding("a", "met"), finding("b", "not_met"), finding("c", "not_applicable")])
    assert (with_it.level, with_it.score) == (3, 0.5)


def test_nothing_applicable_is_not_scored_and_says_so() -> None:
    result = score(rubric(criterion("a")), [finding("a", "not_applicable")])
    assert (result.status, result.level, result.score) == ("not_scored", None, None)
    assert "called for" in result.reason


def test_an_empty_reply_is_not_a_grade() -> None:
    result = score(rubric(criterion("a"), criterion("b")), [])
    assert result.status == "not_scored"
    assert result.reason != score(rubric(criterion("a")), [finding("a", "not_applicable")]).reason


def test_a_sliver_of_the_rubric_gives_no_level() -> None:
    asked = rubric(criterion("a", weight=2), criterion("b", weight=2), criterion("c", weight=0.5))
    half = [finding("a", "met"), finding("b", "not_judged"), finding("c", "not_applicable")]
    assert score(asked, half).level == 5
    less = [*half[:2], finding("c", "met", counted=False, substantiated=False)]
    assert score(asked, less).status == "not_scored"
    assert "2 of 4.5" in score(asked, less).reason


def test_what_is_not_substantiated_is_not_counted_whatever_it_claims() -> None:
    asked = rubric(criterion("a"), criterion("b", cap_when_not_met=1))
    claim = finding("b", "not_met", counted=True, substantiated=False)
    assert score(asked, [finding("a", "met"), claim]).level == 5


def test_a_cap_is_named_in_the_reason_and_the_sum() -> None:
    asked = rubric(criterion("charm", weight=9), criterion("line", cap_when_not_met=2))
    findings = [finding("charm", "met"), finding("line", "not_met")]
    result = score(asked, findings)
    assert (result.level, result.score) == (2, 0.9)
    assert "held at 2 because of line" in result.reason
    assert "level 5, held at 2 by line" in explain(asked, findings)


def test_thresholds_are_not_missed_by_rounding() -> None:
    asked = rubric(
        criterion("a", weight=0.1), criterion("b", weight=0.2), criterion("c", weight=0.1), thresholds=(0.25, 0.5, 0.75, 0.9)
    )
    assert score(asked, [finding("a", "met"), finding("b", "met"), finding("c", "not_met")]).level == 4


def test_two_findings_for_one_criterion_are_refused() -> None:
    with pytest.raises(ValueError, match="two findings"):
        score(rubric(criterion("a")), [finding("a", "met"), finding("a", "not_met")])


def test_findings_of_another_rubric_are_left_out() -> None:
    assert score(rubric(criterion("a")), [finding("a", "met"), finding("gone", "not_met")]).level == 5


def test_a_level_that_needs_more_than_a_little_is_held_and_says_so() -> None:
    asked = rubric(criterion("a"), criterion("b")).model_copy(
        update={"needs": {4: Needs(turns=2), 5: Needs(turns=3, criteria=2)}}
    )

    def found(*turns: int) -> list[Finding]:
        words = tuple(Evidence(turn=number, quote="hi") for number in turns)
        return [finding(each, "met").model_copy(update={"evidence": words}) for each in ("a", "b")]

    assert [score(asked, found(*turns)).level for turns in ((2,), (2, 4), (2, 4, 6), (2, 2, 2))] == [3, 4, 5, 3]
    alone = [found(2, 4, 6)[0], finding("b", "not_applicable")]
    assert score(asked, alone).level == 4
    held = explain(asked, found(2, 4))
    assert "held at 4 because it rests on 2 of your turns and 2 questions (level 5 takes 3 turns and 2 questions)" in held
    assert "level 5 takes" in score(asked, found(2, 4)).reason
