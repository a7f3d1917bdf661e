"""What a turn means because of who says it and of what the other has just said."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from simulator.domain.behaviour import SHOWN, Catalogue, Role
from simulator.language import ragged
from simulator.language.features import after, behaviours_of_contexts
from simulator.language.model import Model, damping
from simulator.language.reading import Sentence

# Strengths are rounded to three digits; from this logit one rounds to at least SHOWN.
SHOWN_LOGIT = math.log((SHOWN - 0.0005) / (1 - SHOWN + 0.0005))


class Answers:
    """Tables of who can show which behaviour after what. Columns of all arrays are the catalogue's behaviours, in its order."""

    def __init__(self, catalogue: Catalogue, model: Model) -> None:
        """``model`` has the catalogue's behaviours as its outputs."""
        self._model = model
        ids = [each.id for each in catalogue]
        self._numbers = {name: number for number, name in enumerate(ids)}
        speaks: dict[Role, list[bool]] = {role: [role in each.speakers for each in catalogue] for role in ("trainee", "customer")}
        self._speaks = np.array([speaks["customer"], speaks["trainee"]])
        gated = [number for number, each in enumerate(catalogue) if each.after]
        self._gated = np.array(gated, np.intp)
        self._opens = np.array([[one in each.after for each in catalogue if each.after] for one in ids]).reshape(len(ids), -1)
        contexts = behaviours_of_contexts()
        self._contexts = tuple(contexts)
        self._sets = np.array([[one in members for members in contexts.values()] for one in ids])

    def shown_by_record(self, behaviours: Sequence[str]) -> np.ndarray:
        """Return the row of what a turn is on record to have shown."""
        row = np.zeros(len(self._numbers), bool)
        row[[self._numbers[each] for each in behaviours if each in self._numbers]] = True
        return row

    def possible(self, trainees: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Return (turns, behaviours) whether each turn can show a behaviour at all.

        ``trainees`` (turns,) is whether the trainee speaks; ``before`` (turns, behaviours) what the other's last turn showed.
        """
        can: np.ndarray = self._speaks[trainees.astype(np.intp)]
        can[:, self._gated] &= before @ self._opens
        return can

    def shown(self, tops: np.ndarray, can: np.ndarray) -> np.ndarray:
        """Return (turns, behaviours) what is heard clearly enough to count, given the highest logits."""
        out: np.ndarray = (tops >= SHOWN_LOGIT) & can
        return out

    def contexts(self, before: np.ndarray) -> np.ndarray:
        """Return (turns, contexts) which contexts the other's last turns set."""
        out: np.ndarray = before @ self._sets
        return out

    def because(self, sentences: Sequence[Sentence], contexts: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Return (sentences, behaviours) what the other's last turn adds to the logits of sentences.

        ``contexts`` (sentences, contexts) are those it set; ``counts`` how many features each sentence has of its own.
        """
        ids = self._model.ids
        names = [[name for name, holds in zip(self._contexts, row, strict=True) if holds] for row in contexts.tolist()]
        features = [ids(after(sentence, context)) for sentence, context in zip(sentences, names, strict=True)]
        lengths = np.array([len(each) for each in features], np.intp)
        flat = np.array([number for each in features for number in each], np.intp)
        out: np.ndarray = ragged.sums(self._model.sparse, flat, lengths) * damping(counts)[:, None]
        return out
