"""``fineline export`` makes tables of results, and says what it needs."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.batch.manifest import RunManifest, save_manifest
from simulator.cli.main import app

runner = CliRunner()


@pytest.fixture
def results(tmp_path: Path) -> Path:
    talks = [{"id": name, "team": team, "turns": [{"role": "trainee", "text": "Hi"}]} for name, team in (("a", "x"), ("b", "y"))]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, talks)))
    grade = {"rubric": "warmth", "judge": "j", "status": "scored", "level": 3, "findings": [{"criterion": "c", "verdict": "met"}]}
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join([json.dumps({"transcript": "a", **grade}), json.dumps({"transcript": "b", **grade})]) + "\n")
    save_manifest(path, RunManifest(fineline="1", sources=["t.jsonl"], folder=str(tmp_path)))
    return path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_grades_go_to_standard_output_with_keys_of_the_transcripts(results: Path):
    done = runner.invoke(app, ["export", str(results), "--with", "team"])
    assert done.exit_code == 0, done.output
    assert [(row["transcript"], row["level"], row["team"]) for row in rows(done.stdout)] == [("a", "3", "x"), ("b", "3", "y")]


def test_transcripts_that_are_not_found_are_named(results: Path, tmp_path: Path):
    lines = (tmp_path / "t.jsonl").read_text().splitlines()
    (tmp_path / "t.jsonl").write_text(lines[0])
    done = runner.invoke(app, ["export", str(results), "--with", "team"])
    assert [row["team"] for row in rows(done.stdout)] == ["x", ""]
    assert "1 transcript not found, or there several times and different, so team is left empty: b" in done.stderr


def test_into_a_file_go_all_tables(results: Path, tmp_path: Path):
    done = runner.invoke(app, ["export", str(results), "--out", str(tmp_path / "g.csv")])
    assert done.exit_code == 0, done.output
    assert f"2 rows written to {tmp_path / 'g.findings.csv'}" in done.stderr
    assert (tmp_path / "g.csv").read_bytes().startswith(b"\xef\xbb\xbftranscript,")
    assert not (tmp_path / "g.ratings.csv").exists()
    done = runner.invoke(app, ["export", str(results), "--table", "findings", "--plain", "--out", str(tmp_path / "f.csv")])
    assert [row["criterion"] for row in rows((tmp_path / "f.csv").read_text("utf-8"))] == ["c", "c"]


def test_lines_that_are_no_grades_are_named(results: Path):
    with results.open("a") as file:
        file.write("{oops\n")
    done = runner.invoke(app, ["export", str(results), "--table", "findings"])
    assert done.exit_code == 1
    assert f"{results}:3: not JSON" in done.stderr
    assert len(rows(done.stdout)) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--with", "taem"], "Did you mean 'team'"),
        (["--table", "finding"], "Did you mean 'findings'"),
        (["--to", "parquet"], "Parquet is not for a terminal"),
        (["--to", "csv", "--out", "x.parquet"], "call the file x.csv"),
        (["--plain", "--out", "x.xls"], "Call it .csv or .parquet"),
    ],
)
def test_what_does_not_go_together_is_said(results: Path, arguments: list[str], said: str):
    done = runner.invoke(app, ["export", str(results), *arguments])
    assert done.exit_code != 0
    assert said in str(done.exception)


def test_without_a_description_it_asks_where_the_transcripts_are(results: Path, tmp_path: Path):
    results.with_name("r.jsonl.run.json").unlink()
    done = runner.invoke(app, ["export", str(results), "--with", "team"])
    assert "--transcripts" in str(done.exception)
    done = runner.invoke(app, ["export", str(results), "--with", "team", "--transcripts", str(tmp_path / "t.jsonl")])
    assert [row["team"] for row in rows(done.stdout)] == ["x", "y"]


def test_parquet_without_duckdb_says_what_to_install(results: Path, monkeypatch: pytest.MonkeyPatch):
    find = importlib.util.find_spec
    monkeypatch.setattr("simulator.batch.writers.parquet.find_spec", lambda name: None if name == "duckdb" else find(name))
    done = runner.invoke(app, ["export", str(results), "--out", "x.parquet"])
    assert "fineline[parquet]" in str(done.exception)


def test_a_session_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FINELINE_DATA", str(tmp_path))
    done = runner.invoke(app, ["export", "nobody"])
    assert "no saved session 'nobody', and no file" in str(done.exception)
    assert str(runner.invoke(app, ["export", "a", "b"]).exception).startswith("There is no file 'a'")
