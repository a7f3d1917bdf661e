"""How a long run keeps its memory."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_OBJECTS = 10_000


@contextmanager
def seldom_looked_through() -> Iterator[None]:
    """Save a run a tenth of its work: what was imported stays, and judgements leave few circles for the collector to find."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
