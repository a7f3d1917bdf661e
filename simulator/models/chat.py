"""Talking to a language model at an OpenAI-compatible server.

The client library takes half a second to import and is imported at the first request; :func:`preload` does it beforehand.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simulator.domain.grade import Usage
from simulator.models import bodies, faults, wire
from simulator.models.asking import ADAPTATIONS, AskedModel, Request, longest, options
from simulator.models.endpoint import Endpoint
from simulator.models.errors import ModelError
from simulator.models.incoming import Hearing, answer_of
from simulator.models.patience import Patience
from simulator.models.quirks import THINKING_ROOM, Message, Quirks
from simulator.models.reply import LanguageModel, Reply
from simulator.models.structured import Completion, Structured, add
from simulator.models.wire import preload

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI, AsyncStream

__all__ = ["ChatModel", "Completion", "LanguageModel", "Message", "Reply", "Structured", "preload"]


class ChatModel(AskedModel):
    """A model at an endpoint, to talk with: its replies come piece by piece.

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
        super().__init__(endpoint, quirks)
        self._retries = retries
        self._given_client = http_client
        self._made: AsyncOpenAI | None = None

    def prepare(self) -> None:
        """Do beforehand, in a thread if need be, what the first request would otherwise wait for."""
        wire.preload()
        with suppress(ModelError):  # a proxy that cannot be used is told about when a request is made
            _ = self._client

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
        ask = Request(messages, max_tokens, options(temperature, seed, stop))
        return Reply(lambda reply: self._speak(reply, ask))

    async def models(self) -> list[str]:
        """Return the names of the chat models the server lists, in its order. Raises :class:`ModelError`."""
        wait_s = self.endpoint.first_token_s
        settings = wire.request_options(self.endpoint, silence_s=wait_s, retries=min(1, self._retries))
        try:
            async with asyncio.timeout(wait_s):
                return bodies.names_listed(await self._client.get("/models", cast_to=object, options=settings), self.endpoint)
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

    async def _send(self, ask: Request, *, stream: bool) -> Any:
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
        await self.settle_on_model()
        for _ in range(ADAPTATIONS):
            body = self._body(ask)
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
                refusal = faults.refusal_of(error)
                ask = self._adapted(ask, body, faults.from_refusal(refusal, self.endpoint, ask.private), refusal)
        raise self._refuses_everything()

    async def _whole(self, ask: Request) -> Completion:
        """Return a whole reply: in one piece from afar; as it comes from this computer, where silence then shows."""
        if self.endpoint.local:
            try:
                return await self._joined(ask)
            except ModelError as error:
                if error.kind != "dropped" or not self._retries:
                    raise
            return await self._joined(ask)  # the client's own retries end where the stream begins
        spent = Usage()
        while True:
            roomy = self.quirks.thinks
            try:
                async with asyncio.timeout(self.endpoint.timeout_s):
                    data = bodies.as_object(await self._send(ask, stream=False), self.endpoint)
                said = self._understood(data, ask, roomy=roomy)
            except TimeoutError:
                raise faults.no_answer(self.endpoint, self.endpoint.timeout_s) from None
            except Exception as error:
                raise faults.from_exception(error, self.endpoint, ask.private) from None
            spent = add(spent, said.usage)
            if said.text:
                return replace(said, usage=spent)

    async def _joined(self, ask: Request) -> Completion:
        """Return a streamed reply as a whole."""
        reply = Reply(lambda reply: self._speak(reply, ask, whole=True))
        text = answer_of("".join([piece async for piece in reply]))
        if not text:
            raise self._empty(reply.finish_reason, reply.usage)
        return Completion(text, reply.finish_reason, reply.usage)

    async def _speak(self, reply: Reply, ask: Request, *, whole: bool = False) -> AsyncGenerator[str, None]:
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

    async def _listen(self, reply: Reply, ask: Request, *, whole: bool) -> AsyncGenerator[str, None]:
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
                if hearing.spoken > longest(ask.max_tokens) or hearing.unspoken > longest(ask.max_tokens + THINKING_ROOM):
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
