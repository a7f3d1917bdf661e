"""Runs of words as numbers: which of the runs that matter occur where, for very many words at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_BITS = 20  # of a word's number: three of them make one 64-bit key
_FILTER_BITS = 18
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ divided by the golden ratio: multiplying by it scatters keys evenly


class Ngrams:
    """A fixed set of runs of two or three strings. Each string in them has a number from 1; 0 stands for all others."""

    def __init__(self, runs: Sequence[tuple[str, ...]]) -> None:
        """``runs`` must differ from each other; results name them by their place in it."""
        numbers: dict[str, int] = {}
        keys = []
        for run in runs:
            key = 0
            for part in run:
                number = numbers.get(part)
                if number is None:
                    number = numbers[part] = len(numbers) + 1
                key = key << _BITS | number
            keys.append(key)
        if len(numbers) >= 1 << _BITS:
            raise ValueError(f"more than {1 << _BITS:,} different words in runs")
        self.numbers = numbers
        table = np.array(keys, np.int64)
        self._order = np.argsort(table)
        self._keys = np.append(table[self._order], np.iinfo(np.int64).max)
        self._filter = np.zeros(1 << _FILTER_BITS, bool)
        self._filter[_slots(table)] = True

    def pairs(self, numbers: np.ndarray, among: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return where runs of two begin in a sequence of numbers (int64), and which they are.

        ``among`` (one less than ``numbers``) limits where they may begin.
        """
        keys = numbers[:-1] << _BITS | numbers[1:]
        if among is None:
            return self._find(keys)
        places = np.flatnonzero(among)
        at, runs = self._find(keys[places])
        return places[at], runs

    def triples(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where runs of three begin in a sequence of numbers (int64), and which they are."""
        keys = (numbers[:-2] << _BITS | numbers[1:-1]) << _BITS | numbers[2:]
        # A run whose first word is none of ours would look like a pair.
        return self._find(keys * (numbers[:-2] > 0))

    def _find(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        maybe = np.flatnonzero(self._filter[_slots(keys)])
        wanted = keys[maybe]
        at = np.searchsorted(self._keys, wanted)
        right = self._keys[at] == wanted
        return maybe[right], self._order[at[right]]


def _slots(keys: np.ndarray) -> np.ndarray:
    slots: np.ndarray = (keys.view(np.uint64) * _SPREAD) >> np.uint64(64 - _FILTER_BITS)
    return slots.view(np.int64)
