"""A report counts what is there, compares groups, and says what it leaves out and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.analysis.report.build import Report, Wanted, build
from simulator.analysis.report.said import remarks
from simulator.batch.sources import sources_of
from simulator.domain.errors import FinelineError, UsageError

Make = Callable[..., Any]


def made(*results: Path, **wanted: Any) -> Report:
    return build(list(results), Wanted(**wanted), sources_of(results), {})


def test_everything_is_counted_once(run: Make, record: Make, finding: Make):
    unread = {"verdict": "not_judged", "counted": False, "substantiated": None, "reason": "Needs a reader."}
    doubtful = {"verdict": "not_met", "counted": False, "substantiated": False}
    results = run([
        record("a", 2),
        record("b", 4, findings=[finding("greets", verdict="not_met"), finding("clear", (4, "see"))]),
        record("c", None, reason="Nothing called for it.", findings=[finding("greets", **unread), finding("clear", **doubtful)]),
        record("d", None, status="failed", reason="The endpoint is gone.", findings=[]),
        record("a", 2),
    ])  # fmt: skip
    numbers = made(results).as_json()
    assert (numbers["transcripts"], numbers["grades"], numbers["repeated"], numbers["rejected"]) == (4, 4, 1, 0)
    [rubric] = numbers["rubrics"]
    assert rubric["title"] == "Kindness"
    [judge] = rubric["judges"]
    assert [judge[status] for status in ("scored", "not_scored", "failed")] == [2, 1, 1]
    assert judge["levels"] == {"1": 0, "2": 1, "3": 0, "4": 1, "5": 0}
    assert (judge["mean"]["value"], judge["median"]) == (3, 3)
    assert judge["not_scored_reasons"] == {"Nothing called for it.": 1}
    assert judge["failed_reasons"] == {"The endpoint is gone.": 1}
    greets, clear = judge["criteria"]
    assert greets["met_of_counted"] == {"count": 1, "n": 2, "value": 0.5, "low": 0.0945, "high": 0.9055}
    assert (greets["not_judged"], greets["not_judged_reasons"]) == (1, {"Needs a reader.": 1})
    assert [clear[outcome] for outcome in ("met", "not_met", "not_applicable", "unsubstantiated")] == [1, 0, 1, 1]


def test_groups_are_compared_with_all_others(run: Make, record: Make):
    teams = {"red": [2] * 20, "blue": [3, 4] * 10, "tiny": [5] * 4}
    levels = {f"{team}-{at}": level for team, held in teams.items() for at, level in enumerate(held)}
    talks = [{"id": name, "where": {"team": name.split("-")[0]}} for name in levels]
    report = made(run([record(name, level) for name, level in levels.items()], talks), by="where.team")
    [judge] = report.as_json()["rubrics"][0]["judges"]
    blue, red, tiny = judge["groups"]
    assert [each["group"] for each in (blue, red, tiny)] == ["blue", "red", "tiny"]
    assert (blue["grades"], blue["levels"]["4"], blue["mean"]["value"]) == (20, 10, 3.5)
    assert blue["difference"]["against"] == "all others"
    assert blue["difference"]["value"] == pytest.approx(3.5 - (40 + 20) / 24)
    assert blue["difference"]["low"] > 0.3
    assert red["difference"]["high"] < 0
    assert tiny["difference"]["low"] is None
    assert report.comparisons == 2
    warnings = [each.warning for each in report.parts[0].series[0].groups]
    assert warnings == ["few", "few", "very few: may point to single people"]
    shares = judge["criteria"][0]["groups"]
    assert {name: each["n"] for name, each in shares.items()} == {"blue": 20, "red": 20, "tiny": 4}


def test_of_two_groups_the_second_is_compared_with_the_first(run: Make, record: Make):
    names = [f"{team}{at}" for team in "ab" for at in range(12)]
    report = made(run([record(each, 2 if "a" in each else 3) for each in names], [{"id": e, "t": e[0]} for e in names]), by="t")
    first, second = report.parts[0].series[0].groups
    assert first.difference is None
    assert second.difference is not None
    assert (second.difference.against, second.difference.figure.value, report.comparisons) == ("a", 1, 1)


def test_what_a_transcript_does_not_say_is_a_group_of_its_own(run: Make, record: Make):
    talks = [{"id": "a", "t": True}, {"id": "b"}, {"id": "d", "t": True}, {"id": "d", "t": False}]
    report = made(run([record(each) for each in "abcd"], talks), by="t")
    assert [(each.name, each.grades) for each in report.parts[0].series[0].groups] == [
        ("true", 1), ("(not given)", 1), ("(not known)", 2)
    ]  # fmt: skip


def test_many_small_groups_are_taken_together(run: Make, record: Make):
    names = [f"{team:02d}-{at}" for team in range(30) for at in range(3 if team < 20 else 2)]
    report = made(run([record(each) for each in names], [{"id": each, "t": each[:2]} for each in names]), by="t")
    groups = report.parts[0].series[0].groups
    assert len(groups) == 25
    assert [each.name for each in groups[:3]] == ["00", "01", "02"]
    assert (groups[-1].name, groups[-1].grades, report.folded) == ("(all others)", 12, 6)


def test_many_different_numbers_are_split_into_quarters(run: Make, record: Make):
    talks = [{"id": str(at), "wait": at / 2 if at < 30 else 99} for at in range(40)] + [{"id": "none"}]
    report = made(run([record(each["id"]) for each in talks], talks), by="wait")
    assert [(each.name, each.grades) for each in report.parts[0].series[0].groups] == [
        ("below 5", 10), ("5 to below 10", 10), ("10 to below 99", 10), ("99 and above", 10), ("(not given)", 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("by", "said"),
    [("taem", "Did you mean 'team'"), ("labels", "Choose one of labels.site"), ("number", "names them rather than groups them")],
)
def test_a_key_that_will_not_do_is_said(run: Make, record: Make, by: str, said: str):
    talks = [{"id": str(at), "team": "x", "labels": {"site": 1}, "number": f"no. {at}"} for at in range(60)]
    with pytest.raises(UsageError) as caught:
        made(run([record("1")], talks), by=by)
    assert said in str(caught.value)


def test_by_needs_to_know_where_the_transcripts_are(run: Make, record: Make):
    results = run([record("a")], sources=["-"])
    with pytest.raises(UsageError, match="not known which transcripts"):
        made(results, by="team")


def test_the_same_judge_is_counted_together_and_others_apart(run: Make, record: Make):
    one = run([record("a", 1), record("b", 2)], name="one.jsonl")
    two = run([record("c", 3), record("b", 2), record("b", 5, judge="anna")], name="two.jsonl")
    [part] = made(one, two).parts
    assert [(each.series.judge, each.levels.n) for each in part.series] == [("j", 3), ("anna", 1)]


def test_grades_by_an_earlier_definition_are_left_out_and_named(run: Make, record: Make):
    old = {"rubric": "0" * 16, "prompt": "p1"}
    results = run([record("a", 5), *(record(each, 1, versions=old) for each in "abc")])
    report = made(results)
    assert report.parts[0].series[0].levels.counts[5] == 1
    assert [(each.series.rubric_version, each.grades) for each in report.older] == [("0" * 16, 3)]
    assert [each.levels.n for each in made(results, every_version=True).parts[0].series] == [1, 3]


def test_without_a_description_the_last_definition_counts(run: Make, record: Make):
    results = run([record("a", 5), record("a", 1, versions={"rubric": "0" * 16})])
    results.with_name("r.jsonl.run.json").unlink()
    report = made(results)
    assert report.parts[0].series[0].levels.counts[1] == 1
    assert report.parts[0].rubric is None
    assert report.missing == "It is not known where the transcripts are."


def test_samples_are_bounded_spread_over_groups_and_the_same_each_time(run: Make, record: Make):
    names = [f"{team}{at}" for team in "ab" for at in range(40)]
    records, talks = [record(each) for each in names], [{"id": each, "t": each[0]} for each in names]

    def shown(results: Path, **more: Any) -> list[tuple[str, str | None]]:
        sample = made(results, findings=6, **more).parts[0].series[0].criteria[0].samples[0]
        assert sample.count == 80
        return [(each.transcript, each.group) for each in sample.shown]

    keys = {each["key"]: each["transcript"] for each in records}
    assert [name for name, _ in shown(run(records, talks))] == [keys[key] for key in sorted(keys)[:6]]
    grouped = shown(run(records[::-1], talks), by="t")
    assert grouped == shown(run(records, talks), by="t")
    assert sorted(group or "" for _, group in grouped) == ["a"] * 3 + ["b"] * 3


def test_lines_that_are_no_grades_are_told_and_counted(run: Make, record: Make):
    results = run(["{broken", record("a"), "[]"])
    told: list[str] = []
    report = build([results], Wanted(), [], {}, told=lambda each: told.append(str(each)))
    assert [each.split(": ")[0] for each in told] == [f"{results}:1", f"{results}:3"]
    assert (report.rejected_count, report.as_json()["grades"]) == (2, 1)


@pytest.mark.parametrize(
    ("lines", "said"), [([], "no grades"), (["{"], "no grades"), (['{"id": "a", "turns": []}'], "not a grade")]
)
def test_without_grades_there_is_no_report(run: Make, lines: list[str], said: str):
    with pytest.raises(UsageError, match=said):
        made(run(lines))


def test_a_rubric_without_grades_is_answered_with_the_nearest(run: Make, record: Make):
    with pytest.raises(UsageError, match="kindnes") as caught:
        made(run([record("a")]), rubrics=["kindnes"])
    assert "kindness" in caught.value.hint
    results = run([record("a"), record("a", rubric="other")])
    assert [each.id for each in made(results, rubrics=["other"]).parts] == ["other"]


def test_a_panel_is_reported_by_how_far_it_agrees(run: Make, record: Make):
    def rating(judge: str, level: int, greets: str) -> dict[str, Any]:
        return {"judge": judge, "status": "scored", "level": level, "verdicts": {"greets": greets}}

    records = [
        record(str(at), 3, ratings=[rating("x", 3, "met"), rating("y", 3 + (at == 0), "not_met" if at == 0 else "met")])
        for at in range(6)
    ]
    series = made(run(records)).parts[0].series[0]
    assert series.panel is not None
    assert (series.panel.transcripts, series.panel.disagreements) == (6, 1)
    assert {(each.transcript, each.question) for each in series.disagreements} == {("0", "(level)"), ("0", "greets")}


def test_a_damaged_description_is_said(run: Make, record: Make):
    results = run([record("a")])
    results.with_name("r.jsonl.run.json").write_text(json.dumps({"fineline": 1}))
    with pytest.raises(FinelineError, match=r"r\.jsonl\.run\.json could not be read"):
        made(results)


def test_transcripts_that_were_graded_with_other_words_are_told_apart(run: Make, record: Make):
    results = run([record("a", 2, key="1" * 32), record("a", 4, key="2" * 32), record("b", 3), record("b", 3)])
    report = made(results)
    assert (report.again, report.as_json()["of_other_words"], report.seen.repeated) == (1, 1, 1)
    assert any("1 grade more than there are transcripts" in each for each in remarks(report))
    assert not any("more than there are" in each for each in remarks(made(run([record("a", 2), record("b", 4)], name="s.jsonl"))))
