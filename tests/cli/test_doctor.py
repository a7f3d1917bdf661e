"""``fineline doctor`` says what works and what does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli.main import app
from simulator.store.store import FILE_NAME

runner = CliRunner()


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "FINELINE_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))


def test_a_fresh_machine_is_in_order():
    result = runner.invoke(app, ["doctor", "--json"])
    assert result.exit_code == 0, result.output
    states = {finding["part"]: finding["state"] for finding in json.loads(result.stdout)}
    assert set(states.values()) <= {"ok", "note"}
    assert {"library", "built-in ear", "saved sessions", "voice and judge"} <= set(states)


def test_a_damaged_store_is_a_problem_with_a_way_out(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE_NAME).write_bytes(b"not a database at all" * 99)
    result = runner.invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert "damaged" in result.stdout
    assert "→ Move it aside" in result.stdout
