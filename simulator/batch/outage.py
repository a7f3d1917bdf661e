"""An endpoint that is away: waited for by one, not besieged by all, and not taken for an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from simulator.domain.errors import FinelineError

# Nobody there.
AWAY = frozenset({"unreachable"})
# One of these is this transcript's bad luck; so many running, each after the model's own retries, are an endpoint that is away.
PASSING = frozenset({"server", "timeout", "dropped", "rate_limited"})
IN_A_ROW = 8

# Before the first answer an address is more likely wrong than away. Later, a run left alone overnight waits two hours in all.
FIRST_WAITS_S = (1.0, 2.0, 5.0)
WAITS_S = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, *(60.0,) * 119)


class StopRunError(FinelineError):
    """The run cannot usefully go on; what is finished is kept. ``kind`` is the kind of the failure, where a model failed."""

    def __init__(self, message: str, *, hint: str = "", kind: str = "") -> None:
        super().__init__(message, hint=hint)
        self.kind = kind


class Outage:
    """Tells when the endpoint is away and holds everybody back until it answers again.

    The first who meets the outage tries again, after longer and longer pauses; the others wait for it. ``told`` hears why and
    how long (seconds) is waited.
    """

    def __init__(
        self,
        waits_s: Sequence[float] = WAITS_S,
        first_waits_s: Sequence[float] = FIRST_WAITS_S,
        *,
        told: Callable[[str, float], None] = lambda _reason, _seconds: None,
    ) -> None:
        self._waits_s = waits_s
        self._first_waits_s = first_waits_s
        self._told = told
        self._answered = False
        self._failing = 0
        self._tries = 0
        self._prober: object | None = None
        self._back = asyncio.Event()
        self._back.set()

    @property
    def away(self) -> bool:
        """Whether the endpoint is away, as far as is known."""
        return not self._back.is_set()

    async def passed(self, who: object, stop: asyncio.Event) -> None:
        """Wait until the endpoint is there, as far as is known, or ``stop`` is set."""
        if not self._back.is_set() and who is not self._prober:
            await _either(self._back, stop)

    def met(self, kind: str) -> bool:
        """Take note of how a judgement ended (its kind of failure, or ``""``); return whether the endpoint is away."""
        if kind in AWAY:
            return True
        if kind in PASSING:
            self._failing += 1
            return self._failing >= IN_A_ROW
        self._failing = 0
        self._answered = True
        self._tries = 0
        self._prober = None
        self._back.set()
        return False

    async def wait(self, who: object, reason: str, stop: asyncio.Event) -> None:
        """Wait before trying once more, or until ``stop`` is set. Raises :class:`StopRunError` when it has been long enough."""
        if self._prober is not None and self._prober is not who:
            await _either(self._back, stop)
            return
        self._prober = who
        self._back.clear()
        waits_s = self._waits_s if self._answered else self._first_waits_s
        if self._tries >= len(waits_s):
            raise StopRunError(reason)
        pause_s = waits_s[self._tries]
        self._tries += 1
        self._told(reason, pause_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await stop.wait()


async def _either(one: asyncio.Event, other: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(each.wait()) for each in (one, other)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
