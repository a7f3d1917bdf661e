"""Results to standard output, for whatever reads on: remembered by nobody."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.domain.grade import Grade


class Pipe:
    """Where grades go without --out (:class:`simulator.batch.tally.Results`)."""

    def __contains__(self, key: str) -> bool:
        """Nothing was done before."""
        return False

    def add(self, results: Iterable[tuple[str, Grade | Mapping[str, Any]]]) -> None:
        """Write grades, at once."""
        from simulator.batch.ledger import as_line

        sys.stdout.write("".join(as_line(key, record).decode() for key, record in results))
        sys.stdout.flush()

    def mark(self, source: bytes) -> tuple[int, int]:
        """Nothing is done."""
        return 0, 0

    def set_mark(self, source: bytes, lines: int, transcripts: int) -> None:
        """Nothing can be marked."""

    def press(self) -> None:
        """There is no disk to press onto."""
