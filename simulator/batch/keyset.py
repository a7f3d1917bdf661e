"""A set of millions of keys in little memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

KEY_BYTES = 16
_REST = KEY_BYTES - 2
_BUCKETS = 1 << 16


class KeySet:
    """Keys of 16 bytes (digests, so evenly spread), about 17 bytes each where a ``set`` takes over 100.

    The first two bytes choose one of 65,536 buckets; a bucket is the other bytes of its keys, end to end.
    """

    def __init__(self) -> None:
        self._buckets: list[bytearray | None] = [None] * _BUCKETS
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, key: bytes) -> bool:
        bucket = self._buckets[key[0] << 8 | key[1]]
        if bucket is None:
            return False
        rest = key[2:]
        at = bucket.find(rest)
        while at > 0 and at % _REST:
            # Found across the border of two keys.
            at = bucket.find(rest, at + 1)
        return at >= 0

    def add(self, key: bytes) -> bool:
        """Take in a key; return whether it is new."""
        if key in self:
            return False
        number = key[0] << 8 | key[1]
        bucket = self._buckets[number]
        if bucket is None:
            bucket = self._buckets[number] = bytearray()
        bucket += key[2:]
        self._count += 1
        return True

    def fill(self, keys: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        """Take in many keys at once: bytes of shape ``(n, 16)``. Keys that come twice are kept twice, which does no harm."""
        import numpy as np

        numbers = keys[:, 0].astype(np.uint16) << 8 | keys[:, 1]
        order = np.argsort(numbers, kind="stable")
        rests = keys[order, 2:].tobytes()
        buckets, counts = np.unique(numbers, return_counts=True)
        at = 0
        for number, count in zip(buckets.tolist(), (counts * _REST).tolist(), strict=True):
            bucket = self._buckets[number]
            if bucket is None:
                self._buckets[number] = bytearray(rests[at : at + count])
            else:
                bucket += rests[at : at + count]
            at += count
        self._count += len(keys)
