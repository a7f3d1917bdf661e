"""Keeping a conversation while it goes on, even when the disk does not take it for a while."""

from __future__ import annotations

from contextlib import suppress
from threading import RLock
from typing import TYPE_CHECKING

from simulator.domain.errors import FinelineError

if TYPE_CHECKING:
    from simulator.domain.transcript import Transcript, Turn
    from simulator.store.store import Phase, SessionRecorder


class SafeRecorder:
    """Passes everything on to the store's recorder and never raises.

    What could not be saved (a full disk, a locked file) is held back, tried again with the next save, and said in
    :attr:`problem`, so that a conversation never stops for the disk. Safe to use from any thread.
    """

    def __init__(self, recorder: SessionRecorder | None = None) -> None:
        self._recorder = recorder
        self._lock = RLock()
        self._turns: dict[int, Turn] = {}
        self._draft: str | None = None
        self._phase: Phase | None = None
        self._finished: Transcript | None = None
        self._problem = ""

    def attach(self, recorder: SessionRecorder) -> None:
        """Save into this session from now on; until then everything is held back."""
        with self._lock:
            self._recorder = recorder
            self._save()

    @property
    def session_id(self) -> str | None:
        """The session's id in the store; ``None`` before :meth:`attach`."""
        return self._recorder.session_id if self._recorder is not None else None

    @property
    def problem(self) -> str:
        """Why the last save failed, in plain words; empty while everything is on disk."""
        return self._problem

    def save_turn(self, number: int, turn: Turn) -> None:
        """Insert or replace the turn with this number (from 1)."""
        with self._lock:
            self._turns[number] = turn
            self._save()

    def save_draft(self, text: str) -> None:
        """Keep what is typed and not yet said."""
        with self._lock:
            self._draft = text
            self._save()

    def save_phase(self, phase: Phase) -> None:
        """Keep how far the practice has come."""
        with self._lock:
            self._phase = phase
            self._save()

    def finish(self, transcript: Transcript) -> None:
        """Keep the ending and the survey."""
        with self._lock:
            self._finished = transcript
            self._save()

    def try_again(self) -> None:
        """Save what was held back, if anything was."""
        with self._lock:
            self._save()

    def release(self) -> None:
        """Let go of the session, so that it may be taken up again."""
        with self._lock, suppress(FinelineError):
            self._save()
            if self._recorder is not None:
                self._recorder.release()

    def discard(self) -> None:
        """Delete the session: nothing was said in it."""
        with self._lock, suppress(FinelineError):
            self._turns.clear()
            self._draft = self._phase = self._finished = None
            if self._recorder is not None:
                self._recorder.store.discard(self._recorder.session_id)

    def _save(self) -> None:
        """Save everything held back, in order; what fails stays."""
        if self._recorder is None:
            return
        try:
            for number in sorted(self._turns):
                self._recorder.save_turn(number, self._turns[number])
                del self._turns[number]
            if self._draft is not None:
                self._recorder.save_draft(self._draft)
                self._draft = None
            if self._finished is not None:
                self._recorder.finish(self._finished)
                self._finished = None
            if self._phase is not None:
                self._recorder.save_phase(self._phase)
                self._phase = None
        except FinelineError as error:
            self._problem = str(error)
        else:
            self._problem = ""
