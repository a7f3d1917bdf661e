"""Training the behaviour weights: logistic regression over sentences, a turn showing what its strongest sentence shows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from simulator.domain.behaviour import Catalogue
from simulator.language import reading
from simulator.language.encoder import Encoder
from simulator.language.features import Measures, after, contexts
from simulator.language.meaning import Meaning
from simulator.language.model import Model, damping
from simulator.language.training.corpus import Labelled

# Behaviours that ordinary service dialogues practically never hold: those dialogues teach what they are not.
RARE = frozenset(
    (
        "hostile makes_advance shows_intimate_interest makes_innuendo compliments_appearance "
        "shares_contact_details asks_contact_details sarcasm condescends backhanded_remark passive_aggression "
        "dismisses_feeling accuses pressures_after_no names_a_limit_kindly names_a_limit_coldly banters "
        "overpromises names_the_tension tests_boundary"
    ).split()
)

PATTERNS_LENGTH = 3.0  # of a sentence's patterns, beside the other features
CATALOGUE_WEIGHT = 3.0  # of its examples and near misses, which say what a behaviour is, beside written turns


@dataclass
class Example:
    """One turn to learn from: ``wants`` holds 1, 0 or NaN (unknown) for each behaviour."""

    turn: Labelled
    wants: np.ndarray
    weight: float = 1.0
    source: str = "corpus"  # or "catalogue", "dialogue"
    own: int = -1  # its row in the catalogue's examples, which must not be likened to itself
    heard_before: frozenset[str] = frozenset()


@dataclass
class Sentences:
    """The sentences of many turns, measured."""

    names: list[list[str]] = field(default_factory=list)
    after: list[list[str]] = field(default_factory=list)
    vectors: np.ndarray = field(default_factory=lambda: np.zeros((0, 256), np.float32))
    patterns: np.ndarray = field(default_factory=lambda: np.zeros((0, 1), np.float32))
    turn: np.ndarray = field(default_factory=lambda: np.zeros(0, np.intp))


def measure(examples: Sequence[Example], measures: Measures, encoder: Encoder, meaning: Meaning) -> Sentences:
    """Measure every sentence of every turn."""
    out = Sentences()
    rows: list[list[int]] = []
    words: list[tuple[str, ...]] = []
    owner: list[int] = []
    for number, example in enumerate(examples):
        found = reading.sentences(example.turn.text)
        context = contexts(example.heard_before)
        length = sum(sentence.length for sentence in found)
        for sentence in found:
            out.names.append(measures.of(sentence, example.turn.role, turn_words=length, alone=len(found) == 1))
            out.after.append(after(sentence, context))
            rows.append([encoder.row(word) for word in sentence.words if reading.counts(word)])
            words.append(sentence.words)
            owner.append(number)
    out.vectors = encoder.sums(rows)
    out.patterns = np.concatenate([meaning.patterns_of(words[start : start + 1024]) for start in range(0, len(words), 1024)])
    out.turn = np.array(owner, np.intp)
    return out


def catalogue_examples(catalogue: Catalogue) -> list[Example]:
    """Return the catalogue's examples and near misses; what else they show is not known yet."""
    order = {each.id: number for number, each in enumerate(catalogue)}
    out: list[Example] = []
    row = 0
    for behaviour in catalogue:
        for shows, texts in ((True, behaviour.examples), (False, behaviour.near_misses)):
            for text in texts:
                wants = np.full(len(order), np.nan, np.float32)
                wants[order[behaviour.id]] = float(shows)
                shown = frozenset({behaviour.id} if shows else ())
                heard = frozenset({"makes_advance"} if behaviour.after else ())
                turn = Labelled(behaviour.speakers[0], "", text, shown, frozenset())
                out.append(Example(turn, wants, CATALOGUE_WEIGHT, "catalogue", row, heard))
                row += 1
    return out


def corpus_examples(turns: Sequence[Labelled], catalogue: Catalogue, weight: float = 1.0) -> list[Example]:
    """Return written turns with all their labels; behaviours that the speaker cannot show are unknown."""
    out = []
    for turn in turns:
        wants = np.array(
            [
                np.nan if each.id in turn.may or turn.role not in each.speakers else float(each.id in turn.shows)
                for each in catalogue
            ],
            np.float32,
        )
        out.append(Example(turn, wants, weight))
    return out


def dialogue_examples(path: Path, catalogue: Catalogue, absent: frozenset[str], most: int = 2500) -> list[Example]:
    """Return turns of ordinary dialogues as turns that show nothing of what is ``absent`` from such dialogues."""
    texts: dict[tuple[str, str], None] = {}
    for line in path.read_text("utf-8").splitlines():
        for turn in json.loads(line)["turns"]:
            texts.setdefault((turn["role"], turn["text"]))
    step = max(1, len(texts) // most)
    out = []
    for role, text in list(texts)[::step][:most]:
        wants = np.array([0.0 if each.id in absent else np.nan for each in catalogue], np.float32)
        turn = Labelled("trainee" if role == "trainee" else "customer", "", text, frozenset(), frozenset())
        out.append(Example(turn, wants, 1.0, "dialogue"))
    return out


def likeness(
    vectors: np.ndarray, owners: np.ndarray, examples: Sequence[Example], catalogue: Catalogue, encoder: Encoder
) -> tuple[np.ndarray, np.ndarray]:
    """Return each sentence's likeness to the examples and to the near misses of each behaviour, never to itself."""
    from simulator.language.detector import Likeness

    known = Likeness(catalogue, encoder)
    own = np.array([examples[turn].own for turn in owners], np.intp)
    return known.of(vectors, without=own)


class _Sparse:
    """A sparse matrix of features, times dense matrices from either side; all its rows have a feature."""

    def __init__(self, lists: list[list[int]], factors: np.ndarray, width: int) -> None:
        lengths = np.array([len(ids) for ids in lists])
        self._columns = np.array([number for ids in lists for number in ids], np.intp)
        self._starts = np.cumsum(lengths) - lengths
        self._factors = factors[:, None]
        rows = np.repeat(np.arange(len(lists)), lengths)
        order = np.argsort(self._columns, kind="stable")
        self._rows = rows[order]
        self._filled, self._column_starts = np.unique(self._columns[order], return_index=True)
        self._width = width

    def forward(self, weights: np.ndarray) -> np.ndarray:
        out: np.ndarray = np.add.reduceat(weights[self._columns], self._starts, axis=0) * self._factors
        return out

    def backward(self, slopes: np.ndarray) -> np.ndarray:
        out = np.zeros((self._width, slopes.shape[1]), np.float32)
        out[self._filled] = np.add.reduceat((slopes * self._factors)[self._rows], self._column_starts, axis=0)
        return out


@dataclass
class Settings:
    """How the weights are fitted."""

    least_count: int = 3
    sparse_decay: float = 0.006
    dense_decay: float = 0.003
    steps: int = 150
    rate: float = 0.06
    positive_weight: float = 2.5


class Fit:
    """A design (sentences of turns, what they want) that can be fitted on some of its turns and asked about the others."""

    def __init__(
        self, examples: Sequence[Example], catalogue: Catalogue, measures: Measures, encoder: Encoder, meaning: Meaning
    ) -> None:
        self.examples = examples
        self.catalogue = catalogue
        self.sentences = measure(examples, measures, encoder, meaning)
        self.like, self.unlike = likeness(self.sentences.vectors, self.sentences.turn, examples, catalogue, encoder)
        self.wants = np.stack([example.wants for example in examples])
        self.weights = np.array([example.weight for example in examples], np.float32)

    def train(self, keep: np.ndarray, settings: Settings) -> Model:
        """Fit on the turns where ``keep`` is true."""
        chosen = np.flatnonzero(keep[self.sentences.turn])
        counts = Counter(name for number in chosen for name in {*self.sentences.names[number], *self.sentences.after[number]})
        shared = {name for name, count in counts.items() if count >= settings.least_count}
        vocabulary = {name: number for number, name in enumerate(sorted(shared))}
        lists: list[list[int]] = []
        factors: list[float] = []
        for number in chosen:
            ids = [vocabulary[name] for name in self.sentences.names[number] if name in vocabulary]
            factors.append(float(damping(np.array([len(ids)]))[0]))
            lists.append(ids + [vocabulary[name] for name in self.sentences.after[number] if name in vocabulary])
        inputs = _Sparse(lists, np.array(factors, np.float32), len(vocabulary))
        like, unlike = self.like[chosen], self.unlike[chosen]
        # Put on the scale of the other features, and back in the weights.
        middle = self.sentences.patterns[chosen].mean(axis=0)
        dense = self.sentences.patterns[chosen] - middle
        scale = PATTERNS_LENGTH / float(np.sqrt((dense**2).sum(axis=1).mean()))
        dense *= scale
        turns, starts = np.unique(self.sentences.turn[chosen], return_index=True)
        ends = np.append(starts[1:], len(chosen))
        wants, known = self.wants[turns], ~np.isnan(self.wants[turns])
        weight = known * self.weights[turns][:, None] * np.where(wants == 1, settings.positive_weight, 1.0)
        wants = np.nan_to_num(wants)
        outputs = wants.shape[1]
        shape = (len(vocabulary), outputs)
        parameters = [
            np.zeros(shape, np.float32),
            np.zeros((dense.shape[1], outputs), np.float32),
            np.full(outputs, -3.0, np.float32),
            np.ones(outputs, np.float32),
            -np.ones(outputs, np.float32),
        ]
        decays = [settings.sparse_decay, settings.dense_decay, 0.0, 0.01, 0.01]
        first = [np.zeros_like(each) for each in parameters]
        second = [np.zeros_like(each) for each in parameters]
        columns = np.arange(outputs)
        total = weight.sum(axis=0) + 1
        for step in range(1, settings.steps + 1):
            logits = (
                inputs.forward(parameters[0])
                + dense @ parameters[1]
                + parameters[2]
                + like * parameters[3]
                + unlike * parameters[4]
            )
            best = np.stack([start + logits[start:end].argmax(axis=0) for start, end in zip(starts, ends, strict=True)])
            chance = 1 / (1 + np.exp(-logits[best, columns]))
            error = (chance - wants) * weight / total * 60
            spread = np.zeros_like(logits)
            spread[best, columns] = error
            slopes = [
                inputs.backward(spread),
                dense.T @ spread,
                spread.sum(axis=0),
                (like * spread).sum(axis=0),
                (unlike * spread).sum(axis=0),
            ]
            rate = settings.rate * min(1.0, 2.5 * (1 - step / (settings.steps + 1)))
            for index, (raw, decay) in enumerate(zip(slopes, decays, strict=True)):
                slope = raw + decay * parameters[index] * 10
                first[index] = 0.9 * first[index] + 0.1 * slope
                second[index] = 0.99 * second[index] + 0.01 * slope**2
                spread_root = np.sqrt(second[index] / (1 - 0.99**step)) + 1e-6
                parameters[index] -= rate * (first[index] / (1 - 0.9**step)) / spread_root
        names = tuple(each.id for each in self.catalogue)
        parameters[1] *= scale
        parameters[2] -= middle @ parameters[1]
        return Model(names, vocabulary, *parameters)

    def predict(self, model: Model) -> np.ndarray:
        """Return the strengths (turns, outputs) the model gives every turn."""
        ids = [model.ids(names) for names in self.sentences.names]
        logits = model.logits(ids, self.sentences.patterns) + self.like * model.like + self.unlike * model.unlike
        for number, names in enumerate(self.sentences.after):
            if extra := model.ids(names):
                logits[number] += model.sparse[extra].sum(axis=0) * damping(np.array([len(ids[number])]))[0]
        best = np.full((len(self.examples), len(model.outputs)), -30.0, np.float32)
        np.maximum.at(best, self.sentences.turn, logits)
        return 1 / (1 + np.exp(-best))
