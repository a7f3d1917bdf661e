"""Intervals of shares: how far a count out of so many can be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z_95 = 1.959963984540054
"""The standard normal quantile of a two-sided 95% interval."""


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of ``n``, with the 95% interval of the share, 0–1; all ``None`` where ``n`` is 0."""

    count: int
    n: int
    value: float | None
    low: float | None
    high: float | None

    def as_json(self) -> dict[str, float | int | None]:
        """Return plain data, rounded to four places."""
        ends = {"value": self.value, "low": self.low, "high": self.high}
        return {"count": self.count, "n": self.n, **{name: None if x is None else round(x, 4) for name, x in ends.items()}}


def wilson(count: int, n: int, z: float = Z_95) -> Share:
    """Return the share ``count / n`` with its score interval (Wilson 1927, J. Am. Stat. Assoc. 22: 209-212).

    Right also for small ``n`` and for shares at 0 and 1. Raises ``ValueError`` unless 0 ≤ count ≤ n.
    """
    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n} is no share")
    if n == 0:
        return Share(0, 0, None, None, None)
    share = count / n
    centre = share + z * z / (2 * n)
    reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if count == 0 else (centre - reach) / scale
    high = 1.0 if count == n else (centre + reach) / scale
    return Share(count, n, share, low, high)
