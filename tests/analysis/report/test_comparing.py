"""Means, medians and differences of levels, with intervals that say what they say."""

from __future__ import annotations

from statistics import fmean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.analysis.intervals import wilson
from simulator.analysis.report import said
from simulator.analysis.report.comparing import difference, mean_level, median_level

LEVELS = st.dictionaries(st.integers(1, 5), st.integers(0, 40), max_size=5)


def spread_out(levels: dict[int, int]) -> list[int]:
    return [level for level, count in levels.items() for _ in range(count)]


@settings(max_examples=60, deadline=None)
@given(LEVELS)
def test_mean_and_median_are_those_of_the_levels_one_by_one(levels: dict[int, int]):
    values = spread_out(levels)
    found = mean_level(levels)
    assert found.n == len(values)
    if not values:
        assert (found.value, median_level(levels)) == (None, None)
        return
    assert found.value == pytest.approx(fmean(values))
    assert median_level(levels) == median(values)
    if found.low is not None and found.high is not None:
        assert 1 <= found.low <= found.high <= 5
        assert len(set(values)) > 1


@settings(max_examples=10, deadline=None)
@given(LEVELS, LEVELS)
def test_a_difference_is_that_of_the_means_and_turns_round_with_them(one: dict[int, int], other: dict[int, int]):
    a, b = spread_out(one), spread_out(other)
    there = difference("a", one, "b", other).figure
    if not a or not b:
        assert there.value is None
        return
    assert there.value == pytest.approx(fmean(a) - fmean(b))
    assert difference("b", other, "a", one).figure.value == pytest.approx(-there.value)
    assert (there.low is not None) <= (min(len(a), len(b)) >= 10)


def test_intervals_of_a_difference_are_as_wide_as_theory_has_them():
    # Two groups of 200, halves at 2 and at 4: standard deviation 1, standard error √(2/200) = 0.1.
    found = difference("a", {2: 100, 4: 100}, "b", {2: 100, 4: 100}).figure
    assert found.low == pytest.approx(-0.196, abs=0.015)
    assert found.high == pytest.approx(0.196, abs=0.015)
    # Ten of them, all to hold together: the tails of 0.05 / 10 lie at 2.807 standard errors.
    wide = difference("a", {2: 100, 4: 100}, "b", {2: 100, 4: 100}, comparisons=10)
    assert wide.figure.high == pytest.approx(0.281, abs=0.025)
    assert not wide.clear
    assert difference("a", {2: 100, 4: 100}, "b", {1: 100, 3: 100}).clear


def test_what_cannot_be_said_is_not_said():
    assert difference("a", {3: 9}, "b", {2: 50, 3: 50}).figure.reason.startswith("too few")
    alike = difference("a", {3: 20}, "b", {3: 20})
    assert (alike.figure.value, alike.figure.low, alike.clear) == (0, None, False)
    assert mean_level({4: 30}).low is None


def test_the_same_counts_give_the_same_interval():
    args = ("a", {1: 7, 3: 12, 5: 9}, "b", {2: 30, 4: 11})
    assert difference(*args) == difference(*args)


@pytest.mark.parametrize(
    # Newcombe 1998, Stat. Med. 17: 857-872, table I, method 3.
    ("count", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_shares_have_wilsons_interval(count: int, n: int, low: float, high: float):
    found = wilson(count, n)
    assert (round(found.low or 0, 4), round(found.high or 0, 4)) == (low, high)


@pytest.mark.parametrize(
    ("share", "words"),
    [(None, "–"), (0, "0%"), (0.001, "<1%"), (0.5, "50%"), (0.9951, ">99%"), (1, "100%"), (0.005, "<1%"), (0.995, ">99%")],
)
def test_shares_are_never_shown_as_none_or_all_when_they_are_not(share: float | None, words: str):
    assert said.percent(share) == words


def test_numbers_are_said_as_people_read_them():
    assert said.points(difference("a", {2: 100, 4: 100}, "b", {3: 100}).figure).startswith("0.00 (−0.1")
    assert said.spread(0.0, 0.0011) == "0–0.1%"
    assert said.spread(0.00001, 0.99999) == "<0.1–>99.9%"
    assert said.spread(0.1, 0.9961) == "10–99.6%"
    assert said.listed(["a"]) == "a"
    assert said.listed(["a", "b", "c"]) == "a, b and c"
