"""Remembering how sentences were weighed: at a counter, the same ones are said again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np

from simulator.language.numbering import Spoken

Weigh = Callable[[Sequence[Spoken]], tuple[np.ndarray, np.ndarray]]


class Memory:
    """The logits of sentences weighed before, and how many features each has. Not for use by two threads at once."""

    def __init__(self, width: int, most: int) -> None:
        """``width`` is the number of logits a sentence has, ``most`` how many sentences are kept before it begins anew."""
        self._most = most
        self._rows: dict[Spoken, int] = {}
        self._logits = np.zeros((1024, width), np.float32)
        self._counts = np.zeros(1024, np.intp)

    def recall(self, sentences: Sequence[Spoken], weigh: Weigh) -> tuple[np.ndarray, np.ndarray]:
        """Return what ``weigh`` returns of the sentences; it is asked only for those that are not remembered."""
        known = self._rows
        if len(known) + len(sentences) > self._most:
            known.clear()
        begun = len(known)
        # What is said twice in one batch is weighed once, too.
        rows = [known.setdefault(sentence, len(known)) for sentence in sentences]
        new = list(islice(known, begun, None))
        if new:
            try:
                logits, counts = weigh(new)
            except BaseException:
                known.clear()
                raise
            while len(known) > len(self._counts):
                self._logits = np.concatenate([self._logits, np.zeros_like(self._logits)])
                self._counts = np.concatenate([self._counts, np.zeros_like(self._counts)])
            self._logits[begun : len(known)] = logits
            self._counts[begun : len(known)] = counts
        return self._logits[rows], self._counts[rows]
