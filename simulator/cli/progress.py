"""How a run goes, on standard error: one line that changes on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.domain.errors import FinelineError

if TYPE_CHECKING:
    from simulator.batch.cost import Price
    from simulator.batch.estimate import Estimate
    from simulator.batch.readers import Rejected
    from simulator.batch.tally import Tally
    from simulator.models.limit import AdaptiveLimit

_ON_A_TERMINAL_S = 0.2
_ELSEWHERE_S = 10.0
# Rates are of the last while, so that they follow what the endpoint does.
_WHILE_S = 30.0
_MOST_NAMED = 20


def money(amount: float, currency: str) -> str:
    """Return an amount for people: two decimals, four where it is less than one."""
    return f"{amount:,.{2 if amount >= 1 or not amount else 4}f} {currency}"


def duration(seconds: float) -> str:
    """Return about how long something takes, for people."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"


@dataclass
class Outlook:
    """What is known of the run beside its tally: ``share_read`` of the sources 0–1, what was estimated, money, limits."""

    share_read: Callable[[], float | None] = lambda: None
    skipped: Callable[[], int] = lambda: 0
    estimate: Estimate | None = None
    price: Price | None = None
    budget: float | None = None
    limits: list[AdaptiveLimit] = field(default_factory=list)


class Progress:
    """Watches a run (:class:`simulator.batch.tally.Watcher`) and tells people. ``saved`` is called with the tally now and then.

    ``quiet`` says nothing but what needs to be known: records that cannot be read, an endpoint that is away.
    """

    def __init__(self, rejects: Rejects, outlook: Outlook | None = None, *, strict: bool = False, quiet: bool = False) -> None:
        self.outlook = outlook or Outlook()
        self.on_saved: Callable[[Tally], None] = lambda _tally: None
        self._rejects = rejects
        self._strict = strict
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._said = time.monotonic()
        self._seen: deque[tuple[float, int, float]] = deque()
        self._named = 0
        self._shown = False

    def rejected(self, record: Rejected) -> None:
        """Set a record that cannot be read aside, or stop at it."""
        if self._strict:
            raise FinelineError(str(record), hint="Without --strict it would be set aside and the rest graded.")
        self._named += 1
        if self._named <= _MOST_NAMED:
            self.say(str(record))
        elif self._named == _MOST_NAMED + 1:
            self.say(f"… and more that cannot be read{f'; all are in {self._rejects.path}' if self._rejects.path else ''}.")
        self._rejects.add(record)

    def waiting(self, reason: str, seconds: float) -> None:
        """Say that the endpoint is away."""
        self.say(f"{reason} Trying again in {duration(seconds)}; nothing is lost. Ctrl-C stops.")

    def saved(self, tally: Tally) -> None:
        """Pass on that what was counted is on the disk."""
        self.on_saved(tally)

    def progressed(self, tally: Tally) -> None:
        """Show how it goes, not more often than is readable."""
        now = time.monotonic()
        if self._quiet or now - self._said < (_ON_A_TERMINAL_S if self._terminal else _ELSEWHERE_S):
            return
        self._said = now
        line = self.line(tally, now)
        if self._terminal:
            print(f"\r\x1b[K{line[: shutil.get_terminal_size().columns - 1]}", end="", file=sys.stderr, flush=True)
            self._shown = True
        else:
            print(line, file=sys.stderr, flush=True)

    def line(self, tally: Tally, now: float) -> str:
        """Return how it goes in one line; the most important comes first, since terminals may be narrow."""
        share = self.outlook.share_read()
        made = tally.graded - tally.reused
        self._seen.append((now, made, share or 0.0))
        while len(self._seen) > 2 and now - self._seen[1][0] > _WHILE_S:
            self._seen.popleft()
        since, had_made, had_read = self._seen[0]
        passed = now - since
        rate = (made - had_made) / passed if passed else 0.0
        parts = [self._done(tally, share)]
        if rate:
            parts.append(f"{rate:,.0f} grades/s" if rate >= 10 else f"{rate:.1f} grades/s")
        left = self._left_s(tally, share, passed, made - had_made, had_read)
        if left is not None:
            parts.append(f"{duration(left)} left")
        parts += self._spend(tally)
        if tally.failed:
            parts.append(f"{tally.failed:,} failed")
        if self.outlook.limits:
            parts.append(f"{sum(limit.under_way for limit in self.outlook.limits)} at once")
            pause = max(limit.paused_s for limit in self.outlook.limits)
            if pause >= 1:
                parts.append(f"told to wait {duration(pause)}")
        return " · ".join(parts)

    def _done(self, tally: Tally, share: float | None) -> str:
        done = tally.finished + self.outlook.skipped()
        estimate = self.outlook.estimate
        if estimate is not None:
            about = "" if estimate.exact else "about "
            return f"{done:,} of {about}{max(done, estimate.transcripts):,} transcripts"
        return f"{done:,} transcripts ({share:.0%})" if share else f"{done:,} transcripts"

    def _left_s(self, tally: Tally, share: float | None, passed: float, asked: int, had_read: float) -> float | None:
        estimate = self.outlook.estimate
        if passed < 1:
            return None
        if estimate is not None and asked:
            return max(0, estimate.judgements - (tally.graded - tally.reused)) * passed / asked
        if estimate is None and share is not None and share > had_read:
            return (1 - share) * passed / (share - had_read)
        return None

    def _spend(self, tally: Tally) -> list[str]:
        if self.outlook.price is not None:
            spent = money(tally.spent, self.outlook.price.currency)
            budget = self.outlook.budget
            return [f"{spent} of {money(budget, self.outlook.price.currency)}" if budget is not None else spent]
        if tally.usage.calls:
            return [f"{tally.usage.input_tokens + tally.usage.output_tokens:,} tokens"]
        return []

    def say(self, text: str) -> None:
        """Say something on a line of its own."""
        from simulator.domain.text import clean

        self.close()
        print(clean(text), file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the changing line."""
        if self._shown:
            print(file=sys.stderr)
            self._shown = False


class Rejects:
    """Where records that cannot be read are set aside: ``NAME.rejected`` beside the results, or nowhere.

    ``skipped`` says up to which line each file will not be read again; what was set aside from there is kept.
    """

    def __init__(self, out: Path | None, skipped: dict[str, int] | None = None) -> None:
        self.path = out.with_name(f"{out.name}.rejected") if out is not None else None
        self.kept = 0
        if self.path is None:
            return
        try:
            if skipped:
                self.kept = _keep(self.path, skipped)
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise self._failed(error) from None

    def add(self, record: Rejected) -> None:
        """Set a record aside."""
        line = {"path": record.path, "line": record.line, "reason": record.reason, "raw": record.raw}
        if self.path is None:
            return
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> FinelineError:
        return FinelineError(f"{self.path} could not be written: {error.strerror or error}.")


def _keep(path: Path, skipped: dict[str, int]) -> int:
    """Keep of what was set aside only what lies in the skipped lines; return how many records that are."""
    kept = 0
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with path.open("rb") as old, temporary.open("wb") as new:
            for line in old:
                try:
                    record = json.loads(line)
                    if record["line"] > skipped.get(record["path"], 0):
                        continue
                except (ValueError, KeyError, TypeError):
                    continue
                new.write(line)
                kept += 1
        temporary.replace(path)
    except FileNotFoundError:
        return 0
    finally:
        temporary.unlink(missing_ok=True)
    return kept
