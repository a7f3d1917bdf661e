"""A run leaves the collector as it found it."""

from __future__ import annotations

import gc

import pytest

from simulator.batch.memory import seldom_looked_through


def test_the_collector_looks_seldom_and_afterwards_as_before():
    before = gc.get_threshold(), gc.get_freeze_count()
    with pytest.raises(KeyError), seldom_looked_through():
        assert gc.get_threshold()[0] > before[0][0]
        assert gc.get_freeze_count() > before[1]
        raise KeyError
    assert gc.get_threshold() == before[0]
    assert gc.get_freeze_count() == 0
