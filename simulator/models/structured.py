"""Answers in a given form, from any model: by schema where the server knows how, by JSON mode, or by asking in plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from simulator.domain.grade import Usage
from simulator.domain.text import clean
from simulator.models.errors import ModelError
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
) -> Structured[T]:
    """Return an answer that is a valid ``schema`` and passes ``check`` (which returns what is wrong, or ``None``).

    Steps down the ladder where a server refuses a form or answers in prose, gives twice the room once where an answer is cut
    off, and asks once more, saying what was wrong. Raises :class:`ModelError` (``malformed``, ``cut_off``, ``empty`` or any
    of a request's) with the usage of all attempts.
    """
    usage = Usage()
    step = quirks.rung
    missed = roomier = unsure = False
    correction: list[Message] = []
    while True:
        rung = RUNGS[step]
        asked = list(messages) if rung == "json_schema" else _with_schema(messages, schema)
        try:
            completion = await send([*asked, *correction], schema, rung, max_tokens)
        except FormRefusedError as error:
            usage = add(usage, error.usage)
            step += 1
            if error.certain:
                quirks.rung, quirks.misses = step, 0
            unsure = not error.certain
            continue
        except ModelError as error:
            error.usage = add(usage, error.usage)
            raise
        usage = add(usage, completion.usage)
        if completion.finish_reason == "length":
            if roomier:
                raise ModelError(
                    "cut_off",
                    "The model's answer hit its length limit before it was whole.",
                    hint="Choose another model.",
                    usage=usage,
                )
            roomier, max_tokens = True, 2 * max_tokens
            continue
        found = interpret(completion.text, schema, check)
        if not isinstance(found, Misfit):
            if unsure:
                quirks.rung = step  # so it was the form that the server failed at
            if not missed:
                quirks.misses = 0
            return Structured(found, usage, rung)
        if not found.json and step < len(RUNGS) - 1:
            if not missed:
                missed, quirks.misses = True, quirks.misses + 1
            step += 1
            if quirks.misses >= _MISSES_TO_STEP_DOWN:
                quirks.rung, quirks.misses = step, 0
            continue
        if correction:
            what = "filled in the form it was given wrongly" if found.json else "answered in prose where a form was asked for"
            raise ModelError("malformed", f"The model {what}, twice.", hint="Try again, or choose a larger model.", usage=usage)
        correction = [
            {"role": "assistant", "content": completion.text[:4000] or "(nothing)"},
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
        value = schema.model_validate(_clean(data))
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
    candidates = [text, *reversed(_FENCE.findall(text))]
    start, end = text.find("{"), text.rfind("}")
    whole = 0 <= start < end
    if whole:
        candidates.append(text[start : end + 1])
    for candidate in candidates:
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


def _clean(data: Any) -> Any:
    """Return parsed JSON with every text in it clean: an escape sequence may hide behind JSON's own escapes."""
    if isinstance(data, str):
        return clean(data)
    if isinstance(data, list):
        return [_clean(each) for each in data]
    if isinstance(data, dict):
        return {clean(key): _clean(value) for key, value in data.items()}
    return data


def _with_schema(messages: Sequence[Message], schema: type[BaseModel]) -> list[Message]:
    """Return the messages with the form described in words at the end, where small models heed it most."""
    form = json.dumps(schema.model_json_schema(), ensure_ascii=False, separators=(",", ":"))
    words = (
        f"Answer with one JSON object and nothing else: no introduction, no code fence. It must follow this JSON Schema:\n{form}"
    )
    asked = list(messages)
    if asked and asked[-1]["role"] == "user":
        asked[-1] = {"role": "user", "content": f"{asked[-1]['content']}\n\n{words}"}
    else:
        asked.append({"role": "user", "content": words})
    return asked
