"""The app's own sessions as transcripts to grade."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simulator.domain.errors import UsageError
from simulator.domain.transcript import Transcript

FILE_NAME = "fineline.db"


def saved_sessions(folder: Path, session: str | None = None) -> Iterator[Transcript]:
    """Yield the sessions of the store in ``folder``, oldest first, or the one whose id is or begins with ``session``.

    A transcript goes under its session's id, since the same conversation may be held many times; the id it was begun with is kept
    as ``conversation``, and when it began as ``started_at``. The app may be open meanwhile. Sessions in which the trainee has
    not spoken are left out. Raises :class:`UsageError` where there is nothing, and :class:`simulator.store.errors.StoreError`.
    """
    if not (folder / FILE_NAME).exists():
        raise UsageError(f"There are no saved conversations in {folder}.", hint="Hold one with 'fineline', or name files.")
    from simulator.store.store import Store

    store = Store.open(folder)
    try:
        ids = store.ids(session or "")
        if session and not ids:
            raise UsageError(f"There is no saved session {session!r}.", hint="See 'fineline export --list'.")
        if session and len(ids) > 1 and session not in ids:
            raise UsageError(f"{len(ids)} saved sessions begin with {session!r}.", hint="Give more of the id.")
        for each in [session] if session in ids else ids:
            transcript = store.transcript(each)
            more = {"conversation": transcript.id, "started_at": store.summary(each).started_at.isoformat()}
            yield transcript.model_copy(update={**more, "id": each})
    finally:
        store.close()
