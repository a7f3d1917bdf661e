"""A text as numbers that hear word order: what some hundred filters find in its windows of three words.

The network is small and flat, so that it is fast: each filter adds up what it makes of a window's three words; of a text, the
most and the sum of every filter are kept ("patterns"), and one hidden layer turns them into the text's "meaning". It was
taught offline to give what a large sentence encoder gives (see ``data/CARD.md`` and ``training/distil.py``) and runs on numpy
alone. It reads plain words (see :mod:`simulator.language.reading`), so that names, pronouns and gendered words make no
difference to it. After Kim (2014), Convolutional Neural Networks for Sentence Classification.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from importlib.resources import files
from itertools import chain

import numpy as np

from simulator.language import reading
from simulator.language.encoder import Encoder

SENTENCE = "<s>"  # stands before every sentence
MOST_TOKENS = 160  # of a text; the rest is not read
WORD_LENGTH = 4.0  # to which word vectors are scaled
UNKNOWN = 1  # the row of words that have none of their own; row 0 is what stands outside a text
WINDOW = 3  # words
_SMALL = 1e-6
# Few, so that the file packs small; meanings stay the same (cosine 0.999).
_LEVELS = 40
_LEVELS_OF_WORDS = 20
_TOGETHER = 256  # texts
_MOST_WORDS = 4_000  # whose shares are kept before the table begins anew: 15 MB, taken as words are met
_ROOM = 6_000  # words that it has room for at first: those of one batch may come on top


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
    """Return (words, dimensions) word vectors of one length; words without a meaning of their own have zeros."""
    named = [number for number, word in enumerate(words) if word != SENTENCE and reading.counts(word)]
    out = np.zeros((len(words), encoder.dimensions), np.float32)
    if named:
        rows = [encoder.row(words[number]) for number in named]
        found = encoder.vectors[rows]
        out[named] = found * (WORD_LENGTH / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), _SMALL))
    return out


class Meaning:
    """The network. ``weights`` are named as in training; matrices are (inputs, outputs). Not for use by two threads at once.

    What the filters make of a word, as the first, second or third of a window, is worked out when the word is first met:
    a window is then a sum of three rows.
    """

    def __init__(self, vocabulary: Mapping[str, int], weights: Mapping[str, np.ndarray], encoder: Encoder) -> None:
        self._vocabulary, self._weights, self._encoder = vocabulary, weights, encoder
        self.filters = len(weights["windows+"])
        self._rows: dict[str, int] = {}
        self._shares = np.zeros((WINDOW, 0, self.filters), np.float32)
        self._new: list[str] = []
        self.generation = 0  # how often :meth:`make_room` made room
        self._forget()

    @classmethod
    def load(cls, encoder: Encoder) -> Meaning:
        """Read the shipped weights."""
        return cls.from_bytes(files("simulator.language").joinpath("data", "meaning.npz").read_bytes(), encoder)

    @classmethod
    def from_bytes(cls, data: bytes, encoder: Encoder) -> Meaning:
        """Read weights that :meth:`to_bytes` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            words = bytes(stored["vocabulary"]).decode().split("\n")
            weights = {
                name: stored[name].astype(np.float32) * stored[f"{name}:scale"].astype(np.float32)
                if f"{name}:scale" in stored
                else stored[name].astype(np.float32)
                for name in stored.files
                if name != "vocabulary" and not name.endswith(":scale")
            }
            return cls({word: number + UNKNOWN + 1 for number, word in enumerate(words)}, weights, encoder)

    def to_bytes(self) -> bytes:
        """Return the weights as a small npz: tables and matrices as 8-bit integers with a scale for each row or column."""
        parts: dict[str, np.ndarray] = {"vocabulary": np.frombuffer("\n".join(self._vocabulary).encode(), np.uint8)}
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

    @property
    def guesses(self) -> np.ndarray:
        """The network's own guesses at the scales: (outputs, scales) weights over meanings; no columns if it was taught none."""
        outputs = len(self._weights["outer+"])
        return self._weights.get("guesses", np.zeros((outputs, 0), np.float32))

    @property
    def size(self) -> int:
        """How many numbers a text's patterns are."""
        return 2 * self.filters

    def row(self, word: str) -> int:
        """Return the number of a word (or of :data:`SENTENCE`). Numbers hold until :meth:`make_room`."""
        found = self._rows.get(word)
        if found is None:
            found = self._rows[word] = len(self._rows) + 1
            self._new.append(word)
        return found

    def make_room(self) -> None:
        """Forget every word when there are very many of them. Numbers handed out before no longer mean anything."""
        if len(self._rows) > _MOST_WORDS:
            self._forget()
            self.generation += 1

    def _forget(self) -> None:
        self._rows.clear()
        self._new.clear()
        self._shares = np.zeros((WINDOW, _ROOM, self.filters), np.float32)

    def _learn(self) -> None:
        """Work out what the filters make of the words met since, in each place of a window."""
        weights, words = self._weights, self._new
        ids = [self._vocabulary.get(word, UNKNOWN) for word in words]
        read = weights["words"][ids] + word_vectors(words, self._encoder) @ weights["vectors"] + weights["vectors+"]
        while len(self._rows) >= self._shares.shape[1]:
            self._shares = np.concatenate([self._shares, np.zeros_like(self._shares)], axis=1)
        end = len(self._rows) + 1
        for place, filters in enumerate(weights["windows"].reshape(WINDOW, -1, self.filters)):
            np.matmul(read, filters, out=self._shares[place, end - len(words) : end])
        words.clear()

    def patterns(self, rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return (n, size) what the filters find in n texts: of each filter the sum, then the most, on one scale.

        ``rows`` are the numbers of the texts' tokens laid end to end, ``lengths`` (n,) how many each has, at least one.
        """
        if self._new:
            self._learn()
        out = np.empty((len(lengths), self.size), np.float32)
        ends = np.cumsum(lengths)
        # So few at a time that their sums stay in the processor's cache.
        for first in range(0, len(lengths), _TOGETHER):
            some = lengths[first : first + _TOGETHER]
            self._find(rows[ends[first] - some[0] : ends[first + len(some) - 1]], some, out[first : first + _TOGETHER])
        out -= out.mean(axis=1, keepdims=True)
        out /= np.sqrt(np.einsum("ij,ij->i", out, out) / self.size + 1e-5)[:, None]
        out *= self._weights["norm*"]
        out += self._weights["norm+"]
        return out

    def _find(self, rows: np.ndarray, lengths: np.ndarray, out: np.ndarray) -> None:
        """Put the sum and the most of each filter in each text into ``out`` (n, size)."""
        before, here, after = self._shares
        bias = self._weights["windows+"]
        # Each text between two rows of nothing. The longest first: those that have a token at some place are the first so many.
        order = np.argsort(-lengths, kind="stable")
        ordered = lengths[order]
        inside = np.arange(len(rows)) + np.repeat(np.arange(len(lengths)), lengths) + 1
        outer = np.zeros(len(rows) + len(lengths) + 1, np.intp)
        outer[inside] = rows
        starts = (np.cumsum(lengths) - lengths + np.arange(len(lengths)))[order] + 1
        total = np.zeros((len(lengths), self.filters), np.float32)
        most = np.zeros_like(total)
        reach = np.searchsorted(-ordered, -np.arange(int(ordered[0])), side="left")
        for place, count in enumerate(reach.tolist()):
            at = starts[:count] + place
            found = here.take(outer[at], axis=0)
            found += before.take(outer[at - 1], axis=0)
            found += after.take(outer[at + 1], axis=0)
            found += bias
            np.maximum(found, 0, out=found)
            total[:count] += found
            np.maximum(most[:count], found, out=most[:count])
        out[order, : self.filters] = total / np.sqrt(ordered)[:, None]
        out[order, self.filters :] = most

    def patterns_of(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        """Return (n, size) the patterns of sentences, each given as its plain words."""
        self.make_room()
        rows = [row for words in sentences for row in map(self.row, (SENTENCE, *words))]
        return self.patterns(np.array(rows, np.intp), np.array([len(words) + 1 for words in sentences], np.intp))

    def of(self, texts: Sequence[Sequence[reading.Sentence]]) -> np.ndarray:
        """Return (texts, outputs) the meanings of texts, given their sentences."""
        self.make_room()
        found = [tokens(sentences) for sentences in texts]
        lengths = np.array([len(each) for each in found], np.intp)
        rows = np.array([self.row(word) for word in chain.from_iterable(found)], np.intp)
        patterns, weights = self.patterns(rows, lengths), self._weights
        inner = np.maximum(patterns @ weights["inner"] + weights["inner+"], 0)
        out: np.ndarray = inner @ weights["outer"] + weights["outer+"] + patterns @ weights["direct"]
        return out
