"""What conditions can ever be: interval analysis over their trees, to find what can never hold and what always does.

An environment gives each thing a condition may ask about the interval of values it can have. :func:`narrow` returns the
environment in which a condition holds, or ``None`` where it cannot; it may keep too much and never drops too much, so
that "can never hold" is always true of what it is said of.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from simulator.domain.condition import Arithmetic, Both, Call, Compare, Either, Name, Not, Number, Tree
from simulator.domain.persona import FEELING_MAX, FEELING_MIN, Persona

INFINITE = math.inf
Interval = tuple[float, float]

ANYTHING: Interval = (-INFINITE, INFINITE)
TRUTH: Interval = (0.0, 1.0)
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_COUNTED = ("turn", "times", "did")


class Environment:
    """The interval of each thing a condition may ask about: what was ``known``, and what was ``narrowed`` since."""

    __slots__ = ("known", "narrowed")

    def __init__(self, known: Mapping[str, Interval], narrowed: Mapping[str, Interval] | None = None) -> None:
        self.known = known
        self.narrowed: Mapping[str, Interval] = narrowed if narrowed is not None else {}

    def get(self, key: str) -> Interval:
        """Return the values that are possible: those nothing is known of have all that their kind can have."""
        return self.narrowed.get(key) or self.known.get(key) or _initial(key)

    def but(self, narrowed: Mapping[str, Interval]) -> Environment:
        """Return the environment with more narrowed."""
        return Environment(self.known, {**self.narrowed, **narrowed})


def key_of(tree: Name | Call) -> str:
    """Return under what key an environment holds a name or call."""
    return tree.name if isinstance(tree, Name) else f"{tree.function}({tree.argument})"


def _initial(key: str) -> Interval:
    """Return the values of what an environment does not mention."""
    if key.startswith(("said(", "ever(")) or key in ("task_done", "asked"):
        return TRUTH
    if key.startswith(_COUNTED):
        return (0.0, INFINITE)
    return (FEELING_MIN, FEELING_MAX)


def _whole(key: str) -> bool:
    return key.endswith(")") or key in ("turn", "task_done", "asked")


def value_of(tree: Tree, env: Environment) -> Interval:
    """Return the least and the greatest value that a tree can have."""
    match tree:
        case Number(value):
            return (value, value)
        case Name() | Call():
            return env.get(key_of(tree))
        case Arithmetic(first, links):
            reached = value_of(first, env)
            for sign, each in links:
                reached = _work(sign, reached, value_of(each, env))
            return reached
        case _:
            return TRUTH


def _work(sign: str, left: Interval, right: Interval) -> Interval:
    if sign == "+":
        return _hull((left[0] + right[0], left[1] + right[1]))
    if sign == "-":
        return _hull((left[0] - right[1], left[1] - right[0]))
    if sign == "*":
        return _hull(a * b for a in left for b in right)
    if right[0] <= 0 <= right[1]:
        # Division by zero is 0; near zero it is anything.
        return (0.0, 0.0) if left == (0.0, 0.0) or right == (0.0, 0.0) else ANYTHING
    return _hull(a / b for a in left for b in right)


def _hull(values: Iterable[float]) -> Interval:
    found = list(values)
    if any(math.isnan(each) for each in found):
        return ANYTHING
    return (min(found), max(found))


def narrow(tree: Tree, env: Environment, holds: bool = True) -> Environment | None:
    """Return the environment in which the tree holds (or with ``holds=False`` does not), or ``None`` where there is none."""
    narrowed = _narrow(tree, env, holds)
    if narrowed is None or not isinstance(tree, Both | Either | Not):
        return narrowed
    # Once more, as a later part may have narrowed what an earlier one asks.
    return _narrow(tree, narrowed, holds)


def _narrow(tree: Tree, env: Environment, holds: bool) -> Environment | None:
    match tree:
        case Not(inner):
            return _narrow(inner, env, not holds)
        case Both(parts) | Either(parts):
            return _all(parts, env, holds) if isinstance(tree, Both) == holds else _any(parts, env, holds)
        case Compare(first, links):
            pairs: list[Tree] = []
            for sign, each in links:
                pairs.append(Compare(first, ((sign, each),)))
                first = each
            if len(pairs) == 1:
                sign, right = links[0]
                return _compare(tree.first, sign if holds else _OPPOSITE[sign], right, env)
            return _all(pairs, env, True) if holds else _any(pairs, env, False)
        case Name() | Call():
            return _set_truth(key_of(tree), env, holds)
        case _:
            low, high = value_of(tree, env)
            possible = not low == high == 0 if holds else low <= 0 <= high
            return env if possible else None


def _all(parts: Iterable[Tree], env: Environment, holds: bool) -> Environment | None:
    for part in parts:
        narrowed = _narrow(part, env, holds)
        if narrowed is None:
            return None
        env = narrowed
    return env


def _any(parts: Iterable[Tree], env: Environment, holds: bool) -> Environment | None:
    possible = [narrowed for part in parts if (narrowed := _narrow(part, env, holds)) is not None]
    if not possible:
        return None
    if len(possible) == 1:
        return possible[0]
    keys = set(possible[0].narrowed).intersection(*(each.narrowed for each in possible[1:]))
    found = [[each.narrowed[key] for each in possible] for key in keys]
    hulls = (_hull(end for interval in intervals for end in interval) for intervals in found)
    return Environment(env.known, dict(zip(keys, hulls, strict=True)))


def _set_truth(key: str, env: Environment, holds: bool) -> Environment | None:
    low, high = env.get(key)
    if not holds:
        if not low <= 0 <= high:
            return None
        return _with(env, key, (0.0, 0.0))
    if low == high == 0:
        return None
    if low == 0:
        low = 1.0 if _whole(key) else math.nextafter(0, 1)
    return _with(env, key, (low, high))


def _with(env: Environment, key: str, interval: Interval) -> Environment | None:
    """Return the environment with a value narrowed, and with what follows from it: what is said now has been said ever."""
    function, _, rest = key.partition("(")
    if function not in ("said", "ever", "times"):
        return env.but({key: interval})
    keys = [f"{each}({rest}" for each in ("said", "ever", "times")]
    said, ever, times = (interval if each == key else env.get(each) for each in keys)
    least = 1.0 if max(said[0], ever[0], times[0]) >= 1 else 0.0
    none = min(ever[1], times[1]) < 1
    if least and none:
        return None
    ever, times = ((max(low, least), 0.0 if none else high) for low, high in (ever, times))
    return env.but(dict(zip(keys, ((0.0, 0.0) if none else said, ever, times), strict=True)))


def _compare(left: Tree, sign: str, right: Tree, env: Environment) -> Environment | None:
    a, b = value_of(left, env), value_of(right, env)
    if not _possible(sign, a, b):
        return None
    narrowed: Environment | None = env
    if isinstance(left, Name | Call):
        narrowed = _bound(key_of(left), sign, b, env)
    if narrowed is not None and isinstance(right, Name | Call):
        narrowed = _bound(key_of(right), _MIRROR[sign], a, narrowed)
    return narrowed


def _possible(sign: str, a: Interval, b: Interval) -> bool:
    match sign:
        case "<":
            return a[0] < b[1]
        case "<=":
            return a[0] <= b[1]
        case ">":
            return a[1] > b[0]
        case ">=":
            return a[1] >= b[0]
        case "==":
            return a[0] <= b[1] and b[0] <= a[1]
        case _:
            return not a[0] == a[1] == b[0] == b[1]


def _bound(key: str, sign: str, other: Interval, env: Environment) -> Environment | None:
    """Return the environment with the value of ``key`` narrowed to what compares so with the other side."""
    low, high = env.get(key)
    whole = _whole(key)
    if sign in ("<", "<=", "=="):
        limit = other[1]
        if sign == "<":
            limit = math.ceil(limit) - 1 if whole and math.isfinite(limit) else math.nextafter(limit, -INFINITE)
        high = min(high, math.floor(limit) if whole and math.isfinite(limit) else limit)
    if sign in (">", ">=", "=="):
        limit = other[0]
        if sign == ">":
            limit = math.floor(limit) + 1 if whole and math.isfinite(limit) else math.nextafter(limit, INFINITE)
        low = max(low, math.ceil(limit) if whole and math.isfinite(limit) else limit)
    if sign == "!=" and whole and other[0] == other[1]:
        low, high = (low + 1 if low == other[0] else low), (high - 1 if high == other[0] else high)
    return None if low > high else _with(env, key, (low, high))


def can_hold(tree: Tree, env: Environment) -> bool:
    """Return whether a condition can hold; true where it cannot be told."""
    return _possible_at_all(tree, env, True)


def always_holds(tree: Tree, env: Environment) -> bool:
    """Return whether a condition holds whatever happens; false where it cannot be told."""
    return not _possible_at_all(tree, env, False)


def _possible_at_all(tree: Tree, env: Environment, holds: bool) -> bool:
    """Return whether :func:`narrow` finds an environment, looking at alternatives only until one is found."""
    match tree:
        case Not(inner):
            return _possible_at_all(inner, env, not holds)
        case Both(parts) | Either(parts) if isinstance(tree, Either) == holds:
            return any(_possible_at_all(part, env, holds) for part in parts)
        case _:
            return narrow(tree, env, holds) is not None


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the feelings of a persona can go from where they start."""

    ranges: Mapping[str, Interval]
    rising: frozenset[str]
    falling: frozenset[str]


def reach(persona: Persona) -> Reach:
    """Return what the feelings of a persona can become: up to 10 only if something raises them, down to 0 only if lowers."""
    rising: set[str] = set()
    falling: set[str] = set()
    effects = [*persona.reactions.values(), *(move.feels for move in persona.moves)]
    effects.append({name: feeling.drift for name, feeling in persona.state.items()})
    for each in effects:
        rising.update(name for name, by in each.items() if by > 0)
        falling.update(name for name, by in each.items() if by < 0)
    ranges = {
        name: (FEELING_MIN if name in falling else feeling.start, FEELING_MAX if name in rising else feeling.start)
        for name, feeling in persona.state.items()
    }
    return Reach(ranges, frozenset(rising), frozenset(falling))


def environment(persona: Persona, ranges: Mapping[str, Interval], trainee: frozenset[str] | None = None) -> Environment:
    """Return what conditions of a persona may meet; ``trainee`` are the behaviours a trainee can show, if that is known."""
    known: dict[str, Interval] = dict(ranges)
    for move in persona.moves:
        known[f"did({move.id})"] = (0.0, float(move.at_most) if move.at_most is not None else INFINITE)
    if trainee is not None:
        for call in _calls(persona):
            if call.function != "did" and call.argument not in trainee:
                known[key_of(call)] = (0.0, 0.0)
    if not any(can_hold(scenario.done_when.tree, Environment(known)) for scenario in persona.scenarios):
        known["task_done"] = (0.0, 0.0)
    return Environment(known)


def _calls(persona: Persona) -> Iterable[Call]:
    whens = [
        *(move.when for move in persona.moves),
        *(ending.when for ending in persona.endings),
        *(scenario.done_when for scenario in persona.scenarios),
    ]
    for when in whens:
        if when is not None:
            yield from (Call(function, argument) for function, argument, _ in when.calls)
