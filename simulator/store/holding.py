"""Knowing which running program holds a session, so that a crash is told from a second window.

Each program locks a small file of its own; the system drops the lock however the program ends.
"""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

from simulator.files import lock_file


def _lock(descriptor: int) -> bool:
    try:
        return lock_file(descriptor)
    except OSError:
        return False


class Holder:
    """This program, as sessions name it while it runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token = token_hex(8)
        self._file = self._path(self.token)
        self._descriptor = os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600)
        _lock(self._descriptor)

    def _path(self, token: str) -> Path:
        return self.folder / f".running-{token}"

    def runs_elsewhere(self, token: str) -> bool:
        """Return whether the program with this token is another one, and still running."""
        if not token or token == self.token or not token.isalnum():
            return False
        path = self._path(token)
        try:
            descriptor = os.open(path, os.O_RDWR)
        except OSError:
            return False
        try:
            if not _lock(descriptor):
                return True
            path.unlink(missing_ok=True)
            return False
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """Let go; the sessions of this program may be taken up by another."""
        os.close(self._descriptor)
        self._file.unlink(missing_ok=True)
