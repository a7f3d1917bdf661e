"""What travels through one practice: from the conversation to the self-rating to the debrief."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from simulator.domain.grade import Grade, SelfRating
    from simulator.domain.persona import Identity, Persona, Scenario
    from simulator.domain.transcript import Transcript, Turn
    from simulator.store.store import Phase


class Recorder(Protocol):
    """Where a conversation is kept while it is held. All calls are synchronous: make them in a thread.

    The app's own recorder (:class:`simulator.tui.recording.SafeRecorder`) never raises: what could not be saved is kept
    in memory, tried again with the next save, and said in its ``problem``.
    """

    @property
    def session_id(self) -> str | None:
        """The session's id in the store; ``None`` while nothing is kept."""
        ...

    @property
    def problem(self) -> str:
        """Why the last save failed, in plain words; empty while all is well."""
        ...

    def save_turn(self, number: int, turn: Turn) -> None:
        """Insert or replace the turn with this number (from 1)."""
        ...

    def save_draft(self, text: str) -> None:
        """Keep what the trainee has typed and not yet said."""
        ...

    def save_phase(self, phase: Phase) -> None:
        """Keep how far the practice has come: ``conversation``, ``rating``, ``debrief`` or ``done``."""
        ...

    def finish(self, transcript: Transcript) -> None:
        """Keep the ending and the survey."""
        ...

    def release(self) -> None:
        """Let go of the session, so that it may be taken up again."""
        ...

    def discard(self) -> None:
        """Delete the session: nothing was said in it."""
        ...


@dataclass
class Practice:
    """One practice with one customer. ``recorder`` is ``None`` when nothing can be kept on this machine.

    The conversation fills ``transcript``, the rating screen ``self_rating``, the debrief ``grades``.
    """

    persona: Persona
    scenario: Scenario
    identity: Identity
    transcript: Transcript
    recorder: Recorder | None = None
    self_rating: SelfRating | None = None
    grades: list[Grade] | None = field(default=None)
    unsaved: bool = False
    """Whether the conversation was held without its being on disk, and has not been written out since."""

    @property
    def session_id(self) -> str | None:
        """The session's id in the store, or ``None`` when the practice is not kept."""
        return self.recorder.session_id if self.recorder is not None else None

    @property
    def would_be_lost(self) -> bool:
        """Whether what was said is lost when this is left."""
        return self.unsaved and (self.recorder is None or bool(self.recorder.problem))
