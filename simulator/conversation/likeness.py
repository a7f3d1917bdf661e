"""How alike two short texts are: word vectors and shared wording, with the vectors kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from simulator.conversation.sentences import sentences, words
from simulator.domain.persona import Line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KEPT = 8000
# Politeness that shares its words with what it denies: "that's no problem" is not about a problem.
_POLITE = re.compile(r"\b(?:that's |it's )?no (?:problem|worries|bother|trouble)(?: at all)?\b[,.!]*", re.IGNORECASE)
# From this likeness words are such as a line was written for.
CUED_FROM = 0.5


class Encoder(Protocol):
    """Turns texts into vectors of length 1, so that a dot product is their cosine."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row a text."""
        ...


class Likeness:
    """Scores 0–1, roughly: 0.5 is about the same thing, 0.8 nearly the same words."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def _vector(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        missing = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if missing:
            if len(self._vectors) > _KEPT:
                self._vectors.clear()
                missing = list(dict.fromkeys(texts))
            for text, vector in zip(missing, self._encoder.encode(missing), strict=True):
                self._vectors[text] = vector
        return [self._vectors[text] for text in texts]

    def learn(self, texts: Sequence[str]) -> None:
        """Encode texts ahead of time, in one batch."""
        self._vector([text for text in texts if text.strip()])

    def scores(self, text: str, others: Sequence[str]) -> list[float]:
        """Return how alike ``text`` is to each of ``others``."""
        if not text.strip() or not others:
            return [0.0] * len(others)
        own = frozenset(words(text))
        return [
            self._blend(cosine, len(own & theirs) / max(len(own | theirs), 1))
            for cosine, theirs in zip(self.cosines(text, others), (frozenset(words(other)) for other in others), strict=True)
        ]

    def cued(self, heard: str, lines: Sequence[Line]) -> float:
        """Return how well the best of ``lines`` was written, in its ``after``, for what was heard; 0 without such cues."""
        return max((self.cue(heard, line) for line in lines), default=0.0)

    def cue(self, heard: str, line: Line) -> float:
        """Return how well a line was written, in its ``after``, for what was heard (the whole of it, or a sentence of it)."""
        if not line.after:
            return 0.0
        said = sentences(_POLITE.sub("", heard)) or [heard]
        return max(max(self.scores(each, line.after), default=0.0) for each in (*said, *([heard] if len(said) != 1 else [])))

    def cosines(self, text: str, others: Sequence[str]) -> list[float]:
        """Return the cosine of ``text`` with each of ``others``, -1 to 1."""
        if not text.strip() or not others:
            return [0.0] * len(others)
        own, *rows = self._vector([text, *others])
        return [float(own @ row) for row in rows]

    def grid(self, texts: Sequence[str], others: Sequence[str]) -> list[list[float]]:
        """Return a row of cosines with ``others`` for each of ``texts``."""
        import numpy as np

        if not texts or not others:
            return [[] for _ in texts]
        table: list[list[float]] = (np.stack(self._vector(texts)) @ np.stack(self._vector(others)).T).tolist()
        return table

    def score(self, text: str, other: str) -> float:
        """Return how alike two texts are."""
        return self.scores(text, [other])[0]

    @staticmethod
    def _blend(cosine: float, shared: float) -> float:
        # Vectors and shared wording, weighed so that of what authors wrote cues for most is found and little else is.
        return round(min(max((cosine + 0.5 * shared) / 1.3, 0.0), 1.0), 4)
