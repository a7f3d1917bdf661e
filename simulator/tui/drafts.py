"""Saving what is being typed, often enough to lose nothing and seldom enough to be felt by nobody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.tui.flow import Recorder

PAUSE_S = 0.1


class DraftKeeper:
    """Saves the first change at once and then the newest text every tenth of a second, one save at a time."""

    def __init__(self, recorder: Recorder | None) -> None:
        self._recorder = recorder
        self._wanted: str | None = None
        self._saved: str | None = None
        self._task: asyncio.Task[None] | None = None

    def note(self, text: str) -> None:
        """Save this soon."""
        self._wanted = text
        if self._recorder is not None and self._task is None:
            self._task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        try:
            while self._wanted is not None:
                await self._save()
                await asyncio.sleep(PAUSE_S)
        finally:
            self._task = None

    async def _save(self) -> None:
        text, self._wanted = self._wanted, None
        if text is not None and text != self._saved and self._recorder is not None:
            await asyncio.to_thread(self._recorder.save_draft, text)
            self._saved = text

    def forget(self) -> None:
        """The store emptied the draft (something was said): the same text would be news to it again."""
        self._saved = None

    async def close(self) -> None:
        """Save what is still waiting, and stop."""
        if self._task is not None:
            self._task.cancel()
        await self._save()
