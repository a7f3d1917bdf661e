"""Bootstrap intervals for figures over units, fast however many units there are.

Units with the same ratings are interchangeable, so a resample of units is a draw of how often each distinct *pattern* of
ratings comes up: a multinomial draw over patterns. Statistics are therefore functions of a matrix of weights (one row a
resample, one column a pattern), worked out for all resamples at once.

Intervals are Efron's: bias-corrected and accelerated (Efron 1987, J. Am. Stat. Assoc. 82: 171-185), with the acceleration
from the jackknife; or plain percentiles, which are also what is taken where there are too many patterns for a jackknife.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Statistic = Callable[[Numbers], Numbers]
"""Weights of patterns (resamples × patterns) to values (one a resample; NaN where undefined)."""
Method = Literal["bca", "percentile"]

RESAMPLES = 1000
LEAST_UNITS = 10
"""Units below which an interval would say more than is known."""
MOST_UNDEFINED = 0.05
"""The part of resamples that may be without a value (no variation in them) before there is no interval."""
_MOST_JACKKNIFED = 3000
_CELLS_AT_ONCE = 2_000_000
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure over ``n`` units and its 95% interval. ``reason`` says why there is no value, or no interval."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    reason: str = ""

    def as_json(self) -> dict[str, float | int | str | None]:
        """Return the figure as plain data, rounded to four places."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        rounded = {name: None if each is None else round(each, 4) for name, each in numbers.items()}
        return {**rounded, "n": self.n, **({"reason": self.reason} if self.reason else {})}


def bootstrap(
    statistic: Statistic,
    counts: NDArray[np.int64],
    *,
    undefined: str,
    times: int = RESAMPLES,
    seed: int = 0,
    method: Method = "bca",
) -> Figure:
    """Return a statistic of units, ``counts`` of them a pattern, with its 95% interval from ``times`` resamples of units.

    ``undefined`` is the reason given where the statistic has no value. With ``times=0`` there is no interval. Repeatable:
    the same counts, ``times`` and ``seed`` give the same figure.
    """
    n = int(counts.sum())
    value = float(statistic(counts[None, :].astype(float))[0]) if n else float("nan")
    if np.isnan(value):
        return Figure(None, n=n, reason=undefined)
    if not times:
        return Figure(value, n=n)
    if n < LEAST_UNITS:
        return Figure(value, n=n, reason=f"too few (fewer than {LEAST_UNITS})")
    draws = _draws(statistic, counts, times, np.random.default_rng(seed))
    known = draws[~np.isnan(draws)]
    if len(known) < (1 - MOST_UNDEFINED) * times:
        return Figure(value, n=n, reason="too little variation in many of the resamples")
    if np.ptp(known) < 1e-12:
        return Figure(value, n=n, reason="it is the same in every resample")
    tails = (0.025, 0.975)
    if method == "bca" and len(counts) <= _MOST_JACKKNIFED:
        tails = _corrected(tails, known, value, _jackknife(statistic, counts), counts)
    low, high = np.quantile(known, tails)
    return Figure(value, float(low), float(high), n)


def _draws(statistic: Statistic, counts: NDArray[np.int64], times: int, random: np.random.Generator) -> Numbers:
    n, patterns = int(counts.sum()), len(counts)
    at_once = max(1, _CELLS_AT_ONCE // max(patterns, 1))
    out: list[Numbers] = []
    owner = np.repeat(np.arange(patterns), counts) if patterns * 2 > n else None
    for begin in range(0, times, at_once):
        rows = min(at_once, times - begin)
        if owner is None:
            weights = random.multinomial(n, counts / n, size=rows)
        else:
            # Hardly a pattern comes twice: drawing the units themselves is quicker.
            picks = owner[random.integers(0, n, (rows, n))] + np.arange(rows)[:, None] * patterns
            weights = np.bincount(picks.ravel(), minlength=rows * patterns).reshape(rows, patterns)
        out.append(statistic(weights.astype(float)))
    return np.concatenate(out)


def _jackknife(statistic: Statistic, counts: NDArray[np.int64]) -> Numbers:
    """Return the statistic without one unit of each pattern."""
    at_once = max(1, _CELLS_AT_ONCE // len(counts))
    out: list[Numbers] = []
    for begin in range(0, len(counts), at_once):
        rows = np.arange(begin, min(begin + at_once, len(counts)))
        weights = np.repeat(counts[None, :].astype(float), len(rows), axis=0)
        weights[np.arange(len(rows)), rows] -= 1
        out.append(statistic(weights))
    return np.concatenate(out)


def _corrected(
    tails: tuple[float, float], draws: Numbers, value: float, without: Numbers, counts: NDArray[np.int64]
) -> tuple[float, float]:
    """Return the quantiles that BCa takes instead of ``tails``; these themselves where it cannot be worked out."""
    below = (np.count_nonzero(draws < value) + np.count_nonzero(draws == value) / 2) / len(draws)
    if not 0 < below < 1 or np.isnan(without).any():
        return tails
    bias = _NORMAL.inv_cdf(below)
    apart = np.average(without, weights=counts) - without
    spread = float((counts * apart**2).sum())
    acceleration = float((counts * apart**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0

    def moved(tail: float) -> float:
        z = bias + _NORMAL.inv_cdf(tail)
        scale = 1 - acceleration * z
        return _NORMAL.cdf(bias + z / scale) if scale > 0 else tail

    low, high = (moved(tail) for tail in tails)
    return (low, high) if low < high else tails
