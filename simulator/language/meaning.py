"""A text as one vector that hears word order: two layers of attention over the plain words, some 1.2 million small integers.

The network was taught offline to give what a large sentence encoder gives (see ``data/CARD.md`` and ``training/distil.py``). It
runs on numpy alone, one text at a time, in under a millisecond for an ordinary turn. It reads plain words (see
:mod:`simulator.language.reading`), so that names, pronouns and gendered words make no difference to it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from importlib.resources import files

import numpy as np

from simulator.language import reading
from simulator.language.encoder import Encoder

SENTENCE = "<s>"  # stands before every sentence
MOST_TOKENS = 160  # of a text; the rest is not read
WORD_LENGTH = 4.0  # to which word vectors are scaled
UNKNOWN = 1  # the row of words that have none of their own; row 0 is padding in training
_SMALL = 1e-6
_LEVELS = 127
# Fewer for the table of words, which is most of the file: it packs a quarter smaller, and vectors stay the same (cosine 0.9998).
_LEVELS_OF_WORDS = 24


def tokens(found: Sequence[reading.Sentence]) -> list[str]:
    """Return the tokens of a text's sentences: its plain words, a mark before each sentence."""
    out: list[str] = []
    for sentence in found:
        out.append(SENTENCE)
        out += sentence.words
        if len(out) >= MOST_TOKENS:
            break
    return out[:MOST_TOKENS] or [SENTENCE]


def word_vectors(words: Sequence[str], encoder: Encoder) -> np.ndarray:
    """Return (tokens, dimensions) word vectors of one length; words without a meaning of their own have zeros."""
    named = [number for number, word in enumerate(words) if word != SENTENCE and reading.counts(word)]
    out = np.zeros((len(words), encoder.dimensions), np.float32)
    if named:
        rows = [encoder.row(words[number]) for number in named]
        found = encoder.vectors[rows]
        out[named] = found * (WORD_LENGTH / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), _SMALL))
    return out


class Meaning:
    """The network. ``weights`` are named as in training; matrices are (inputs, outputs)."""

    def __init__(self, vocabulary: Mapping[str, int], weights: Mapping[str, np.ndarray], heads: int) -> None:
        self._vocabulary, self._weights, self._heads = vocabulary, weights, heads
        self._layers = sum(name.startswith("ask.") for name in weights)

    @classmethod
    def load(cls) -> Meaning:
        """Read the shipped weights."""
        return cls.from_bytes(files("simulator.language").joinpath("data", "meaning.npz").read_bytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> Meaning:
        """Read weights that :meth:`to_bytes` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            words = bytes(stored["vocabulary"]).decode().split("\n")
            weights = {
                name: stored[name].astype(np.float32) * stored[f"{name}:scale"].astype(np.float32)
                if f"{name}:scale" in stored
                else stored[name].astype(np.float32)
                for name in stored.files
                if name not in ("vocabulary", "heads") and not name.endswith(":scale")
            }
            return cls({word: number + UNKNOWN + 1 for number, word in enumerate(words)}, weights, int(stored["heads"]))

    def to_bytes(self) -> bytes:
        """Return the weights as a small npz: tables and matrices as 8-bit integers with a scale for each row or column."""
        parts: dict[str, np.ndarray] = {
            "vocabulary": np.frombuffer("\n".join(self._vocabulary).encode(), np.uint8),
            "heads": np.array(self._heads, np.uint8),
        }
        for name, weight in self._weights.items():
            if weight.ndim < 2:
                parts[name] = weight.astype(np.float16)
                continue
            # A word keeps its own scale, so that rare words with small vectors are not rounded away.
            of_words = name == "words"
            levels = _LEVELS_OF_WORDS if of_words else _LEVELS
            scale = np.maximum(np.abs(weight).max(axis=1 if of_words else 0, keepdims=True), _SMALL) / levels
            parts[name] = np.round(weight / scale).astype(np.int8)
            parts[f"{name}:scale"] = scale.astype(np.float32)
        out = io.BytesIO()
        np.savez_compressed(out, **parts)  # type: ignore[arg-type]
        return out.getvalue()

    def of(self, found: Sequence[reading.Sentence], encoder: Encoder) -> np.ndarray:
        """Return the vector of a text, given its sentences; zeros where there are none."""
        if not found:
            return np.zeros(self._weights["out"].shape[1], np.float32)
        weights, heads = self._weights, self._heads
        words = tokens(found)
        known = self._vocabulary
        place = np.minimum(np.arange(len(words)), len(weights["places"]) - 1)
        x = weights["words"][[known.get(word, UNKNOWN) for word in words]] + weights["places"][place]
        x = self._normed(x + word_vectors(words, encoder) @ weights["vectors"] + weights["vectors+"], "start")
        count, size = x.shape
        for layer in range(self._layers):
            asked = (x @ weights[f"ask.{layer}"] + weights[f"ask+.{layer}"]).reshape(count, 3, heads, size // heads)
            query, key, value = asked.transpose(1, 2, 0, 3)
            share = _softmax(query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(size // heads)), axis=2)
            answer = (share @ value).transpose(1, 0, 2).reshape(count, size)
            x = self._normed(x + answer @ weights[f"answer.{layer}"] + weights[f"answer+.{layer}"], f"answered.{layer}")
            inner = np.maximum(x @ weights[f"inner.{layer}"] + weights[f"inner+.{layer}"], 0)
            x = self._normed(x + inner @ weights[f"outer.{layer}"] + weights[f"outer+.{layer}"], f"thought.{layer}")
        share = _softmax(x @ weights["heed"] + weights["heed+"], axis=0)
        heeded = (x.reshape(count, heads, size // heads) * share[:, :, None]).sum(axis=0).reshape(size)
        pooled = np.concatenate([heeded, x.mean(axis=0), x.max(axis=0)])
        out: np.ndarray = pooled @ weights["out"] + weights["out+"]
        return out

    def _normed(self, x: np.ndarray, name: str) -> np.ndarray:
        x = x - x.mean(axis=1, keepdims=True)
        x /= np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-5)
        out: np.ndarray = x * self._weights[f"{name}*"] + self._weights[f"{name}+"]
        return out


def _softmax(x: np.ndarray, axis: int) -> np.ndarray:
    x = np.exp(x - x.max(axis=axis, keepdims=True))
    out: np.ndarray = x / x.sum(axis=axis, keepdims=True)
    return out
