"""A rubric's audit says what tells trainees apart, and what adds nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.analysis.rubric_audit import RubricAudit, Served, audit_rubric
from simulator.cli import rubrics
from simulator.domain.errors import UsageError
from simulator.domain.grade import Evidence, Finding, Verdict
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.judges.protocol import Judgement

RUBRIC = Rubric.model_validate(
    {
        "id": "listening",
        "title": "Listening",
        "levels": {number: f"level {number}" for number in range(1, 6)},
        "thresholds": [0.2, 0.4, 0.6, 0.8],
        "criteria": [
            {"id": "asks_back", "asks": "Does the trainee ask back?", "met_by": ["explores"]},
            {"id": "sums_up", "asks": "Does the trainee sum up?", "met_by": ["explores"]},
            {"id": "greets", "asks": "Is there a greeting?", "met_by": ["greets"]},
            {"id": "sings", "asks": "Does the trainee sing?", "met_by": ["greets"]},
            {"id": "no_jokes", "asks": "No jokes?", "broken_by": ["jokes"], "cap_when_not_met": 2},
        ],
    }
)


class Listener:
    """Finds what the style of the transcript asks for."""

    name = "listener"

    async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
        asks: Verdict = "met" if transcript.id in ("warm", "chatty") else "not_met"
        verdicts: dict[str, Verdict] = {
            "asks_back": asks, "sums_up": asks, "greets": "met", "sings": "not_applicable",
            "no_jokes": "not_met" if transcript.id == "chatty" else "met",
        }  # fmt: skip
        quote = (Evidence(turn=1, quote="Ha!"),)
        return Judgement(
            tuple(Finding(criterion=name, verdict=each, evidence=quote, counted=True) for name, each in verdicts.items())
        )


async def audited(**times: int) -> RubricAudit:
    async def conversations() -> AsyncIterator[Served]:
        for style, count in times.items():
            for _ in range(count):
                yield Served(style, Transcript(id=style, turns=[Turn(role="trainee", text="Ha!")]))

    return await audit_rubric(RUBRIC, conversations(), Listener())


async def test_what_adds_nothing_is_named_and_what_tells_apart_is_not() -> None:
    remarks = "\n".join((await audited(warm=6, cold=6)).remarks())
    assert "sings: never applied in 12 conversations" in remarks
    assert "greets: met in all 12 conversations" in remarks
    assert "asks_back and sums_up said the same in all 12" in remarks
    assert "asks_back: " not in remarks
    assert "hardly tells" not in remarks


async def test_a_cap_on_friendly_banter_is_pointed_at_with_the_words() -> None:
    found = await audited(chatty=3)
    assert found.mean("chatty") == 2
    assert any("no_jokes: its cap holds the level of chatty ×3 down, for instance at “Ha!”" in each for each in found.remarks())


async def test_styles_that_come_out_alike_are_said() -> None:
    assert any("hardly tells styles apart" in each for each in (await audited(cold=6, terse=6)).remarks())


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))
    monkeypatch.delenv("FINELINE_PATH", raising=False)


@pytest.mark.usefixtures("alone")
def test_the_command_grades_real_conversations_and_says_the_same_twice() -> None:
    words = ["audit", "authenticity", "-p", "brushed-off", "--json"]
    first, second = (CliRunner().invoke(rubrics.app, words) for _ in range(2))
    assert (first.exit_code, first.stdout) == (0, second.stdout)
    record = json.loads(first.stdout)
    assert record["conversations"] == 14
    assert record["styles"]["warm"]["mean_level"] - record["styles"]["faking"]["mean_level"] >= 2
    assert isinstance(CliRunner().invoke(rubrics.app, ["audit", "warmht"]).exception, UsageError)
