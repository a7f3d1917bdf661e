"""What a run has done so far, and who is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from simulator.batch.readers import Rejected
from simulator.domain.grade import Grade, Usage

# More different reasons than these are counted together, so that memory does not grow with the number of failures.
MOST_REASONS = 200
OTHER_REASONS = "for other reasons"


@dataclass
class Tally:
    """What a run has done so far. ``levels`` counts grades per (rubric, level).

    ``graded`` counts grades made now, of which ``reused`` came from the cache; ``resumed`` those that were there before;
    ``unsuited`` those not asked for because the rubric does not suit the transcript. ``finished`` counts transcripts with
    nothing left to do. ``spent`` is money, in the currency of the prices.
    """

    transcripts: int = 0
    finished: int = 0
    graded: int = 0
    scored: int = 0
    not_scored: int = 0
    failed: int = 0
    reused: int = 0
    resumed: int = 0
    unsuited: int = 0
    rejected: int = 0
    spent: float = 0.0
    usage: Usage = field(default_factory=Usage)
    levels: Counter[tuple[str, int]] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def count(self, result: Grade, *, reused: bool = False) -> None:
        """Count one finished grade."""
        self.graded += 1
        self.reused += reused
        if result.status == "scored":
            self.scored += 1
            if result.level is not None:
                self.levels[result.rubric, result.level] += 1
        elif result.status == "not_scored":
            self.not_scored += 1
        else:
            self.failed += 1
            known = result.reason in self.reasons or len(self.reasons) < MOST_REASONS
            self.reasons[result.reason if known else OTHER_REASONS] += 1
        self.add(result.usage)

    def add(self, spent: Usage) -> None:
        """Add to what was used."""
        total = self.usage
        total.input_tokens += spent.input_tokens
        total.output_tokens += spent.output_tokens
        total.cached_tokens += spent.cached_tokens
        total.calls += spent.calls
        total.estimated = total.estimated or spent.estimated

    def counts(self) -> dict[str, int]:
        """Return the counts by name, for programs."""
        names = ("transcripts", "finished", "graded", "scored", "not_scored", "failed", "reused", "resumed", "rejected")
        return {name: getattr(self, name) for name in names}


class Watcher(Protocol):
    """Is told how a run goes."""

    def rejected(self, record: Rejected) -> None:
        """A record could not be read."""
        ...

    def progressed(self, tally: Tally) -> None:
        """Something was finished; called for each grade, so it must be quick."""
        ...

    def waiting(self, reason: str, seconds: float) -> None:
        """The endpoint is away; it is tried again in so many seconds."""
        ...

    def saved(self, tally: Tally) -> None:
        """What was counted so far is on the disk; called every few seconds."""
        ...


class Results(Protocol):
    """Where finished grades go: a :class:`simulator.batch.ledger.Ledger`, or a pipe."""

    def __contains__(self, key: str) -> bool:
        """Whether this work was done before."""
        ...

    def add(self, results: Iterable[tuple[str, Grade | Mapping[str, Any]]]) -> None:
        """Keep finished work."""
        ...

    def mark(self, source: bytes) -> tuple[int, int]:
        """Return how much of a source is done: its lines from the beginning, and the transcripts in them."""
        ...

    def set_mark(self, source: bytes, lines: int, transcripts: int) -> None:
        """Write down how much of a source is done."""
        ...

    def press(self) -> None:
        """Press what was kept onto the disk; called from another thread."""
        ...
