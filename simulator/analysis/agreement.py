"""How far raters agree: raw agreement, Cohen's kappa, weighted kappa, Krippendorff's alpha and Spearman's rho.

Every figure comes with its number of units and a 95% bootstrap interval over units (see :mod:`simulator.analysis.resampling`)
and is ``None`` with the reason where it has no meaning; there is never a number in place of "cannot be said".

Ratings are rows, one a unit (a transcript, say), one place a rater, ``None`` (or NaN) where a rater did not rate. They come as
any iterable of rows, or counted in a :class:`Patterns`, whose size grows with the distinct rows only: count as you read.

Sources: Cohen 1960, Educ. Psychol. Meas. 20: 37-46 (kappa); Cohen 1968, Psychol. Bull. 70: 213-220 (weighted kappa);
Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", and 2019, Content Analysis, 4th ed., ch. 12; Hayes &
Krippendorff 2007, Commun. Methods Meas. 1: 77-89; Fleiss 1971, Psychol. Bull. 76: 378-382 (raw agreement of many raters).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.resampling import RESAMPLES, Figure, Method, Numbers, bootstrap

Metric = Literal["nominal", "ordinal", "interval"]
Weights = Literal["nominal", "linear", "quadratic"]
Rating = Hashable | None
Row = Sequence[Rating]

NO_PAIRS = "nothing was rated by two raters"
NO_VARIATION = "all ratings are the same: chance agreement cannot be told from agreement"
NO_VARIATION_OF_ONE = "one of the two gave everything the same"


class Patterns:
    """Rows of ratings, counted: all the memory that any number of units takes is one entry for each distinct row."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.counts: Counter[tuple[Rating, ...]] = Counter()
        for row in rows:
            self.add(row)

    def add(self, row: Row, times: int = 1) -> None:
        """Count a unit's ratings."""
        self.counts[tuple(None if _missing(each) else each for each in row)] += times

    def pair(self, one: int, other: int) -> Patterns:
        """Return the ratings of two of the raters, by their places."""
        out = Patterns()
        for row, count in self.counts.items():
            out.add((row[one], row[other]), count)
        return out


def _missing(rating: Rating) -> bool:
    return rating is None or (isinstance(rating, float) and math.isnan(rating))


def _patterns(units: Iterable[Row] | Patterns) -> dict[tuple[Rating, ...], int]:
    """Return how often each row comes, in an order of the rows' own: resamples are the same in whatever order units came."""
    counts = units.counts if isinstance(units, Patterns) else Patterns(units).counts
    return dict(sorted(counts.items(), key=lambda each: [str(rating) for rating in each[0]]))


Rows = TypeVar("Rows", bound=tuple[Rating, ...])


def _in_order(rows: Counter[Rows]) -> Counter[Rows]:
    """Return counts of rows in an order of their own, so that an interval does not depend on what was read first."""
    return Counter(dict(sorted(rows.items(), key=lambda each: str(each[0]))))


def _values(seen: Iterable[Rating], metric: str, order: Sequence[Rating] | None) -> tuple[dict[Rating, int], Numbers]:
    """Return the place of every value that was seen, and its number on the scale.

    Without ``order`` a scale is of numbers; with it the scale is the places in ``order``.
    """
    found = set(seen)
    if order is not None:
        if unknown := found - set(order):
            raise ValueError(f"ratings that are not on the scale: {sorted(map(str, unknown))}")
        kept = [(each, at) for at, each in enumerate(order) if each in found]
        return {each: at for at, (each, _) in enumerate(kept)}, np.array([number for _, number in kept], float)
    if metric == "nominal":
        return {each: at for at, each in enumerate(sorted(found, key=str))}, np.zeros(len(found))
    wrong = sorted(str(each) for each in found if not isinstance(each, int | float | np.number))
    if wrong:
        raise ValueError(f"ratings that are not numbers: {', '.join(wrong[:5])}; give their order")
    numbers: list[Any] = sorted(found)
    return {each: at for at, each in enumerate(numbers)}, np.array(numbers, float)


# -- any number of raters


def raw_agreement(units: Iterable[Row] | Patterns, *, times: int = RESAMPLES, seed: int = 0, method: Method = "bca") -> Figure:
    """Return the share of pairs of raters that agree, 0–1, averaged over units that two or more rated (Fleiss 1971)."""
    shares, counts = [], []
    for row, count in _patterns(units).items():
        said = [each for each in row if each is not None]
        if len(said) > 1:
            alike = sum(each * (each - 1) for each in Counter(said).values())
            shares.append(alike / (len(said) * (len(said) - 1)))
            counts.append(count)
    share = np.array(shares, float)

    def statistic(weights: Numbers) -> Numbers:
        return np.asarray(weights @ share / weights.sum(axis=1))

    return bootstrap(statistic, np.array(counts, np.int64), undefined=NO_PAIRS, times=times, seed=seed, method=method)


def alpha(
    units: Iterable[Row] | Patterns,
    metric: Metric = "nominal",
    *,
    order: Sequence[Rating] | None = None,
    times: int = RESAMPLES,
    seed: int = 0,
    method: Method = "bca",
) -> Figure:
    """Return Krippendorff's alpha (1 agreement, 0 as by chance) for any number of raters, with ratings missing or not.

    ``order`` is the scale from low to high where ratings are not numbers. Units that fewer than two rated do not count.
    Raises ``ValueError`` for an ordinal or interval scale of words without their order.
    """
    rows: Counter[tuple[Rating, ...]] = Counter()
    for row, count in _patterns(units).items():
        said = [each for each in row if each is not None]
        if len(said) > 1:
            rows[tuple(sorted(said, key=str))] += count
    rows = _in_order(rows)
    place, scale = _values((each for row in rows for each in row), metric, order)
    # How often each value was given in a unit of each pattern.
    given = np.zeros((len(rows), len(place)))
    for at, row in enumerate(rows):
        for each in row:
            given[at, place[each]] += 1
    counts = np.array(list(rows.values()), np.int64)
    undefined = NO_VARIATION if len(rows) else NO_PAIRS
    return bootstrap(_alpha_of(given, scale, metric), counts, undefined=undefined, times=times, seed=seed, method=method)


def alpha_nominal(units: Iterable[Row] | Patterns, *, times: int = RESAMPLES, seed: int = 0) -> Figure:
    """Return Krippendorff's alpha of ratings without an order, such as verdicts."""
    return alpha(units, "nominal", times=times, seed=seed)


def _alpha_of(given: Numbers, scale: Numbers, metric: Metric) -> Any:
    """Return alpha as a function of the patterns' weights.

    With the squared difference of numbers as metric, a unit's disagreement Σ(v−w)² over its pairs is 2(mΣv² − (Σv)²), so that
    no matrix of coincidences is needed. The ordinal metric of c and k, Σ n_g between them less half of both ends, is
    the squared difference of their mean ranks among all ratings: the same sum, with ranks that change with the weights.
    """
    m = given.sum(axis=1)

    def nominal(weights: Numbers) -> Numbers:
        total = weights @ given
        n = total.sum(axis=1)
        observed = weights @ ((m**2 - (given**2).sum(axis=1)) / (m - 1))
        return _one_less(observed * (n - 1), n**2 - (total**2).sum(axis=1), total)

    def squared(weights: Numbers) -> Numbers:
        total = weights @ given
        n = total.sum(axis=1)
        numbers = np.cumsum(total, axis=1) - total / 2 if metric == "ordinal" else np.broadcast_to(scale, total.shape)
        # Alpha does not change when all is moved or stretched; the middle at 0 keeps the differences of squares exact.
        numbers = numbers - (total * numbers).sum(axis=1, keepdims=True) / np.maximum(n, 1)[:, None]
        within = (m * (numbers**2 @ given.T) - (numbers @ given.T) ** 2) / (m - 1)
        observed = (weights * within).sum(axis=1)
        expected = n * (total * numbers**2).sum(axis=1)
        return _one_less(observed * (n - 1), expected, total)

    return nominal if metric == "nominal" else squared


def _one_less(observed: Numbers, expected: Numbers, total: Numbers) -> Numbers:
    """Return 1 − observed / expected; NaN where ``total``, the weight of each value, has one value only."""
    # Whether there is variation is a matter of counting: sums of squares are seldom exactly nothing.
    varied = (total > 0).sum(axis=1) > 1
    return np.where(varied, 1 - observed / np.where(varied, expected, 1), np.nan)


def alpha_of_coincidences(
    matrix: NDArray[Any], metric: Metric = "nominal", *, values: Sequence[float] | None = None
) -> float | None:
    """Return alpha of a coincidence matrix (Krippendorff 2011): values × values, each unit adding its pairs over (raters − 1).

    ``values`` are the scale's numbers for the interval metric, rising; the places 0, 1, 2 … where left out. ``None`` where all
    ratings are the same or there are none. Matrices of parts of the units add up to the matrix of all.
    """
    pairs = np.asarray(matrix, float)
    total = pairs.sum(axis=1)
    n = total.sum()
    if metric == "nominal":
        apart = 1 - np.eye(len(pairs))
    else:
        numbers = np.cumsum(total) - total / 2 if metric == "ordinal" else np.arange(len(pairs)) if values is None else values
        apart = np.subtract.outer(np.asarray(numbers, float), np.asarray(numbers, float)) ** 2
    expected = float(total @ apart @ total)
    return 1 - (n - 1) * float((pairs * apart).sum()) / expected if expected > 0 else None


# -- two raters


class _Pairs:
    """Distinct pairs of ratings of two raters, with what is needed to sum weights by either rater's values."""

    def __init__(self, units: Iterable[Row] | Patterns, metric: str, order: Sequence[Rating] | None) -> None:
        rows: Counter[tuple[Rating, Rating]] = Counter()
        for row, count in _patterns(units).items():
            if len(row) != 2:
                raise ValueError(f"a pair of raters has two ratings a unit, not {len(row)}")
            if None not in row:
                rows[row[0], row[1]] += count
        rows = _in_order(rows)
        place, self.scale = _values((each for row in rows for each in row), metric, order)
        self.codes = np.array([[place[one], place[other]] for one, other in rows], int).reshape(-1, 2)
        self.counts = np.array(list(rows.values()), np.int64)
        self.undefined = NO_PAIRS if not rows else NO_VARIATION
        self._sorted = [np.argsort(self.codes[:, side], kind="stable") for side in (0, 1)]
        self._begins = [
            np.searchsorted(self.codes[order_, side], np.unique(self.codes[:, side])) for side, order_ in enumerate(self._sorted)
        ]

    def totals(self, weights: Numbers, side: int) -> Numbers:
        """Return the weight of each value (of the whole scale) that one rater gave, a row for each row of weights."""
        out = np.zeros((len(weights), len(self.scale)))
        if len(self.codes):
            out[:, np.unique(self.codes[:, side])] = np.add.reduceat(weights[:, self._sorted[side]], self._begins[side], axis=1)
        return out


def cohen_kappa(units: Iterable[Row] | Patterns, *, times: int = RESAMPLES, seed: int = 0, method: Method = "bca") -> Figure:
    """Return Cohen's kappa (1960) of two raters over units that both rated: rows of two, in any order of values."""
    return weighted_kappa(units, "nominal", times=times, seed=seed, method=method)


def weighted_kappa(
    units: Iterable[Row] | Patterns,
    weights: Weights = "quadratic",
    *,
    order: Sequence[Rating] | None = None,
    times: int = RESAMPLES,
    seed: int = 0,
    method: Method = "bca",
) -> Figure:
    """Return Cohen's weighted kappa (1968) of two raters: disagreement weighs as the distance of the ratings, or its square.

    Distances are those of the numbers, or of the places in ``order`` where ratings are words: unused levels count as steps.
    """
    pairs = _Pairs(units, "nominal" if weights == "nominal" else "interval", order)
    one, other = pairs.codes[:, 0], pairs.codes[:, 1]
    if weights == "nominal":
        apart = (one != other).astype(float)
    else:
        power = 1 if weights == "linear" else 2
        apart = np.abs(pairs.scale[one] - pairs.scale[other]) ** power if len(pairs.scale) else np.zeros(0)

    def statistic(drawn: Numbers) -> Numbers:
        n = drawn.sum(axis=1)
        a, b = pairs.totals(drawn, 0), pairs.totals(drawn, 1)
        if weights == "nominal":
            expected = n**2 - (a * b).sum(axis=1)
        elif weights == "quadratic":
            v = pairs.scale
            expected = n * (a @ v**2 + b @ v**2) - 2 * (a @ v) * (b @ v)
        else:
            # Σ|v−w| over all pairs is the area between two cumulated distributions.
            steps = np.diff(pairs.scale)
            up_a, up_b = np.cumsum(a, axis=1)[:, :-1], np.cumsum(b, axis=1)[:, :-1]
            expected = (up_a * (n[:, None] - up_b) + up_b * (n[:, None] - up_a)) @ steps
        return _one_less((drawn @ apart) * n, expected, a + b)

    return bootstrap(statistic, pairs.counts, undefined=pairs.undefined, times=times, seed=seed, method=method)


def spearman(
    units: Iterable[Row] | Patterns,
    *,
    order: Sequence[Rating] | None = None,
    times: int = RESAMPLES,
    seed: int = 0,
    method: Method = "bca",
) -> Figure:
    """Return Spearman's rank correlation (−1 to 1) of two raters' numbers; ties share their mean rank."""
    pairs = _Pairs(units, "ordinal", order)

    def ranks(weights: Numbers, total: Numbers, side: int) -> Numbers:
        rank = np.cumsum(total, axis=1) - (total - 1) / 2
        rank -= (total * rank).sum(axis=1, keepdims=True) / np.maximum(weights.sum(axis=1), 1)[:, None]
        return np.asarray(rank[:, pairs.codes[:, side]])

    def statistic(weights: Numbers) -> Numbers:
        totals = pairs.totals(weights, 0), pairs.totals(weights, 1)
        varied = ((totals[0] > 0).sum(axis=1) > 1) & ((totals[1] > 0).sum(axis=1) > 1)
        a, b = ranks(weights, totals[0], 0), ranks(weights, totals[1], 1)
        size = np.sqrt((weights * a**2).sum(axis=1) * (weights * b**2).sum(axis=1))
        return np.where(varied, (weights * a * b).sum(axis=1) / np.where(varied, size, 1), np.nan)

    undefined = NO_VARIATION_OF_ONE if len(pairs.counts) else NO_PAIRS
    return bootstrap(statistic, pairs.counts, undefined=undefined, times=times, seed=seed, method=method)


def krippendorff_advice(value: float | None) -> str:
    """Return what Krippendorff (2019, p. 356) advises for conclusions from ratings of this alpha, in a few words."""
    if value is None:
        return "cannot be said"
    if value >= 0.8:
        return "reliable (α ≥ .800)"
    return "tentative conclusions only (α ≥ .667)" if value >= 0.667 else "too little to rest on (α < .667)"
