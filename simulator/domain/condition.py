"""Conditions: the small, safe expression language in which personas say when something happens.

``trust >= 6 and not said(names_a_limit_coldly)``; ``10 - misread``; ``ever(solves) and turn > 3``.

Parsed once by a precedence-climbing parser into a small tree (which checks can reason about) and compiled to closures;
nothing is ever given to ``eval``.
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

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
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
WORDS = frozenset({"and", "or", "not", "true", "false"})
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


@dataclass(frozen=True, slots=True)
class Number:
    """A number, or ``true`` (1) or ``false`` (0)."""

    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A feeling or one of :data:`VARIABLES`."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """One of :data:`FUNCTIONS` of a behaviour or move."""

    function: str
    argument: str


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of what is inside."""

    inner: Tree


@dataclass(frozen=True, slots=True)
class Both:
    """All parts hold."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """``first`` and what follows, each link with its sign: ``2 < trust <= 5`` has two."""

    first: Tree
    links: tuple[tuple[str, Tree], ...]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``first``, then each sign (all ``+ -`` or all ``* /``) with its operand, from left to right."""

    first: Tree
    links: tuple[tuple[str, Tree], ...]


Tree = Number | Name | Call | Not | Both | Either | Compare | Arithmetic


@dataclass(frozen=True)
class Condition:
    """A parsed condition: its source, the names it uses (with offsets), its tree, and :meth:`evaluate`."""

    source: str
    names: tuple[tuple[str, int], ...] = field(compare=False)
    calls: tuple[tuple[str, str, int], ...] = field(compare=False)
    tree: Tree = field(compare=False, repr=False)
    _run: Callable[[Facts], float] = field(compare=False, repr=False)

    def evaluate(self, facts: Facts) -> float:
        """Return the value as a finite number.

        Division by zero is 0, and so is what has no number, so that an authored slip never stops a conversation.
        """
        value = self._run(facts)
        return value if math.isfinite(value) else 0.0

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

    def parse(self) -> Tree:
        tree = self.either()
        kind, text, offset = self.token
        if kind != "end":
            raise ConditionError(f"{text!r} was not expected here", offset, word=text)
        return tree

    def either(self) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ConditionError(f"brackets nest deeper than {MAX_DEPTH}", self.token[2])
        parts = [self.both()]
        while self.take("or"):
            parts.append(self.both())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def both(self) -> Tree:
        parts = [self.negation()]
        while self.take("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def negation(self) -> Tree:
        count = 0
        while self.take("not"):
            count += 1
        tree = self.comparison()
        if count == 0:
            return tree
        return Not(tree) if count % 2 else Not(Not(tree))

    def comparison(self) -> Tree:
        first = self.sum()
        links: list[tuple[str, Tree]] = []
        while sign := self.take(*_COMPARE):
            links.append((sign, self.sum()))
        return Compare(first, tuple(links)) if links else first

    def sum(self) -> Tree:
        first = self.product()
        links: list[tuple[str, Tree]] = []
        while sign := self.take("+", "-"):
            links.append((sign, self.product()))
        return Arithmetic(first, tuple(links)) if links else first

    def product(self) -> Tree:
        first = self.unary()
        links: list[tuple[str, Tree]] = []
        while sign := self.take("*", "/"):
            links.append((sign, self.unary()))
        return Arithmetic(first, tuple(links)) if links else first

    def unary(self) -> Tree:
        negative = False
        while self.take("-"):
            negative = not negative
        tree = self.atom()
        return Arithmetic(Number(0.0), (("-", tree),)) if negative else tree

    def atom(self) -> Tree:
        kind, text, offset = self.token
        if kind == "number":
            self.at += 1
            return Number(float(text))
        if text == "(":
            self.at += 1
            tree = self.either()
            if not self.take(")"):
                raise ConditionError("a bracket is opened and not closed", offset)
            return tree
        if kind == "name" and text in ("true", "false"):
            self.at += 1
            return Number(float(text == "true"))
        if kind == "name" and text not in WORDS:
            self.at += 1
            if self.token[1] == "(":
                return self.call(text, offset)
            self.names.append((text, offset))
            return Name(text)
        found = repr(text) if kind != "end" else "the end"
        raise ConditionError(f"expected a number, a name or a bracket, found {found}", offset, word=text)

    def call(self, function: str, offset: int) -> Tree:
        if function not in FUNCTIONS:
            raise ConditionError(f"there is no function {function!r} (known: {', '.join(FUNCTIONS)})", offset, word=function)
        self.at += 1
        kind, argument, place = self.token
        if kind != "name" or argument in WORDS:
            raise ConditionError(f"{function}(…) takes one name", place)
        self.at += 1
        if not self.take(")"):
            raise ConditionError(f"{function}({argument} is not closed with a bracket", self.token[2])
        self.calls.append((function, argument, place))
        return Call(function, argument)


def _divide(left: float, right: float) -> float:
    return left / right if right else 0.0


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": _divide,
}  # fmt: skip


def _compile(tree: Tree) -> Callable[[Facts], float]:
    match tree:
        case Number(value):
            return lambda _: value
        case Name(name):
            return lambda facts: float(facts.value(name))
        case Call(function, argument):
            return lambda facts: float(facts.call(function, argument))
        case Not(inner):
            run = _compile(inner)
            return lambda facts: float(not run(facts))
        case Both(parts):
            runs = tuple(map(_compile, parts))
            return lambda facts: float(all(run(facts) for run in runs))
        case Either(parts):
            runs = tuple(map(_compile, parts))
            return lambda facts: float(any(run(facts) for run in runs))
        case Compare(first, links):
            return _compare(_compile(first), tuple((_COMPARE[sign], _compile(each)) for sign, each in links))
        case Arithmetic(first, links):
            return _arithmetic(_compile(first), tuple((_ARITHMETIC[sign], _compile(each)) for sign, each in links))


def _compare(
    first: Callable[[Facts], float],
    links: tuple[tuple[Callable[[float, float], bool], Callable[[Facts], float]], ...],
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


def _arithmetic(
    first: Callable[[Facts], float],
    links: tuple[tuple[Callable[[float, float], float], Callable[[Facts], float]], ...],
) -> Callable[[Facts], float]:
    def run(facts: Facts) -> float:
        value = first(facts)
        for work, operand in links:
            value = work(value, operand(facts))
        return value

    return run


@lru_cache(maxsize=8192)
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
    tree = parser.parse()
    return Condition(source, tuple(parser.names), tuple(parser.calls), tree, _compile(tree))
