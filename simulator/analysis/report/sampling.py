"""Which few of many are shown: the ones whose keys come first.

A key is a hash of the work, blind to what came of it, so the first keys are as good as drawn by lot; they are the same
whatever the order of the records, and anybody can check the choice by sorting.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
S = TypeVar("S", bound=Hashable)


class FirstKeys(Generic[T]):
    """Of any number of items, the ``most`` whose keys come first, and how many there were."""

    __slots__ = ("_kept", "count", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.count = 0
        self._kept: list[tuple[str, int, T]] = []

    def wants(self, key: str) -> bool:
        """Count an item; return whether it is to be kept so far."""
        self.count += 1
        return len(self._kept) < self.most or (self.most > 0 and key < self._kept[-1][0])

    def keep(self, key: str, item: T) -> None:
        """Keep an item that was wanted; the number tells equal keys apart, so that items are never compared."""
        insort(self._kept, (key, self.count, item))
        del self._kept[self.most :]

    def __iter__(self) -> Iterator[T]:
        return (item for _, _, item in self._kept)

    def __len__(self) -> int:
        return len(self._kept)


class Strata(Generic[S, T]):
    """A sample of each stratum, all of the same size."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._samples: defaultdict[S, FirstKeys[T]] = defaultdict(lambda: FirstKeys(most))

    def __getitem__(self, stratum: S) -> FirstKeys[T]:
        return self._samples[stratum]

    def get(self, stratum: S) -> FirstKeys[T]:
        """Return the sample of a stratum, an empty one where there is none."""
        return self._samples.get(stratum) or FirstKeys(self.most)

    def items(self) -> Iterator[tuple[S, FirstKeys[T]]]:
        """Yield the strata and their samples."""
        yield from self._samples.items()
