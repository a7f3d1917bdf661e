"""``fineline simulate``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli.simulate import app
from simulator.domain.errors import UsageError
from simulator.models.errors import ModelError
from simulator.models.scripted import ScriptedModel

ROBIN = str(Path(__file__).parent / "robin.yaml")


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path):
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "FINELINE_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("Hello, how can I help?\n\n   \nWhat's wrong with it?\nWhen did you buy it?\n", encoding="utf-8")
    return path


def simulate(*arguments, **more):
    return CliRunner().invoke(app, [ROBIN, *map(str, arguments)], **more)


def test_writes_one_record_and_nothing_else_to_standard_output(lines):
    result = simulate("--trainee", lines, "--seed", 3, "--identity", "kim")
    assert result.exit_code == 0 and result.stdout.count("\n") == 1
    record = json.loads(result.stdout)
    assert list(record)[:6] == ["id", "persona", "scenario", "identity", "seed", "turns"]
    assert (record["persona"], record["identity"], record["seed"], record["ending"]) == (
        "robin-toaster",
        "Kim",
        3,
        "out_of_lines",
    )
    assert [turn["role"] for turn in record["turns"]] == ["customer", "trainee"] * 3 + ["customer"]
    assert record["survey"]["comment"] and all(record["versions"].values())


def test_is_the_same_byte_for_byte_from_file_or_standard_input(lines, tmp_path):
    simulate("--trainee", lines, "--out", tmp_path / "a.jsonl")
    simulate("--trainee", "-", "--out", tmp_path / "b.jsonl", input=lines.read_text())
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes() != b""


def test_shows_the_conversation_on_standard_error(lines):
    result = simulate("--trainee", lines, "--show", "--identity", "Robin")
    assert "You: When did you buy it?" in result.stderr and "Robin: " in result.stderr and "You:" not in result.stdout


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Hello\n\xff\xfe\n", r"lines.txt:2: this is not UTF-8"),
        (b"x" * 4001, r"lines.txt:1: That is 4,001 characters"),
        (b"x" * 4_000_001, "larger than 4 MB"),
    ],
)
def test_lines_that_cannot_be_used_are_named(tmp_path, content, message):
    path = tmp_path / "lines.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        simulate("--trainee", path, catch_exceptions=False)


def test_what_does_not_exist_is_said(lines, tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        simulate("--trainee", tmp_path / "none.txt", catch_exceptions=False)
    with pytest.raises(UsageError, match=r"no identity called 'Robyn'.*'Robin'"):
        simulate("--trainee", lines, "--identity", "Robyn", catch_exceptions=False)
    with pytest.raises(UsageError, match="no language model"):
        simulate("--trainee", lines, "--voice", "model", catch_exceptions=False)


def test_a_model_speaks_and_reads_again(lines, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    answers = iter(["Hello. It's about this toaster.", "It's a toaster that trips the fuse.", {"behaviours": []}])
    model = ScriptedModel([*answers], forever=True)
    monkeypatch.setattr("simulator.models.chat.ChatModel", lambda endpoint: model)
    simulate("--trainee", lines, "--voice", "model", "--out", tmp_path / "t.jsonl", catch_exceptions=False)
    record = json.loads((tmp_path / "t.jsonl").read_text())
    assert (
        record["turns"][0]["voice"] == "scripted" and record["turns"][1]["appraised_by"] == "built-in + scripted" and model.closed
    )


def test_a_model_that_fails_twice_ends_the_command_and_loses_nothing(lines, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    gone = ModelError("dropped", "The connection broke.")
    model = ScriptedModel(["Hello. It's about this toaster.", gone, gone])
    monkeypatch.setattr("simulator.models.chat.ChatModel", lambda endpoint: model)
    with pytest.raises(ModelError, match="broke"):
        simulate("--trainee", lines, "--voice", "model", "--out", tmp_path / "t.jsonl", catch_exceptions=False)
    record = json.loads((tmp_path / "t.jsonl").read_text())
    assert record["ending"] is None and [turn["text"] for turn in record["turns"]] == [
        "Hello. It's about this toaster.",
        "Hello, how can I help?",
    ]


def test_one_failure_is_asked_again(lines, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    model = ScriptedModel([ModelError("server", "500."), "Hello. It's about this toaster.", {"behaviours": []}], forever=True)
    monkeypatch.setattr("simulator.models.chat.ChatModel", lambda endpoint: model)
    assert simulate("--trainee", lines, "--voice", "model", "--out", tmp_path / "t.jsonl").exit_code == 0
