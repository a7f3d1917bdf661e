"""Fitting the scales to human ratings by ridge regression, and how well they agree in cross-validation."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulator.language.encoder import Encoder
from simulator.language.features import Measures
from simulator.language.measure import auc, spearman
from simulator.language.scales import Measured, measure

LEAST_TEXTS = 3  # a feature must occur in this many texts
FOLDS = 5


@dataclass(frozen=True)
class Target:
    """A set of rated texts: which file, what rating, and whether the scale is 0 below a floor (most texts show none)."""

    file: str
    rating: Callable[[Mapping[str, Any]], float]
    yes_no: bool = False
    floored: bool = False
    strength: float = 12.0  # of the ridge


TARGETS: Mapping[str, Target] = {
    "politeness": Target("stanford_politeness", lambda it: it["politeness_z"]),
    "intimacy": Target("question_intimacy", lambda it: it["intimacy"]),
    "emotional_reaction": Target("epitome_reddit", lambda it: it["emotional_reactions"], floored=True),
    "interpretation": Target("epitome_reddit", lambda it: it["interpretations"], floored=True),
    "exploration": Target("epitome_reddit", lambda it: it["explorations"], floored=True),
    "sexual_harassment": Target(
        "convabuse", lambda it: float(it["sexual_harassment_votes"] * 2 >= it["raters"]), yes_no=True, strength=6.0
    ),
    "abuse": Target("convabuse", lambda it: float(it["mean_severity"] < 0), yes_no=True, strength=6.0),
    "romance": Target("ten_dims", lambda it: float(it["votes"]["romance"] > 0), yes_no=True),
    "conflict": Target("ten_dims", lambda it: float(it["votes"]["conflict"] >= 2), yes_no=True),
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
    """Rated texts as a matrix: standardised amounts beside word vectors."""

    def __init__(self, texts: Sequence[str], measures: Measures, encoder: Encoder) -> None:
        measured: list[Measured] = [measure(text, measures, encoder) for text in texts]
        counts = Counter(name for each in measured for name in each.amounts)
        self.names = sorted(name for name, count in counts.items() if count >= LEAST_TEXTS)
        index = {name: number for number, name in enumerate(self.names)}
        amounts = np.zeros((len(texts), len(self.names)), np.float32)
        for row, each in enumerate(measured):
            for name, amount in each.amounts.items():
                if name in index:
                    amounts[row, index[name]] = amount
        words = np.array([name[0] == "=" for name in self.names])
        # Cues and shape are put on one scale; single words keep their own, so that rare ones stay small.
        self.factor = np.where(words, 1.0, 0.1 / np.maximum(amounts.std(axis=0), 0.2)).astype(np.float32)
        self.amounts = amounts * self.factor
        self.vectors = encoder.sums([each.rows for each in measured])

    def fit(self, rows: np.ndarray, ratings: np.ndarray, strength: float) -> tuple[np.ndarray, float]:
        """Return weights over amounts and vector dimensions, and the intercept (ridge, solved in the dual)."""
        both = np.hstack([self.amounts[rows], self.vectors[rows]]).astype(np.float64)
        middle, mean = both.mean(axis=0), ratings[rows].mean()
        both -= middle
        dual = np.linalg.solve(both @ both.T + strength * np.eye(len(rows)), ratings[rows] - mean)
        weights = both.T @ dual
        return weights, float(mean - middle @ weights)

    def predict(self, rows: np.ndarray, weights: np.ndarray, bias: float) -> np.ndarray:
        out: np.ndarray = np.hstack([self.amounts[rows], self.vectors[rows]]) @ weights + bias
        return out


def floor_for(scores: np.ndarray, ratings: np.ndarray) -> float:
    """Return the score below which calling it 0 agrees best with the ratings."""
    floors = [float(np.quantile(scores, share)) for share in np.arange(0, 0.96, 0.03)]
    return max(floors, key=lambda floor: spearman(np.where(scores < floor, 0, scores), ratings))


def cross_predict(design: Design, ratings: np.ndarray, rows: np.ndarray, strength: float, seed: int = 0) -> np.ndarray:
    """Return what each row scores when it was not among those fitted on."""
    fold = np.random.default_rng(seed).permutation(len(rows)) % FOLDS
    out = np.zeros(len(rows))
    for number in range(FOLDS):
        weights, bias = design.fit(rows[fold != number], ratings, strength)
        out[fold == number] = design.predict(rows[fold == number], weights, bias)
    return out


def evaluate(design: Design, ratings: np.ndarray, target: Target) -> float:
    """Return the cross-validated Spearman correlation or AUC of a scale, floors chosen inside each training part."""
    fold = np.random.default_rng(1).permutation(len(ratings)) % FOLDS
    out = np.zeros(len(ratings))
    for number in range(FOLDS):
        rows, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        weights, bias = design.fit(rows, ratings, target.strength)
        scores = design.predict(held, weights, bias)
        if target.floored:
            scores = np.where(scores < floor_for(cross_predict(design, ratings, rows, target.strength), ratings[rows]), 0, scores)
        out[held] = scores
    return auc(out, ratings > 0.5) if target.yes_no else spearman(out, ratings)


def train(data: Path, measures: Measures, encoder: Encoder) -> tuple[bytes, dict[str, float]]:
    """Return the weights of all scales, and each one's cross-validated agreement."""
    fitted: dict[str, tuple[Design, np.ndarray, float, float]] = {}
    agreement: dict[str, float] = {}
    designs: dict[str, tuple[Design, list[Mapping[str, Any]]]] = {}
    for name, target in TARGETS.items():
        if target.file not in designs:
            items = [json.loads(line) for line in (data / f"{target.file}.jsonl").read_text("utf-8").splitlines()]
            designs[target.file] = (
                Design([rated_text(item) for item in items], measures, encoder),
                [item["labels"] for item in items],
            )
        design, labels = designs[target.file]
        ratings = np.array([target.rating(label) for label in labels], np.float64)
        rows = np.arange(len(ratings))
        weights, bias = design.fit(rows, ratings, target.strength)
        floor = floor_for(cross_predict(design, ratings, rows, target.strength), ratings) if target.floored else -np.inf
        agreement[name] = evaluate(design, ratings, target)
        fitted[name] = design, weights, bias, floor
    return _pack(fitted), agreement


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
        dense=np.stack([weights[len(design.names) :] for design, weights, _, _ in fitted.values()], axis=1).astype(np.float16),
        bias=np.array([bias for _, _, bias, _ in fitted.values()], np.float32),
        floor=np.array([floor for _, _, _, floor in fitted.values()], np.float32),
    )
    return out.getvalue()
