"""The shipped weights: their size, their card, and what is loaded with them."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files

import numpy as np
import pytest

from simulator.language import reading
from simulator.language.encoder import Encoder
from simulator.language.meaning import Meaning
from simulator.language.model import Model
from simulator.language.scales import SCALES, Scales


def test_all_that_is_shipped_is_small_and_has_a_card() -> None:
    data = files("simulator.language").joinpath("data")
    weights = [data.joinpath(name).read_bytes() for name in ("behaviours.npz", "scales.npz", "meaning.npz")]
    assert sum(map(len, weights)) < 2_000_000
    assert "Where it fails" in data.joinpath("CARD.md").read_text("utf-8")


def test_weights_come_back_as_they_were_written() -> None:
    model = Model.load()
    again = Model.from_bytes(model.to_bytes())
    assert again.outputs == model.outputs and again.vocabulary == model.vocabulary
    assert np.abs(again.sparse - model.sparse).max() < 0.02 * np.abs(model.sparse).max()


def test_vectors_are_unit_vectors_and_alike_for_like_words(encoder: Encoder) -> None:
    vectors = encoder.encode(["a cup of coffee", "A CUP OF COFFEE!", "a mug of tea", "the annual tax return", ""])
    assert vectors.shape == (5, encoder.dimensions) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1)[:4] == pytest.approx(1.0, abs=1e-4)
    assert np.array_equal(vectors[4], np.zeros(encoder.dimensions, np.float32))
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[3]


def test_the_network_comes_back_as_it_was_written(encoder: Encoder) -> None:
    meaning = Meaning.load(encoder)
    again = Meaning.from_bytes(meaning.to_bytes(), encoder)
    found = [reading.sentences("Could you tell me when it comes? I'd be so grateful.")]
    assert again.of(found) == pytest.approx(meaning.of(found), abs=0.01)


def test_meaning_hears_word_order_but_not_who_it_is_about(encoder: Encoder) -> None:
    meaning = Meaning.load(encoder)

    def of(text: str) -> np.ndarray:
        return meaning.of([reading.sentences(text)])

    assert not np.allclose(of("The dog bit the postman."), of("The postman bit the dog."), atol=0.05)
    assert np.array_equal(of("He told his wife that Tom was late."), of("She told her husband that Aisha was late."))
    assert np.isfinite(of("so " * 5000)).all()


def test_who_it_is_about_moves_no_scale() -> None:
    scales = Scales.load()
    one = scales.score(
        ["Does your husband know he was rude to Mrs Patel?", "My boyfriend Sam is so handsome.", "That man is a fool."]
    )
    other = scales.score(
        ["Does your wife know she was rude to Mr Jones?", "My girlfriend Aisha is so gorgeous.", "That woman is a fool."]
    )
    assert one == pytest.approx(other, abs=0.01)


def test_scales_order_plain_cases_as_people_would() -> None:
    scales = Scales.load()
    assert scales.names == SCALES
    texts = ["Hi, thanks for your great work! Could you please explain this when you have a moment?", "Why did you break it? Read the manual.",
             "Have you ever cheated on someone you loved?", "What is the default port of this server?",
             "You stupid idiot, shut up.", "I like the blue one."]  # fmt: skip
    table = dict(zip(scales.names, scales.score(texts).T, strict=True))
    assert table["politeness"][0] > table["politeness"][1]
    assert table["intimacy"][2] > table["intimacy"][3]
    assert table["abuse"][4] > table["abuse"][5]
    assert scales.score(["", "😀"]).tolist() == [[0.0] * len(SCALES)] * 2


def test_the_ear_needs_no_network_no_training_code_and_no_heavy_library() -> None:
    code = (
        "import socket, sys\n"
        "socket.socket.connect = lambda *a: (_ for _ in ()).throw(AssertionError('network'))\n"
        "from simulator.authoring.library import Library, shipped_folders\n"
        "from simulator.language.detector import Detector\n"
        "d = Detector.load(Library(shipped_folders(), None).catalogue)\n"
        "assert d.hear('Here is your latte.', 'trainee')\n"
        "bad = {'requests', 'wordllama', 'scipy', 'sklearn', 'openai', 'simulator.language.training'} & set(sys.modules)\n"
        "assert not bad, bad\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
