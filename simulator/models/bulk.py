"""A model for thousands of calls: what :class:`simulator.models.chat.ChatModel` asks, carried by a leaner client.

The openai client's work around a request is more than everything this project does with the answer; a run of 100,000 calls
feels it. Here requests go out through aiohttp, within an :class:`AdaptiveLimit` that all calls share, and whatever may pass
is tried again: with exponential backoff and full jitter (Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog,
2015), bounded in number and in time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simulator.domain.grade import Usage
from simulator.models import bodies, faults
from simulator.models.asking import ADAPTATIONS, LEAST_ROOM, AskedModel, Request
from simulator.models.carrier import Answer, Carrier
from simulator.models.encoding import encoded
from simulator.models.endpoint import Endpoint
from simulator.models.errors import Kind, ModelError
from simulator.models.limit import AdaptiveLimit
from simulator.models.quirks import THINKING_ROOM, Quirks
from simulator.models.structured import STUBBORN, Completion, add

if TYPE_CHECKING:
    import aiohttp

CONCURRENCY = 16
# How long one request is tried for at most, all attempts and pauses together.
PATIENCE_S = 600.0
# How often one request is made at most, by what went wrong; anything else is not tried again.
_TRIES: dict[Kind, int] = {
    "rate_limited": 40,
    "server": 8,
    "dropped": 8,
    "timeout": 3,
    "unreachable": 3,
    "empty": 3,
    "malformed": 3,
}
# A server may answer 500 to a form that it cannot compile; while no form has worked there, that is soon taken to be so.
_TRIES_OF_A_FORM = 4
# A list of models comes soon or is done without.
_LISTING_S = 15.0
_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 30.0
# A prompt is certainly too long for a window with fewer tokens than one for so many characters, and usually has one for so many.
_MOST_CHARACTERS_A_TOKEN = 8
_USUAL_CHARACTERS_A_TOKEN = 3.5
# Too many requests, and what servers and gateways say that have no room for one more.
_NO_ROOM = frozenset({429, 503, 529})


class BulkModel(AskedModel):
    """A model at an endpoint, for runs: many calls at once, within ``limit``, that outlast passing faults.

    Asks and understands exactly as :class:`~simulator.models.chat.ChatModel`, but does not stream. Its ``limit`` may be shared
    by several models at one endpoint. ``connector`` stands in for the network in tests, as do the clocks.
    """

    persistence = STUBBORN

    def __init__(
        self,
        endpoint: Endpoint,
        limit: AdaptiveLimit | None = None,
        *,
        quirks: Quirks | None = None,
        patience_s: float = PATIENCE_S,
        connector: Callable[[], aiohttp.BaseConnector] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(endpoint, quirks)
        self.limit = limit if limit is not None else AdaptiveLimit(CONCURRENCY)
        self._windows: dict[str, int] | None = None
        self._patience_s = patience_s
        self._carrier = Carrier(endpoint, connector)
        self._clock = clock
        self._sleep = sleep
        self._draw = draw

    async def settle_on_model(self) -> str:
        """Return the model's name, as :class:`AskedModel`; also learn how much it can read, where its server tells."""
        if self._model and self._windows is None:
            self._windows = {}
            with suppress(ModelError):  # what matters of it will be met again by the first call
                await self.models()
        return await super().settle_on_model()

    async def models(self) -> list[str]:
        """Return the names of the chat models the server lists, in its order. Raises :class:`ModelError`."""
        wait_s = min(self.endpoint.first_token_s, _LISTING_S)
        answer = await self._carrier.send("GET", "/models", within_s=wait_s)
        if not answer.good:
            raise faults.from_refusal(answer.refusal(), self.endpoint)
        listed = self._parsed(answer)
        self._windows = bodies.windows_listed(listed)
        return bodies.names_listed(listed, self.endpoint)

    @property
    def window(self) -> int | None:
        """How many tokens the model can take, question and answer together, where its server told."""
        return (self._windows or {}).get(self._model)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._carrier.aclose()

    # How a request is made

    async def _whole(self, request: Request) -> Completion:
        """Return a whole reply, trying again what may pass."""
        if not self._model:
            await self.settle_on_model()
        request = self._fitted(request)
        until = self._clock() + self._patience_s
        met: Counter[str] = Counter()
        adaptations = 0
        spent = Usage()
        while True:
            roomy = self.quirks.thinks
            body = self._body(request)
            try:
                answer = await self._sent(body)
                if answer.good:
                    said = self._understood(bodies.as_object(self._parsed(answer), self.endpoint), request, roomy=roomy)
                    spent = add(spent, said.usage)
                    if said.text:
                        return replace(said, usage=spent)
                    continue
                refusal = answer.refusal()
                fault = faults.from_refusal(refusal, self.endpoint, request.private)
            except ModelError as error:
                refusal, fault = None, error
                spent = add(spent, fault.usage)
            met[fault.kind] += 1
            pause_s = fault.retry_after_s or self._backoff_s(met[fault.kind])
            if met[fault.kind] < self._tries(fault.kind, request) and self._clock() + pause_s <= until:
                if fault.retry_after_s is None:  # else everybody waits, before the next request goes out
                    await self._sleep(pause_s)
                continue
            fault.usage = spent
            if refusal is None:
                raise fault
            if adaptations == ADAPTATIONS:
                raise self._refuses_everything()
            adaptations += 1
            request = self._adapted(request, body, fault, refusal)

    def _fitted(self, request: Request) -> Request:
        """Return the request with no more room for the answer than there is; raises :class:`ModelError` where there is none."""
        if self.window is None:
            return request
        characters = sum(len(each["content"]) for each in request.messages)
        if characters > self.window * _MOST_CHARACTERS_A_TOKEN:
            raise faults.too_long(self.endpoint)
        room = self.window - int(characters / _USUAL_CHARACTERS_A_TOKEN) - (THINKING_ROOM if self.quirks.thinks else 0)
        # Where the estimate leaves nothing, the server knows better.
        return replace(request, max_tokens=room) if LEAST_ROOM <= room < request.max_tokens else request

    def _tries(self, kind: Kind, request: Request) -> int:
        """Return how often a request is made at most that meets faults of this kind."""
        if kind == "server" and request.form and self.quirks.proven is None:
            return _TRIES_OF_A_FORM
        return _TRIES.get(kind, 1)

    def _backoff_s(self, times: int) -> float:
        return self._draw() * min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2.0 ** (times - 1))

    async def _sent(self, body: dict[str, Any]) -> Answer:
        """Send one request when there is room for it, and tell the limit what became of it. Raises :class:`ModelError`."""
        content = encoded(body)
        async with self.limit as slot:
            try:
                answer = await self._carrier.send("POST", "/chat/completions", content, within_s=self.endpoint.timeout_s)
            except ModelError as error:
                if error.kind == "timeout":
                    slot.pushed_back()
                raise
            if answer.good:
                slot.went_well()
            elif answer.status in _NO_ROOM:
                pause_s = answer.pause_s
                slot.pushed_back(pause_s if pause_s is not None and pause_s <= self._patience_s else None)
            return answer

    def _parsed(self, answer: Answer) -> Any:
        try:
            return answer.data()
        except (ValueError, RecursionError):
            page = answer.content.lstrip()[:1] == b"<"
            raise faults.not_a_model_server(self.endpoint, page=page) from None
