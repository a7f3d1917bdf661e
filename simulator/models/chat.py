"""Talking to a language model at an OpenAI-compatible server.

The client library takes half a second to import and is imported at the first request; :func:`preload` does it beforehand.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from simulator.domain.grade import Usage
from simulator.domain.text import clean
from simulator.models import bodies, faults, wire
from simulator.models.endpoint import Endpoint
from simulator.models.errors import ModelError
from simulator.models.incoming import Hearing, answer_of
from simulator.models.patience import Patience
from simulator.models.quirks import NO_THINKING, OPTIONAL, THINKING_ROOM, Message, Quirks
from simulator.models.reply import LanguageModel, Reply
from simulator.models.structured import Completion, FormRefusedError, Rung, Structured
from simulator.models.structured import ask as ask_in_form
from simulator.models.wire import preload

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI, AsyncStream

__all__ = ["ChatModel", "Completion", "LanguageModel", "Message", "Reply", "Structured", "preload"]

T = TypeVar("T", bound=BaseModel)

_CHARACTERS_A_TOKEN = 12
_ADAPTATIONS = 6


@dataclass(frozen=True, slots=True)
class _Request:
    """What to ask, before the server's quirks are known."""

    messages: Sequence[Message]
    max_tokens: int
    options: Mapping[str, Any]
    form: Mapping[str, Any] = field(default_factory=dict)
    careful: bool = False
    bare: bool = False

    @property
    def private(self) -> list[str]:
        """What no error may repeat."""
        return [each["content"] for each in self.messages]


class ChatModel:
    """A model at an endpoint.

    ``retries`` counts further attempts at what may pass (refused, 429, 5xx), within the endpoint's ``timeout_s``. Used from
    one event loop. What the server turns out not to support is remembered in ``quirks``, which may be shared.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        http_client: httpx2.AsyncClient | None = None,
        *,
        retries: int = 2,
        quirks: Quirks | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.quirks = quirks or Quirks(limit_name="max_completion_tokens" if wire.is_openai(endpoint) else "max_tokens")
        self._model = endpoint.model
        self._retries = retries
        self._given_client = http_client
        self._made: AsyncOpenAI | None = None

    @property
    def name(self) -> str:
        """The model's name; while the server has not been asked for it, the server's."""
        return clean(self._model, keep_newlines=False) or self.endpoint.label or self.endpoint.host

    def prepare(self) -> None:
        """Do beforehand, in a thread if need be, what the first request would otherwise wait for."""
        wire.preload()
        with suppress(ModelError):  # a proxy that cannot be used is told about when a request is made
            _ = self._client

    async def settle_on_model(self) -> str:
        """Return the model's name, asking the server for its first model where none was chosen.

        Results that are kept under the name ask before the first call. Raises :class:`ModelError` where the server has none.
        """
        if not self._model:
            names = await self.models()
            if not names:
                raise ModelError(
                    "not_found", f"{faults.server_name(self.endpoint)} has no model to talk with.", hint="Load one there first."
                )
            self._model = names[0]
            self.endpoint = replace(self.endpoint, model=names[0])
        return self._model

    async def aclose(self) -> None:
        """Close the connections."""
        if self._made is not None:
            made, self._made = self._made, None
            await made.close()

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.8,
        stop: Sequence[str] = (),
        seed: int | None = None,
    ) -> Reply:
        """Return the reply as it comes. Iterating raises :class:`ModelError`, also after some pieces.

        An answer that does not end is cut at several times ``max_tokens`` and counts as cut off.
        """
        ask = _Request(messages, max_tokens, _options(temperature, seed, stop))
        return Reply(lambda reply: self._speak(reply, ask))

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.8,
        stop: Sequence[str] = (),
        seed: int | None = None,
    ) -> Completion:
        """Return a whole reply. Raises :class:`ModelError`; a reply cut off is returned, its ``finish_reason`` says so."""
        return await self._whole(_Request(messages, max_tokens, _options(temperature, seed, stop)))

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
        """Return an answer in the form of ``schema`` (an object) that passes ``check``; see :func:`structured.ask`."""
        options = _options(temperature, seed)

        async def send(messages: Sequence[Message], form: type[BaseModel], rung: Rung, max_tokens: int) -> Completion:
            request = _Request(messages, max_tokens, options, _response_format(form, rung), careful=True)
            return await self._whole(request)

        return await ask_in_form(send, messages, schema, max_tokens=max_tokens, check=check, quirks=self.quirks)

    async def models(self) -> list[str]:
        """Return the names of the chat models the server lists, in its order. Raises :class:`ModelError`."""
        wait_s = self.endpoint.first_token_s
        options = wire.request_options(self.endpoint, silence_s=wait_s, retries=min(1, self._retries))
        try:
            async with asyncio.timeout(wait_s):
                return bodies.names_listed(await self._client.get("/models", cast_to=object, options=options), self.endpoint)
        except TimeoutError:
            raise faults.no_answer(self.endpoint, wait_s) from None
        except Exception as error:
            raise faults.from_exception(error, self.endpoint) from None

    # How a request is made

    @property
    def _client(self) -> AsyncOpenAI:
        if self._made is None:
            self._made = wire.make_client(self.endpoint, self._given_client, retries=self._retries)
        return self._made

    async def _body(self, ask: _Request) -> dict[str, Any]:
        """Return the body of a request as this server takes it."""
        await self.settle_on_model()
        room = THINKING_ROOM if self.quirks.thinks else 0
        options = dict(ask.options)
        effort = None if self.endpoint.local else self.quirks.effort(self._model, careful=ask.careful)
        if self.endpoint.local and self.quirks.thinks and not ask.careful:
            options |= NO_THINKING
        if effort is not None:
            options["reasoning_effort"] = effort
            if effort != "none":
                options.pop("temperature", None)  # models that think take none
        refused = OPTIONAL if ask.bare else self.quirks.refused
        options = {name: value for name, value in options.items() if name not in refused}
        limit = {self.quirks.limit_name: ask.max_tokens + room}
        return {"model": self._model, "messages": self.quirks.shape(ask.messages), **limit, **options, **ask.form}

    async def _send(self, ask: _Request, *, stream: bool) -> Any:
        """Make a request, learning from refusals. Return the parsed body, or the stream of parsed events."""
        import openai
        from openai import AsyncStream

        if stream:
            ask = replace(ask, options={**ask.options, "stream": True, "stream_options": {"include_usage": True}})
        settings = wire.request_options(
            self.endpoint,
            silence_s=self.endpoint.first_token_s if stream else self.endpoint.timeout_s,
            retries=min(1, self._retries) if stream else self._retries,
        )
        for _ in range(_ADAPTATIONS):
            body = await self._body(ask)
            try:
                if stream:
                    return await self._client.post(
                        "/chat/completions",
                        cast_to=object,
                        body=body,
                        options=settings,
                        stream=True,
                        stream_cls=AsyncStream[object],
                    )
                return await self._client.post("/chat/completions", cast_to=object, body=body, options=settings)
            except openai.APIStatusError as error:
                fault = faults.from_exception(error, self.endpoint, ask.private)
                refused = fault.kind == "other"
                words = faults.words_of(error)
                if refused and "response_format" not in words and self.quirks.learn(words, body):
                    continue
                # Some servers answer 500 to a schema that they cannot compile.
                if ask.form and (refused or error.status_code == 500):
                    raise FormRefusedError(fault, certain=refused) from None
                if refused and any(name in body for name in OPTIONAL):
                    # It does not say what it minds: ask for nothing that is not needed.
                    ask = replace(ask, bare=True)
                    continue
                raise fault from None
        raise ModelError(
            "other", f"{faults.server_name(self.endpoint)} refuses every way of asking.", hint="Choose another model."
        )

    async def _whole(self, ask: _Request) -> Completion:
        """Return a whole reply: in one piece from afar; as it comes from this computer, where silence then shows."""
        if self.endpoint.local:
            try:
                return await self._joined(ask)
            except ModelError as error:
                if error.kind != "dropped" or not self._retries:
                    raise
            return await self._joined(ask)  # the client's own retries end where the stream begins
        while True:
            try:
                async with asyncio.timeout(self.endpoint.timeout_s):
                    data = bodies.as_object(await self._send(ask, stream=False), self.endpoint)
                said = bodies.read(data, self.endpoint)
            except TimeoutError:
                raise faults.no_answer(self.endpoint, self.endpoint.timeout_s) from None
            except Exception as error:
                raise faults.from_exception(error, self.endpoint, ask.private) from None
            usage, thinking = bodies.usage_of(data.get("usage"), ask.messages, len(said.text) + len(said.thought))
            text = answer_of(said.text)
            thought_before = self.quirks.thinks
            self.quirks.thinks |= thinking or bool(said.thought) or (not text and said.finish_reason == "length")
            if text:
                limit = _limit(ask.max_tokens)
                return Completion(text[:limit], "length" if len(text) > limit else said.finish_reason, usage)
            if said.finish_reason != "length" or thought_before:
                raise self._empty(said.finish_reason, usage)

    async def _joined(self, ask: _Request) -> Completion:
        """Return a streamed reply as a whole."""
        reply = Reply(lambda reply: self._speak(reply, ask, whole=True))
        text = answer_of("".join([piece async for piece in reply]))
        if not text:
            raise self._empty(reply.finish_reason, reply.usage)
        return Completion(text, reply.finish_reason, reply.usage)

    async def _speak(self, reply: Reply, ask: _Request, *, whole: bool = False) -> AsyncGenerator[str, None]:
        """Yield the pieces of a streamed reply and fill in how it ended."""
        while True:
            said = False
            thought_before = self.quirks.thinks
            pieces = self._listen(reply, ask, whole=whole)
            try:
                async for piece in pieces:
                    said = True
                    yield piece
            except Exception as error:
                raise faults.from_exception(error, self.endpoint, ask.private) from None
            finally:
                await pieces.aclose()
            if said:
                return
            if reply.finish_reason != "length" or thought_before:
                raise self._empty(reply.finish_reason, reply.usage)
            self.quirks.thinks = True

    async def _listen(self, reply: Reply, ask: _Request, *, whole: bool) -> AsyncGenerator[str, None]:
        """Make one streamed request and yield what it says, within every limit of time and length."""
        reply.finish_reason = None
        patience = Patience(self.endpoint)
        stream = await patience.wait(self._send(ask, stream=True))
        hearing = Hearing(unopened=self.quirks.thinks_unopened)
        usage: object = None
        try:
            events = self._events(stream)
            while True:
                try:
                    event = await patience.wait(anext(events))
                except StopAsyncIteration:
                    break
                except Exception:
                    if reply.finish_reason is None:
                        raise
                    break  # everything was said; only the bill is missing
                usage = event.get("usage") or usage
                said = bodies.read(event, self.endpoint)
                patience.begun |= bool(said.text or said.thought)
                piece = hearing.feed(said.text, said.thought)
                if hearing.leaked:
                    self.quirks.thinks = self.quirks.thinks_unopened = True
                    if not whole:
                        raise faults.thought_aloud(self.endpoint)
                if piece:
                    yield piece
                if said.finish_reason:
                    reply.finish_reason, patience.ending = said.finish_reason, True
                if hearing.spoken > _limit(ask.max_tokens) or hearing.unspoken > _limit(ask.max_tokens + THINKING_ROOM):
                    reply.finish_reason = "length"  # it was told to stop long before
                    break
            piece = hearing.finish()
            if piece.strip():
                yield piece
        finally:
            await stream.close()
            reply.usage, thinking = bodies.usage_of(usage, ask.messages, hearing.spoken + hearing.unspoken)
            self.quirks.thinks |= thinking or hearing.thoughtful
        if reply.finish_reason is None:
            raise faults.dropped(self.endpoint)

    async def _events(self, stream: AsyncStream[object]) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the events of a stream; a server that does not stream gives its whole answer as one."""
        kind = stream.response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind in ("text/html", "application/xhtml+xml"):
            raise faults.not_a_model_server(self.endpoint, page=True)
        if kind == "application/json":
            yield bodies.as_object(json.loads(await stream.response.aread()), self.endpoint)
            return
        async for event in stream:
            yield bodies.as_object(event, self.endpoint)

    def _empty(self, finish_reason: str | None, usage: Usage) -> ModelError:
        if finish_reason == "length":
            what = f"{self.name} spent all its words on thinking."
            return ModelError("cut_off", what, hint="Choose a model that answers without thinking.", usage=usage)
        why = ": its provider's filter held the answer back" if finish_reason == "content_filter" else ""
        what = f"{self.name} answered without a word{why}."
        return ModelError("empty", what, hint="Try again, or choose another model.", usage=usage)


def _options(temperature: float, seed: int | None, stop: Sequence[str] = ()) -> dict[str, Any]:
    given = {"temperature": temperature, "seed": seed, "stop": list(stop) or None}
    return {name: value for name, value in given.items() if value is not None}


def _limit(max_tokens: int) -> int:
    """Return how many characters an answer of ``max_tokens`` may have at the very most."""
    return max_tokens * _CHARACTERS_A_TOKEN + 400


def _response_format(schema: type[BaseModel], rung: Rung) -> dict[str, Any]:
    if rung == "plain":
        return {}
    if rung == "json_object":
        return {"response_format": {"type": "json_object"}}
    import openai

    # The library's public way to the strict dialect of JSON Schema that structured answers take.
    strict = openai.pydantic_function_tool(schema)["function"]["parameters"]
    form = {"name": schema.__name__, "schema": strict, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": form}}
