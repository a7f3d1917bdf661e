"""The ear: which behaviours a turn shows, how strongly, and the words that show each.

A turn is read into sentences; each sentence is measured (words, cues, shape, the patterns of a small network, likeness to the
catalogue, what the other has just said) and weighed by a linear model trained offline. A turn shows a behaviour as strongly as
its strongest sentence, and that sentence is the quote.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from threading import Lock

import numpy as np

from simulator.domain.behaviour import Catalogue, Heard, Role
from simulator.domain.transcript import Transcript, Turn
from simulator.language import reading
from simulator.language.answers import Answers
from simulator.language.batch import Batch
from simulator.language.cues import Cues
from simulator.language.encoder import Encoder
from simulator.language.features import Measures, bucket
from simulator.language.meaning import Meaning
from simulator.language.memory import Memory
from simulator.language.model import Model
from simulator.language.numbering import Numbering, Spoken
from simulator.language.reading import Sentence

_DIMENSIONS = 64  # of the word vectors, for likeness to the catalogue: their leading dimensions hold most
_AT_ONCE = 1024  # turns weighed together: their tables stay in the processor's cache
_REMEMBERED = 10_000  # sentences that need not be weighed again: about 5 MB
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
        ends = np.cumsum(counts)
        self._spans = list(zip((ends - counts).tolist(), ends.tolist(), strict=True))

    def of(self, vectors: np.ndarray, without: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return (n, behaviours) likeness 0–1 to the closest example, and to the closest near miss.

        ``without`` (n,) names an example that is left out for a sentence, −1 for none: it must not be likened to itself.
        """
        cosines = self._known @ _leading(vectors).T
        if without is not None:
            columns = np.flatnonzero(without >= 0)
            cosines[without[columns], columns] = -1.0
        best = np.zeros((len(self._spans), cosines.shape[1]), np.float32)
        for row, (start, end) in enumerate(self._spans):
            if end > start:
                cosines[start:end].max(axis=0, out=best[row])
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


class Detector:
    """Hears behaviours. Deterministic: the same turn after the same turns always sounds the same. Threads may share one."""

    def __init__(self, catalogue: Catalogue, cues: Cues, encoder: Encoder, meaning: Meaning, model: Model) -> None:
        self.catalogue = catalogue
        self.encoder = encoder
        self._meaning = meaning
        self._ids = [each.id for each in catalogue]
        self._cues = cues
        self._whole = model
        self._model = model.limited_to(self._ids)
        self._lock = Lock()
        self._memory = Memory(len(self._ids), _REMEMBERED)
        # Behaviours that trainers add have no weights: they are heard by likeness to their examples alone.
        self._untrained = np.array([number for number, name in enumerate(self._ids) if name not in model.outputs], np.intp)

    @classmethod
    def load(cls, catalogue: Catalogue) -> Detector:
        """Read the cues, the weights and the word vectors; no network.

        Raises :class:`FinelineError` when the word vectors are not installed.
        """
        encoder = Encoder.load()
        return cls(catalogue, Cues.load(), encoder, Meaning.load(encoder), Model.load())

    @cached_property
    def _likeness(self) -> Likeness:
        return Likeness(self.catalogue, self.encoder)

    @cached_property
    def _numbering(self) -> Numbering:
        return Numbering(Measures(self._cues), self._model.vocabulary, self.encoder, self._meaning)

    @cached_property
    def _answers(self) -> Answers:
        return Answers(self.catalogue, self._model)

    @cached_property
    def version(self) -> str:
        """A short name that changes when what is heard could change: the cues, the weights or the catalogue."""
        digest = hashlib.sha256(self.catalogue.model_dump_json().encode())
        digest.update(self._whole.digest.encode())
        for cue in self._cues.cues:
            digest.update(f"{cue.behaviour} {cue.strength} {cue.source}\n".encode())
        return f"ear-1-{digest.hexdigest()[:10]}"

    def hear(self, text: str, role: Role, before: Sequence[Turn] = ()) -> tuple[Heard, ...]:
        """Return the behaviours heard in a turn, strongest first, each with its words (an exact part of ``text``).

        ``before`` are the turns before it: some behaviours exist only in answer to another. Strengths are 0.2–1.
        """
        turn = Turn.model_construct(None, role=role, text=text, behaviours=())
        # Back from each turn to what it answers: the other's last, as far as anything can matter.
        chain = [turn]
        for earlier in reversed(before[-_LOOK_BACK:]):
            if earlier.role != chain[-1].role:
                chain.append(earlier)
                if earlier.behaviours:
                    break
        return self._hear([chain[::-1]], recorded=True)[0][-1]

    def hear_all(self, transcript: Transcript) -> list[tuple[Heard, ...]]:
        """Return what is heard in each turn of a transcript, in order."""
        return self.hear_many([transcript])[0]

    def hear_many(self, transcripts: Iterable[Transcript], faint: Collection[str] | None = None) -> list[list[tuple[Heard, ...]]]:
        """Return what is heard in each turn of each transcript; many at once are fastest (tens of thousands of turns).

        With ``faint``, signs that are too faint to count as shown are returned of these behaviours only.
        """
        out: list[list[tuple[Heard, ...]]] = []
        waiting: list[list[Turn]] = []
        count = 0
        for transcript in transcripts:
            waiting.append(transcript.turns)
            count += len(transcript.turns)
            if count >= _AT_ONCE:
                out += self._hear(waiting, faint=faint)
                waiting, count = [], 0
        return out + self._hear(waiting, faint=faint)

    def _hear(
        self, lists: Sequence[Sequence[Turn]], *, recorded: bool = False, faint: Collection[str] | None = None
    ) -> list[list[tuple[Heard, ...]]]:
        """Return what is heard in lists of turns; with ``recorded`` what turns are on record to have shown is trusted."""
        turns = [turn for turns in lists for turn in turns]
        heard: list[tuple[Heard, ...]] = [()] * len(turns)
        on_record = {at: turn.behaviours for at, turn in enumerate(turns) if turn.behaviours} if recorded else {}
        found = [[] if at in on_record else reading.english_sentences(turn.text) for at, turn in enumerate(turns)]
        if any(found):
            with self._lock:
                logits, counts = self._memory.recall(_spoken(turns, found), self._weigh)
            batch = Batch(lists, found, logits, counts)
            batch.settle(self._answers, on_record)
            batch.collect(heard, self._ids, faint)
        out = []
        done = 0
        for each in lists:
            out.append(heard[done : done + len(each)])
            done += len(each)
        return out

    def _weigh(self, sentences: Sequence[Spoken]) -> tuple[np.ndarray, np.ndarray]:
        """Return (sentences, behaviours) logits, what was said before not among them, and how many features each has."""
        numbered = self._numbering.of(sentences)
        like, unlike = self._likeness.of(self.encoder.sums_of(numbered.rows, numbered.row_counts))
        patterns = self._meaning.patterns(numbered.tokens, numbered.token_counts)
        model = self._model
        logits = model.logits_of(numbered.features, numbered.feature_counts, patterns)
        logits += like * model.like + unlike * model.unlike
        if len(self._untrained):
            # Without weights, being very close to an example and not to a near miss is all there is to go by.
            bare = np.where(like > unlike, 12.0 * like - 8.0, -8.0)
            logits[:, self._untrained] = bare[:, self._untrained]
        return logits, numbered.feature_counts


def _spoken(turns: Sequence[Turn], found: Sequence[Sequence[Sentence]]) -> list[Spoken]:
    out: list[Spoken] = []
    for turn, sentences in zip(turns, found, strict=True):
        if len(sentences) == 1:
            out.append((sentences[0].words, turn.role, bucket(sentences[0].length), True))
        elif sentences:
            length = bucket(sum([sentence.length for sentence in sentences]))
            out += [(sentence.words, turn.role, length, False) for sentence in sentences]
    return out
