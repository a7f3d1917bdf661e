"""Results to standard output, for whatever reads on: remembered by nobody."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.domain.grade import Grade


class Pipe:
    """Where grades go without --out (:class:`simulator.batch.tally.Results`); ``also`` hears of each as plain data."""

    def __init__(self, also: Callable[[dict[str, Any]], object] | None = None) -> None:
        self._also = also

    def __contains__(self, key: str) -> bool:
        """Nothing was done before."""
        return False

    def add(self, results: Iterable[tuple[str, Grade | Mapping[str, Any]]]) -> None:
        """Write grades, at once."""
        from simulator.batch.ledger import as_line

        given = list(results)
        sys.stdout.write("".join(as_line(key, record).decode() for key, record in given))
        sys.stdout.flush()
        if self._also is not None:
            for _, record in given:
                self._also(dict(record) if isinstance(record, Mapping) else record.model_dump(mode="json"))

    def mark(self, source: bytes) -> tuple[int, int]:
        """Nothing is done."""
        return 0, 0

    def set_mark(self, source: bytes, lines: int, transcripts: int) -> None:
        """Nothing can be marked."""

    def press(self) -> None:
        """There is no disk to press onto."""
