"""Fitting the scales to human ratings, and how well they agree in cross-validation.

A scale is half a ridge regression over words, cues, shape and the network's meaning, and half what the network guesses itself
(see ``distil.py``), each in standard scores over the texts that are fitted on. Both are linear: together they are one set of
weights.
"""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulator.language import reading
from simulator.language.features import Measures
from simulator.language.meaning import Meaning
from simulator.language.measure import auc, spearman
from simulator.language.scales import measure

LEAST_TEXTS = 3  # a feature must occur in this many texts
FOLDS = 5
SEED = 1  # of the folds
_SMALL = 1e-6
AMOUNTS = 0.5  # how much words, cues and shape count beside meaning


@dataclass(frozen=True)
class Target:
    """A set of rated texts: which file, what rating, and whether the scale is 0 below a floor (most texts show none)."""

    file: str
    rating: Callable[[Mapping[str, Any]], float]
    yes_no: bool = False
    floored: bool = False
    degree: Callable[[Mapping[str, Any]], float] | None = None  # fitted instead of a yes or no: how bad, or how many said so
    strength: float = 12.0  # of the ridge, beside texts of unit size


TARGETS: Mapping[str, Target] = {
    "politeness": Target("stanford_politeness", lambda it: it["politeness_z"]),
    "intimacy": Target("question_intimacy", lambda it: it["intimacy"]),
    "emotional_reaction": Target("epitome_reddit", lambda it: it["emotional_reactions"], floored=True),
    "interpretation": Target("epitome_reddit", lambda it: it["interpretations"], floored=True),
    "exploration": Target("epitome_reddit", lambda it: it["explorations"], floored=True),
    "sexual_harassment": Target(
        "convabuse",
        lambda it: float(it["sexual_harassment_votes"] * 2 >= it["raters"]),
        yes_no=True,
        degree=lambda it: it["sexual_harassment_votes"] / it["raters"],
    ),
    "abuse": Target("convabuse", lambda it: float(it["mean_severity"] < 0), yes_no=True, degree=lambda it: -it["mean_severity"]),
    "romance": Target(
        "ten_dims",
        lambda it: float(it["votes"]["romance"] > 0),
        yes_no=True,
        degree=lambda it: min(2.0, it["votes"]["romance"]),
    ),
    "conflict": Target(
        "ten_dims",
        lambda it: float(it["votes"]["conflict"] >= 2),
        yes_no=True,
        degree=lambda it: min(2.0, it["votes"]["conflict"]),
    ),
    "objectification": Target("edos", lambda it: float("objectification" in it["vector"]), yes_no=True),
}


def rated_text(item: Mapping[str, Any]) -> str:
    """Return the words that were rated: the rated sentence, else the rated speaker's last turn."""
    labels = item["labels"]
    if "rated_sentence" in labels:
        return str(labels["rated_sentence"])
    role = labels.get("rated_role", "trainee")
    return str(next(turn["text"] for turn in reversed(item["turns"]) if turn["role"] == role))


class Design:
    """Rated texts as a matrix: amounts beside meanings, each of them put on one scale."""

    def __init__(self, texts: Sequence[str], measures: Measures, meaning: Meaning) -> None:
        measured = [measure(text, reading.sentences(text), measures) for text in texts]
        counts = Counter(name for each in measured for name in each)
        self.names = sorted(name for name, count in counts.items() if count >= LEAST_TEXTS)
        index = {name: number for number, name in enumerate(self.names)}
        amounts = np.zeros((len(texts), len(self.names)), np.float32)
        for row, each in enumerate(measured):
            for name, amount in each.items():
                if name in index:
                    amounts[row, index[name]] = amount
        words = np.array([name[0] == "=" for name in self.names])
        # Cues and shape are put on one scale; single words keep their own, so that rare ones stay small.
        factor = np.where(words, 1.0, 0.1 / np.maximum(amounts.std(axis=0), 0.2))
        self.factor = (factor * math.sqrt(AMOUNTS) / _size(amounts * factor)).astype(np.float32)
        self.amounts = amounts * self.factor
        meanings = meanings_of(texts, meaning)
        self.share = 1 / _size(meanings)
        self.meanings = meanings * self.share
        self.guesses = dict(zip(TARGETS, meaning.guesses.T, strict=False))  # the network's own weights over meanings, by scale

    def fit(self, rows: np.ndarray, ratings: np.ndarray, scale: str) -> tuple[np.ndarray, float]:
        """Return a scale's weights over amounts and meanings, and the intercept.

        Half of what they give is ridge regression (solved in the dual), half the network's guess with the same mean and spread:
        the sum of both in standard scores, on the scale of the ratings, so that floors and zero keep their sense.
        """
        both = np.hstack([self.amounts[rows], self.meanings[rows]]).astype(np.float64)
        middle, mean = both.mean(axis=0), ratings[rows].mean()
        both -= middle
        dual = np.linalg.solve(both @ both.T + TARGETS[scale].strength * np.eye(len(rows)), ratings[rows] - mean)
        weights = both.T @ dual
        if scale in self.guesses:
            guess = np.concatenate([np.zeros(len(self.names)), self.guesses[scale]])
            spread = (both @ weights).std() / max(float((both @ guess).std()), _SMALL)
            weights = (weights + spread * guess) / 2
        return weights, float(mean - middle @ weights)

    def predict(self, rows: np.ndarray, weights: np.ndarray, bias: float) -> np.ndarray:
        out: np.ndarray = np.hstack([self.amounts[rows], self.meanings[rows]]) @ weights + bias
        return out


def _size(block: np.ndarray) -> float:
    """Return the root mean square distance of a block's rows from their middle."""
    return float(np.sqrt(((block - block.mean(axis=0)) ** 2).sum(axis=1).mean()))


def floor_for(scores: np.ndarray, ratings: np.ndarray) -> float:
    """Return the score below which calling it 0 agrees best with the ratings."""
    floors = [float(np.quantile(scores, share)) for share in np.arange(0, 0.96, 0.03)]
    return max(floors, key=lambda floor: spearman(np.where(scores < floor, 0, scores), ratings))


def cross_predict(design: Design, ratings: np.ndarray, rows: np.ndarray, scale: str, seed: int = 0) -> np.ndarray:
    """Return what each row scores when it was not among those fitted on."""
    fold = np.random.default_rng(seed).permutation(len(rows)) % FOLDS
    out = np.zeros(len(rows))
    for number in range(FOLDS):
        weights, bias = design.fit(rows[fold != number], ratings, scale)
        out[fold == number] = design.predict(rows[fold == number], weights, bias)
    return out


def in_fold(count: int) -> np.ndarray:
    """Return which fold each of so many texts is in."""
    return np.random.default_rng(SEED).permutation(count) % FOLDS


def evaluate(design: Callable[[int], Design], items: Sequence[Mapping[str, Any]], scale: str) -> float:
    """Return the cross-validated Spearman correlation or AUC of a scale, floors chosen inside each training part.

    ``design`` gives the texts as a network measures them that was refined without the texts of that fold.
    """
    target = TARGETS[scale]
    ratings, degrees = ratings_of(items, target), degrees_of(items, target)
    fold = in_fold(len(ratings))
    out = np.zeros(len(ratings))
    for number in range(FOLDS):
        one = design(number)
        rows, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        weights, bias = one.fit(rows, degrees, scale)
        scores = one.predict(held, weights, bias)
        if target.floored:
            scores = np.where(scores < floor_for(cross_predict(one, ratings, rows, scale), ratings[rows]), 0, scores)
        out[held] = scores
    return auc(out, ratings > 0.5) if target.yes_no else spearman(out, ratings)


def read_sets(data: Path) -> dict[str, list[Mapping[str, Any]]]:
    """Return the items of every rated set by the name of its file."""
    names = dict.fromkeys(target.file for target in TARGETS.values())
    return {name: [json.loads(line) for line in (data / f"{name}.jsonl").read_text("utf-8").splitlines()] for name in names}


def ratings_of(items: Sequence[Mapping[str, Any]], target: Target) -> np.ndarray:
    """Return what a scale should say of each item."""
    return np.array([target.rating(item["labels"]) for item in items], np.float64)


def degrees_of(items: Sequence[Mapping[str, Any]], target: Target) -> np.ndarray:
    """Return what a scale is fitted to: what it should say, or by degrees where people gave those."""
    return np.array([(target.degree or target.rating)(item["labels"]) for item in items], np.float64)


def meanings_of(texts: Sequence[str], meaning: Meaning) -> np.ndarray:
    """Return (texts, dimensions) meanings."""
    parts = [texts[start : start + 256] for start in range(0, len(texts), 256)]
    return np.concatenate([meaning.of([reading.sentences(text) for text in part]) for part in parts])


def train(data: Path, measures: Measures, meaning: Meaning) -> bytes:
    """Return the weights of all scales over a network's meanings."""
    fitted: dict[str, tuple[Design, np.ndarray, float, float]] = {}
    sets = read_sets(data)
    designs: dict[str, Design] = {}
    for name, items in sets.items():
        designs[name] = Design([rated_text(item) for item in items], measures, meaning)
    for name, target in TARGETS.items():
        design, ratings = designs[target.file], degrees_of(sets[target.file], target)
        rows = np.arange(len(ratings))
        weights, bias = design.fit(rows, ratings, name)
        floor = floor_for(cross_predict(design, ratings, rows, name), ratings) if target.floored else -np.inf
        fitted[name] = design, weights, bias, floor
    return _pack(fitted)


def cross_validate(
    sets: Mapping[str, Sequence[Mapping[str, Any]]], measures: Measures, without: Sequence[Meaning]
) -> dict[str, float]:
    """Return each scale's agreement in texts it has not met; ``without[fold]`` is a network that has not met them either."""
    designs: dict[str, list[Design]] = {}
    for name, items in sets.items():
        texts = [rated_text(item) for item in items]
        designs[name] = [Design(texts, measures, meaning) for meaning in without]
    return {
        name: round(evaluate(designs[target.file].__getitem__, sets[target.file], name), 3) for name, target in TARGETS.items()
    }


def _pack(fitted: Mapping[str, tuple[Design, np.ndarray, float, float]]) -> bytes:
    names = sorted({name for design, _, _, _ in fitted.values() for name in design.names})
    index = {name: number for number, name in enumerate(names)}
    table = np.zeros((len(names), len(fitted)), np.float32)
    for column, (design, weights, _, _) in enumerate(fitted.values()):
        table[[index[name] for name in design.names], column] = weights[: len(design.names)] * design.factor
    used = np.abs(table).max(axis=1) > 1e-4
    table = table[used]
    scale = np.abs(table).max(axis=0) / 32767
    out = io.BytesIO()
    np.savez_compressed(
        out,
        names=np.frombuffer("\n".join(fitted).encode(), np.uint8),
        features=np.frombuffer("\n".join(np.array(names)[used]).encode(), np.uint8),
        weights=np.round(table / scale).astype(np.int16),
        scale=scale.astype(np.float32),
        dense=np.stack([weights[len(design.names) :] * design.share for design, weights, _, _ in fitted.values()], axis=1).astype(
            np.float16
        ),
        bias=np.array([bias for _, _, bias, _ in fitted.values()], np.float32),
        floor=np.array([floor for _, _, _, floor in fitted.values()], np.float32),
    )
    return out.getvalue()
