"""Figures of agreement, against published worked examples, their definitions and their own laws."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.analysis.agreement import (
    Patterns,
    alpha,
    alpha_nominal,
    alpha_of_coincidences,
    cohen_kappa,
    krippendorff_advice,
    raw_agreement,
    spearman,
    weighted_kappa,
)
from simulator.analysis.resampling import bootstrap
from simulator.language import measure

_ = None
# Krippendorff 2011, section D: four observers, twelve units, ratings missing.
FOUR = list(
    zip(
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
        strict=True,
    )
)
rows = st.lists(st.tuples(*[st.one_of(st.none(), st.integers(1, 5))] * 3), min_size=1, max_size=25)
pairs = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=40)


@pytest.mark.parametrize(("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_krippendorffs_four_observers(metric: str, published: float) -> None:
    found = alpha(FOUR, metric)  # type: ignore[arg-type]
    assert found.value == pytest.approx(published, abs=0.0005)
    assert found.n == 11  # the twelfth unit was rated by one observer only
    assert found.low is not None and found.high is not None and found.low < published < found.high


def test_krippendorffs_two_observers() -> None:
    binary = zip([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0], strict=True)
    assert alpha_nominal(binary).value == pytest.approx(0.095, abs=0.0005)
    assert alpha_nominal(zip("aabbdcccedda", "babbbccceddd", strict=True)).value == pytest.approx(0.692, abs=0.0005)


def test_kappas_in_the_literature() -> None:
    grants = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    found = cohen_kappa(grants)
    assert found.value == pytest.approx(0.4)
    assert found.n == 50
    # Cohen 1968, table 1: diagnoses by two raters, in per cent.
    table = [[44, 5, 1], [7, 20, 3], [9, 5, 6]]
    diagnoses = [(i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _each in range(count)]
    assert cohen_kappa(diagnoses).value == pytest.approx(0.492, abs=0.0005)


def test_spearman_of_the_textbook() -> None:
    iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
    hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
    assert spearman(zip(iq, hours, strict=True)).value == pytest.approx(-29 / 165)


def test_raw_agreement_of_more_than_two_is_of_pairs() -> None:
    found = raw_agreement([("a", "a", "a"), ("a", "a", "b"), ("a", None, None), ("b", None, "b")])
    assert found.value == pytest.approx((1 + 1 / 3 + 1) / 3)
    assert found.n == 3


def test_what_cannot_be_said_has_a_reason_and_no_number() -> None:
    flat = [("met", "met")] * 30
    for found in (alpha_nominal(flat), cohen_kappa(flat), weighted_kappa([(3, 3)] * 30)):
        assert found.value is None and found.low is None
        assert "all ratings are the same" in found.reason
    assert raw_agreement(flat).value == 1
    lone = [("met", None), (None, "met"), (float("nan"), "met")]
    for found in (alpha_nominal(lone), cohen_kappa(lone), raw_agreement(lone), spearman([(1, None)])):
        assert (found.value, found.n, found.reason) == (None, 0, "nothing was rated by two raters")
    one_sided = spearman([(3, level) for level in range(1, 6)])
    assert one_sided.value is None and "one of the two" in one_sided.reason
    assert cohen_kappa([]).value is None
    assert krippendorff_advice(None) == "cannot be said"


def test_an_interval_is_not_given_where_it_would_mislead() -> None:
    few = alpha_nominal([("a", "a"), ("b", "b"), ("a", "b")])
    assert few.value is not None and few.low is None and "too few" in few.reason
    perfect = alpha_nominal([("a", "a"), ("b", "b")] * 20)
    assert perfect.value == 1 and perfect.low is None and "same in every resample" in perfect.reason
    # One disagreement in twenty: many resamples have no variation at all.
    rare = cohen_kappa([("a", "a")] * 19 + [("a", "b")])
    assert rare.value == pytest.approx(0) and rare.low is None and "too little variation" in rare.reason


def test_scales_of_words_need_their_order() -> None:
    words = [("low", "mid"), ("mid", "mid"), ("high", "high"), ("low", "low")]
    numbers = [(1, 2), (2, 2), (3, 3), (1, 1)]
    order = ["low", "mid", "high"]
    assert alpha(words, "ordinal", order=order).value == pytest.approx(alpha(numbers, "ordinal").value)
    assert weighted_kappa(words, "linear", order=order).value == pytest.approx(weighted_kappa(numbers, "linear").value)
    assert spearman(words, order=order).value == pytest.approx(spearman(numbers).value)
    with pytest.raises(ValueError, match="not numbers"):
        alpha(words, "ordinal")
    with pytest.raises(ValueError, match="not on the scale"):
        alpha(words, "ordinal", order=["low", "high"])
    with pytest.raises(ValueError, match="two ratings"):
        cohen_kappa([("a", "b", "c")])


def test_intervals_repeat_and_cover() -> None:
    """Over many samples of known agreement, about 95% of the intervals hold it."""
    random = np.random.default_rng(7)
    held = 0
    for _each in range(200):
        truth = random.integers(1, 6, 60)
        other = np.where(random.random(60) < 0.6, truth, random.integers(1, 6, 60))
        units = list(zip(truth.tolist(), other.tolist(), strict=True))
        found = cohen_kappa(units, times=300)
        assert found == cohen_kappa(units, times=300)
        assert found.low is not None and found.high is not None
        held += found.low <= 0.6 <= found.high
    assert 180 <= held <= 199


def test_both_methods_agree_where_there_is_much_and_the_number_of_patterns_does_not_matter() -> None:
    random = np.random.default_rng(3)
    a = random.normal(size=400)
    units = list(zip(a.tolist(), (a + random.normal(size=400)).tolist(), strict=True))
    plain, corrected = spearman(units, method="percentile"), spearman(units)
    assert plain.low == pytest.approx(corrected.low, abs=0.03)
    assert plain.high == pytest.approx(corrected.high, abs=0.03)
    usual = measure.interval(measure.spearman, a, np.array([other for _one, other in units]))
    assert (plain.low, plain.high) == (pytest.approx(usual[0], abs=0.03), pytest.approx(usual[1], abs=0.03))


def test_bootstrap_of_a_mean_is_its_textbook_interval() -> None:
    values = np.arange(100.0)
    found = bootstrap(lambda weights: weights @ values / weights.sum(axis=1), np.ones(100, np.int64), undefined="", times=4000)
    error = values.std() / 10
    assert found.value == pytest.approx(49.5)
    assert found.low == pytest.approx(49.5 - 1.96 * error, abs=0.6)
    assert found.high == pytest.approx(49.5 + 1.96 * error, abs=0.6)


def test_the_order_in_which_units_come_does_not_matter() -> None:
    random = np.random.default_rng(5)
    units = [(int(a), int(b)) for a, b in random.integers(1, 6, (60, 2))]
    for figure in (cohen_kappa, weighted_kappa, spearman, raw_agreement, alpha_nominal):
        assert figure(units) == figure(sorted(units, reverse=True))


def test_no_resamples_no_interval() -> None:
    assert alpha_nominal(FOUR, times=0).low is None


def test_counting_while_reading_is_the_same() -> None:
    counted = Patterns()
    for row in FOUR:
        counted.add(row)
    assert alpha(counted, "ordinal") == alpha(FOUR, "ordinal")
    assert cohen_kappa(counted.pair(1, 2)) == cohen_kappa([(row[1], row[2]) for row in FOUR])


def _coincidences(units: list[tuple[int | None, ...]]) -> np.ndarray:
    matrix = np.zeros((5, 5))
    for row in units:
        said = [each for each in row if each is not None]
        for one, other in itertools.permutations(range(len(said)), 2):
            matrix[said[one] - 1, said[other] - 1] += 1 / (len(said) - 1)
    return matrix


def _same(found: float | None, expected: float | None) -> bool:
    return found is expected is None or (
        found is not None and expected is not None and math.isclose(found, expected, abs_tol=1e-9)
    )


@settings(max_examples=100, deadline=None)
@given(rows)
def test_alpha_is_that_of_its_definition(units: list[tuple[int | None, ...]]) -> None:
    matrix = _coincidences(units)
    for metric in ("nominal", "ordinal", "interval"):
        assert _same(alpha(units, metric, times=0).value, alpha_of_coincidences(matrix, metric))  # type: ignore[arg-type]


@settings(max_examples=100, deadline=None)
@given(rows, st.permutations(range(3)), st.permutations([1, 2, 3, 4, 5]), st.floats(0.1, 50), st.floats(-100, 100))
def test_alpha_keeps_its_laws(
    units: list[tuple[int | None, ...]], swapped: list[int], named: list[int], stretch: float, moved: float
) -> None:
    exchanged = [tuple(row[at] for at in swapped) for row in units]
    renamed = [tuple(None if each is None else f"name {named[each - 1]}" for each in row) for row in units]
    squared = [tuple(None if each is None else each**3 for each in row) for row in units]
    lines = [tuple(None if each is None else each * stretch + moved for each in row) for row in units]
    for metric in ("nominal", "ordinal", "interval"):
        assert _same(alpha(exchanged, metric, times=0).value, alpha(units, metric, times=0).value)  # type: ignore[arg-type]
    assert _same(alpha(renamed, times=0).value, alpha(units, times=0).value)
    assert _same(alpha(squared, "ordinal", times=0).value, alpha(units, "ordinal", times=0).value)
    straight, bent = alpha(units, "interval", times=0).value, alpha(lines, "interval", times=0).value
    assert (straight is None) == (bent is None) and bent == pytest.approx(straight, abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_kappa_is_that_of_its_definition(units: list[tuple[int, int]]) -> None:
    seen, n = Counter(units), len(units)
    first, second = Counter(one for one, _two in units), Counter(two for _one, two in units)
    for weights, power in (("nominal", 0), ("linear", 1), ("quadratic", 2)):

        def apart(i: int, j: int, power: int = power) -> float:
            return float(abs(i - j) ** power) if i != j else 0.0

        observed = sum(apart(*pair) * count for pair, count in seen.items()) / n
        expected = sum(apart(i, j) * first[i] * second[j] for i in first for j in second) / n**2
        found = weighted_kappa(units, weights, times=0).value  # type: ignore[arg-type]
        assert _same(found, 1 - observed / expected if expected else None)


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_two_raters_may_change_places(units: list[tuple[int, int]]) -> None:
    turned = [(two, one) for one, two in units]
    for figure in (cohen_kappa, weighted_kappa, spearman, raw_agreement):
        assert _same(figure(turned, times=0).value, figure(units, times=0).value)
    for figure in (cohen_kappa, weighted_kappa, spearman, alpha_nominal):
        value = figure([(one, one) for one, _two in units], times=0).value
        assert value is None or value == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=2, max_size=40))
def test_spearman_is_that_of_ranks(units: list[tuple[int, int]]) -> None:
    expected = measure.spearman(*np.array(units, float).T)
    assert _same(spearman(units, times=0).value, None if math.isnan(expected) else expected)
