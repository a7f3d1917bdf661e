"""How quick intervals of agreement are, beside resampling the units themselves; run by hand: python tests/benchmarks/agreement.py"""

from __future__ import annotations

import time

import numpy as np

from simulator.analysis.agreement import Patterns, alpha, spearman, weighted_kappa
from simulator.language import measure

UNITS = (200, 2_000, 20_000)
TIMES = 1000


def seconds(what: object) -> float:
    """Return the best of three."""
    best = float("inf")
    for _each in range(3):
        begin = time.perf_counter()
        what()  # type: ignore[operator]
        best = min(best, time.perf_counter() - begin)
    return best


def main() -> None:
    """Print, for each number of units, the time of each figure with its interval, and how many times quicker it is."""
    random = np.random.default_rng(1)
    print(f"{TIMES} resamples; levels 1-5 of two raters")
    for units in UNITS:
        one = random.integers(1, 6, units)
        other = np.clip(one + random.integers(-1, 2, units), 1, 5)
        rows = Patterns(zip(one.tolist(), other.tolist(), strict=True))
        plain = seconds(lambda a=one, b=other: measure.interval(measure.spearman, a, b, times=TIMES))
        for name, figure in (
            ("spearman", lambda each=rows: spearman(each)),
            ("kappa", lambda each=rows: weighted_kappa(each)),
            ("alpha", lambda each=rows: alpha(each, "ordinal")),
        ):
            took = seconds(figure)
            print(
                f"{units:>7,} units  {name:<9} {took * 1000:7.1f} ms  {plain / took:7.0f} × quicker than resampling units for rho"
            )


if __name__ == "__main__":
    main()
