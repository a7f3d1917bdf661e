"""Who rated what, from results files and from tables of labels, and what is fair to say of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.analysis.agreement import Patterns
from simulator.analysis.comparison import compare, compare_labels, fair_to_say
from simulator.analysis.labels import read_long, read_wide
from simulator.analysis.raters import Ratings, read_ratings
from simulator.analysis.resampling import Figure
from simulator.domain.errors import FinelineError, UsageError

VERDICT = {"m": "met", "n": "not_met", "a": "not_applicable", "?": "not_judged", "u": "met"}


def record(transcript: int, judge: str, level: int | None, verdicts: str, **more: Any) -> dict[str, Any]:
    """A result: one letter a verdict, ``u`` for met without substance."""
    findings = [{"criterion": f"c{at}", "verdict": VERDICT[each], "counted": each in "mn"} for at, each in enumerate(verdicts, 1)]
    status = "scored" if level else "not_scored"
    score = None if level is None else level / 5
    plain = {"transcript": f"t{transcript}", "rubric": "warmth", "judge": judge, "status": status, "level": level, "score": score}
    return {**plain, "findings": findings, "versions": {"rubric": "d1"}, **more}


def write(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    return path


def test_people_and_machines_side_by_side(tmp_path: Path) -> None:
    machine = write(tmp_path / "m.jsonl", *(record(n, "built-in", 1 + n % 5, "mn?a"[n % 4] + "m") for n in range(40)))
    human = write(tmp_path / "ann.jsonl", *(record(n, "ann", 1 + n % 5, "mnua"[n % 4] + "m") for n in range(10, 50)))
    ratings = read_ratings([machine, human])
    assert ratings.names() == ["built-in", "ann"]
    [found] = compare(ratings, ratings.chosen([]))
    assert (found.any_of, found.two_of, found.all_of) == (50, 30, 30)
    assert found.counts == {"built-in": 40, "ann": 40}
    assert found.level.main.value == pytest.approx(1)
    assert found.level.main.n == 30
    first, second = found.criteria
    # What was not judged, or not substantiated, is no rating: a quarter of the pairs drops out.
    assert first.figures["agreement"].n == 22 and first.figures["agreement"].value == 1
    assert second.figures["agreement"].value == 1 and second.main.value is None
    assert second.main.reason.startswith("all ratings are the same")
    assert found.as_json()["level"]["pairs"][0]["raters"] == ["built-in", "ann"]
    json.dumps(found.as_json())


def test_members_of_a_panel_are_the_raters_of_a_single_file(tmp_path: Path) -> None:
    def rating(judge: str, repeat: int, level: int, verdict: str) -> dict[str, Any]:
        return {
            "judge": judge,
            "repeat": repeat,
            "status": "scored",
            "level": level,
            "score": level / 5,
            "verdicts": {"c1": verdict},
        }

    rows = []
    for n in range(20):
        verdict = "met" if n % 2 else "not_met"
        told = [rating("a", 1, 1 + n % 3, verdict), rating("a", 2, 1 + n % 3, verdict), rating("b", 1, 3, "met")]
        rows.append(record(n, "panel: a ×2, b", 3, "m", ratings=told))
    path = write(tmp_path / "p.jsonl", *rows)
    alone = read_ratings([path])
    assert alone.names() == ["a #1", "a #2", "b"]
    [found] = compare(alone, alone.chosen(["a #1", "a #2"]))
    assert found.level.main.value == pytest.approx(1)
    [found] = compare(alone, alone.chosen([]))
    assert [pair.raters for pair in found.level.pairs] == [("a #1", "a #2"), ("a #1", "b"), ("a #2", "b")]
    other = write(tmp_path / "ann.jsonl", record(1, "ann", 3, "m"))
    assert read_ratings([path, other]).names() == ["panel: a ×2, b", "ann"]
    assert read_ratings([path, other], members=True).names() == ["a #1", "a #2", "b", "ann"]


def test_names_say_which_file_where_they_must(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    paths = [write(tmp_path / name, record(1, "built-in", 3, "m")) for name in ("a.jsonl", "b.jsonl", "x/b.jsonl")]
    names = read_ratings(paths).names()
    assert names[0] == "built-in (a.jsonl)"
    assert len(set(names)) == 3
    with pytest.raises(UsageError, match="no rater called 'bulit-in'") as caught:
        read_ratings(paths).chosen(["bulit-in"])
    assert "Did you mean" in caught.value.hint
    with pytest.raises(UsageError, match="There is only 'built-in'"):
        read_ratings(paths[:1]).chosen([])


def test_what_is_not_comparable_is_said(tmp_path: Path) -> None:
    old = write(tmp_path / "a.jsonl", *(record(n, "a", 3, "m?") for n in range(3)))
    new = write(tmp_path / "b.jsonl", *(record(n, "b", 3, "mm", versions={"rubric": "d2"}) for n in range(3)))
    ratings = read_ratings([old, new])
    [found] = compare(ratings, ratings.chosen([]))
    assert any("same version of warmth" in note and "a: d1; b: d2" in note for note in found.notes)
    assert "no usable verdict from a on c2, on any transcript" in found.notes
    with pytest.raises(UsageError, match="no rubric in these results called 'wramth'"):
        read_ratings([old, new], rubrics=["wramth"])


def test_failures_are_no_ratings_and_the_last_word_counts(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        record(1, "a", None, "", status="failed"),
        record(2, "a", 2, "m"),
        record(2, "a", 4, "n"),
        record(2, "b", 4, "n"),
    )
    ratings = Ratings()
    ratings.read(path)
    assert [(each.name, each.graded, each.again) for each in ratings.raters] == [("a", 1, 1), ("b", 1, 0)]
    assert ratings.rubrics["warmth"].levels([0, 1]).counts == {(4, 4): 1}


@pytest.mark.parametrize(
    ("line", "said"),
    [("[1]", "an object"), ("{", "not JSON"), ('{"id": "x"}', "no transcript"), ("\x00" * 3, "not JSON")],
)
def test_a_file_of_something_else_is_named_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    path = write(tmp_path / "a.jsonl", record(1, "a", 2, "m"))
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(FinelineError, match=rf"a\.jsonl:2: .*{said}"):
        Ratings().read(path)


def test_findings_that_are_none_are_named_with_their_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", record(1, "a", 2, "m", findings=[{"criterion": "c1"}]))
    with pytest.raises(FinelineError, match=r"a\.jsonl:1: not a grade"):
        Ratings().read(path)


def test_a_line_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", record(1, "a", 2, "m"))
    path.write_text(path.read_text() + '{"transcript": "t2", "rub')
    ratings = Ratings()
    ratings.read(path)
    assert ratings.rubrics["warmth"].count(0) == 1
    with pytest.raises(FinelineError, match="No such file"):
        ratings.read(tmp_path / "gone.jsonl")


def test_labels_one_a_row_and_one_a_column_are_the_same() -> None:
    wide = read_wide(["unit;ann;bob;cat\r\n", "1;yes;yes;\r\n", "2;no;yes;no\r\n", "3;;no;no\r\n"], "x", ["ann", "bob", "cat"])
    long = read_long(
        ["Unit,Rater,Label", "1,ann,yes", "1,bob,yes", "2,ann,no", "2,bob,yes", "2,cat,no", "3,cat,no", "3,bob,no"],
        "x", "unit", "rater", "label",
    )  # fmt: skip
    assert wide.raters == long.raters == ("ann", "bob", "cat")
    assert wide.patterns.counts == long.patterns.counts
    assert (wide.units, wide.numbers, wide.scale) == (3, False, None)


def test_numbers_are_numbers_and_an_order_makes_a_scale() -> None:
    assert read_wide(["a,b", "1,1.0", "2,3"], "x", ["a", "b"]).patterns.counts == {(1.0, 1.0): 1, (2.0, 3.0): 1}
    scale = read_wide(["a,b", "low,high"], "x", ["a", "b"], ["low", "mid", "high"])
    assert scale.scale == ("low", "mid", "high")
    found = compare_labels("label", scale.patterns, scale.raters, scale=scale.scale)
    assert "alpha_ordinal" in found.figures and "alpha_interval" not in found.figures
    with pytest.raises(UsageError, match="no label in --order called 'hgih'"):
        read_wide(["a,b", "low,hgih"], "x", ["a", "b"], ["low", "high"])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["a,b", "1"], "x:2: 1 columns"),
        ([], "empty"),
        (["a,c", "1,2"], "no column in x called 'b'"),
        (["a,b", '1,"2\n', "3"], "x:"),
    ],
)
def test_a_broken_table_is_named(lines: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_wide(lines, "x", ["a", "b"])


def test_a_label_given_twice_is_named() -> None:
    with pytest.raises(UsageError, match=r"x:3: 'ann' labels '1' a second time"):
        read_long(["u,r,l", "1,ann,a", "1,ann,b"], "x", "u", "r", "l")
    with pytest.raises(UsageError, match="twice"):
        read_wide(["a,b", "1,2"], "x", ["a", "A"])
    with pytest.raises(UsageError, match="labels of 1 rater"):
        read_long(["u,r,l", "1,ann,a"], "x", "u", "r", "l")


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (Figure(0.9, 0.85, 0.95, 50), "reliable (α ≥ .800)"),
        (Figure(0.9, 0.7, 0.95, 50), "reliable (α ≥ .800); but the interval holds .800"),
        (Figure(0.7, 0.5, 0.9, 50), "tentative conclusions only (α ≥ .667); but the interval holds .667 and .800"),
        (Figure(0.2, 0.1, 0.3, 50), "too little to rest on (α < .667)"),
        (Figure(0.9, n=5, reason="too few"), "how sure that is cannot be said: too few"),
        (Figure(None, n=5, reason="all the same"), "cannot be said: all the same"),
    ],
)
def test_what_is_fair_to_say(figure: Figure, said: str) -> None:
    assert said in fair_to_say(figure)


def test_much_agreement_on_one_answer_is_told_from_reliability() -> None:
    found = compare_labels("c", Patterns([("a", "a")] * 38 + [("a", "b"), ("b", "a")]), ["x", "y"])
    assert found.one_sided
    assert not compare_labels("c", Patterns([("a", "a"), ("b", "b")] * 20), ["x", "y"]).one_sided
