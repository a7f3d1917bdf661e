"""The features of very many sentences at once, as numbers.

:class:`simulator.language.features.Measures` says what is measured, by name, one sentence at a time. Here the same is done to
all sentences of a batch with a few array operations: each word is looked up once, and everything else follows from its number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from simulator.domain.behaviour import Role
from simulator.language import reading
from simulator.language.encoder import Encoder
from simulator.language.features import LENGTHS, Measures, cue_feature
from simulator.language.gates import Gates
from simulator.language.meaning import SENTENCE, Meaning
from simulator.language.ngrams import Ngrams
from simulator.language.ragged import Lists

# What is known of a word, one row each in the lexicon's table. Features are −1 where a word has no such.
_GRAM, _KIND_GRAM, _FEATURE, _KIND_FEATURE, _ASKS_FEATURE, _ROW, _TOKEN, _GATES, _CLASSED, _COUNTED, _ASKS, _EXCLAIMS = range(12)
_NONE = -1


# All that the weights see of a sentence: its words, who says it, the bucket of its turn's length, and whether it is all of it.
Spoken = tuple[tuple[str, ...], Role, int, bool]


class Numbered(NamedTuple):
    """What was measured of each sentence of a batch: flat lists, one sentence's after the other's, and how many each has."""

    features: np.ndarray
    feature_counts: np.ndarray
    rows: np.ndarray  # of the word vectors
    row_counts: np.ndarray
    tokens: np.ndarray  # of the network: a mark and the words
    token_counts: np.ndarray


class Numbering:
    """Measures many sentences together. Not for use by two threads at once."""

    def __init__(self, measures: Measures, vocabulary: Mapping[str, int], encoder: Encoder, meaning: Meaning) -> None:
        """``vocabulary`` numbers the names that count; others are left out."""
        cues = measures.cues
        self._gates = Gates(cues)
        runs = dict.fromkeys(self._gates.runs, _NONE)
        runs.update(
            (tuple(name.split(" ")), at) for name, at in vocabulary.items() if " " in name and name[0] != "#" and "|" not in name
        )
        self._ngrams = Ngrams(list(runs))
        self._run_features = np.array(list(runs.values()), np.intp)
        self._run_gates = Lists([self._gates.runs.get(run, ()) for run in runs])
        self._meaning = meaning
        self._lexicon = Lexicon(measures, vocabulary, encoder, meaning, self._ngrams.numbers, self._gates.words)
        self._cue_features = np.array([vocabulary.get(cue_feature(cue), _NONE) for cue in cues.cues], np.intp)
        number = vocabulary.get
        buckets = range(len(LENGTHS) + 1)
        self._roles: dict[Role, int] = {"trainee": number("#trainee", _NONE), "customer": number("#customer", _NONE)}
        self._alone_long = np.array([number(f"#alone{each}", _NONE) for each in buckets])
        self._long = np.array([number(f"#words{each}", _NONE) for each in buckets])
        self._turn_long = np.array([number(f"#turn{each}", _NONE) for each in buckets])
        self._alone, self._asks, self._exclaims = (number(name, _NONE) for name in ("#alone", "#asks", "#exclaims"))

    def of(self, sentences: Sequence[Spoken]) -> Numbered:
        """Measure sentences; there must be at least one."""
        words = self._lexicon.numbers([sentence[0] for sentence in sentences])
        known = self._lexicon.table
        lengths = np.array([len(sentence[0]) for sentence in sentences], np.intp)
        owners = np.repeat(np.arange(len(sentences)), lengths)
        own = [(owners, known[_FEATURE].take(words)), (owners, known[_KIND_FEATURE].take(words))]
        runs = self._in_runs(words, lengths, owners, [sentence[0] for sentence in sentences])
        found_at, features = zip(*own, *runs, *self._shape(words, lengths, sentences), strict=True)
        of, flat = np.concatenate(found_at), np.concatenate(features)
        weighed = flat >= 0
        of, flat = of[weighed], flat[weighed]
        # Small numbers are sorted by their digits, in one go.
        order = np.argsort(of.astype(np.uint16) if len(sentences) < 1 << 16 else of, kind="stable")
        rows = known[_ROW].take(words)
        meaning = rows >= 0
        tokens = np.full(len(words) + len(lengths), self._meaning.row(SENTENCE), np.intp)
        tokens[np.arange(len(words)) + owners + 1] = known[_TOKEN].take(words)
        return Numbered(
            flat[order],
            np.bincount(of, minlength=len(sentences)),
            rows[meaning],
            np.bincount(owners[meaning], minlength=len(sentences)),
            tokens,
            lengths + 1,
        )

    def _in_runs(
        self, words: np.ndarray, lengths: np.ndarray, owners: np.ndarray, sentences: Sequence[Sequence[str]]
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the features of pairs and triples of words, of pairs of classes, and of cues, each with its sentence."""
        known = self._lexicon.table
        # Sentences laid end to end, each between a mark of its beginning and one of its end.
        places = np.arange(len(lengths))
        inside = np.arange(len(words)) + 2 * owners + 1
        opens = np.cumsum(lengths) - lengths + 2 * places
        outer = np.repeat(places, lengths + 2)
        grams = np.zeros(len(outer), np.int64)
        kinds = np.zeros(len(outer), np.int64)
        classed = np.zeros(len(outer), bool)
        grams[opens] = kinds[opens] = self._ngrams.numbers.get("^", 0)
        grams[opens + lengths + 1] = kinds[opens + lengths + 1] = self._ngrams.numbers.get("$", 0)
        grams[inside] = known[_GRAM].take(words)
        kinds[inside] = known[_KIND_GRAM].take(words)
        classed[inside] = known[_CLASSED].take(words)
        pairs_at, pairs = self._ngrams.pairs(grams)
        triples_at, triples = self._ngrams.triples(grams)
        class_at, class_pairs = self._ngrams.pairs(kinds, classed[:-1] | classed[1:])
        runs = np.concatenate([pairs, triples])
        run_owners = outer[np.concatenate([pairs_at, triples_at])]
        word_gates, gated = self._lexicon.gates.of(known[_GATES].take(words))
        run_gates, run_gated = self._run_gates.of(runs)
        opened = np.concatenate([word_gates, run_gates])
        cued, cues = self._gates.find(np.concatenate([owners[gated], run_owners[run_gated]]), opened, sentences)
        return [
            (run_owners, self._run_features[runs]),
            (outer[class_at], self._run_features[class_pairs]),
            (cued, self._cue_features[cues]),
        ]

    def _shape(self, words: np.ndarray, lengths: np.ndarray, sentences: Sequence[Spoken]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the features of who speaks, how much, and how it ends, each with its sentence."""
        known = self._lexicon.table
        places = np.arange(len(lengths))
        starts = np.cumsum(lengths) - lengths
        ends = starts + lengths - 1
        long = np.add.reduceat(known[_COUNTED].take(words), starts)
        bucket = np.searchsorted(LENGTHS, long)
        question = known[_ASKS].take(words)
        asking = np.flatnonzero(question[ends] | question[np.maximum(ends - 1, starts)])
        alone = np.flatnonzero([sentence[3] for sentence in sentences])
        exclaiming = np.flatnonzero(known[_EXCLAIMS].take(words[ends]))
        return [
            (places, np.array([self._roles[sentence[1]] for sentence in sentences], np.intp)),
            (places, self._long[bucket]),
            (places, self._turn_long[[sentence[2] for sentence in sentences]]),
            (alone, np.full(len(alone), self._alone)),
            (alone, self._alone_long[bucket[alone]]),
            (asking, np.full(len(asking), self._asks)),
            (asking, known[_ASKS_FEATURE].take(words[starts[asking]])),
            (exclaiming, np.full(len(exclaiming), self._exclaims)),
        ]


class Lexicon(dict[str, int]):
    """The words met so far and what is known of them: column ``self[word]`` of ``table``."""

    def __init__(
        self,
        measures: Measures,
        vocabulary: Mapping[str, int],
        encoder: Encoder,
        meaning: Meaning,
        grams: Mapping[str, int],
        gates: Mapping[str, Sequence[int]],
    ) -> None:
        super().__init__()
        self._measures, self._vocabulary, self._encoder, self._meaning, self._grams = (
            measures,
            vocabulary,
            encoder,
            meaning,
            grams,
        )
        self._gate_lists = {word: number for number, word in enumerate(gates, 1)}
        self.gates = Lists([(), *gates.values()])
        self.table = np.zeros((12, 4096), np.int32)
        self._generation = self._now()

    def numbers(self, words: Sequence[Sequence[str]]) -> np.ndarray:
        """Return the numbers of all the words, those of one sentence after those of the other's."""
        self._encoder.make_room()
        self._meaning.make_room()
        if self._generation != self._now():
            self.clear()
            self._generation = self._now()
        return np.array(list(map(self.__getitem__, chain.from_iterable(words))), np.intp)

    def _now(self) -> tuple[int, int]:
        return self._encoder.generation, self._meaning.generation

    def __missing__(self, word: str) -> int:
        number = len(self)
        if number == self.table.shape[1]:
            self.table = np.concatenate([self.table, np.zeros_like(self.table)], axis=1)
        feature = self._vocabulary.get
        kind = self._measures.kind(word)
        classed = kind[0] == "@"
        self.table[:, number] = (
            self._grams.get(word, 0), self._grams.get(kind, 0), feature(word, _NONE), feature(kind, _NONE) if classed else _NONE,
            feature(f"#asks {word}", _NONE), self._encoder.row(word) if reading.counts(word) else _NONE, self._meaning.row(word),
            self._gate_lists.get(word, 0), classed, word[0].isalnum(), word[0] == "?", word == "!",
        )  # fmt: skip
        self[word] = number
        return number
