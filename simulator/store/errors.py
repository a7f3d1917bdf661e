"""What can go wrong with the store, in words for the person whose conversations are in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from simulator.domain.errors import FinelineError

Kind = Literal["newer", "damaged", "foreign", "full", "busy", "unwritable", "missing", "other"]


class StoreError(FinelineError):
    """The store cannot be used, or did not take what it was given. ``kind`` says which."""

    def __init__(self, kind: Kind, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.kind: Kind = kind


def explain(error: Exception, path: Path) -> StoreError:
    """Return what an error of SQLite, SQLAlchemy or the file system means. The statement's values are never in it."""
    cause = getattr(error, "orig", None) or error
    text = str(cause).casefold()
    if isinstance(cause, OSError) and not isinstance(cause, sqlite3.Error):
        if cause.errno == 28:
            text = "disk is full"
        else:
            return StoreError(
                "unwritable",
                f"The conversations cannot be kept in {path}: {cause.strerror}.",
                hint="Choose another folder with FINELINE_DATA.",
            )
    if "disk is full" in text or "disk i/o" in text:
        return StoreError(
            "full", f"The disk that holds {path} is full or failing.", hint="Make room; what is on the screen can be exported."
        )
    if "locked" in text or "busy" in text:
        return StoreError("busy", f"Another program is holding {path}.", hint="Close it and try again.")
    if "not a database" in text or "malformed" in text or "corrupt" in text:
        return StoreError(
            "damaged",
            f"{path} is damaged and was left as it is.",
            hint="Move it aside to start afresh; sqlite3's .recover may save its contents.",
        )
    if "readonly" in text or "read-only" in text or "unable to open" in text or "permission" in text:
        return StoreError(
            "unwritable", f"{path} cannot be written.", hint="Check its permissions, or choose a folder with FINELINE_DATA."
        )
    return StoreError("other", f"{path} could not be used ({type(cause).__name__}).")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn database and file errors inside the block into :class:`StoreError`."""
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except (DBAPIError, sqlite3.Error, OSError) as error:
        raise explain(error, path) from None
