"""Agreement between scores and people's labels: Spearman's rank correlation, AUC, weighted kappa, and bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks from 1, ties sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    out: np.ndarray = (last - (counts - 1) / 2)[inverse]
    return out


def spearman(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return Spearman's rank correlation, −1..1; NaN where either side never varies."""
    a, b = ranks(np.asarray(scores)), ranks(np.asarray(labels))
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else float("nan")


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Return the chance that a positive item scores above a negative one, ties counting half; NaN without both kinds."""
    yes = np.asarray(positive, bool)
    count = int(yes.sum())
    if count in (0, len(yes)):
        return float("nan")
    return float((ranks(np.asarray(scores))[yes].sum() - count * (count + 1) / 2) / (count * (len(yes) - count)))


def weighted_kappa(scores: np.ndarray, labels: np.ndarray, most_levels: int = 5) -> float:
    """Return Cohen's kappa with quadratic weights.

    Labels of more than ``most_levels`` values are cut into that many groups of equal size; scores are cut so that their
    groups are as large as the labels' groups, since their scale is not the labels'.
    """
    labels = np.asarray(labels, float)
    values = np.unique(labels)
    if len(values) < 2:
        return float("nan")
    if len(values) > most_levels:
        cuts = np.unique(np.quantile(labels, np.arange(1, most_levels) / most_levels))
        level = np.searchsorted(cuts, labels, side="right")
    else:
        level = np.searchsorted(values, labels)
    levels = int(level.max()) + 1
    shares = np.cumsum(np.bincount(level, minlength=levels))[:-1] / len(level)
    given = np.searchsorted(np.quantile(scores, shares), scores, side="left")
    table = np.zeros((levels, levels))
    np.add.at(table, (level, np.minimum(given, levels - 1)), 1)
    distance = np.subtract.outer(np.arange(levels), np.arange(levels)) ** 2.0
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    expected = float((distance * chance).sum())
    return 1 - float((distance * table).sum()) / expected if expected > 0 else float("nan")


def interval(
    statistic: Callable[[np.ndarray, np.ndarray], float],
    scores: np.ndarray,
    labels: np.ndarray,
    *,
    seed: int = 0,
    times: int = 1000,
) -> tuple[float, float]:
    """Return the 95% percentile bootstrap interval of a statistic over items; NaN where no resample has a value."""
    random = np.random.default_rng(seed)
    draws = [
        statistic(scores[rows], labels[rows]) for rows in (random.integers(0, len(scores), len(scores)) for _ in range(times))
    ]
    found = np.array([draw for draw in draws if not np.isnan(draw)])
    if not len(found):
        return float("nan"), float("nan")
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
