"""The network's sums, against the same sums written out word by word, with weights drawn by chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.language import reading
from simulator.language.encoder import Encoder
from simulator.language.meaning import SENTENCE, UNKNOWN, WORD_LENGTH, Meaning, tokens

WORDS = ["the", "tea", "cold", "kettle", "whistles", "is", "?", ".", "42", "Sorry", "and"]
texts = st.lists(st.sampled_from(WORDS), min_size=0, max_size=12).map(" ".join)
Sums = Callable[[Sequence[str]], tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="module")
def written_out(tiny_weights: dict[str, np.ndarray], tiny_vocabulary: dict[str, int], encoder: Encoder) -> Sums:
    """Give the patterns and the meaning of a text's tokens."""
    weights = tiny_weights

    def sums(words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        nothing = np.zeros(len(weights["vectors+"]))
        read = [nothing]
        for word in words:
            bare = word == SENTENCE or not reading.counts(word)
            vector = np.zeros(encoder.dimensions) if bare else WORD_LENGTH * encoder.sums([[encoder.row(word)]])[0]
            own = weights["words"][tiny_vocabulary.get(word, UNKNOWN)]
            read.append(own + vector @ weights["vectors"] + weights["vectors+"])
        read.append(nothing)
        windows = [np.concatenate(read[place : place + 3]) for place in range(len(words))]
        found = [np.maximum(window @ weights["windows"] + weights["windows+"], 0) for window in windows]
        both = np.concatenate([np.sum(found, axis=0) / np.sqrt(len(words)), np.max(found, axis=0)])
        patterns = (both - both.mean()) / np.sqrt(both.var() + 1e-5) * weights["norm*"] + weights["norm+"]
        inner = np.maximum(patterns @ weights["inner"] + weights["inner+"], 0)
        return patterns, inner @ weights["outer"] + weights["outer+"] + patterns @ weights["direct"]

    return sums


@given(st.lists(texts, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_texts_mean_what_the_sums_written_out_give(tiny: Meaning, written_out: Sums, found: list[str]) -> None:
    read = [reading.sentences(text) for text in found]
    given = tiny.of(read)
    assert len(given) == len(found)
    for row, sentences in zip(given, read, strict=True):
        assert row == pytest.approx(written_out(tokens(sentences))[1], abs=2e-3)


def test_patterns_are_those_of_the_sentence_alone(tiny: Meaning, written_out: Sums) -> None:
    sentences = [("the", "tea", "is", "cold"), (), ("kettle",), ("is", "the", "kettle", "cold", "?", "42")]
    given = tiny.patterns_of(sentences)
    assert given.shape == (len(sentences), tiny.size)
    for row, words in zip(given, sentences, strict=True):
        assert row == pytest.approx(written_out([SENTENCE, *words])[0], abs=2e-3)


@given(st.lists(texts, min_size=2, max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_text_means_the_same_alone_and_among_others(tiny: Meaning, found: list[str]) -> None:
    read = [reading.sentences(text) for text in found]
    alone = np.concatenate([tiny.of([sentences]) for sentences in read])
    assert tiny.of(read) == pytest.approx(alone, abs=1e-4)


def test_guesses_are_kept_with_the_weights_and_none_are_none(
    tiny: Meaning, guessless: Meaning, tiny_weights: dict[str, np.ndarray], encoder: Encoder
) -> None:
    again = Meaning.from_bytes(tiny.to_bytes(), encoder)
    assert again.guesses == pytest.approx(tiny_weights["guesses"], abs=0.04)
    assert guessless.guesses.shape == (len(again.guesses), 0)
