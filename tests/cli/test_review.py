"""``fineline review`` from the outside: what it refuses, and one rating in a real terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from simulator.batch.ledger import work_key
from simulator.batch.manifest import RubricUsed, RunManifest, save_manifest
from simulator.cli.review import app
from simulator.domain.errors import FinelineError, UsageError
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript, Turn

RUBRIC = Rubric.model_validate(
    {
        "id": "own-rubric", "title": "Own", "levels": {n: f"level {n}" for n in range(1, 6)}, "thresholds": [0.2, 0.4, 0.6, 0.9],
        "criteria": [{"id": "greets", "asks": "Is there a greeting?"}],
    }
)  # fmt: skip
PROGRAM = "import sys; from simulator.__main__ import main; sys.argv = ['fineline', *sys.argv[1:]]; main()"
_ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results of a run, its description, and the transcripts where the run had them."""
    path = tmp_path / "r.jsonl"
    talks = [Transcript(id=f"t{n}", turns=[Turn(role="trainee", text=f"Hello, number {n}.")]) for n in range(2)]
    (tmp_path / "talks.jsonl").write_text("".join(json.dumps(each.as_record()) + "\n" for each in talks))
    with path.open("w") as file:
        for each in talks:
            record = {"transcript": each.id, "rubric": RUBRIC.id, "judge": "machine", "status": "scored", "level": 5, "score": 1,
                      "findings": [], "versions": {"rubric": RUBRIC.digest, "prompt": "p1"},
                      "key": work_key(each, RUBRIC.digest, "machine", "p1")}  # fmt: skip
            file.write(json.dumps(record) + "\n")
    used = RubricUsed(id=RUBRIC.id, digest=RUBRIC.digest, definition=RUBRIC.model_dump(mode="json"))
    save_manifest(path, RunManifest(fineline="1", sources=["talks.jsonl"], folder=str(tmp_path), rubrics=[used]))
    return path


def run(*arguments: object) -> None:
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rater", " "], "Who is rating"),
        (["--rater", "ann", "--rubric", "own-rubrik"], "no rubric called 'own-rubrik'"),
        (["--rater", "ann"], "takes a terminal"),
    ],
)
def test_what_cannot_be_is_said_before_anything_opens(results: Path, arguments: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run(results, *arguments)
    assert not list(results.parent.glob("r.ann*"))


def test_ratings_do_not_go_into_the_results(results: Path) -> None:
    before = results.read_bytes()
    with pytest.raises(UsageError, match="cannot go into the results"):
        run(results, "--rater", "ann", "--out", results)
    assert results.read_bytes() == before


def test_results_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FinelineError, match="could not be read"):
        run(tmp_path / "gone.jsonl", "--rater", "ann")
    (tmp_path / "x.jsonl").write_text("words\n")
    with pytest.raises(FinelineError, match=r"x\.jsonl:1: not JSON"):
        run(tmp_path / "x.jsonl", "--rater", "ann")


class Terminal:
    """The command in a terminal of its own."""

    def __init__(self, *arguments: object) -> None:
        self.master, slave = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
        command = [sys.executable, "-c", PROGRAM, *(str(each) for each in arguments)]
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True)
        os.close(slave)
        self.output = b""

    def until(self, true: Any) -> None:
        end = time.monotonic() + 30
        while not true(_ESCAPES.sub(b"", self.output).decode("utf-8", "replace")):
            assert time.monotonic() < end, self.output[-2000:]
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    self.output += os.read(self.master, 65536)
                except OSError:  # Linux says so when the other side has closed
                    return

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)


def test_a_person_rates_in_a_terminal_what_the_run_had_and_as_it_asked(results: Path) -> None:
    (results.parent / "talks.jsonl").write_text((results.parent / "talks.jsonl").read_text().replace("number 1", "number 7"))
    terminal = Terminal("review", results, "--rater", "ann")
    try:
        terminal.until(lambda said: "Is there a greeting?" in said)
        os.write(terminal.master, b"m")
        out = results.with_name("r.ann.jsonl")
        terminal.until(lambda _said: out.exists() and out.read_text().endswith("\n"))
        os.write(terminal.master, b"q")
        terminal.until(lambda said: "Compare: fineline agree" in said)
    finally:
        terminal.close()
    [record] = [json.loads(line) for line in out.read_text().splitlines()]
    assert (record["transcript"], record["judge"], record["level"]) == ("t0", "ann", 5)
    assert record["versions"]["rubric"] == RUBRIC.digest
    assert b"1 transcript was changed since graded" in terminal.output
    assert b"machine" not in terminal.output
