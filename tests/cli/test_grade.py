"""``fineline grade`` with the built-in judge, from files to a file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli.main import app

runner = CliRunner()


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "FINELINE_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    good = [
        {"role": "customer", "text": "Hello, this kettle broke after two days and I'm really fed up."},
        {"role": "trainee", "text": "Good morning. I'm so sorry, that must be maddening. Let me swap it for you."},
        {"role": "customer", "text": "Would you? Thank you."},
        {"role": "trainee", "text": "Here you go, a brand new one. Have a lovely day!"},
    ]
    path = tmp_path / "talk.jsonl"
    path.write_text(json.dumps({"id": "good", "turns": good}) + "\n{broken\n" + json.dumps({"id": "again", "turns": good}) + "\n")
    return path


def test_grades_are_written_and_not_made_twice(talk: Path, tmp_path: Path):
    out = tmp_path / "grades.jsonl"
    command = ["grade", str(talk), "--rubric", "warmth", "--rubric", "service", "--out", str(out)]
    result = runner.invoke(app, command)
    assert result.exit_code == 1, result.output
    assert "talk.jsonl:2: not JSON" in result.stderr
    records = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [(each["transcript"], each["rubric"]) for each in records] == [
        ("good", "warmth"), ("good", "service"), ("again", "warmth"), ("again", "service"),
    ]  # fmt: skip
    words = {
        2: "Good morning. I'm so sorry, that must be maddening. Let me swap it for you.",
        4: "Here you go, a brand new one. Have a lovely day!",
    }
    for record in records:
        assert record["status"] in ("scored", "not_scored")
        assert (record["level"] is None) == (record["status"] != "scored")
        quotes = [(each["turn"], each["quote"]) for finding in record["findings"] for each in finding["evidence"]]
        assert [(turn, quote) for turn, quote in quotes if quote.strip(" .!…") not in words[turn]] == []
    assert any(finding["evidence"] for record in records for finding in record["findings"])
    [rejected] = [json.loads(line) for line in (tmp_path / "grades.jsonl.rejected").read_text().splitlines()]
    assert (rejected["line"], rejected["raw"]) == (2, "{broken")
    before = out.read_bytes()
    result = runner.invoke(app, command)
    assert "4 done before" in result.stderr
    assert out.read_bytes() == before


def test_strict_stops_at_what_cannot_be_read(talk: Path):
    result = runner.invoke(app, ["grade", str(talk), "--rubric", "warmth", "--strict"])
    assert result.exit_code != 0
    assert len(result.stdout.splitlines()) == 1


def test_a_rubric_that_is_not_there_is_answered_with_the_nearest(talk: Path):
    result = runner.invoke(app, ["grade", str(talk), "--rubric", "warmt"])
    assert result.exit_code != 0
    assert "warmth" in str(result.exception)


def test_a_model_judge_needs_a_model(talk: Path):
    result = runner.invoke(app, ["grade", str(talk), "--judge", "model"])
    assert result.exit_code != 0
    assert "no language model to judge" in str(result.exception)


def test_what_was_done_before_is_counted_as_it_is(talk: Path, tmp_path: Path):
    out = tmp_path / "grades.jsonl"
    command = ["grade", str(talk), "--out", str(out), "--json"]
    assert runner.invoke(app, command).exit_code == 1
    done = len(out.read_text("utf-8").splitlines())
    for _ in range(2):
        counts = json.loads(runner.invoke(app, command).stdout)["counts"]
        assert (counts["resumed"], counts["transcripts"], counts["graded"]) == (done, 2, 0)


def test_transcripts_are_not_written_over(talk: Path):
    before = talk.read_bytes()
    for more in ([], ["--again"]):
        result = runner.invoke(app, ["grade", str(talk), "--out", str(talk), *more])
        assert result.exit_code != 0
        assert talk.read_bytes() == before


def test_names_of_files_that_are_no_unicode_text(talk: Path, tmp_path: Path):
    odd = tmp_path / os.fsdecode(b"caf\xe9.jsonl")
    odd.write_bytes(talk.read_bytes())
    out = tmp_path / "grades.jsonl"
    for _ in range(2):
        result = runner.invoke(app, ["grade", str(odd), "--rubric", "warmth", "--out", str(out)])
        assert result.exit_code == 1, result.output
    assert len(out.read_text("utf-8").splitlines()) == 2
    assert "caf\ufffd.jsonl" in (tmp_path / "grades.jsonl.run.json").read_text("utf-8")
