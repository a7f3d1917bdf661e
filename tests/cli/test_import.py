"""``fineline import`` writes Fineline JSONL, and says what it left out."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from simulator.cli.main import app

runner = CliRunner()
CSV = "conversation,speaker,text\na,Agent,Hello\na,Customer,Hi\nb,Agent\nc,Agent,Bye\n"


def test_records_go_to_standard_output_and_rejects_are_named(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text(CSV)
    result = runner.invoke(app, ["import", str(path)])
    assert result.exit_code == 1
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["id"] for record in records] == ["a", "c"]
    assert records[0]["turns"][0] == {"role": "trainee", "text": "Hello", "speaker": "Agent"}
    assert f"{path}:4: 2 columns" in result.stderr
    assert "2 transcripts, 1 left out" in result.stderr


def test_strict_leaves_the_old_file_as_it_was(tmp_path: Path):
    path, out = tmp_path / "t.csv", tmp_path / "out.jsonl"
    path.write_text(CSV)
    out.write_text("before")
    assert runner.invoke(app, ["import", str(path), "--strict", "--out", str(out)]).exit_code == 1
    assert out.read_text() == "before"
    assert runner.invoke(app, ["import", str(path), "--out", str(out)]).exit_code == 1
    assert len(out.read_text().splitlines()) == 2
    assert {each.name for each in tmp_path.iterdir()} == {"t.csv", "out.jsonl"}


def test_what_comes_out_can_be_read_again(tmp_path: Path):
    path, out = tmp_path / "chat.jsonl", tmp_path / "out.jsonl"
    path.write_text(
        json.dumps({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yo"}], "team": "x"})
    )
    refused = runner.invoke(app, ["import", str(path)])
    assert refused.exit_code != 0
    assert runner.invoke(app, ["import", str(path), "--trainee", "assistant", "--out", str(out)]).exit_code == 0
    again = runner.invoke(app, ["import", str(out)])
    assert again.exit_code == 0
    assert json.loads(again.stdout) == json.loads(out.read_text())
    assert json.loads(again.stdout)["team"] == "x"


def test_what_is_read_is_not_written_over(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text(CSV)
    (tmp_path / "link.csv").symlink_to(path)
    for out in (path, tmp_path / "link.csv"):
        result = runner.invoke(app, ["import", str(path), "--out", str(out)])
        assert result.exit_code != 0
        assert "is what is read, and would be lost" in str(result.exception)
    assert path.read_text() == CSV
    assert "is a folder" in str(runner.invoke(app, ["import", str(path), "--out", str(tmp_path)]).exception)
