"""A set of millions of keys in little memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

KEY_BYTES = 16
# Of a key the last 12 bytes are kept; that any two of a hundred million share them is less likely than a broken disk (1e-13).
_BEGIN = KEY_BYTES - 12
_END = KEY_BYTES - 2
_REST = _END - _BEGIN
_BUCKETS = 1 << 16


class KeySet:
    """Keys of 16 bytes (digests, so evenly spread), about 15 bytes each where a ``set`` takes over 100.

    The last two bytes choose one of 65,536 buckets; a bucket is the ten bytes before them of its keys, end to end.
    """

    def __init__(self) -> None:
        self._buckets: list[bytearray | None] = [None] * _BUCKETS
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, key: bytes) -> bool:
        bucket = self._buckets[key[-2] << 8 | key[-1]]
        if bucket is None:
            return False
        rest = key[_BEGIN:_END]
        at = bucket.find(rest)
        while at > 0 and at % _REST:
            # Found across the border of two keys.
            at = bucket.find(rest, at + 1)
        return at >= 0

    def add(self, key: bytes) -> bool:
        """Take in a key; return whether it is new."""
        if key in self:
            return False
        number = key[-2] << 8 | key[-1]
        bucket = self._buckets[number]
        if bucket is None:
            bucket = self._buckets[number] = bytearray()
        bucket += key[_BEGIN:_END]
        self._count += 1
        return True

    def load(self, read: Callable[[], Iterable[np.ndarray[Any, np.dtype[np.uint8]]]]) -> None:
        """Take in many keys into an empty set: arrays of shape ``(n, 16)``, which ``read`` gives twice, the same each time.

        They are counted first, so that every bucket gets the room it needs at once. Keys that come twice are kept twice, which
        does no harm.
        """
        import numpy as np

        counts = np.zeros(_BUCKETS, dtype=np.int64)
        for keys in read():
            counts += np.bincount(_numbers(keys), minlength=_BUCKETS)
        self._buckets = [bytearray(count * _REST) if count else None for count in counts.tolist()]
        self._count = int(counts.sum())
        filled = np.zeros(_BUCKETS, dtype=np.int64)
        for keys in read():
            numbers = _numbers(keys)
            rests = keys[np.argsort(numbers, kind="stable"), _BEGIN:_END].tobytes()
            buckets, sizes = np.unique(numbers, return_counts=True)
            at = 0
            begins = (filled[buckets] * _REST).tolist()
            for number, begin, size in zip(buckets.tolist(), begins, (sizes * _REST).tolist(), strict=True):
                bucket = self._buckets[number]
                assert bucket is not None  # noqa: S101 - it was counted
                bucket[begin : begin + size] = rests[at : at + size]
                at += size
            filled[buckets] += sizes


def _numbers(keys: np.ndarray[Any, np.dtype[np.uint8]]) -> np.ndarray[Any, np.dtype[np.uint16]]:
    import numpy as np

    high, low = keys[:, -2].astype(np.uint16), keys[:, -1].astype(np.uint16)
    return np.bitwise_or(np.left_shift(high, np.uint16(8)), low)
