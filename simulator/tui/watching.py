"""Watching a persona file: what it holds now, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.domain.text import clean

if TYPE_CHECKING:
    from collections.abc import Collection

    from simulator.domain.persona import Persona

Seen = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Look:
    """A file as it was found: a persona, or why there is none."""

    persona: Persona | None
    problems: tuple[str, ...] = ()


class WatchedFile:
    """One persona file, looked at again and again. A look costs one ``stat`` while nothing has changed."""

    def __init__(self, path: Path, behaviours: Collection[str] | None) -> None:
        self.path = path
        self._behaviours = behaviours
        self._seen: Seen | None = None
        self._looked = False

    def _stamp(self) -> Seen | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def changed(self) -> bool:
        """Return whether the file is another than at the last :meth:`look`, gone or back again."""
        return not self._looked or self._stamp() != self._seen

    def look(self) -> Look:
        """Read the file. Never raises for what is in it, nor where it is gone."""
        from simulator.authoring import reading
        from simulator.domain.persona import Persona

        # Stamped before it is read: a save in between is then seen at the next look.
        self._seen, self._looked = self._stamp(), True
        if self._seen is None:
            return Look(None, (f"{self.path}: the file is gone. It is read again when it comes back.",))
        found = reading.read(self.path, self._behaviours, kind="persona")
        if isinstance(found.value, Persona):
            return Look(found.value)
        return Look(None, tuple(clean(str(each), keep_newlines=False) for each in found.problems))
