"""Turns that are heard together: from the logits of their sentences to what each shows."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from pydantic import TypeAdapter

from simulator.domain.behaviour import Heard
from simulator.domain.transcript import Turn
from simulator.language import ragged
from simulator.language.answers import SHOWN_LOGIT, Answers
from simulator.language.reading import Sentence

LEAST = 0.2  # strengths below it are not reported
_LEAST_LOGIT = math.log(LEAST / (1 - LEAST))
_NOTHING = -30.0  # the logit of every behaviour in a turn without sentences
_HEARD = TypeAdapter(list[Heard])


class Batch:
    """The turns of some transcripts, their sentences, and the logits (sentences, behaviours) of those."""

    def __init__(
        self, lists: Sequence[Sequence[Turn]], found: Sequence[Sequence[Sentence]], logits: np.ndarray, counts: np.ndarray
    ) -> None:
        """``counts`` is how many features each sentence has."""
        self._lists = lists
        self._texts = [turn.text for turns in lists for turn in turns]
        self._trainees = np.array([turn.role == "trainee" for turns in lists for turn in turns])
        self._sentences = [sentence for each in found for sentence in each]
        self._sizes = np.array([len(each) for each in found], np.intp)
        self._firsts = np.cumsum(self._sizes) - self._sizes
        self._logits, self._counts = logits, counts
        self._tops = np.full((len(found), logits.shape[1]), _NOTHING, np.float32)
        filled = self._sizes > 0
        self._tops[filled] = np.maximum.reduceat(logits, self._firsts[filled], axis=0)
        self._can = np.zeros(self._tops.shape, bool)

    def settle(self, answers: Answers, on_record: Mapping[int, Sequence[Heard]]) -> None:
        """Let each turn sound as what it is in answer to the other's last turn.

        ``on_record`` holds what some turns (by place) are known to have shown, however they sound.
        """
        shown = np.zeros((len(self._texts) + 1, self._tops.shape[1]), bool)
        answered, waves = self._waves()
        # Turn by turn, but those of all transcripts that stand equally far from a beginning at once.
        for wave in waves:
            before = shown[answered[wave]]
            contexts = answers.contexts(before)
            self._add(answers, wave, contexts)
            self._can[wave] = answers.possible(self._trainees[wave], before)
            shown[wave] = answers.shown(self._tops[wave], self._can[wave])
            for at in on_record.keys() & set(wave.tolist()) if on_record else ():
                shown[at] = answers.shown_by_record([each.id for each in on_record[at] if each.shown])

    def _waves(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return which turn each one answers (−1: none), and the turns by how many answers lead to them."""
        answered: list[int] = []
        depths: list[int] = []
        for turns in self._lists:
            last = {"trainee": -1, "customer": -1}
            for turn in turns:
                other = last["customer" if turn.role == "trainee" else "trainee"]
                last[turn.role] = len(answered)
                answered.append(other)
                depths.append(depths[other] + 1 if other >= 0 else 0)
        order = np.argsort(depths, kind="stable")
        return np.array(answered, np.intp), np.split(order, np.cumsum(np.bincount(depths))[:-1])

    def _add(self, answers: Answers, wave: np.ndarray, contexts: np.ndarray) -> None:
        """Add what the other's last turn does to the sentences of those turns of a wave where it does anything."""
        which = np.flatnonzero(contexts.any(axis=1) & (self._sizes[wave] > 0))
        if not len(which):
            return
        turns = wave[which]
        sizes, firsts = self._sizes[turns], self._firsts[turns]
        rows = ragged.ranges(firsts, sizes)
        sentences = [self._sentences[row] for row in rows.tolist()]
        self._logits[rows] += answers.because(sentences, np.repeat(contexts[which], sizes, axis=0), self._counts[rows])
        self._tops[turns] = np.maximum.reduceat(self._logits[rows], np.cumsum(sizes) - sizes, axis=0)

    def collect(self, heard: list[tuple[Heard, ...]], ids: Sequence[str], faint: Collection[str] | None = None) -> None:
        """Put what each turn shows into its place in ``heard``, strongest first; ``ids`` are the behaviours'.

        With ``faint``, what is too faint to count as shown is put there of these behaviours only.
        """
        enough = np.array([_LEAST_LOGIT if faint is None or each in faint else SHOWN_LOGIT for each in ids])
        turns, behaviours = np.nonzero((self._tops >= enough) & self._can)
        tops = self._tops[turns, behaviours]
        strengths = np.round(1 / (1 + np.exp(-tops.astype(np.float64))), 3)
        # Of a turn's sentences, the first that reaches the highest logit is the quote.
        sizes = self._sizes[turns]
        begun = np.cumsum(sizes) - sizes
        rows = ragged.ranges(self._firsts[turns], sizes)
        reached = np.flatnonzero(self._logits[rows, np.repeat(behaviours, sizes)] == np.repeat(tops, sizes))
        quoted = rows[reached[np.searchsorted(reached, begun)]]
        order = np.lexsort((behaviours, -strengths, turns))
        texts, sentences = self._texts, self._sentences
        records = []
        listed = turns[order].tolist()
        for turn, behaviour, strength, row in zip(
            listed, behaviours[order].tolist(), strengths[order].tolist(), quoted[order].tolist(), strict=True
        ):
            start, end = sentences[row][:2]
            records.append({"id": ids[behaviour], "strength": strength, "quote": texts[turn][start:end]})
        made = _HEARD.validate_python(records)
        places, starts = np.unique(turns, return_index=True)
        bounds = [*starts.tolist(), len(made)]
        for number, turn in enumerate(places.tolist()):
            heard[turn] = tuple(made[bounds[number] : bounds[number + 1]])
