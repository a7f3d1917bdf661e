"""What is said at the end of a panel's run."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from simulator.analysis.panel import PanelAgreement
from simulator.cli.panels import disagreements_path, summed_up, told
from simulator.domain.rubric import Criterion, Rubric

RUBRIC = Rubric(
    id="kind",
    title="Kind",
    levels={1: "one", 2: "two", 3: "three", 4: "four", 5: "five"},
    thresholds=(0.25, 0.5, 0.75, 0.9),
    criteria=(Criterion(id="warm", asks="Is it warm?"), Criterion(id="thanks", asks="Do they thank?")),
)


def record(number: int, *verdicts: str | None, panel: str = "met") -> dict[str, Any]:
    ratings = [
        {"judge": name, "repeat": 1, "status": "scored", "level": 3, "verdicts": {"warm": verdict} if verdict else {}}
        for name, verdict in zip("abc", verdicts, strict=False)
    ]
    findings = [{"criterion": "warm", "verdict": panel, "evidence": []}]
    fixed = {"transcript": f"t{number}", "rubric": "kind", "judge": "panel", "status": "scored", "level": 3}
    return {**fixed, "findings": findings, "ratings": ratings, "versions": {"rubric": RUBRIC.digest}}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def write(out: Path, *records: dict[str, Any]) -> None:
    out.write_text("".join(json.dumps(each) + "\n" for each in records))


def test_a_panel_is_summed_up_and_its_disagreements_listed(out: Path) -> None:
    alike = [record(number, "met", "met") for number in range(8)]
    write(
        out,
        *alike,
        *(record(number, "not_met", "not_met") for number in range(8, 16)),
        record(16, "met", "not_met", panel="not_judged"),
    )
    summary = summed_up(out, [RUBRIC], "panel")
    text = "\n".join(summary.lines)
    assert "warm    α  0.89 [" in text and "n 17, 1 apart" in text
    assert "1 question that no two members answered" in text
    assert "Questions answered usably: a 50%, b 50%" in text
    assert "1 disagreement (1 undecided)" in text and "--only" in text
    assert "a third judge would decide" in text
    with disagreements_path(out).open(encoding="utf-8-sig", newline="") as file:
        [row] = csv.DictReader(file)
    assert (row["transcript"], row["question"], row["a"], row["b"], row["decision"]) == ("t16", "warm", "met", "not met", "")
    assert summary.data["disagreements"] == {
        "file": str(disagreements_path(out)), "undecided": 1, "levels_far_apart": 0, "outvoted": 0,
    }  # fmt: skip
    assert summary.data["rubrics"][0]["criteria"]["warm"]["alpha"]["n"] == 17


def test_where_all_agree_there_is_no_list(out: Path) -> None:
    disagreements_path(out).write_text("of an earlier run")
    write(out, record(1, "met", "met", "met"))
    text = "\n".join(summed_up(out, [RUBRIC], "panel").lines)
    assert "To look at" not in text and not disagreements_path(out).exists()
    assert "all ratings are the same" in text


def test_a_member_that_hardly_answers_is_named() -> None:
    agreement = PanelAgreement([RUBRIC], "panel")
    for number in range(3):
        agreement.add(record(number, "met", "met", None))
    assert "c left most questions without a usable answer, so the others decide nearly alone." in told(agreement).lines


def test_nothing_is_said_where_no_panel_judged(out: Path) -> None:
    write(out, {**record(1, "met", "met"), "judge": "another"})
    assert summed_up(out, [RUBRIC], "panel").lines == []
