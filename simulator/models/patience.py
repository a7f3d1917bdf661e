"""How long to wait for a model that answers piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from simulator.models import faults
from simulator.models.endpoint import Endpoint

T = TypeVar("T")

# After the last word only the bill may follow; nobody waits for it.
AFTER_THE_END_S = 0.5


class Patience:
    """Limits the wait for the first piece, between two, after the last, and for all together.

    Only the waiting counts, not what is done with the pieces meanwhile.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.begun = False
        self.ending = False
        self._endpoint = endpoint
        self._left_s = endpoint.timeout_s
        self._first_left_s = endpoint.first_token_s

    async def wait(self, coming: Awaitable[T]) -> T:
        """Return what ``coming`` brings; raises :class:`ModelError` ``timeout`` when it takes too long."""
        if self.ending:
            longest = AFTER_THE_END_S
        else:
            longest = max(0.0, min(self._endpoint.stall_s if self.begun else self._first_left_s, self._left_s))
        loop = asyncio.get_running_loop()
        since = loop.time()
        try:
            async with asyncio.timeout(longest):
                return await coming
        except TimeoutError:
            waited = loop.time() - since
            if self._left_s <= waited:
                raise faults.too_slow(self._endpoint) from None
            allowed = self._endpoint.stall_s if self.begun else self._endpoint.first_token_s
            raise faults.no_answer(self._endpoint, allowed, begun=self.begun) from None
        finally:
            waited = loop.time() - since
            self._left_s -= waited
            if not self.begun:
                self._first_left_s -= waited
