"""What goes through a Batch API, and how it is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.batch.asked import Asked, Part, Parts, PartWriter, Shelf
from simulator.batch.openai_batch import Progress
from simulator.batch.tally import Tally
from simulator.cli.batches import WithUnderWay, as_json, told
from simulator.cli.main import app
from simulator.models.batches import Batch

KEYS = [f"{n:032x}" for n in range(4)]


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1")
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.jsonl"
    path.write_text(json.dumps({"id": "a", "turns": [{"role": "trainee", "text": "Hello there."}]}) + "\n")
    return path


def under_way(out: Path, keys: list[str]) -> None:
    """Leave behind what a run does that has handed these over."""
    shelf = Shelf(out)
    parts = Parts(run="r", judge="m", prompt="p", endpoint="e")
    with PartWriter(shelf, parts, most_requests=2, most_bytes=1000) as writer:
        assert all(writer.add({"n": 1}, Asked(key), "/v1/chat/completions") for key in keys)
    parts.parts = writer.parts
    shelf.save(parts)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "o"], "built-in judge needs no Batch API"),
        (["--model", "m"], "Say into which file with --out"),
        (["--judges", "m,builtin", "--out", "o"], "A batch is judged by one model, asked once"),
        (["--model", "m", "--repeats", "2", "--out", "o"], "A batch is judged by one model, asked once"),
        (["--model", "m", "--one-call", "--out", "o"], "--one-call does not go with --batch-api"),
    ],
)
def test_what_cannot_go_through_a_batch(talk: Path, options: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["grade", str(talk), "--batch-api", *options])
    assert message in str(result.exception)


def test_standard_input_cannot_be_read_again() -> None:
    result = CliRunner().invoke(app, ["grade", "-", "--batch-api", "--model", "m", "--out", "o"])
    assert "standard input is gone by then" in str(result.exception)


def test_what_is_under_way_is_not_asked_directly_too(talk: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    under_way(out, KEYS[:1])
    result = CliRunner().invoke(app, ["grade", str(talk), "--model", "m", "--out", str(out)])
    assert f"Batches are under way for {out}" in str(result.exception)
    assert not out.exists()


def test_an_estimate_leaves_out_what_is_under_way(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    under_way(out, KEYS[:3])
    assert [part.requests for part in Shelf(out).load().parts] == [2, 1]
    seen = WithUnderWay({KEYS[3]}, out, again=False)
    assert [key in seen for key in KEYS] == [True] * 4
    assert [key in WithUnderWay({KEYS[3]}, out, again=True) for key in KEYS] == [False, False, False, True]


def test_a_request_that_no_endpoint_takes_is_left_out(tmp_path: Path) -> None:
    parts = Parts(run="r", judge="m", prompt="p", endpoint="e")
    with PartWriter(Shelf(tmp_path / "o"), parts, most_requests=2, most_bytes=200) as writer:
        assert not writer.add({"n": "x" * 300}, Asked(KEYS[0]), "/v1/chat/completions")
        assert writer.add({"n": "é"}, Asked(KEYS[1], 2, first="“so”\n"), "/v1/chat/completions")
    [part] = writer.parts
    assert part == Part(name="0001", requests=1)
    line = Shelf(tmp_path / "o").asked("0001").read_bytes()
    assert Asked.read(line) == Asked(KEYS[1], 2, first="“so”\n")


def test_how_it_stands_is_told() -> None:
    begun = Progress(Tally(), [Batch("b", "validating")], submitted=1_200, held=300)
    assert told(begun, "models.example") == [
        "1,200 requests handed over to models.example.",
        "1 batch is under way at models.example.",
        "300 requests waiting until models.example takes more.",
    ]
    later = Progress(Tally(), [Batch("b", "in_progress", total=700, done=20), Batch("c", "in_progress", total=500)])
    assert told(later, "models.example") == ["2 batches are under way at models.example, 20 of 1,200 requests answered."]
    assert as_json(later)["under_way"][0] == {"id": "b", "status": "in_progress", "total": 700, "done": 20, "failed": 0}
    assert told(Progress(Tally()), "models.example") == []
