"""``fineline report`` writes its page, or the numbers, and says what it lacks."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli.main import app
from simulator.domain.transcript import Transcript, Turn
from simulator.store.store import Store

runner = CliRunner()
TURNS = [
    {"role": "customer", "text": "Hello, this kettle broke and I'm fed up."},
    {"role": "trainee", "text": "Good morning. I'm so sorry, that must be maddening. Let me swap it for you."},
    {"role": "customer", "text": "Thank you."},
    {"role": "trainee", "text": "Here you go. Have a lovely day!"},
]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graded")
    talks = [{"id": name, "team": name, "turns": TURNS} for name in ("a", "b")]
    (folder / "t.jsonl").write_text("\n".join(map(json.dumps, talks)))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATA", "CONFIG", "CACHE"):
            patch.setenv(f"FINELINE_{name}", str(folder / name.lower()))
        done = runner.invoke(app, ["grade", str(folder / "t.jsonl"), "--rubric", "warmth", "--out", str(folder / "r.jsonl")])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def results(graded: Path, tmp_path: Path) -> Path:
    for name in ("t.jsonl", "r.jsonl", "r.jsonl.run.json"):
        (tmp_path / name).write_bytes((graded / name).read_bytes())
    return tmp_path / "r.jsonl"


def test_what_was_graded_is_reported(results: Path):
    done = runner.invoke(app, ["report", "r.jsonl", "--transcripts", "t.jsonl", "--by", "team"])
    assert done.exit_code == 0, done.output
    assert "Report on 2 transcripts written to report.html" in done.stderr
    assert done.stdout == ""
    page = results.with_name("report.html").read_text("utf-8")
    assert "Does the customer feel met as a person?" in page
    assert "<mark>I&#39;m so sorry, that must be maddening.</mark>" in page


def test_numbers_go_to_standard_output(results: Path):
    done = runner.invoke(app, ["report", "r.jsonl", "--json"])
    assert done.exit_code == 0
    assert not results.with_name("report.html").exists()
    numbers = json.loads(done.stdout)
    assert numbers["transcripts"] == 2
    assert "maddening" not in done.stdout


def test_lines_that_are_no_grades_are_named_and_the_rest_is_reported(results: Path):
    with results.open("a") as file:
        file.write("{oops\n" * 30)
    done = runner.invoke(app, ["report", "r.jsonl", "--out", "x.html"])
    assert done.exit_code == 1
    assert "r.jsonl:3: not JSON" in done.stderr
    assert "… and 10 more lines" in done.stderr
    assert results.with_name("x.html").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["r.jsonl", "--by", "taem", "--transcripts", "t.jsonl"], "Did you mean 'team'"),
        (["r.jsonl", "--rubric", "warmt"], "Did you mean 'warmth'"),
        (["r.jsonl", "--out", "r.jsonl"], "r.jsonl is what is read"),
        (["r.jsonl", "--out", "x.csv"], "fineline export r.jsonl --out x.csv"),
        (["none.jsonl"], "There is no file 'none.jsonl'"),
        (["."], ". could not be read"),
        (["t.jsonl"], "this is a transcript, not a grade"),
    ],
)
def test_what_will_not_do_is_said(results: Path, arguments: list[str], said: str):
    done = runner.invoke(app, ["report", *arguments])
    assert done.exit_code != 0
    assert said in str(done.exception)


def test_the_apps_own_sessions_are_found_again(tmp_path: Path):
    store = Store.open(tmp_path / "data")
    ids = {}
    for persona in ("chatty-regular", "dana"):
        recorder = store.begin(Transcript(id="t", persona=persona))
        for number, turn in enumerate(TURNS, 1):
            recorder.save_turn(number, Turn.model_validate(turn))
        ids[persona] = recorder.session_id
    store.close()
    assert runner.invoke(app, ["grade", "store:", "--rubric", "warmth", "--out", "r.jsonl"]).exit_code == 0
    done = runner.invoke(app, ["report", "r.jsonl", "--by", "persona"])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<mark>I&#39;m so sorry, that must be maddening.</mark>" in page
    assert all(f'id="t{at}"' in page for at in (1, 2))
    done = runner.invoke(app, ["export", "r.jsonl", "--with", "persona"])
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {row["transcript"]: row["persona"] for row in rows} == {id_: persona for persona, id_ in ids.items()}
