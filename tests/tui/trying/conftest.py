"""What both trials need: the shipped library, an ear, and nothing of the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.authoring.library import Library, shipped_folders
from simulator.language.detector import Detector


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(shipped_folders())


@pytest.fixture(scope="module")
def detector(library: Library) -> Detector:
    return Detector.load(library.catalogue)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))
