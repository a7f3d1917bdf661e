"""What the screens work with is made as the settings say."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.grading.judges.model import ModelJudge
from simulator.settings import ModelChoice, Settings
from simulator.tui.services import Services


@pytest.mark.parametrize(("blind", "version"), [(True, "-blind"), (False, "-sighted")])
async def test_the_judge_reads_names_only_where_the_settings_let_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blind: bool, version: str
) -> None:
    monkeypatch.setenv("FINELINE_CACHE", str(tmp_path))
    services = Services(Settings(judge=ModelChoice(model="m", base_url="http://localhost:1"), blind_judge=blind))
    judge = await services.judge()
    assert isinstance(judge, ModelJudge) and judge.prompt_version.endswith(version)
    await services.aclose()
