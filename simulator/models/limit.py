"""How many requests may be under way at once: as many as the endpoint bears, learned from how it answers.

Additive increase, multiplicative decrease (Chiu and Jain 1989), as in TCP's congestion control: the width doubles every
round of replies until the endpoint first pushes back (slow start, RFC 5681), and then grows by a step a round. A round in which
it pushed back narrows the width by half of the share of replies that did so (the proportional cut of DCTCP, RFC 8257): an
endpoint that turns everything away is halved at once, while one that turns a few away at random keeps nearly all of its width.

A pause that the endpoint asks for (Retry-After) holds for everybody. ``rate_per_s`` spaces requests evenly besides.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

# The share of the width that is given up after a round in which the endpoint turned everything away.
_DEEPEST_CUT = 0.5
# After it pushed back, the whole ceiling is regained in so many quiet rounds.
_ROUNDS_TO_THE_CEILING = 16


class Slot:
    """One request's place among those under way. What became of it is told with :meth:`went_well` or :meth:`pushed_back`."""

    __slots__ = ("_limit",)

    def __init__(self, limit: AdaptiveLimit) -> None:
        self._limit = limit

    def went_well(self) -> None:
        """Note a reply that came as it should."""
        self._limit._count(pushed=False)

    def pushed_back(self, pause_s: float | None = None) -> None:
        """Note that the endpoint had no room (429, 503, a time-out); ``pause_s`` is how long it asks everybody to wait."""
        self._limit._count(pushed=True)
        if pause_s is not None:
            self._limit._pause(pause_s)


class AdaptiveLimit:
    """Bounds the requests under way: ``async with limit as slot:`` is one request's slot, from sending to reply.

    ``ceiling`` is the most there may ever be, ``rate_per_s`` the most that may begin a second. Begins at half the ceiling.
    Used from one event loop. ``clock`` and ``sleep`` are for tests.
    """

    def __init__(
        self,
        ceiling: int,
        rate_per_s: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if ceiling < 1 or (rate_per_s is not None and not rate_per_s > 0):
            raise ValueError("a limit takes a ceiling of at least 1 and a rate above 0")
        self.ceiling = ceiling
        self.rate_per_s = rate_per_s
        self.under_way = 0
        self._width = float((ceiling + 1) // 2)
        self._clock = clock
        self._sleep = sleep
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._slots: deque[Slot] = deque()
        self._paused_until = self._next_at = clock()
        self._steep = True
        self._round = self.width
        self._well = self._pushed = 0

    @property
    def width(self) -> int:
        """How many requests may be under way now."""
        return int(self._width)

    @property
    def paused_s(self) -> float:
        """How many seconds the pause goes on that the endpoint asked for; 0 where there is none."""
        return max(0.0, self._paused_until - self._clock())

    async def __aenter__(self) -> Slot:
        if self.under_way >= self.width or self._waiting:
            await self._turn()
        else:
            self.under_way += 1
        try:
            await self._hold()
        except BaseException:
            self._leave()
            raise
        return Slot(self)

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    async def _turn(self) -> None:
        """Wait in line; whoever leaves counts the next one in."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()  # it was called in just then
            raise

    async def _hold(self) -> None:
        """Wait until no pause goes on and the rate allows one more."""
        while True:
            now = self._clock()
            at = max(now, self._paused_until)
            if self.rate_per_s is not None:
                at = max(at, self._next_at)
                self._next_at = at + 1 / self.rate_per_s
            if at > now:
                await self._sleep(at - now)
            if self._paused_until <= self._clock():
                return  # else a pause began meanwhile

    def _leave(self) -> None:
        self.under_way -= 1
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self.under_way < self.width:
            turn = self._waiting.popleft()
            if not turn.done():
                self.under_way += 1
                turn.set_result(None)

    def _pause(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _count(self, *, pushed: bool) -> None:
        """Count one reply; at the end of a round (as many replies as the width was wide) set the width anew."""
        self._pushed += pushed
        self._well += not pushed
        if self._steep and not pushed:
            self._width = min(self.ceiling, self._width + 1)
            self._admit()
        if self._well + self._pushed < self._round:
            return
        if self._pushed:
            share = self._pushed / (self._well + self._pushed)
            self._width = max(1.0, self._width * (1 - share * _DEEPEST_CUT))
            self._steep = False
        elif not self._steep:
            self._width = min(self.ceiling, self._width + max(1, self.ceiling / _ROUNDS_TO_THE_CEILING))
            self._admit()
        self._round = self.width
        self._well = self._pushed = 0
