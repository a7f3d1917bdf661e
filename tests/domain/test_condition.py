"""Conditions: what they mean, where they say they are wrong, and that no text breaks the parser."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.domain.condition import MAX_DEPTH, MAX_LENGTH, ConditionError, parse

FEELINGS = {"trust": 6.0, "misread": 3.5, "patience": 0.0}


class Moment:
    """A moment of a conversation: two things said now, three ever."""

    def value(self, name: str) -> float:
        return {**FEELINGS, "turn": 4.0, "task_done": 1.0, "asked": 0.0}[name]

    def call(self, function: str, argument: str) -> float:
        heard = {"said": {"solves": 1.0}, "ever": {"solves": 1.0, "curt": 1.0}, "times": {"curt": 3.0}, "did": {"hint": 2.0}}
        return heard[function].get(argument, 0.0)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("trust >= 6", 1),
        ("trust > 6", 0),
        ("10 - misread", 6.5),
        ("1 - 2 - 3", -4),
        ("12 / 2 / 3", 2),
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("--3", 3),
        ("-trust + 1", -5),
        ("2 < trust <= 6", 1),
        ("2 < trust < 6", 0),
        ("trust / patience", 0),
        ("said(solves) and not said(curt)", 1),
        ("said(curt) or ever(curt)", 1),
        ("times(curt) == 3 and did(hint) != 1", 1),
        ("not not trust", 1),
        ("not (trust > 3 and patience > 3)", 1),
        ("true and not false", 1),
        ("task_done and turn > 3 or asked", 1),
        ("(trust > 5) + (misread > 5)", 1),
    ],
)
def test_a_condition_means_what_it_says(source: str, value: float) -> None:
    assert parse(source).evaluate(Moment()) == value


def test_and_binds_tighter_than_or_and_not_than_and() -> None:
    assert parse("true or false and false").holds(Moment())
    assert not parse("not true and false").holds(Moment())
    assert parse("not trust > 7").holds(Moment())


@pytest.mark.parametrize(
    ("source", "offset", "words"),
    [
        ("", 0, "empty"),
        ("trust = 6", 6, "=="),
        ("trust >= ", 8, "the end"),
        ("trust >= 6)", 10, "not expected"),
        ("(trust >= 6", 0, "never closed|not closed"),
        ("sayd(solves)", 0, "no function"),
        ("said()", 5, "one name"),
        ("said(solves", 11, "not closed"),
        ("trust >= 6 and", 14, "the end"),
        ("trust $ 6", 6, r"'\$'"),
        ("__import__('os')", 0, "no function|no meaning"),
        ("trust.real", 5, "no meaning"),
        ("1" * (MAX_LENGTH + 1), MAX_LENGTH, "longer"),
        ("(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1), MAX_DEPTH, "deeper"),
    ],
)
def test_a_mistake_says_where_it_is(source: str, offset: int, words: str) -> None:
    with pytest.raises(ConditionError, match=words) as error:
        parse(source)
    assert error.value.offset == offset or source.startswith("__import__")


def test_names_and_calls_come_with_their_places() -> None:
    condition = parse("trust >= 6 and said(solves)")
    assert condition.names == (("trust", 0),)
    assert condition.calls == (("said", "solves", 20),)


def test_numbers_beyond_all_measure_have_no_effect() -> None:
    huge = " * ".join(["9" * 100] * 4)
    assert parse(huge).evaluate(Moment()) == 0
    assert not parse(f"{huge} > 0 and false").holds(Moment())


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60) | st.text(alphabet="trust ()<>=!+-*/andornot0123456789.said_", max_size=60))
def test_no_text_breaks_the_parser(source: str) -> None:
    try:
        condition = parse(source)
    except ConditionError as error:
        assert 0 <= error.offset <= len(source)
        assert error.message
    else:
        assert condition.source == source


def _atoms() -> list[tuple[str, float]]:
    moment = Moment()
    names = [*FEELINGS, "turn", "task_done", "asked"]
    calls = [("said", "solves"), ("ever", "curt"), ("times", "curt"), ("did", "hint"), ("said", "curt")]
    atoms = [(name, moment.value(name)) for name in names]
    atoms += [(f"{function}({argument})", moment.call(function, argument)) for function, argument in calls]
    return [*atoms, ("true", 1.0), ("false", 0.0), ("2.5", 2.5), ("7", 7.0)]


OPERATORS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
    "and": lambda a, b: bool(a) and bool(b), "or": lambda a, b: bool(a) or bool(b),
}  # fmt: skip


def _combined(parts: st.SearchStrategy[tuple[str, float]]) -> st.SearchStrategy[tuple[str, float]]:
    def two(each: tuple[tuple[str, float], str, tuple[str, float]]) -> tuple[str, float]:
        (left, a), sign, (right, b) = each
        return f"({left} {sign} {right})", float(OPERATORS[sign](a, b))

    pairs = st.tuples(parts, st.sampled_from(list(OPERATORS)), parts).map(two)
    opposite = parts.map(lambda each: (f"(not {each[0]})", float(not each[1])))
    return pairs | opposite | parts.map(lambda each: (f"(-{each[0]})", -each[1]))


@settings(max_examples=100, deadline=None)
@given(st.recursive(st.sampled_from(_atoms()), _combined, max_leaves=10))
def test_it_reckons_as_python_would(each: tuple[str, float]) -> None:
    source, expected = each
    assert parse(source).evaluate(Moment()) == pytest.approx(expected)
