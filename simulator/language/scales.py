"""Scales: how polite, intimate, empathic, abusive … a text is, as people rated such texts. For measuring, not for grading.

Each scale is a linear function of cues, words, shape and the meaning of the whole text (:mod:`simulator.language.meaning`),
fitted to human ratings (see ``data/CARD.md`` for which, and how well it agrees). Scores are comparable within a scale only.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.resources import files

import numpy as np

from simulator.language import reading
from simulator.language.cues import Cues
from simulator.language.encoder import Encoder
from simulator.language.features import Measures
from simulator.language.meaning import Meaning

SCALES = ("politeness", "intimacy", "emotional_reaction", "interpretation", "exploration", "sexual_harassment", "abuse",
          "romance", "conflict", "objectification")  # fmt: skip
_MARKS = frozenset("+-#@")
_AT_ONCE = 256  # texts read together


def measure(text: str, found: Sequence[reading.Sentence], measures: Measures) -> dict[str, float]:
    """Measure a text of these sentences: logarithms of how often cues and classes occur, which words and pairs do, its shape."""
    counts: Counter[str] = Counter()
    words: dict[str, None] = {}
    length = 0
    for sentence in found:
        for name in measures.of(sentence, "trainee", turn_words=0, alone=len(found) == 1):
            if name[0] in _MARKS:
                counts[name] += 1
            else:
                words[name] = None
        length += len(sentence.words)
    amounts = {name: math.log1p(count) for name, count in counts.items()}
    share = 1 / max(1, len(found))
    amounts |= {f"%{name}": count * share for name, count in counts.items() if name[0] == "+"}
    asked = sum(sentence.asks for sentence in found)
    chunks = text[: reading.MOST_CHARACTERS].split()
    amounts |= {
        "%length": math.log1p(length), "%sentences": math.log1p(len(found)), "%questions": math.log1p(asked),
        "%asks": float(asked > 0), "%asks-last": float(bool(found) and found[-1].asks), "%commas": math.log1p(text.count(",")),
        "%digits": math.log1p(sum(char.isdigit() for char in text)), "%link": float("http" in text),
        "%shouts": float(any(len(chunk) > 2 and chunk.isupper() for chunk in chunks)),
        "%word-length": sum(map(len, chunks)) / max(1, len(chunks)) / 5,
    }  # fmt: skip
    weight = 1 / math.sqrt(max(1, len(words)))
    amounts |= dict.fromkeys((f"={name}" for name in words), weight)
    return amounts


class Scales:
    """Scores texts on every scale. ``names`` are the scales, in the order of the columns."""

    def __init__(self, names: tuple[str, ...], features: dict[str, int], weights: np.ndarray, dense: np.ndarray, bias: np.ndarray,
                 floor: np.ndarray, measures: Measures, meaning: Meaning, encoder: Encoder) -> None:  # fmt: skip
        self.names = names
        self._features, self._weights, self._dense, self._bias, self._floor = features, weights, dense, bias, floor
        self._measures, self._meaning, self._encoder = measures, meaning, encoder

    @classmethod
    def load(cls, encoder: Encoder | None = None) -> Scales:
        """Read the shipped weights; no network."""
        encoder = encoder or Encoder.load()
        with (
            files("simulator.language").joinpath("data", "scales.npz").open("rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            features = bytes(stored["features"]).decode().split("\n")
            return cls(
                tuple(bytes(stored["names"]).decode().split("\n")),
                {name: number for number, name in enumerate(features)},
                stored["weights"].astype(np.float32) * stored["scale"],
                stored["dense"].astype(np.float32),
                stored["bias"].astype(np.float32),
                stored["floor"].astype(np.float32),
                Measures(Cues.load(scales=True)),
                Meaning.load(encoder),
                encoder,
            )

    def score(self, texts: Sequence[str]) -> np.ndarray:
        """Return (texts, scales) scores. Empathy is 0 where there is none to be seen; a text without words is 0."""
        out = np.zeros((len(texts), len(self.names)), np.float32)
        for start in range(0, len(texts), _AT_ONCE):
            self._add(range(start, min(start + _AT_ONCE, len(texts))), texts, out)
        return np.where(out < self._floor, 0.0, out)

    def _add(self, numbers: Iterable[int], texts: Sequence[str], out: np.ndarray) -> None:
        """Add to ``out`` what the texts of these numbers score."""
        self._encoder.make_room()
        read = {number: reading.sentences(texts[number]) for number in numbers}
        said = [number for number in read if any(reading.counts(word) for each in read[number] for word in each.words)]
        if not said:
            return
        out[said] = self._meaning.of([read[number] for number in said]) @ self._dense + self._bias
        for number in said:
            amounts = measure(texts[number], read[number], self._measures)
            known = [(self._features[name], amount) for name, amount in amounts.items() if name in self._features]
            if known:
                out[number] += (
                    np.array([amount for _, amount in known], np.float32) @ self._weights[[index for index, _ in known]]
                )
