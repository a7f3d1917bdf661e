"""Cues in very many sentences at once: only what stands at every gate of a cue is worth trying its pattern on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.language.cues import Cues
from simulator.language.reading import line_of


class Gates:
    """What the sentences of a batch must have for each cue to match: see :meth:`simulator.language.cues.Cues.gates`.

    ``words`` and ``runs`` say which gates a word, or a run of two or three, opens.
    """

    def __init__(self, cues: Cues) -> None:
        self.words: dict[str, list[int]] = {}
        self.runs: dict[tuple[str, ...], list[int]] = {}
        self._cues = cues.cues
        numbers: dict[frozenset[tuple[str, ...]], int] = {}
        needs: list[list[int]] = []
        certain: list[bool] = []
        commonness: list[float] = []
        for cue in cues.cues:
            gates, enough = cues.gates(cue)
            for gate in gates:
                if numbers.setdefault(gate, len(numbers)) == len(commonness):
                    commonness.append(_commonness(gate))
            needs.append(sorted((numbers[gate] for gate in gates), key=commonness.__getitem__))
            certain.append(enough)
        for gate, number in numbers.items():
            for run in gate:
                (self.runs.setdefault(run, []) if len(run) > 1 else self.words.setdefault(run[0], [])).append(number)
        # One more gate, always open, stands where a cue has fewer than the others.
        self._open = len(numbers)
        width = max(1, *map(len, needs)) if needs else 1
        self._needs = np.array([each + [self._open] * (width - len(each)) for each in needs], np.intp).reshape(-1, width)
        self._certain = np.array(certain, bool)

    def find(self, owners: np.ndarray, opened: np.ndarray, sentences: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
        """Return which sentences (by place) and cues (by number) match, where ``owners`` have the gates ``opened``."""
        table = np.zeros((self._open + 1, len(sentences)), bool)
        table[opened, owners] = True
        table[self._open] = True
        # The rarest gate first: of six hundred cues a dozen are left.
        cues, at = np.divmod(np.flatnonzero(table[self._needs[:, 0]]), len(sentences))
        for needed in self._needs.T[1:]:
            left = np.flatnonzero(table[needed[cues], at])
            at, cues = at[left], cues[left]
        sure = self._certain[cues]
        lines: dict[int, str] = {}
        doubtful = np.flatnonzero(~sure)
        for place, sentence, cue in zip(doubtful.tolist(), at[doubtful].tolist(), cues[doubtful].tolist(), strict=True):
            if sentence not in lines:
                lines[sentence] = line_of(sentences[sentence])
            sure[place] = self._cues[cue].pattern.search(lines[sentence]) is not None
        return at[sure], cues[sure]


# The commonest words of English and of the counter: a gate that holds one of them keeps little out.
_COMMON = frozenset(
    "i you the a an to it is that's that your we of and in for on i'm are do can have be so this not with me my just it's , ! ? "
    "there was at all what how no will would could if they here get go up out good one like now order please thank sorry".split()
)


def _commonness(gate: frozenset[tuple[str, ...]]) -> float:
    return sum((50 if run[0] in _COMMON else 1) if len(run) == 1 else 0.2 for run in gate)
