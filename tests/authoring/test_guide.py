"""The guide is true: what it writes is written, and every command of it runs, in its order."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli.main import app
from simulator.domain.errors import UsageError

GUIDE = Path(__file__).parents[2] / "docs" / "authoring.md"
_BLOCK = re.compile(r"^```(\w+)(?: (\S+)(?: after (\S+))?)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def write(name: str, text: str, after: str | None) -> None:
    path = Path(name)
    if after is not None:
        before, line, rest = path.read_text(encoding="utf-8").partition(f"\n{after}\n")
        assert line, f"{name} has no line {after!r}"
        text = f"{before}{line}{text}{rest}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def run(command: str) -> str:
    program, *words = shlex.split(command)
    assert program == "fineline"
    result = CliRunner().invoke(app, words)
    if words[1] == "try":
        # There is no terminal here; it comes to that only when the file can be used.
        assert isinstance(result.exception, UsageError)
        assert "terminal" in str(result.exception)
    else:
        assert result.exit_code == 0, f"{command}\n{result.output}\n{result.exception!r}"
    return result.stdout


def test_every_command_of_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    for name in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))
    for name in ("FINELINE_PATH", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    shown: dict[str, str] = {}
    for language, name, after, text in _BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        if language == "sh":
            for command in text.splitlines():
                shown[command] = run(command)
        else:
            write(name, text, after or None)
    assert len(shown) >= 12
    grades = {each["rubric"]: each for each in map(json.loads, Path("grades.jsonl").read_text("utf-8").splitlines())}
    assert grades["clear-steps"]["level"] == 5
    assert grades["warmth"]["level"] >= 3
    checks = [out for command, out in shown.items() if " check " in command]
    assert checks and not any(checks)
    assert "bus-pass" in shown["fineline personas list"] and "clear-steps" in shown["fineline rubrics list"]
