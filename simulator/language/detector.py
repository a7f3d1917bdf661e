"""The ear: which behaviours a turn shows, how strongly, and the words that show each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from simulator.domain.behaviour import SHOWN, Catalogue, Heard, Role
from simulator.domain.transcript import Transcript, Turn
from simulator.language import reading
from simulator.language.cues import VETO, VETO_TURN, Cues
from simulator.language.encoder import Encoder

LEAST = 0.2  # strengths below it are not reported
_NEAR = 0.80  # cosine to a catalogue example from which likeness alone counts


def asks(text: str) -> bool:
    """Return whether the text asks a question, with or without its mark."""
    return reading.is_question(text)


def understands(text: str) -> bool:
    """Return whether the text is English that the ear can hear; of anything else it hears nothing rather than guess."""
    return reading.understands(text)


class Detector:
    """Hears behaviours. Deterministic: the same turn after the same turns always sounds the same."""

    def __init__(self, catalogue: Catalogue, cues: Cues, encoder: Encoder) -> None:
        self.catalogue = catalogue
        self.encoder = encoder
        self._cues = cues
        self._speakers = {each.id: each.speakers for each in catalogue}
        self._after = {each.id: frozenset(each.after) for each in catalogue if each.after}
        self._order = {each.id: number for number, each in enumerate(catalogue)}

    @classmethod
    def load(cls, catalogue: Catalogue) -> Detector:
        """Read the cues and the vectors; no network.

        Raises :class:`FinelineError` when the word vectors are not installed.
        """
        return cls(catalogue, Cues.load(), Encoder.load())

    @cached_property
    def version(self) -> str:
        """A short name that changes when what is heard could change: the cues, the weights or the catalogue."""
        digest = hashlib.sha256(self.catalogue.model_dump_json().encode())
        for cue in self._cues.cues:
            digest.update(f"{cue.behaviour} {cue.strength} {cue.source}\n".encode())
        return f"ear-1-{digest.hexdigest()[:10]}"

    @cached_property
    def _known(self) -> tuple[np.ndarray, list[tuple[str, bool]]]:
        texts = [(text, each.id, good) for each in self.catalogue for good, some in ((True, each.examples), (False, each.near_misses))
                 for text in some]  # fmt: skip
        return self.encoder.encode([text for text, _, _ in texts]), [(name, good) for _, name, good in texts]

    def hear(self, text: str, role: Role, before: Sequence[Turn] = ()) -> tuple[Heard, ...]:
        """Return the behaviours heard in a turn, strongest first, each with its words (an exact part of ``text``).

        ``before`` are the turns before it: some behaviours exist only in answer to another.
        """
        earlier = next((turn for turn in reversed(before) if turn.role != role), None)
        answered: frozenset[str] | None = None
        if earlier is not None:
            heard = earlier.behaviours or self._hear(earlier.text, earlier.role, None)
            answered = frozenset(each.id for each in heard if each.strength >= SHOWN)
        return self._hear(text, role, answered)

    def hear_all(self, transcript: Transcript) -> list[tuple[Heard, ...]]:
        """Return what is heard in each turn of a transcript, in order."""
        out: list[tuple[Heard, ...]] = []
        last: dict[str, frozenset[str]] = {}
        for turn in transcript.turns:
            other = "customer" if turn.role == "trainee" else "trainee"
            heard = self._hear(turn.text, turn.role, last.get(other))
            last[turn.role] = frozenset(each.id for each in heard if each.strength >= SHOWN)
            out.append(heard)
        return out

    def _hear(self, text: str, role: Role, answered: frozenset[str] | None) -> tuple[Heard, ...]:
        sentences = reading.sentences(text)
        if not sentences or not understands(text):
            return ()
        best: dict[str, tuple[float, reading.Sentence]] = {}
        barred: set[str] = set()
        for sentence in sentences:
            strengths: dict[str, float] = {}
            vetoed: set[str] = set()
            for number in self._cues.find(sentence.words, sentence.line):
                cue = self._cues.cues[number]
                if cue.strength == VETO:
                    vetoed.add(cue.behaviour)
                elif cue.strength == VETO_TURN:
                    barred.add(cue.behaviour)
                elif cue.strength > strengths.get(cue.behaviour, 0.0):
                    strengths[cue.behaviour] = cue.strength
            for name, strength in self._alike(text[sentence.start : sentence.end]).items():
                if strength > strengths.get(name, 0.0):
                    strengths[name] = strength
            for name, strength in strengths.items():
                if name not in vetoed and strength > best.get(name, (0.0, sentence))[0]:
                    best[name] = (strength, sentence)
        if len([word for sentence in sentences for word in sentence.words if word[0].isalnum()]) > 9:
            barred.add("curt")
        found = []
        for name, (strength, sentence) in best.items():
            if name in barred or role not in self._speakers.get(name, ()):
                continue
            needed = self._after.get(name)
            if needed is not None and (answered is None or not needed & answered):
                continue
            found.append(Heard(id=name, strength=round(strength, 3), quote=text[sentence.start : sentence.end]))
        found.sort(key=lambda heard: (-heard.strength, self._order[heard.id]))
        return tuple(found)

    def _alike(self, text: str) -> dict[str, float]:
        vectors, labels = self._known
        likeness = vectors @ self.encoder.encode([text])[0]
        out: dict[str, float] = {}
        missed: dict[str, float] = {}
        for index in np.flatnonzero(likeness >= _NEAR):
            name, good = labels[index]
            side = out if good else missed
            side[name] = max(side.get(name, 0.0), float(likeness[index]))
        return {name: value * 0.95 for name, value in out.items() if value > missed.get(name, 0.0)}
