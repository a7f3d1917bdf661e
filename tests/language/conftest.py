"""The ear over the shipped catalogue, loaded once a process."""

from __future__ import annotations

import pytest

from simulator.authoring.library import Library, shipped_folders
from simulator.domain.behaviour import Catalogue
from simulator.language.detector import Detector


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Library(shipped_folders(), None).catalogue


@pytest.fixture(scope="session")
def detector(catalogue: Catalogue) -> Detector:
    return Detector.load(catalogue)
