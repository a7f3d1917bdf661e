"""A model that says what it is told to: for tests, demonstrations and rehearsals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from simulator.domain.grade import Usage
from simulator.models.errors import ModelError
from simulator.models.incoming import Cleaner, Thoughts, answer_of
from simulator.models.quirks import Message, Quirks
from simulator.models.reply import Reply
from simulator.models.structured import Completion, Rung, Structured, ask

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Line:
    """A scripted reply in full: its pieces, an event to wait for before the piece at ``wait_at``, and how it ends.

    With ``error`` the reply breaks off after its pieces.
    """

    pieces: tuple[str, ...] = ()
    finish_reason: str = "stop"
    wait: asyncio.Event | None = None
    wait_at: int = 0
    error: Exception | None = None


# A reply is text, parsed JSON or a model (sent as JSON), an error to raise, a `Line`, or a function of the messages that
# returns any of these.
Scripted = str | dict[str, Any] | BaseModel | Exception | Line | Callable[[Sequence[Message]], Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was made."""

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float
    stop: tuple[str, ...] = ()
    seed: int | None = None
    schema: type[BaseModel] | None = None


@dataclass(slots=True)
class ScriptedModel:
    """Answers with ``replies``, one a request, in order; ``calls`` keeps what was asked.

    With ``forever`` the last reply is given again and again; otherwise asking beyond the end is a mistake of the script and
    raises :class:`LookupError`.
    """

    replies: Iterable[Scripted] = ()
    name: str = "scripted"
    forever: bool = False
    calls: list[Call] = field(default_factory=list)
    closed: bool = False
    quirks: Quirks = field(default_factory=Quirks)
    _left: list[Scripted] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._left = list(self.replies)

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.8,
        stop: Sequence[str] = (),
        seed: int | None = None,
    ) -> Reply:
        """Return the next reply, piece by piece (a text comes word by word)."""
        self.calls.append(Call(tuple(messages), max_tokens, temperature, tuple(stop), seed))
        line = self._next(messages)
        return Reply(lambda reply: _speak(reply, line, messages))

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.8,
        stop: Sequence[str] = (),
        seed: int | None = None,
    ) -> Completion:
        """Return the next reply whole."""
        reply = self.stream(messages, max_tokens=max_tokens, temperature=temperature, stop=stop, seed=seed)
        text = "".join([piece async for piece in reply])
        return Completion(answer_of(text), reply.finish_reason, reply.usage)

    async def structured(
        self,
        messages: Sequence[Message],
        schema: type[T],
        *,
        max_tokens: int,
        check: Callable[[T], str | None] | None = None,
        temperature: float = 0.0,
        seed: int | None = None,
    ) -> Structured[T]:
        """Return the next replies read as a real model's would be: one that does not fit uses up the next reply too."""

        async def send(messages: Sequence[Message], form: type[BaseModel], rung: Rung, max_tokens: int) -> Completion:
            self.calls.append(Call(tuple(messages), max_tokens, temperature, seed=seed, schema=form))
            line = self._next(messages)
            reply = Reply(lambda reply: _speak(reply, line, messages))
            text = "".join([piece async for piece in reply])
            return Completion(answer_of(text), reply.finish_reason, reply.usage)

        return await ask(send, messages, schema, max_tokens=max_tokens, check=check, quirks=self.quirks)

    async def aclose(self) -> None:
        """Note that it was closed."""
        self.closed = True

    def _next(self, messages: Sequence[Message]) -> Line:
        if not self._left:
            raise LookupError(f"the script of {self.name!r} has no reply number {len(self.calls)}")
        reply = self._left[0] if self.forever and len(self._left) == 1 else self._left.pop(0)
        if callable(reply) and not isinstance(reply, type):
            reply = reply(messages)
        match reply:
            case Line():
                return reply
            case Exception():
                return Line(error=reply)
            case BaseModel():
                return Line((reply.model_dump_json(),))
            case dict():
                return Line((json.dumps(reply, ensure_ascii=False),))
            case str():
                words = reply.split(" ")
                return Line((*(f"{word} " for word in words[:-1]), words[-1]))
        raise TypeError(f"a scripted reply cannot be {type(reply).__name__}")


async def _speak(reply: Reply, line: Line, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
    cleaner, thoughts = Cleaner(), Thoughts()
    said = 0
    for number, piece in enumerate((*line.pieces, "")):
        if line.wait is not None and number == line.wait_at:
            await line.wait.wait()
        await asyncio.sleep(0)
        shown = thoughts.feed(cleaner.feed(piece))
        said += len(shown)
        if shown:
            yield shown
    if line.error is not None:
        raise line.error
    shown = thoughts.feed(cleaner.finish()) + thoughts.finish()
    if shown:
        said += len(shown)
        yield shown
    reply.finish_reason = line.finish_reason
    tokens = sum(len(each["content"]) // 4 + 1 for each in messages)
    reply.usage = Usage(input_tokens=tokens, output_tokens=(said + 3) // 4, calls=1, estimated=True)
    if not said:
        raise ModelError("empty", "The script answered without a word.", usage=reply.usage)
