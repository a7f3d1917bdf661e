"""Reading much at once without the cycle collector going over all of it again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the collector of reference cycles.

    What is read from files holds no cycles and is kept or freed by counting; with a large library alive, the collector
    would take as long again as the reading.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
