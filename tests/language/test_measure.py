"""Agreement figures, checked against values worked out by hand and against their own laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.language.measure import auc, interval, ranks, spearman, weighted_kappa

numbers = st.lists(st.integers(-50, 50), min_size=4, max_size=40)


def test_ranks_share_ties() -> None:
    assert ranks(np.array([10.0, 20.0, 10.0, 5.0])).tolist() == [2.5, 4.0, 2.5, 1.0]


def test_known_values() -> None:
    assert spearman(np.array([1, 2, 3, 4, 5]), np.array([2, 1, 4, 3, 5])) == pytest.approx(0.8)
    assert auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])) == pytest.approx(0.75)
    assert weighted_kappa(np.array([0, 1, 2, 3]), np.array([0, 1, 2, 3])) == pytest.approx(1.0)
    assert weighted_kappa(np.array([3, 2, 1, 0]), np.array([0, 1, 2, 3])) == pytest.approx(-1.0)


def test_nothing_to_compare_has_no_value() -> None:
    flat, rising = np.ones(5), np.arange(5.0)
    assert math.isnan(spearman(flat, rising))
    assert math.isnan(auc(rising, np.zeros(5, bool)))
    assert math.isnan(weighted_kappa(rising, flat))
    assert all(math.isnan(bound) for bound in interval(spearman, flat, rising, times=50))


@settings(max_examples=80, deadline=None)
@given(numbers)
def test_only_order_matters_and_turning_it_round_turns_the_sign(values: list[int]) -> None:
    scores = np.array(values, float)
    labels = np.arange(len(values), dtype=float)
    first = spearman(scores, labels)
    if math.isnan(first):
        return
    assert spearman(scores * 3 + 7, labels) == pytest.approx(first)
    assert spearman(-scores, labels) == pytest.approx(-first)
    assert auc(scores, labels > 1) == pytest.approx(1 - auc(-scores, labels > 1))


def test_an_interval_holds_its_statistic_and_repeats() -> None:
    random = np.random.default_rng(5)
    labels = random.normal(size=200)
    scores = labels + random.normal(size=200)
    low, high = interval(spearman, scores, labels, times=200)
    assert low < spearman(scores, labels) < high
    assert interval(spearman, scores, labels, times=200) == (low, high)
