"""``fineline audit`` as an evaluator uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from simulator.cli import audit
from simulator.domain.errors import UsageError


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "FINELINE_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    lines = [
        {"id": f"c{n}", "turns": [{"role": "customer", "text": "My wife lost her ticket."}, {"role": "trainee", "text": words}]}
        for n, words in enumerate(["I'm so sorry, that's annoying. Let me print her a new one, sir.", "No ticket, no entry."])
    ]
    lines.append({"id": "nobody", "turns": [{"role": "trainee", "text": "It is done."}]})
    text = "".join(json.dumps(each) + "\n" for each in lines)
    (tmp_path / "calls.jsonl").write_text(text + "{broken\n", encoding="utf-8")

    def run(*words: str) -> Result:
        return CliRunner().invoke(audit.app, list(words))

    return run


def test_the_built_in_judge_does_not_mind_who_people_are(run, tmp_path: Path) -> None:
    for way, unswapped in (("gender", 1), ("names", 3)):
        found = run("calls.jsonl", "--swap", way, "-r", "warmth", "--json", "--out", "audit.json")
        assert found.exit_code == 1  # a record could not be read
        record = json.loads(found.stdout)
        assert record == json.loads((tmp_path / "audit.json").read_text("utf-8"))
        assert (record["transcripts"], record["nothing_to_swap"], record["rejected"]) == (3, unswapped, 1)
        assert record["rubrics"]["warmth"]["verdicts_moved"]["count"] == 0
        assert record["moved"] == []


def test_people_read_shares_with_their_intervals(run) -> None:
    found = run("calls.jsonl", "--swap", "gender", "-r", "warmth", "-n", "2")
    assert found.exit_code == 0
    assert "gender swapped in 2 of 2 transcripts; judge: built-in" in found.stdout
    assert "0 of 2 (0.0%–65.8%)" in found.stdout
    assert "nothing moved" in found.stdout


def test_letting_the_built_in_judge_see_names_is_no_option(run) -> None:
    assert isinstance(run("calls.jsonl", "--swap", "gender", "--sighted").exception, UsageError)
