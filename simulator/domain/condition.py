"""Conditions: the small, safe expression language in which personas say when something happens.

``trust >= 6 and not said(names_a_limit_coldly)``; ``10 - misread``; ``ever(solves) and turn > 3``.

Parsed once by a precedence-climbing parser into nested tuples of closures; nothing is ever given to ``eval``.
Grammar (loosest first)::

    or:       and ("or" and)*
    and:      not ("and" not)*
    not:      "not" not | compare
    compare:  sum (("<" | "<=" | ">" | ">=" | "==" | "!=") sum)*     chains read as in mathematics
    sum:      product (("+" | "-") product)*
    product:  unary (("*" | "/") unary)*
    unary:    "-" unary | number | "true" | "false" | name | function "(" name ")" | "(" or ")"

Numbers and truth values mix as in Python: a comparison is 1 or 0 where a number is needed.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

MAX_LENGTH = 500
MAX_DEPTH = 30

FUNCTIONS: Mapping[str, str] = {
    "said": "the trainee showed this behaviour in the turn just heard",
    "ever": "the trainee has shown this behaviour at some time in the conversation",
    "times": "in how many turns the trainee has shown this behaviour",
    "did": "how many times the customer has made this move",
}
VARIABLES: Mapping[str, str] = {
    "turn": "how many turns the trainee has taken, the one just heard included",
    "task_done": "whether what the customer came for has been done",
    "asked": "whether the trainee just asked a question",
}
_WORDS = frozenset({"and", "or", "not", "true", "false"})
_TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|(?P<op><=|>=|==|!=|[-+*/<>()]))")
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


class ConditionError(ValueError):
    """A condition that cannot be read; ``offset`` is the place in it, counted in characters from 0."""

    def __init__(self, message: str, offset: int, *, word: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.word = word


class Facts(Protocol):
    """What a condition may ask about the conversation."""

    def value(self, name: str) -> float:
        """Return a feeling (0–10) or one of :data:`VARIABLES`; raise ``KeyError`` if there is none."""
        ...

    def call(self, function: str, argument: str) -> float:
        """Return the value of one of :data:`FUNCTIONS` for a behaviour or move."""
        ...


@dataclass(frozen=True)
class Condition:
    """A parsed condition: its source, the names it uses (with offsets), and :meth:`evaluate`."""

    source: str
    names: tuple[tuple[str, int], ...] = field(compare=False)
    calls: tuple[tuple[str, str, int], ...] = field(compare=False)
    _run: Callable[[Facts], float] = field(compare=False, repr=False)

    def evaluate(self, facts: Facts) -> float:
        """Return the value as a number; division by zero is 0, so that an authored slip never stops a conversation."""
        return float(self._run(facts))

    def holds(self, facts: Facts) -> bool:
        """Return whether the condition is true (not zero)."""
        return self.evaluate(facts) != 0

    def __str__(self) -> str:
        return self.source


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens: list[tuple[str, str, int]] = []
        self.names: list[tuple[str, int]] = []
        self.calls: list[tuple[str, str, int]] = []
        self.depth = 0
        position = 0
        end = len(source.rstrip())
        while position < end:
            match = _TOKEN.match(source, position)
            if match is None:
                offset = position + len(source[position:]) - len(source[position:].lstrip())
                hint = "; write == to compare" if source[offset] == "=" else ""
                raise ConditionError(f"{source[offset]!r} has no meaning in a condition{hint}", offset)
            kind = match.lastgroup or ""
            self.tokens.append((kind, match[kind], match.start(kind)))
            position = match.end()
        self.tokens.append(("end", "", end))
        self.at = 0

    @property
    def token(self) -> tuple[str, str, int]:
        return self.tokens[self.at]

    def take(self, *words: str) -> str:
        _, text, _ = self.token
        if text in words and self.token[0] != "end":
            self.at += 1
            return text
        return ""

    def parse(self) -> Callable[[Facts], float]:
        run = self.either()
        kind, text, offset = self.token
        if kind != "end":
            raise ConditionError(f"{text!r} was not expected here", offset, word=text)
        return run

    def either(self) -> Callable[[Facts], float]:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ConditionError(f"brackets or 'not's nest deeper than {MAX_DEPTH}", self.token[2])
        run = self.both()
        while self.take("or"):
            run = _or(run, self.both())
        self.depth -= 1
        return run

    def both(self) -> Callable[[Facts], float]:
        run = self.negation()
        while self.take("and"):
            run = _and(run, self.negation())
        return run

    def negation(self) -> Callable[[Facts], float]:
        count = 0
        while self.take("not"):
            count += 1
        run = self.comparison()
        return run if count == 0 else _not(run, count % 2 == 1)

    def comparison(self) -> Callable[[Facts], float]:
        left = self.sum()
        links: list[tuple[Callable[[float, float], bool], Callable[[Facts], float]]] = []
        while sign := self.take(*_COMPARE):
            links.append((_COMPARE[sign], self.sum()))
        return _compare(left, links) if links else left

    def sum(self) -> Callable[[Facts], float]:
        run = self.product()
        while sign := self.take("+", "-"):
            run = _arithmetic(sign, run, self.product())
        return run

    def product(self) -> Callable[[Facts], float]:
        run = self.unary()
        while sign := self.take("*", "/"):
            run = _arithmetic(sign, run, self.unary())
        return run

    def unary(self) -> Callable[[Facts], float]:
        negative = False
        while self.take("-"):
            negative = not negative
        run = self.atom()
        return _arithmetic("-", lambda _: 0.0, run) if negative else run

    def atom(self) -> Callable[[Facts], float]:
        kind, text, offset = self.token
        if kind == "number":
            self.at += 1
            number = float(text)
            return lambda _: number
        if text == "(":
            self.at += 1
            run = self.either()
            if not self.take(")"):
                raise ConditionError("a bracket is opened and not closed", offset)
            return run
        if kind == "name" and text in ("true", "false"):
            self.at += 1
            truth = float(text == "true")
            return lambda _: truth
        if kind == "name" and text not in _WORDS:
            self.at += 1
            if self.token[1] == "(":
                return self.call(text, offset)
            self.names.append((text, offset))
            return lambda facts: float(facts.value(text))
        found = repr(text) if kind != "end" else "the end"
        raise ConditionError(f"expected a number, a name or a bracket, found {found}", offset, word=text)

    def call(self, function: str, offset: int) -> Callable[[Facts], float]:
        if function not in FUNCTIONS:
            raise ConditionError(f"there is no function {function!r} (known: {', '.join(FUNCTIONS)})", offset, word=function)
        self.at += 1
        kind, argument, place = self.token
        if kind != "name" or argument in _WORDS:
            raise ConditionError(f"{function}(…) takes one name", place)
        self.at += 1
        if not self.take(")"):
            raise ConditionError(f"{function}({argument} is not closed with a bracket", self.token[2])
        self.calls.append((function, argument, place))
        return lambda facts: float(facts.call(function, argument))


def _or(left: Callable[[Facts], float], right: Callable[[Facts], float]) -> Callable[[Facts], float]:
    return lambda facts: float(bool(left(facts)) or bool(right(facts)))


def _and(left: Callable[[Facts], float], right: Callable[[Facts], float]) -> Callable[[Facts], float]:
    return lambda facts: float(bool(left(facts)) and bool(right(facts)))


def _not(run: Callable[[Facts], float], odd: bool) -> Callable[[Facts], float]:
    return lambda facts: float(bool(run(facts)) != odd)


def _compare(
    first: Callable[[Facts], float],
    links: list[tuple[Callable[[float, float], bool], Callable[[Facts], float]]],
) -> Callable[[Facts], float]:
    def run(facts: Facts) -> float:
        left = first(facts)
        for test, following in links:
            right = following(facts)
            if not test(left, right):
                return 0.0
            left = right
        return 1.0

    return run


def _arithmetic(sign: str, left: Callable[[Facts], float], right: Callable[[Facts], float]) -> Callable[[Facts], float]:
    def divide(a: float, b: float) -> float:
        return a / b if b else 0.0

    work = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": divide}[sign]
    return lambda facts: float(work(left(facts), right(facts)))


def parse(source: str) -> Condition:
    """Parse a condition.

    Raises :class:`ConditionError` where it cannot be read: empty, longer than 500 characters, nested deeper than 30,
    an unknown function, or a word out of place. Whether the names exist is the persona's to check.
    """
    if not source.strip():
        raise ConditionError("the condition is empty", 0)
    if len(source) > MAX_LENGTH:
        raise ConditionError(f"the condition is longer than {MAX_LENGTH} characters", MAX_LENGTH)
    parser = _Parser(source)
    run = parser.parse()
    return Condition(source, tuple(parser.names), tuple(parser.calls), run)
