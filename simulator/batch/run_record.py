"""The description of a run beside its results, kept up to date while it goes on: what was done, with what, and what it has cost.

Usage and cost are of the results: of all runs that made them, also of one that was killed, since what it wrote down last and the
results behind that are added up again.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator.batch.cost import Price
from simulator.batch.manifest import Cost, RubricUsed, RunManifest, load_manifest, save_manifest
from simulator.batch.tally import Tally
from simulator.domain.grade import Usage
from simulator.domain.rubric import Rubric

# From so many on, their average says more than an estimate.
_ENOUGH_JUDGEMENTS = 50


def used(rubric: Rubric) -> RubricUsed:
    """Return a rubric as a run's description keeps it."""
    return RubricUsed(id=rubric.id, digest=rubric.digest, definition=rubric.model_dump(mode="json"))


class RunRecord:
    """The description of the run that is going on.

    ``before`` is what earlier runs into the same results used, and ``spent_before`` what they cost in the currency of ``price``.
    """

    def __init__(self, results: Path, manifest: RunManifest, price: Price | None, *, again: bool = False) -> None:
        """Take up what is known of earlier runs; ``again``: there are none.

        Raises :class:`FinelineError` for a damaged description.
        """
        self._results = results
        self._price = price
        earlier = None if again else load_manifest(results)
        self.before = Usage() if earlier is None else earlier.usage.model_copy()
        self.spent_before = 0.0
        if earlier is not None and earlier.cost.total is not None and (price is None or earlier.cost.currency == price.currency):
            self.spent_before = earlier.cost.total
        unseen, judgements = (
            _usage_behind(results, earlier.results_bytes if earlier is not None else 0) if not again else (Usage(), 0)
        )
        self._judgements = judgements + (earlier.judgements if earlier is not None else 0)
        _add(self.before, unseen)
        if price is not None:
            self.spent_before += price.of(unseen)
        self.manifest = manifest
        if earlier is not None:
            self._take_over(earlier)
        manifest.cost = Cost() if price is None else _cost(price)

    def _take_over(self, earlier: RunManifest) -> None:
        """Keep of earlier runs what this one does not replace."""
        ours = {each.id for each in self.manifest.rubrics}
        self.manifest.rubrics += [each for each in earlier.rubrics if each.id not in ours]
        self.manifest.started = earlier.started
        self.manifest.runs = earlier.runs + 1
        if earlier.folder == self.manifest.folder:
            # Of a run from another folder, relative paths would lead nowhere.
            self.manifest.sources = list(dict.fromkeys([*earlier.sources, *self.manifest.sources]))

    @property
    def so_far(self) -> tuple[Usage, int] | None:
        """What earlier runs used, and for how many judgements; ``None`` where that is too little to go by."""
        return (self.before, self._judgements) if self._judgements >= _ENOUGH_JUDGEMENTS else None

    def begin(self, size: int) -> None:
        """Write down that the run has begun; ``size`` is how many bytes of results there are."""
        self.manifest.started = self.manifest.started or _now()
        self.save(Tally(), size)

    def save(self, tally: Tally, size: int, *, finished: bool = False) -> None:
        """Write down how far it has come; ``size`` is how many bytes of results are on the disk."""
        manifest = self.manifest
        manifest.counts = tally.counts()
        manifest.usage = self.before.model_copy()
        _add(manifest.usage, tally.usage)
        manifest.judgements = self._judgements + tally.graded - tally.reused
        manifest.results_bytes = size
        if self._price is not None:
            # What was spent is counted call by call; not all of it need be at one price.
            manifest.cost.total = max(tally.spent, self.spent_before + (0 if tally.spent else self._price.of(tally.usage)))
        if finished:
            manifest.finished = _now()
        save_manifest(self._results, manifest)


def _usage_behind(results: Path, start: int) -> tuple[Usage, int]:
    """Add up what the results from a byte on took, and how many of them took something.

    They are what a run wrote after it last described itself.
    """
    total, judgements = Usage(), 0
    try:
        with results.open("rb") as lines:
            lines.seek(start)
            for line in lines:
                if b'"usage"' in line and line.endswith(b"\n"):
                    took = _usage_of(line)
                    judgements += took.calls > 0
                    _add(total, took)
    except OSError:
        return total, judgements
    return total, judgements


def _usage_of(line: bytes) -> Usage:
    try:
        found: Any = json.loads(line)["usage"]
        return Usage.model_validate(found)
    except (ValueError, KeyError, TypeError):
        return Usage()


def _add(total: Usage, more: Usage) -> None:
    total.input_tokens += more.input_tokens
    total.output_tokens += more.output_tokens
    total.cached_tokens += more.cached_tokens
    total.calls += more.calls
    total.estimated = total.estimated or more.estimated


def _cost(price: Price) -> Cost:
    return Cost(currency=price.currency, input_price=price.input, cached_price=price.cached, output_price=price.output)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
