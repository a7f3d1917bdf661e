"""Teaching the network (:mod:`simulator.language.meaning`): the same sums in ``torch``, and the steps that fit its weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from simulator.language import reading
from simulator.language.encoder import Encoder
from simulator.language.meaning import UNKNOWN, WINDOW, Meaning, tokens, word_vectors

WORDS, WIDTH, FILTERS, INNER, OUTPUTS = 6000, 128, 320, 320, 256
LEAST_COUNT = 5  # of a word among the texts, to have a vector of its own
SHARE = 0.5  # how much each kind of guesses counts beside the meaning
_BEFORE = 20_000  # texts on whose meanings the guesses are first fitted
_STRENGTH = 5.0  # of the ridge of that fit


@dataclass(frozen=True)
class Schedule:
    """How long and how fast it learns; ``blanks`` is the share of words hidden from it."""

    epochs: int
    rate: float
    batch: int
    blanks: float


class Read:
    """Texts as the network takes them in: numbers of words in its vocabulary, and word vectors."""

    def __init__(self, found: Sequence[str], vocabulary: Mapping[str, int], encoder: Encoder) -> None:
        words = [tokens(reading.sentences(text)) for text in found]
        rows = {word: number for number, word in enumerate(dict.fromkeys(chain.from_iterable(words)), 1)}
        self.lengths = np.array([len(each) for each in words])
        self._rows = [np.array([rows[word] for word in each]) for each in words]
        # Row 0 is what fills a batch up.
        self._ids = np.array([0, *(vocabulary.get(word, UNKNOWN) for word in rows)])
        self._vectors = np.concatenate([np.zeros((1, encoder.dimensions), np.float32), word_vectors(list(rows), encoder)])

    def batch(self, texts: np.ndarray, torch: Any) -> tuple[Any, Any, Any]:
        """Return words (n, longest), their vectors (n, longest, dimensions) and which places are filled (n, longest)."""
        rows = np.zeros((len(texts), self.lengths[texts].max()), np.intp)
        for place, text in enumerate(texts):
            rows[place, : self.lengths[text]] = self._rows[text]
        filled = (rows > 0).astype(np.float32)
        return torch.as_tensor(self._ids[rows]), torch.as_tensor(self._vectors[rows]), torch.as_tensor(filled)


def vocabulary_of(found: Iterable[str]) -> dict[str, int]:
    """Return the words that have vectors of their own, the commonest first."""
    counts = Counter(word for text in found for word in tokens(reading.sentences(text)))
    common = [word for word, count in counts.most_common(WORDS) if count >= LEAST_COUNT]
    return {word: number + UNKNOWN + 1 for number, word in enumerate(common)}


def fresh(words: int, dimensions: int) -> dict[str, Any]:
    """Return untrained weights, named as in :class:`Meaning`."""
    import torch

    chance = torch.Generator().manual_seed(0)

    def matrix(rows: int, columns: int) -> Any:
        return (torch.rand(rows, columns, generator=chance) * 2 - 1) * rows**-0.5

    weights = {
        "words": torch.randn(words, WIDTH, generator=chance) * 0.1,
        "vectors": matrix(dimensions, WIDTH),
        "windows": matrix(WINDOW * WIDTH, FILTERS),
        "inner": matrix(2 * FILTERS, INNER),
        "outer": matrix(INNER, OUTPUTS),
        "direct": matrix(2 * FILTERS, OUTPUTS),
        "norm*": torch.ones(2 * FILTERS),
        "norm+": torch.zeros(2 * FILTERS),
    }
    weights |= {f"{name}+": torch.zeros(weights[name].shape[1]) for name in ("vectors", "windows", "inner", "outer")}
    return {name: weight.requires_grad_() for name, weight in weights.items()}


def forward(weights: Mapping[str, Any], ids: Any, vectors: Any, filled: Any, torch: Any) -> Any:
    """Return (n, outputs) meanings of a batch; the same sums as :meth:`Meaning.of`."""
    functional = torch.nn.functional
    inside = filled[:, :, None]
    words = (weights["words"][ids] + vectors @ weights["vectors"] + weights["vectors+"]) * inside
    reach = WINDOW // 2
    around = functional.pad(words, (0, 0, reach, reach))
    windows = torch.cat([around[:, place : place + ids.shape[1]] for place in range(WINDOW)], 2)
    found = torch.relu(windows @ weights["windows"] + weights["windows+"]) * inside
    both = torch.cat([found.sum(1) / inside.sum(1).sqrt(), found.amax(1)], 1)
    patterns = functional.layer_norm(both, (both.shape[1],), weights["norm*"], weights["norm+"], 1e-5)
    inner = torch.relu(patterns @ weights["inner"] + weights["inner+"])
    return inner @ weights["outer"] + weights["outer+"] + patterns @ weights["direct"]


def learn(weights: Mapping[str, Any], read: Read, rows: np.ndarray, places: np.ndarray, schedule: Schedule,
          guesses: Sequence[np.ndarray] = ()) -> Any:  # fmt: skip
    """Teach the network (in place) to give ``places`` (texts, outputs) and, linearly, each of the ``guesses`` (texts, anything).

    ``rows`` are the texts to learn from; one that stands there twice counts twice. Returns the (outputs, all guesses) weights
    that the guesses are given with.
    """
    import torch

    order, chance = np.random.default_rng(0), torch.Generator().manual_seed(0)
    guess, bias = _start(weights, read, order.permutation(np.unique(rows))[:_BEFORE], guesses)
    parameters = [*weights.values(), guess, bias]
    optimiser = torch.optim.AdamW(parameters, lr=schedule.rate, weight_decay=0.01)
    steps = schedule.epochs * (len(rows) // schedule.batch + len(rows) // (schedule.batch * 50) + 2)
    slope = torch.optim.lr_scheduler.OneCycleLR(optimiser, schedule.rate, total_steps=steps, pct_start=0.1)
    for _ in range(schedule.epochs):
        for batch in _batches(order.permutation(rows), read.lengths, schedule.batch, order):
            ids, vectors, filled = read.batch(batch, torch)
            ids = torch.where((torch.rand(ids.shape, generator=chance) < schedule.blanks) & (ids > 0), UNKNOWN, ids)
            given = forward(weights, ids, vectors, filled, torch)
            loss = ((given - torch.as_tensor(places[batch])) ** 2).mean()
            told = (given @ guess + bias).split([wanted.shape[1] for wanted in guesses], 1) if guesses else ()
            for part, wanted in zip(told, guesses, strict=True):
                loss = loss + SHARE * ((part - torch.as_tensor(wanted[batch])) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            slope.step()
    return guess


def meanings(weights: Mapping[str, Any], read: Read, rows: np.ndarray) -> np.ndarray:
    """Return (rows, outputs) the meanings of some of the texts."""
    import torch

    with torch.no_grad():
        parts = [rows[start : start + 128] for start in range(0, len(rows), 128)]
        return np.concatenate([forward(weights, *read.batch(part, torch), torch).numpy() for part in parts])


def _start(weights: Mapping[str, Any], read: Read, rows: np.ndarray, guesses: Sequence[np.ndarray]) -> list[Any]:
    """Return weights and intercepts with which the meanings that some texts have now give the guesses (ridge)."""
    import torch

    wanted = np.hstack([np.zeros((len(rows), 0)), *(each[rows] for each in guesses)])
    given = meanings(weights, read, rows)
    middle, mean = given.mean(axis=0), wanted.mean(axis=0)
    given -= middle
    slope = np.linalg.solve(given.T @ given + _STRENGTH * np.eye(len(middle)), given.T @ (wanted - mean))
    return [torch.as_tensor(part.astype(np.float32)).requires_grad_() for part in (slope, mean - middle @ slope)]


def _batches(rows: np.ndarray, lengths: np.ndarray, size: int, order: np.random.Generator) -> list[np.ndarray]:
    """Return batches of texts of like length, in any order."""
    out = []
    for start in range(0, len(rows), size * 50):
        chunk = rows[start : start + size * 50]
        chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
        out += [chunk[first : first + size] for first in range(0, len(chunk), size)]
    return [out[number] for number in order.permutation(len(out))]


def made(vocabulary: Mapping[str, int], weights: Mapping[str, Any], encoder: Encoder) -> Meaning:
    """Return the network in its shipped form, its weights rounded."""
    plain = {name: weight.detach().numpy() for name, weight in weights.items()}
    return Meaning.from_bytes(Meaning(vocabulary, plain, encoder).to_bytes(), encoder)
