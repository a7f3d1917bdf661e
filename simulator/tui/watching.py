"""Watching a file that somebody writes: what it holds now, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, TypeVar, cast, overload

from simulator.domain.text import clean

if TYPE_CHECKING:
    from collections.abc import Collection

    from simulator.domain.persona import Persona
    from simulator.domain.rubric import Rubric

Seen = tuple[int, int, int]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Look(Generic[T]):
    """A file as it was found: what it holds, or why that cannot be used."""

    value: T | None
    problems: tuple[str, ...] = ()


class WatchedFile(Generic[T]):
    """One file, looked at again and again. A look costs one ``stat`` while nothing has changed."""

    @overload
    def __init__(
        self: WatchedFile[Persona], path: Path, kind: Literal["persona"], behaviours: Collection[str] | None
    ) -> None: ...

    @overload
    def __init__(self: WatchedFile[Rubric], path: Path, kind: Literal["rubric"], behaviours: Collection[str] | None) -> None: ...

    def __init__(self, path: Path, kind: Literal["persona", "rubric"], behaviours: Collection[str] | None) -> None:
        self.path = path
        self._kind = kind
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

    def look(self) -> Look[T]:
        """Read the file. Never raises for what is in it, nor where it is gone."""
        from simulator.authoring import reading

        # Stamped before it is read: a save in between is then seen at the next look.
        self._seen, self._looked = self._stamp(), True
        if self._seen is None:
            return Look(None, (f"{self.path}: the file is gone. It is read again when it comes back.",))
        found = reading.read(self.path, self._behaviours, kind=self._kind)
        if isinstance(found.value, reading.MODELS[self._kind]):
            return Look(cast("T", found.value))
        return Look(None, tuple(clean(str(each), keep_newlines=False) for each in found.problems))
