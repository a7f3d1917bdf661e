"""The ear: which behaviours a turn shows, how strongly, and the words that show each.

A turn is read into sentences; each sentence is measured (words, cues, shape, word vector, likeness to the catalogue, what the
other has just said) and weighed by a linear model trained offline. A turn shows a behaviour as strongly as its strongest
sentence, and that sentence is the quote.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulator.domain.behaviour import SHOWN, Catalogue, Heard, Role
from simulator.domain.transcript import Transcript, Turn
from simulator.language import reading
from simulator.language.cues import Cues
from simulator.language.encoder import Encoder
from simulator.language.features import Measures, after, contexts
from simulator.language.model import Model, damping

LEAST = 0.2  # strengths below it are not reported
_LEAST_LOGIT = math.log(LEAST / (1 - LEAST))
_DIMENSIONS = 64  # of the word vectors, for likeness to the catalogue: their leading dimensions hold most
_AT_ONCE = 128  # turns weighed together: their tables stay in the processor's cache
_LOOK_BACK = 4  # turns that can matter to what a turn means


def asks(text: str) -> bool:
    """Return whether the text asks a question, with or without its mark."""
    return reading.is_question(text)


def understands(text: str) -> bool:
    """Return whether the text is English that the ear can hear; of anything else it hears nothing rather than guess."""
    return reading.understands(text)


class Likeness:
    """How like a sentence is to the examples and the near misses of each behaviour."""

    def __init__(self, catalogue: Catalogue, encoder: Encoder) -> None:
        texts = [text for each in catalogue for text in (*each.examples, *each.near_misses)]
        rows = [
            [encoder.row(word) for s in reading.sentences(text) for word in s.words if reading.counts(word)] for text in texts
        ]
        self._known = _leading(encoder.sums(rows))
        counts = np.array([len(side) for each in catalogue for side in (each.examples, each.near_misses)])
        self._starts = np.cumsum(counts) - counts
        self._empty = np.flatnonzero(counts == 0)

    def of(self, vectors: np.ndarray, without: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return (n, behaviours) likeness 0–1 to the closest example, and to the closest near miss.

        ``without`` (n,) names an example that is left out for a sentence, −1 for none: it must not be likened to itself.
        """
        cosines = self._known @ _leading(vectors).T
        if without is not None:
            columns = np.flatnonzero(without >= 0)
            cosines[without[columns], columns] = -1.0
        # One more row, so that a behaviour without near misses at the end has something to start at.
        rows = np.concatenate([cosines, np.zeros((1, cosines.shape[1]), np.float32)])
        best = np.maximum.reduceat(rows, self._starts, axis=0)
        best[self._empty] = 0.0
        near = _near(best.T)
        return near[:, ::2], near[:, 1::2]


def _leading(vectors: np.ndarray) -> np.ndarray:
    part = vectors[:, :_DIMENSIONS]
    norms = np.linalg.norm(part, axis=1, keepdims=True)
    out: np.ndarray = np.divide(part, norms, out=np.zeros_like(part), where=norms > 0)
    return out


def _near(cosines: np.ndarray) -> np.ndarray:
    # Static vectors give unrelated sentences cosines up to about 0.4; only what is above says anything.
    out: np.ndarray = np.clip((cosines - 0.4) / 0.6, 0.0, 1.0)
    return out


@dataclass(frozen=True, slots=True)
class _Read:
    """A turn that has been read: its sentences, the first one's row in the table of logits, and how many features each has."""

    text: str
    role: Role
    sentences: list[reading.Sentence]
    first: int
    features: list[int]


class Detector:
    """Hears behaviours. Deterministic: the same turn after the same turns always sounds the same."""

    def __init__(self, catalogue: Catalogue, cues: Cues, encoder: Encoder, model: Model) -> None:
        self.catalogue = catalogue
        self.encoder = encoder
        self._model = model
        self._measures = Measures(cues)
        self._ids = [each.id for each in catalogue]
        known = {name: number for number, name in enumerate(model.outputs)}
        # Behaviours that trainers add have no weights: they are heard by likeness to their examples alone.
        self._columns = np.array([known.get(name, -1) for name in self._ids], np.intp)
        self._trained = self._columns >= 0
        self._after = [frozenset(each.after) for each in catalogue]
        self._allowed = {
            role: frozenset(index for index, each in enumerate(catalogue) if role in each.speakers)
            for role in ("trainee", "customer")
        }

    @classmethod
    def load(cls, catalogue: Catalogue) -> Detector:
        """Read the cues, the weights and the word vectors; no network.

        Raises :class:`FinelineError` when the word vectors are not installed.
        """
        return cls(catalogue, Cues.load(), Encoder.load(), Model.load())

    @cached_property
    def _likeness(self) -> Likeness:
        return Likeness(self.catalogue, self.encoder)

    @cached_property
    def version(self) -> str:
        """A short name that changes when what is heard could change: the cues, the weights or the catalogue."""
        digest = hashlib.sha256(self.catalogue.model_dump_json().encode())
        digest.update(self._model.digest.encode())
        for cue in self._measures.cues.cues:
            digest.update(f"{cue.behaviour} {cue.strength} {cue.source}\n".encode())
        return f"ear-1-{digest.hexdigest()[:10]}"

    def hear(self, text: str, role: Role, before: Sequence[Turn] = ()) -> tuple[Heard, ...]:
        """Return the behaviours heard in a turn, strongest first, each with its words (an exact part of ``text``).

        ``before`` are the turns before it: some behaviours exist only in answer to another. Strengths are 0.2–1.
        """
        logits, reads = self._measure([(text, role)])
        if not reads[0].sentences:
            return ()
        top = _tops(logits, reads)[0]
        likely = np.flatnonzero(top >= _LEAST_LOGIT).tolist()
        return self._heard(reads[0], logits, self._said_before(role, before[-_LOOK_BACK:]), likely, top)

    def hear_all(self, transcript: Transcript) -> list[tuple[Heard, ...]]:
        """Return what is heard in each turn of a transcript, in order."""
        return self.hear_many([transcript])[0]

    def hear_many(self, transcripts: Iterable[Transcript]) -> list[list[tuple[Heard, ...]]]:
        """Return what is heard in each turn of each transcript; many at once are fastest (tens of thousands of turns)."""
        out: list[list[tuple[Heard, ...]]] = []
        waiting: list[list[Turn]] = []
        count = 0
        for transcript in transcripts:
            waiting.append(transcript.turns)
            count += len(transcript.turns)
            if count >= _AT_ONCE:
                out += self._hear_lists(waiting)
                waiting, count = [], 0
        return out + self._hear_lists(waiting)

    def _hear_lists(self, lists: Sequence[Sequence[Turn]]) -> list[list[tuple[Heard, ...]]]:
        logits, reads = self._measure([(turn.text, turn.role) for turns in lists for turn in turns])
        tops = _tops(logits, reads)
        likely = [[] for _ in reads]  # type: list[list[int]]
        for at, index in zip(*(part.tolist() for part in np.nonzero(tops >= _LEAST_LOGIT)), strict=True):
            likely[at].append(index)
        out: list[list[tuple[Heard, ...]]] = []
        place = 0
        for turns in lists:
            said: dict[str, frozenset[str]] = {}
            heard: list[tuple[Heard, ...]] = []
            for turn in turns:
                before = said.get("customer" if turn.role == "trainee" else "trainee")
                found = self._heard(reads[place], logits, before, likely[place], tops[place])
                said[turn.role] = _shown(found)
                heard.append(found)
                place += 1
            out.append(heard)
        return out

    def _said_before(self, role: Role, before: Sequence[Turn]) -> frozenset[str] | None:
        for index in range(len(before) - 1, -1, -1):
            turn = before[index]
            if turn.role != role:
                return _shown(turn.behaviours or self.hear(turn.text, turn.role, before[:index]))
        return None

    def _measure(self, turns: Sequence[tuple[str, Role]]) -> tuple[np.ndarray, list[_Read]]:
        self.encoder.make_room()
        row = self.encoder.row
        ids = self._model.ids
        measures = self._measures.of
        reads: list[_Read] = []
        features: list[list[int]] = []
        words: list[list[int]] = []
        for text, role in turns:
            found = reading.english_sentences(text)
            first = len(features)
            length = sum([sentence.length for sentence in found])
            for sentence in found:
                features.append(ids(measures(sentence, role, turn_words=length, alone=len(found) == 1)))
                words.append([row(word) for word in sentence.words if reading.counts(word)])
            reads.append(_Read(text, role, found, first, [len(each) for each in features[first:]]))
        if not features:
            return np.zeros((0, len(self._ids)), np.float32), reads
        vectors = self.encoder.sums(words)
        like, unlike = self._likeness.of(vectors)
        model = self._model
        # Without weights, being very close to an example and not to a near miss is all there is to go by.
        logits = np.where(like > unlike, 12.0 * like - 8.0, -8.0)
        columns = self._columns[self._trained]
        weighed = model.logits(features, vectors)[:, columns]
        weighed += like[:, self._trained] * model.like[columns] + unlike[:, self._trained] * model.unlike[columns]
        logits[:, self._trained] = weighed
        return logits, reads

    def _heard(
        self, read: _Read, table: np.ndarray, before: frozenset[str] | None, likely: list[int], top: np.ndarray
    ) -> tuple[Heard, ...]:
        if not read.sentences:
            return ()
        logits = table[read.first : read.first + len(read.sentences)]
        context = contexts(before) if before else ()
        if context:
            logits = logits + self._because_of(context, read)
            top = logits.max(axis=0)
            likely = np.flatnonzero(top >= _LEAST_LOGIT).tolist()
        allowed = self._allowed[read.role]
        found = []
        for index in likely:
            gate = self._after[index]
            if index not in allowed or (gate and (before is None or not gate & before)):
                continue
            sentence = read.sentences[int(logits[:, index].argmax()) if len(read.sentences) > 1 else 0]
            strength = round(1 / (1 + math.exp(-float(top[index]))), 3)
            quote = read.text[sentence.start : sentence.end]
            found.append(Heard.model_construct(None, id=self._ids[index], strength=strength, quote=quote))
        found.sort(key=_strength, reverse=True)
        return tuple(found)

    def _because_of(self, context: Iterable[str], read: _Read) -> np.ndarray:
        """Return (sentences, behaviours) what the turn before adds."""
        out = np.zeros((len(read.sentences), len(self._ids)), np.float32)
        columns = self._columns[self._trained]
        for number, sentence in enumerate(read.sentences):
            if extra := self._model.ids(after(sentence, context)):
                factor = damping(np.array([read.features[number]]))[0]
                out[number, self._trained] = self._model.sparse[extra][:, columns].sum(axis=0) * factor
        return out


def _strength(heard: Heard) -> float:
    return heard.strength


def _tops(logits: np.ndarray, reads: Sequence[_Read]) -> np.ndarray:
    """Return (turns, behaviours) the highest logit among a turn's sentences; very low where it has none."""
    out = np.full((len(reads), logits.shape[1]), -30.0, np.float32)
    filled = np.array([bool(read.sentences) for read in reads])
    if len(logits):
        out[filled] = np.maximum.reduceat(logits, [read.first for read in reads if read.sentences], axis=0)
    return out


def _shown(heard: Iterable[Heard]) -> frozenset[str]:
    return frozenset(each.id for each in heard if each.strength >= SHOWN)
