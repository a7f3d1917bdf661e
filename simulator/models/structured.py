"""Answers in a given form, from any model: by schema where the server knows how, by JSON mode, or by asking in plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from simulator.domain.grade import Usage
from simulator.domain.text import clean
from simulator.models.errors import ModelError
from simulator.models.forms import in_words
from simulator.models.quirks import Message, Quirks

T = TypeVar("T", bound=BaseModel)
Rung = Literal["json_schema", "json_object", "plain"]
RUNGS: tuple[Rung, ...] = ("json_schema", "json_object", "plain")
# A single prose answer may be a whim; a second one running means that the server ignores the form it is asked for.
_MISSES_TO_STEP_DOWN = 2
_FENCE = re.compile(r"```(?:json)?\s*\n?(.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer: its text (clean, without thoughts), why it ended as the server put it, and what it cost."""

    text: str
    finish_reason: str | None
    usage: Usage


@dataclass(frozen=True, slots=True)
class Structured(Generic[T]):
    """An answer in the form asked for, what all attempts cost, and how the form was asked for in the end."""

    value: T
    usage: Usage
    rung: Rung


@dataclass(frozen=True, slots=True)
class Persistence:
    """How often one question is asked again: after answers that do not fit the form, and after answers that were cut off.

    With ``stays`` a step of the ladder that has worked before is not left for an answer in prose, which is then a whim.
    """

    corrections: int = 1
    rooms: int = 1
    stays: bool = False


# For a person who waits; and for a run of thousands, in which one in twenty malformed and one in twenty cut off must not add up
# to lost transcripts: 0.1 ** 5 of the questions stay without an answer.
BRIEF = Persistence()
STUBBORN = Persistence(corrections=4, rooms=4, stays=True)
# An answer that is cut off again and again is given this many times the room at most.
_MOST_ROOM = 4


class FormRefusedError(ModelError):
    """The server does not take the form of answer it was asked for, or (not ``certain``) may just be failing."""

    def __init__(self, fault: ModelError, *, certain: bool) -> None:
        super().__init__(fault.kind, fault.message, hint=fault.hint, usage=fault.usage)
        self.certain = certain


# Sends one request: messages, the form, the way of asking for it, and how many tokens the answer may have. Raises
# `FormRefusedError`, or `ModelError` as any request.
Send = Callable[[Sequence[Message], type[BaseModel], Rung, int], Awaitable[Completion]]


def add(one: Usage, other: Usage | None) -> Usage:
    """Return the sum of two usages."""
    if other is None:
        return one
    if not (one.calls or one.input_tokens or one.output_tokens or one.estimated):
        return other
    return Usage(
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cached_tokens=one.cached_tokens + other.cached_tokens,
        calls=one.calls + other.calls,
        estimated=one.estimated or other.estimated,
    )


async def ask(
    send: Send,
    messages: Sequence[Message],
    schema: type[T],
    *,
    max_tokens: int,
    check: Callable[[T], str | None] | None,
    quirks: Quirks,
    persistence: Persistence = BRIEF,
) -> Structured[T]:
    """Return an answer that is a valid ``schema`` and passes ``check`` (which returns what is wrong, or ``None``).

    Steps down the ladder where a server refuses a form or answers in prose, gives more room where an answer is cut off, and
    asks again, saying what was wrong, as often as ``persistence`` allows. Raises :class:`ModelError` (``malformed``,
    ``cut_off``, ``empty`` or any of a request's) with the usage of all attempts.
    """
    attempts = _Attempts(quirks, persistence)
    usage = Usage()
    while True:
        step = attempts.next_step()
        asked = put(messages, schema, RUNGS[step])
        room = max_tokens * min(2**attempts.rooms, _MOST_ROOM)
        try:
            completion = await send([*asked, *attempts.correction], schema, RUNGS[step], room)
            usage = add(usage, completion.usage)
            if completion.finish_reason == "length":
                attempts.was_cut_off()
                continue
            found = interpret(completion.text, schema, check)
            if not isinstance(found, Misfit):
                attempts.fitted()
                return Structured(found, usage, RUNGS[step])
            attempts.did_not_fit(found, completion.text)
        except FormRefusedError as error:
            usage = add(usage, error.usage)
            attempts.was_refused(error, usage)
        except ModelError as error:
            error.usage = add(usage, error.usage)
            raise


class _Attempts:
    """What became of one question so far, and how it is asked next."""

    def __init__(self, quirks: Quirks, persistence: Persistence) -> None:
        self.rooms = 0
        self.correction: list[Message] = []
        self._quirks = quirks
        self._persistence = persistence
        self._step = quirks.rung
        self._prose = self._corrections = 0
        self._missed = self._unsure = False

    def next_step(self) -> int:
        """Return the step of the ladder to ask at."""
        if self._persistence.stays and self._quirks.proven is not None:
            self._step = self._quirks.proven
        return self._step

    def fitted(self) -> None:
        """Take in that an answer fits."""
        if self._unsure or (self._persistence.stays and self._step < self._quirks.rung):
            self._quirks.rung = self._step  # so it was the form that the server failed at; or it had been but a whim
        if not self._missed:
            self._quirks.misses = 0
        self._quirks.proven = self._step

    def was_refused(self, error: FormRefusedError, usage: Usage) -> None:
        """Step down; raises ``error`` where it cannot have been for the form."""
        if self._step == self._quirks.proven:
            if not error.certain:
                error.usage = usage
                raise error
            self._quirks.proven = None
        self._step += 1
        if error.certain and self._step > self._quirks.rung:
            self._quirks.rung, self._quirks.misses = self._step, 0
        self._unsure = not error.certain

    def was_cut_off(self) -> None:
        """Give more room; raises :class:`ModelError` where that has been done often enough."""
        if self.rooms == self._persistence.rooms:
            what = "The model's answer hit its length limit before it was whole."
            raise ModelError("cut_off", what, hint="Choose another model.")
        self.rooms += 1

    def did_not_fit(self, found: Misfit, text: str) -> None:
        """Step down or ask for a correction; raises :class:`ModelError` where both have been done often enough."""
        quirks = self._quirks
        if not found.json:
            self._prose += 1
            whim = self._persistence.stays and (self._step == quirks.proven or self._prose < _MISSES_TO_STEP_DOWN)
            if self._step < len(RUNGS) - 1 and not whim:
                if not self._missed:
                    self._missed, quirks.misses = True, quirks.misses + 1
                self._step += 1
                if quirks.misses >= _MISSES_TO_STEP_DOWN:
                    quirks.rung, quirks.misses = self._step, 0
                return
        if self._corrections == self._persistence.corrections:
            if self._step == quirks.proven and not found.json:
                quirks.proven = None  # it answers in the form no longer
            what = "filled in the form it was given wrongly" if found.json else "answered in prose where a form was asked for"
            often = "twice" if self._corrections == 1 else f"{self._corrections + 1} times"
            raise ModelError("malformed", f"The model {what}, {often}.", hint="Try again, or choose a larger model.")
        self._corrections += 1
        self.correction = [
            {"role": "assistant", "content": text[:4000] or "(nothing)"},
            {
                "role": "user",
                "content": f"That cannot be used: {found.problem}. Answer again with nothing but the corrected JSON object.",
            },
        ]


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why an answer cannot be used, in words for the model; ``json`` tells whether it was JSON at all."""

    problem: str
    json: bool


def interpret(text: str, schema: type[T], check: Callable[[T], str | None] | None = None) -> T | Misfit:
    """Return the value that ``text`` holds, or why it holds none."""
    data = find_object(text)
    if data is None:
        return Misfit("it is not a JSON object", json=False)
    try:
        # Clean words stay so, unless something hides behind an escape of JSON's.
        value = schema.model_validate(data if text.isprintable() and "\\" not in text else _clean(data))
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, each['loc'])) or 'the object'}: {each['msg']}" for each in error.errors()[:5]]
        return Misfit("; ".join(problems), json=True)
    except RecursionError:
        return Misfit("it is nested too deeply", json=True)
    wrong = check(value) if check else None
    return value if wrong is None else Misfit(wrong, json=True)


def find_object(text: str) -> dict[str, Any] | None:
    """Return the JSON object in ``text``, mended if it is whole but slightly broken; ``None`` where there is none.

    An object that was cut off is never mended: what is missing would be made up.
    """
    start, end = text.find("{"), text.rfind("}")
    whole = 0 <= start < end
    for candidate in _candidates(text, start, end):
        try:
            data = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict):
            return data
    if not whole:
        return None
    candidate = text[start : end + 1]
    if any(candidate.count(opening) != candidate.count(closing) for opening, closing in ("{}", "[]")) or candidate.count('"') % 2:
        return None
    import json_repair

    try:
        data = json_repair.loads(candidate)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and data else None


def _candidates(text: str, start: int, end: int) -> Iterator[str]:
    """Yield what may be the object: all of it, what is fenced, what is between the outermost braces."""
    yield text
    yield from reversed(_FENCE.findall(text))
    if 0 <= start < end:
        yield text[start : end + 1]


def _clean(data: Any) -> Any:
    """Return parsed JSON with every text in it clean: an escape sequence may hide behind JSON's own escapes."""
    if isinstance(data, str):
        return clean(data)
    if isinstance(data, list):
        return [_clean(each) for each in data]
    if isinstance(data, dict):
        return {clean(key): _clean(value) for key, value in data.items()}
    return data


def put(messages: Sequence[Message], schema: type[BaseModel], rung: Rung) -> Sequence[Message]:
    """Return the messages as they ask for the form at this step: the server's own way of asking needs no words for it."""
    return messages if rung == "json_schema" else _with_schema(messages, schema)


def _with_schema(messages: Sequence[Message], schema: type[BaseModel]) -> list[Message]:
    """Return the messages with the form described in words at the end, where small models heed it most."""
    words = in_words(schema)
    asked = list(messages)
    if asked and asked[-1]["role"] == "user":
        asked[-1] = {"role": "user", "content": f"{asked[-1]['content']}\n\n{words}"}
    else:
        asked.append({"role": "user", "content": words})
    return asked
