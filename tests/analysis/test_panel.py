from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import pytest

from simulator.analysis.agreement import alpha
from simulator.analysis.panel import PanelAgreement, names, write_disagreements
from simulator.domain.rubric import Criterion, Rubric

RUBRIC = Rubric(
    id="kind",
    title="Kind",
    levels={1: "one", 2: "two", 3: "three", 4: "four", 5: "five"},
    thresholds=(0.25, 0.5, 0.75, 0.9),
    criteria=(Criterion(id="warm", asks="Is it warm?"), Criterion(id="thanks", asks="Do they thank?")),
)
PANEL = "panel: a, b"


def rating(judge: str, level: int | None = 3, repeat: int = 1, **verdicts: str) -> dict[str, Any]:
    return {
        "judge": judge,
        "repeat": repeat,
        "status": "scored" if level else "not_scored",
        "level": level,
        "verdicts": verdicts,
    }


def record(*ratings: dict[str, Any], transcript: str = "t", level: int | None = 3, **more: Any) -> dict[str, Any]:
    findings = [
        {
            "criterion": "warm",
            "verdict": "not_judged",
            "evidence": [{"turn": 2, "quote": "=so sorry"}, {"turn": 4, "quote": "Bye"}],
        },
        {"criterion": "thanks", "verdict": "met", "evidence": []},
    ]
    fixed = {"transcript": transcript, "rubric": "kind", "judge": PANEL, "status": "scored", "level": level}
    return {**fixed, "findings": findings, "ratings": list(ratings), "versions": {"rubric": RUBRIC.digest}, **more}


def test_what_members_disagree_on_is_told_level_first() -> None:
    agreement = PanelAgreement([RUBRIC], PANEL)
    found = agreement.add(
        record(
            rating("a", 4, warm="met", thanks="met"), rating("b", None, warm="not_met", thanks="met"), rating("c", 2, warm="met")
        )
    )
    assert [(each.why, each.question, each.panel, dict(each.answers)) for each in found] == [
        ("levels far apart", "(level)", "3", {"a": "4", "b": "not scored", "c": "2"}),
        ("undecided", "warm", "undecided", {"a": "met", "b": "not met", "c": "met"}),
    ]
    assert {name: (each.answered, each.asked) for name, each in agreement.members.items()} == {
        "a": (2, 2),
        "b": (2, 2),
        "c": (1, 2),
    }
    [rubric] = agreement.result()
    assert (rubric.transcripts, rubric.disagreements) == (1, 1)
    assert [(each.criterion, each.disagreements, each.alpha.n) for each in rubric.criteria] == [("warm", 1, 1), ("thanks", 0, 1)]


@pytest.mark.parametrize(
    "changed",
    [
        {"judge": "somebody"},
        {"rubric": "other"},
        {"status": "failed"},
        {"versions": {"rubric": "0123456789abcdef"}},
        {"ratings": [rating("a", warm="met")]},
    ],
)
def test_records_of_other_judges_and_rubrics_are_passed_by(changed: dict[str, Any]) -> None:
    agreement = PanelAgreement([RUBRIC], PANEL)
    assert agreement.add(record(rating("a", 1, warm="met"), rating("b", 5, warm="not_met")) | changed) == []
    assert agreement.result() == []


def test_alpha_is_that_of_the_ratings_and_memory_that_of_their_patterns() -> None:
    chance = random.Random(3)
    agreement = PanelAgreement([RUBRIC], PANEL)
    levels, verdicts = [], []
    for number in range(2000):
        level = chance.randint(1, 5)
        levels.append([level, max(1, min(5, level + chance.choice([0, 0, 0, 1, -1]))), chance.choice([None, level])])
        verdicts.append([chance.choice(["met", "not_met", "not_applicable", None]) for _ in range(3)])
        ratings = [
            rating(name, level, **({"warm": verdict} if verdict else {}))
            for name, level, verdict in zip("abc", levels[-1], verdicts[-1], strict=True)
        ]
        agreement.add(record(*ratings, transcript=str(number)))
    [rubric] = agreement.result()
    assert rubric.level == alpha(levels, "ordinal")
    assert rubric.criteria[0].alpha == alpha(verdicts)
    assert rubric.level.value is not None and rubric.level.value > 0.9 > 0.1 > (rubric.criteria[0].alpha.value or 0)
    assert agreement.patterns < 100


def test_repeats_of_a_member_are_told_apart() -> None:
    assert names([rating("a"), rating("b", repeat=1), rating("b", repeat=2)]) == ["a", "b #1", "b #2"]


def test_the_list_opens_in_a_spreadsheet_and_runs_nothing_there(tmp_path: Path) -> None:
    agreement = PanelAgreement([RUBRIC], PANEL)
    records = [
        record(rating("a", 3, warm="met"), rating("b", 3, warm="not_met"), transcript="-1+1"),
        record(rating("a", 3, warm="met"), rating("b", 3, warm="met"), transcript="alike"),
        record(rating("a", 5, thanks="met"), rating("b", 2, thanks="met"), transcript="two"),
        record(rating("a", 5, thanks="met"), rating("b", 5, thanks="not_met"), transcript="three"),
    ]
    path = tmp_path / "out.csv"
    counts = write_disagreements(path, (each for one in reversed(records) for each in agreement.add(one)))
    assert counts == {"undecided": 1, "levels far apart": 1, "outvoted": 1}
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        head, warm, level, thanks = csv.reader(file)
    assert [row[0] for row in (warm, level, thanks)] == ["undecided", "levels far apart", "outvoted"], "most pressing first"
    assert head == ["why", "transcript", "rubric", "question", "asks", "panel", "a", "b", "turn", "quote", "decision"]
    assert warm == [
        "undecided",
        "'-1+1",
        "kind",
        "warm",
        "Is it warm?",
        "undecided",
        "met",
        "not met",
        "2; 4",
        "'=so sorry | Bye",
        "",
    ]
    assert level[1:8] == ["two", "kind", "(level)", "Kind", "3", "5", "2"]
    assert not write_disagreements(path, [])
    assert list(tmp_path.iterdir()) == [], "without disagreements there is no list, and nothing is left lying about"
