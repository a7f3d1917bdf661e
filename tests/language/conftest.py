"""The ear over the shipped catalogue, loaded once a process, and a tiny network with weights drawn by chance."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.authoring.library import Library, shipped_folders
from simulator.domain.behaviour import Catalogue
from simulator.language.detector import Detector
from simulator.language.encoder import Encoder
from simulator.language.meaning import SENTENCE, UNKNOWN, Meaning

WIDTH, FILTERS, INNER, OUTPUTS = 6, 5, 4, 3  # of the tiny network
VOCABULARY = {word: number + UNKNOWN + 1 for number, word in enumerate([SENTENCE, "the", "tea", "is", "cold", "?"])}


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Library(shipped_folders(), None).catalogue


@pytest.fixture(scope="session")
def detector(catalogue: Catalogue) -> Detector:
    return Detector.load(catalogue)


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder.load()


@pytest.fixture(scope="session")
def tiny_weights(encoder: Encoder) -> dict[str, np.ndarray]:
    shapes = {
        "words": (len(VOCABULARY) + UNKNOWN + 1, WIDTH), "vectors": (encoder.dimensions, WIDTH), "vectors+": (WIDTH,),
        "windows": (3 * WIDTH, FILTERS), "windows+": (FILTERS,), "norm*": (2 * FILTERS,), "norm+": (2 * FILTERS,),
        "inner": (2 * FILTERS, INNER), "inner+": (INNER,), "outer": (INNER, OUTPUTS), "outer+": (OUTPUTS,),
        "direct": (2 * FILTERS, OUTPUTS), "guesses": (OUTPUTS, 10),
    }  # fmt: skip
    chance = np.random.default_rng(5)
    return {name: chance.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture(scope="session")
def tiny(tiny_weights: dict[str, np.ndarray], encoder: Encoder) -> Meaning:
    return Meaning(VOCABULARY, tiny_weights, encoder)


@pytest.fixture(scope="session")
def guessless(tiny_weights: dict[str, np.ndarray], encoder: Encoder) -> Meaning:
    """The tiny network, taught no guesses at the scales."""
    return Meaning(VOCABULARY, {name: weight for name, weight in tiny_weights.items() if name != "guesses"}, encoder)


@pytest.fixture(scope="session")
def tiny_vocabulary() -> dict[str, int]:
    return VOCABULARY
