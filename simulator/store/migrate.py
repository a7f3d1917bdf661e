"""Bringing the database file to the revision this version needs: all at once or not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.store.errors import StoreError, explained
from simulator.store.schema import REVISION

if TYPE_CHECKING:
    from sqlalchemy import Engine

MIGRATIONS = Path(__file__).parent / "migrations"


def revision_of(path: Path) -> str | None:
    """Return the revision of the file, or ``None`` for one that is missing or empty.

    Looks without changing anything. Raises :class:`StoreError` for a damaged file and for a database of something else.
    """
    with explained(path):
        if not path.exists() or path.stat().st_size == 0:
            return None
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as database:
            (health,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if health != "ok":
                raise sqlite3.DatabaseError("malformed")
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables:
                return None
            if "alembic_version" not in tables or "sessions" not in tables:
                raise StoreError(
                    "foreign",
                    f"{path} is a database, but not one of Fineline's.",
                    hint="Choose another folder with FINELINE_DATA.",
                )
            row = database.execute("SELECT version_num FROM alembic_version").fetchone()
            return str(row[0]) if row else None


def migrate(engine: Engine, path: Path) -> None:
    """Bring the file to :data:`REVISION`; at that revision already, nothing is touched and alembic is not loaded.

    The whole way is one transaction, and a copy of what was there is left beside it as ``NAME.before-REVISION``.
    Raises :class:`StoreError` with kind ``newer`` where a later Fineline has been at it.
    """
    found = revision_of(path)
    if found == REVISION:
        return

    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if found is not None:
        try:
            ScriptDirectory.from_config(config).get_revision(found)
        except CommandError:
            raise StoreError(
                "newer",
                f"{path} was written by a newer Fineline (its revision is {found}, this one knows up to {REVISION}); "
                "it was left as it is.",
                hint="Upgrade Fineline, or choose another folder with FINELINE_DATA.",
            ) from None
        with explained(path):
            _copy(path, path.with_name(f"{path.name}.before-{REVISION}"))
    with explained(path), engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, REVISION)


def _copy(path: Path, copy: Path) -> None:
    copy.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
