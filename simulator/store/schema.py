"""The tables. Changing them means a new file in ``migrations/versions``; a test compares the two."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# The newest revision in migrations/versions: a start compares it without loading alembic.
REVISION = "0001"


class Base(DeclarativeBase):
    """All tables of the store."""


class SessionRow(Base):
    """One practice conversation. Times are ISO 8601 in UTC."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    started_at: Mapped[str] = mapped_column(String(32))
    updated_at: Mapped[str] = mapped_column(String(32))
    phase: Mapped[str] = mapped_column(String(16))
    persona: Mapped[str | None] = mapped_column(String(64))
    scenario: Mapped[str | None] = mapped_column(String(64))
    identity: Mapped[str | None] = mapped_column(String(200))
    seed: Mapped[int | None] = mapped_column(BigInteger)
    ending: Mapped[str | None] = mapped_column(String(64))
    draft: Mapped[str] = mapped_column(Text, default="")
    holder: Mapped[str] = mapped_column(String(64), default="")
    record: Mapped[dict[str, Any]] = mapped_column(JSON)

    __table_args__ = (Index("sessions_by_phase", "phase"), Index("sessions_by_persona", "persona", "started_at"))


class TurnRow(Base):
    """One turn, numbered from 1 over both speakers; ``record`` is all of it, ``text`` for looking things up."""

    __tablename__ = "turns"

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    record: Mapped[dict[str, Any]] = mapped_column(JSON)


class SelfRatingRow(Base):
    """What the trainee thought of themselves before the grade."""

    __tablename__ = "self_ratings"

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    rated_at: Mapped[str] = mapped_column(String(32))
    record: Mapped[dict[str, Any]] = mapped_column(JSON)


class GradeRow(Base):
    """The newest grade of a session by one judge against one rubric."""

    __tablename__ = "grades"

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    rubric: Mapped[str] = mapped_column(String(64), primary_key=True)
    judge: Mapped[str] = mapped_column(String(200), primary_key=True)
    graded_at: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16))
    level: Mapped[int | None] = mapped_column(Integer)
    score: Mapped[float | None] = mapped_column(Float)
    record: Mapped[dict[str, Any]] = mapped_column(JSON)
