"""Lists of different lengths laid end to end in one array: adding them up and looking many of them up at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_TOGETHER = 128  # items of a list that are added up together with the other lists' items at the same place


def sums(table: np.ndarray, rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return (n, d) the sums of rows of ``table`` (m, d): of the first ``lengths[0]`` of ``rows``, of the next ``lengths[1]`` …

    An empty list gives zeros. ``np.add.reduceat`` does the same several times slower: it adds column by column.
    """
    # The longest first: then the lists that have an item at some place are always the first so many.
    order = np.argsort(-lengths, kind="stable")
    ordered = lengths[order]
    starts = (np.cumsum(lengths) - lengths)[order]
    out = np.zeros((len(lengths), table.shape[1]), table.dtype)
    longest = int(ordered[0]) if len(ordered) else 0
    reach = np.searchsorted(-ordered, -np.arange(min(longest, _TOGETHER)), side="left")
    for place, count in enumerate(reach.tolist()):
        out[:count] += table[rows[starts[:count] + place]]
    for number in range(int(np.searchsorted(-ordered, -_TOGETHER, side="left"))):
        out[number] += table[rows[starts[number] + _TOGETHER : starts[number] + ordered[number]]].sum(axis=0)
    back = np.empty_like(out)
    back[order] = out
    return back


def ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return all whole numbers from each of ``starts``, so many as ``lengths`` says, one range after the other."""
    begun = np.cumsum(lengths) - lengths
    out: np.ndarray = np.arange(int(lengths.sum())) + np.repeat(starts - begun, lengths)
    return out


class Lists:
    """Lists of numbers that are looked up by their place."""

    def __init__(self, lists: Sequence[Sequence[int]]) -> None:
        self._lengths = np.array([len(each) for each in lists], np.intp)
        self._starts = np.cumsum(self._lengths) - self._lengths
        self._items = np.array([item for each in lists for item in each], np.intp)

    def of(self, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the items of some lists, and for each item the place in ``which`` of the list it comes from."""
        lengths = self._lengths[which]
        return self._items[ranges(self._starts[which], lengths)], np.repeat(np.arange(len(which)), lengths)
