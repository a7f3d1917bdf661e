"""Interval analysis never calls possible what is impossible to rule out: "never" and "always" are always true."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.authoring.ranges import Environment, always_holds, can_hold, narrow, value_of
from simulator.domain.condition import parse

ANY = Environment({})


@pytest.mark.parametrize(
    "source",
    [
        "trust >= 11", "trust > 10", "trust < 0", "trust >= 7 and trust < 5", "trust > 6 and trust < 6", "10 - trust > 10",
        "trust * 2 >= 21", "turn < 0", "turn > 1 and turn < 2", "not (trust >= 0)", "said(a) > 1", "said(a) and not ever(a)",
        "said(a) and times(a) < 1", "times(a) >= 2 and not ever(a)", "asked and not asked", "2 < trust < 1", "false",
        "trust / 0 > 0", "trust < 3 and (trust > 4 or said(a)) and not said(a)", "task_done == 2",
    ],
)  # fmt: skip
def test_what_can_never_hold_is_found(source: str) -> None:
    assert not can_hold(parse(source).tree, ANY)


@pytest.mark.parametrize("source", ["trust >= 10", "trust <= 0", "trust == 3", "said(a) and ever(a)", "turn > 4", "times(a) > 2"])
def test_what_can_hold_is_left_alone(source: str) -> None:
    assert can_hold(parse(source).tree, ANY)
    assert not always_holds(parse(source).tree, ANY)


@pytest.mark.parametrize("source", ["trust >= 0", "trust + misread <= 20", "true", "ever(a) or not said(a)", "turn >= 0", "1"])
def test_what_always_holds_is_found(source: str) -> None:
    assert always_holds(parse(source).tree, ANY)


@pytest.mark.parametrize(
    ("one", "other", "follows"),
    [
        ("trust >= 7", "trust >= 5", True),
        ("trust >= 5", "trust >= 7", False),
        ("patience <= 0", "trust <= 1 or patience <= 0", True),
        ("said(a) and trust > 3", "ever(a)", True),
        ("said(a)", "times(a) >= 1", True),
        ("ever(a)", "said(a)", False),
        ("trust > 3", "misread > 3", False),
    ],
)
def test_what_follows_from_what(one: str, other: str, follows: bool) -> None:
    within = narrow(parse(one).tree, ANY)
    assert within is not None
    assert always_holds(parse(other).tree, within) is follows


def test_knowing_less_of_a_feeling_decides_more() -> None:
    low = Environment({"trust": (0.0, 5.0)})
    assert not can_hold(parse("trust > 5").tree, low)
    assert always_holds(parse("trust <= 5").tree, low)
    assert value_of(parse("10 - trust * 2").tree, low) == (0, 10)


@pytest.mark.parametrize(
    "source",
    [
        "(" * 28 + "trust" + " < 1)" * 28,
        "(" * 28 + "said(a)" + " and asked)" * 28,
        "(said(a) or " * 20 + "asked and (true" + ")" * 21,
        "(not " * 28 + "trust > 5" + ")" * 28,
        " or ".join(["said(a) and trust > 3"] * 20),
    ],
)
def test_deep_conditions_are_no_trouble(source: str) -> None:
    assert can_hold(parse(source).tree, ANY)


class Moment:
    """One moment of a conversation in which what is said now has been said at some time."""

    def __init__(self, trust: float, misread: float, turn: int, times: int, now: bool, asked: bool) -> None:
        self.names = {"trust": trust, "misread": misread, "turn": float(turn), "asked": float(asked), "task_done": 0.0}
        self.times = max(times, int(now))
        self.now = now

    def value(self, name: str) -> float:
        return self.names[name]

    def call(self, function: str, argument: str) -> float:
        assert argument == "a"
        return {"said": float(self.now), "ever": float(self.times > 0), "times": float(self.times), "did": 0.0}[function]


FEELING = st.sampled_from([0.0, 0.5, 3.0, 5.0, 9.99, 10.0])
MOMENTS = st.builds(Moment, FEELING, FEELING, st.integers(0, 6), st.integers(0, 3), st.booleans(), st.booleans())
NAMES = ["trust", "misread", "turn", "asked", "said(a)", "ever(a)", "times(a)"]
ATOMS = st.sampled_from([*NAMES, "0", "1", "3", "5.5", "10", "true"])
SIGNS = st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "and", "or", "and", "or", "+", "-", "*", "/"])


def _combined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(parts, SIGNS, parts).map(lambda each: f"({each[0]} {each[1]} {each[2]})")
    return pairs | parts.map(lambda each: f"(not {each})")


@settings(max_examples=100, deadline=None)
@given(st.recursive(ATOMS, _combined, max_leaves=8), st.lists(MOMENTS, min_size=1, max_size=12))
def test_never_and_always_are_true_of_every_moment(source: str, moments: list[Moment]) -> None:
    condition = parse(source)
    never, always = not can_hold(condition.tree, ANY), always_holds(condition.tree, ANY)
    low, high = value_of(condition.tree, ANY)
    for moment in moments:
        assert not (never and condition.holds(moment))
        assert not (always and not condition.holds(moment))
        assert low <= condition.evaluate(moment) <= high
