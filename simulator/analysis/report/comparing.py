"""Figures of levels, and differences between groups of transcripts, each with an interval or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulator.analysis.resampling import LEAST_UNITS, Figure, Numbers, bootstrap

LEVELS = (1, 2, 3, 4, 5)
RESAMPLES = 20_000
_SCALE = np.array(LEVELS, float)


def mean_level(levels: Mapping[int, int]) -> Figure:
    """Return the mean of levels (counted, level to number) with its 95% bootstrap interval (BCa)."""
    counts = np.array([levels.get(level, 0) for level in LEVELS], np.int64)
    kept = counts > 0

    def mean(weights: Numbers) -> Numbers:
        return np.asarray(weights @ _SCALE[kept] / weights.sum(axis=1))

    return bootstrap(mean, counts[kept], undefined="nothing was scored")


def median_level(levels: Mapping[int, int]) -> float | None:
    """Return the median of levels; halfway between two where an even number splits there."""
    total = sum(levels.get(level, 0) for level in LEVELS)
    if not total:
        return None
    return (_nth(levels, (total - 1) // 2) + _nth(levels, total // 2)) / 2


def _nth(levels: Mapping[int, int], place: int) -> int:
    for level in LEVELS:
        place -= levels.get(level, 0)
        if place < 0:
            return level
    raise ValueError("there are not so many levels")


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean level of one group less that of another. ``figure.n`` is the smaller of the two groups."""

    of: str
    against: str
    figure: Figure

    @property
    def clear(self) -> bool:
        """Whether the interval leaves no difference out."""
        low, high = self.figure.low, self.figure.high
        return low is not None and high is not None and (low > 0 or high < 0)


def difference(
    of: str, one: Mapping[int, int], against: str, other: Mapping[int, int], *, comparisons: int = 1, seed: int = 0
) -> Difference:
    """Return how much higher the mean level of ``one`` is than that of ``other``, with a percentile bootstrap interval.

    The groups are resampled each by itself (Efron & Tibshirani 1993, ch. 8). With several ``comparisons`` the interval is
    widened so that all of them together hold with 95% (Bonferroni). Repeatable: the same counts and seed, the same figure.
    """
    a = np.array([one.get(level, 0) for level in LEVELS], np.int64)
    b = np.array([other.get(level, 0) for level in LEVELS], np.int64)
    n, m = int(a.sum()), int(b.sum())
    least = min(n, m)
    if not least:
        return Difference(of, against, Figure(None, n=0, reason="nothing was scored"))
    value = float(a @ _SCALE / n - b @ _SCALE / m)
    if least < LEAST_UNITS:
        return Difference(of, against, Figure(value, n=least, reason=f"too few for an interval (fewer than {LEAST_UNITS})"))
    random = np.random.default_rng(seed)
    draws = random.multinomial(n, a / n, RESAMPLES) @ _SCALE / n - random.multinomial(m, b / m, RESAMPLES) @ _SCALE / m
    if np.ptp(draws) < 1e-12:
        return Difference(of, against, Figure(value, n=least, reason="the same in every resample, so no interval"))
    tail = 0.025 / max(comparisons, 1)
    low, high = np.quantile(draws, (tail, 1 - tail))
    return Difference(of, against, Figure(value, float(low), float(high), least))
