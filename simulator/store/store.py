"""The store: what was said, felt, rated and graded, on disk before it is on the screen."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Engine, create_engine, delete, event, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from simulator.domain.errors import UsageError
from simulator.domain.grade import Grade, SelfRating
from simulator.domain.transcript import Transcript, Turn
from simulator.store.errors import StoreError, explained
from simulator.store.holding import Holder
from simulator.store.migrate import migrate
from simulator.store.schema import GradeRow, SelfRatingRow, SessionRow, TurnRow

FILE_NAME = "fineline.db"

Phase = Literal["conversation", "rating", "debrief", "done"]


@dataclass(frozen=True)
class SessionSummary:
    """A session in a list. ``levels`` maps rubric ids to the level of the newest grade that was scored."""

    id: str
    persona: str | None
    scenario: str | None
    identity: str | None
    seed: int | None
    started_at: datetime
    updated_at: datetime
    phase: Phase
    ending: str | None
    draft: str
    turns: int
    levels: dict[str, int] = field(default_factory=dict)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Store:
    """All saved sessions of one person, in one SQLite file.

    Methods block for as long as the disk takes, so an event loop calls them in a thread; they may be called from any
    thread. Each is one transaction. All raise :class:`StoreError` where the file cannot take or give what was asked.
    """

    def __init__(self, engine: Engine, path: Path, holder: Holder) -> None:
        self.path = path
        self._engine = engine
        self._holder = holder
        self._lock = RLock()

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open the store in ``folder``, making folder (mode 700) and file (mode 600) or migrating as needed.

        Raises :class:`StoreError` for a folder that cannot be written and a file that is damaged, newer or not ours,
        which is then left as it is.
        """
        path = folder / FILE_NAME
        with explained(path):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            path.chmod(0o600)
        engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 5})

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _: object) -> None:
            # SQLAlchemy, not the driver, begins transactions: so that changes of tables are inside them too.
            connection.isolation_level = None
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")

        @event.listens_for(engine, "begin")
        def begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

        try:
            migrate(engine, path)
            with explained(path):
                holder = Holder(folder)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, path, holder)

    def close(self) -> None:
        """Close the file; sessions held by this store may be taken up by another."""
        self._engine.dispose()
        self._holder.release()

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self._lock, explained(self.path), Session(self._engine) as session, session.begin():
            yield session

    def begin(self, header: Transcript, *, phase: Phase = "conversation") -> SessionRecorder:
        """Begin a session for the transcript (turns it already has are saved too) and return its recorder.

        The session gets an id of its own, since the same seeded conversation may be held many times.
        """
        session_id = uuid4().hex
        now = _now()
        with self._transaction() as session:
            session.add(
                SessionRow(
                    id=session_id,
                    started_at=now,
                    updated_at=now,
                    phase=phase,
                    persona=header.persona,
                    scenario=header.scenario,
                    identity=header.identity,
                    seed=header.seed,
                    ending=header.ending,
                    draft="",
                    holder=self._holder.token,
                    record=_header(header),
                )
            )
            session.flush()
            for number, turn in enumerate(header.turns, 1):
                session.add(_turn_row(session_id, number, turn))
        return SessionRecorder(self, session_id)

    def resume(self, session_id: str) -> SessionRecorder:
        """Take up a session again. Raises :class:`UsageError` if there is none, or another window has it open."""
        with self._transaction() as session:
            row = self._row(session, session_id)
            if self._holder.runs_elsewhere(row.holder):
                raise UsageError("That conversation is open in another window.", hint="Go on there, or close it first.")
            row.holder = self._holder.token
        return SessionRecorder(self, session_id)

    def unfinished(self) -> list[SessionSummary]:
        """Return sessions that were left in the middle and are open nowhere, newest first."""
        return [each for each in self._summaries(SessionRow.phase != "done", limit=50) if each.turns or each.draft]

    def sessions(self, persona: str | None = None, *, limit: int = 50) -> list[SessionSummary]:
        """Return the newest sessions, of one persona or all."""
        return self._summaries(*([SessionRow.persona == persona] if persona else []), limit=limit, held=True)

    def ids(self, beginning: str = "") -> list[str]:
        """Return the ids of all sessions in which the trainee has spoken, oldest first; of those that begin so, if given."""
        spoke = select(TurnRow.session_id).where(TurnRow.session_id == SessionRow.id, TurnRow.role == "trainee").exists()
        query = select(SessionRow.id).where(spoke).order_by(SessionRow.started_at, SessionRow.id)
        if beginning:
            query = query.where(SessionRow.id.startswith(beginning, autoescape=True))
        with self._transaction() as session:
            return list(session.scalars(query))

    def _summaries(self, *conditions: Any, limit: int, held: bool = False) -> list[SessionSummary]:
        count = select(func.count()).where(TurnRow.session_id == SessionRow.id).scalar_subquery()
        query = select(SessionRow, count).where(*conditions).order_by(SessionRow.started_at.desc(), SessionRow.id).limit(limit)
        with self._transaction() as session:
            rows = [(row, turns) for row, turns in session.execute(query) if held or not self._holder.runs_elsewhere(row.holder)]
            levels: dict[str, dict[str, int]] = {row.id: {} for row, _ in rows}
            scored = (
                select(GradeRow.session_id, GradeRow.rubric, GradeRow.level)
                .where(GradeRow.session_id.in_(levels), GradeRow.status == "scored")
                .order_by(GradeRow.graded_at)
            )
            for session_id, rubric, level in session.execute(scored):
                if level is not None:
                    levels[session_id][rubric] = level
            return [_summary(row, turns, levels[row.id]) for row, turns in rows]

    def summary(self, session_id: str) -> SessionSummary:
        """Return the summary of one session. Raises :class:`UsageError` if there is none."""
        found = self._summaries(SessionRow.id == session_id, limit=1, held=True)
        if not found:
            raise _no_session(session_id)
        return found[0]

    def transcript(self, session_id: str) -> Transcript:
        """Return the whole transcript. Raises :class:`UsageError` if there is no such session."""
        with self._transaction() as session:
            row = self._row(session, session_id)
            query = select(TurnRow.record).where(TurnRow.session_id == session_id).order_by(TurnRow.number)
            return Transcript.model_validate({**row.record, "turns": list(session.scalars(query))})

    def self_rating(self, session_id: str) -> SelfRating | None:
        """Return the trainee's own rating, or ``None``."""
        with self._transaction() as session:
            row = session.get(SelfRatingRow, session_id)
            return SelfRating.model_validate(row.record) if row else None

    def save_self_rating(self, session_id: str, rating: SelfRating) -> None:
        """Keep the trainee's own rating, in place of an earlier one."""
        with self._transaction() as session:
            self._row(session, session_id)
            session.merge(SelfRatingRow(session_id=session_id, rated_at=_now(), record=rating.model_dump(mode="json")))

    def grades(self, session_id: str) -> list[Grade]:
        """Return all grades of the session, oldest first."""
        query = select(GradeRow.record).where(GradeRow.session_id == session_id).order_by(GradeRow.graded_at, GradeRow.rubric)
        with self._transaction() as session:
            return [Grade.model_validate(record) for record in session.scalars(query)]

    def save_grades(self, session_id: str, grades: Sequence[Grade]) -> None:
        """Keep grades, each in place of an earlier one by the same judge against the same rubric."""
        with self._transaction() as session:
            self._row(session, session_id)
            for grade in grades:
                session.merge(
                    GradeRow(
                        session_id=session_id,
                        rubric=grade.rubric,
                        judge=grade.judge,
                        graded_at=_now(),
                        status=grade.status,
                        level=grade.level,
                        score=grade.score,
                        record=grade.model_dump(mode="json"),
                    )
                )

    def discard(self, session_id: str) -> None:
        """Delete a session with its turns, rating and grades."""
        with self._transaction() as session:
            session.execute(delete(SessionRow).where(SessionRow.id == session_id))

    @staticmethod
    def _row(session: Session, session_id: str) -> SessionRow:
        row = session.get(SessionRow, session_id)
        if row is None:
            raise _no_session(session_id)
        return row


class SessionRecorder:
    """Writes one session down as it happens. Each call is on disk when it returns; raises :class:`StoreError`."""

    def __init__(self, store: Store, session_id: str) -> None:
        self.store = store
        self.session_id = session_id

    def save_turn(self, number: int, turn: Turn) -> None:
        """Write turn ``number`` (from 1), in place of what was there. A trainee's turn empties the draft."""
        row = {"session_id": self.session_id, "number": number, "role": turn.role, "text": turn.text, "record": _dump(turn)}
        statement = insert(TurnRow).values(row)
        changed = {key: statement.excluded[key] for key in ("role", "text", "record")}
        values = {"updated_at": _now()} | ({"draft": ""} if turn.role == "trainee" else {})
        with self.store._transaction() as session:
            session.execute(update(SessionRow).where(SessionRow.id == self.session_id).values(values))
            session.execute(statement.on_conflict_do_update(index_elements=["session_id", "number"], set_=changed))

    def cut(self, after: int) -> None:
        """Forget the turns behind number ``after``."""
        with self.store._transaction() as session:
            session.execute(delete(TurnRow).where(TurnRow.session_id == self.session_id, TurnRow.number > after))

    def save_draft(self, text: str) -> None:
        """Keep what is typed and not yet said."""
        self._update(draft=text)

    def save_phase(self, phase: Phase) -> None:
        """Keep how far the session has come; ``done`` sessions are not offered again."""
        self._update(phase=phase)

    def finish(self, transcript: Transcript) -> None:
        """Keep ending, survey and everything else about the transcript but its turns."""
        self._update(ending=transcript.ending, record=_header(transcript))

    def release(self) -> None:
        """Let go of the session; it may be taken up again, here or elsewhere."""
        self._update(holder="")

    def _update(self, **values: Any) -> None:
        with self.store._transaction() as session:
            session.execute(update(SessionRow).where(SessionRow.id == self.session_id).values(updated_at=_now(), **values))


def _no_session(session_id: str) -> UsageError:
    return UsageError(f"There is no saved session {session_id!r}.")


def _dump(turn: Turn) -> dict[str, Any]:
    return {"role": turn.role, "text": turn.text, **turn.model_dump(mode="json", exclude_defaults=True)}


def _header(transcript: Transcript) -> dict[str, Any]:
    return transcript.model_dump(mode="json", exclude={"turns"})


def _turn_row(session_id: str, number: int, turn: Turn) -> TurnRow:
    return TurnRow(session_id=session_id, number=number, role=turn.role, text=turn.text, record=_dump(turn))


def _summary(row: SessionRow, turns: int, levels: dict[str, int]) -> SessionSummary:
    return SessionSummary(
        id=row.id,
        persona=row.persona,
        scenario=row.scenario,
        identity=row.identity,
        seed=row.seed,
        started_at=datetime.fromisoformat(row.started_at),
        updated_at=datetime.fromisoformat(row.updated_at),
        phase=row.phase,  # type: ignore[arg-type]
        ending=row.ending,
        draft=row.draft,
        turns=turns,
        levels=levels,
    )


__all__ = ["FILE_NAME", "Phase", "SessionRecorder", "SessionSummary", "Store", "StoreError"]
