"""Hearing many sentences at once: the same as one by one, whatever they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.domain.behaviour import Catalogue, Role
from simulator.domain.transcript import Transcript, Turn
from simulator.language import ragged
from simulator.language.cues import Cues
from simulator.language.detector import Detector
from simulator.language.encoder import Encoder
from simulator.language.features import Measures, bucket
from simulator.language.gates import Gates
from simulator.language.meaning import Meaning
from simulator.language.memory import Memory
from simulator.language.model import Model
from simulator.language.ngrams import Ngrams
from simulator.language.numbering import Numbering, Spoken
from simulator.language.reading import line_of, sentences

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def measures() -> Measures:
    return Measures(Cues.load())


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load()


@pytest.fixture(scope="module")
def numbering(measures: Measures, model: Model, encoder: Encoder) -> Numbering:
    return Numbering(measures, model.vocabulary, encoder, Meaning.load(encoder))


def texts() -> list[str]:
    """Return what the ear's own lists say, without their labels."""
    lines = [
        line for name in ("short_replies", "fresh_replies") for line in (HERE / f"{name}.txt").read_text("utf-8").splitlines()
    ]
    return [line.split("|")[-1].strip() for line in lines if line.strip() and line[0] != "#"]


def check(numbering: Numbering, measures: Measures, model: Model, encoder: Encoder, turns: list[tuple[Role, str]]) -> None:
    """Check that what is measured at once is what is measured by name, and that the rows are of the right words."""
    spoken: list[Spoken] = []
    wanted: list[list[int]] = []
    vectors: list[list[int]] = []
    for role, text in turns:
        found = sentences(text)
        length = sum(sentence.length for sentence in found)
        for sentence in found:
            alone = len(found) == 1
            spoken.append((sentence.words, role, bucket(length), alone))
            wanted.append(sorted(model.ids(measures.of(sentence, role, turn_words=length, alone=alone))))
            vectors.append(
                [encoder.row(word) for word in sentence.words if word[0].isalnum() and word not in ("name", "they", "them")]
            )
    if not spoken:
        return
    found_all = numbering.of(spoken)
    at = np.split(found_all.features, np.cumsum(found_all.feature_counts)[:-1])
    assert [sorted(each.tolist()) for each in at] == wanted
    assert [each.tolist() for each in np.split(found_all.rows, np.cumsum(found_all.row_counts)[:-1])] == vectors


def test_sentences_are_measured_at_once_as_by_name(
    numbering: Numbering, measures: Measures, model: Model, encoder: Encoder, catalogue: Catalogue
) -> None:
    said = [*texts(), *(text for each in catalogue for text in (*each.examples, *each.near_misses))]
    check(numbering, measures, model, encoder, [("trainee" if at % 2 else "customer", text) for at, text in enumerate(said)])


_WORDS = st.sampled_from(
    "i'm sorry that sounds awful ? ! , ;) haha @ £5 $ % 12:30 ... you're so lovely SHE he's they was is Kim don't-know can't do it "
    "what can i get you there you go thanks not stupid your own number please no nope curt- 'n 33936-0000 sooo 😀 ñ".split()
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["trainee", "customer"]), st.lists(_WORDS, max_size=25).map(" ".join)), max_size=5))
def test_whatever_is_said_is_measured_at_once_as_by_name(
    numbering: Numbering, measures: Measures, model: Model, encoder: Encoder, turns: list[tuple[Role, str]]
) -> None:
    check(numbering, measures, model, encoder, turns)


_PATTERNS = [
    "a", "a|b", "a_b", "a_b_c|d", "a_b_c_d", "a b", "a|b_c b|c", "a b c", "a .. b", "a ... b_c", "... a", "a ...", "^ a", "^^ a", "^^ a b",
    "^^ [a|b_c] d", "a [b] c", "a [b_c|d] !a c", "a !b", "a !b c", "a $", "a|$", "a b|$", "?", "... ?", "a ?", "a ... ?", "@k a", "!a b",
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from("a b c d e , ? oh ! please".split()), min_size=1, max_size=9), min_size=1, max_size=6))
def test_cues_match_at_once_as_one_by_one(said: list[list[str]]) -> None:
    cues = Cues(["@k = c d_a", *(f"b{number} 1 {pattern}" for number, pattern in enumerate(_PATTERNS))])
    gates = Gates(cues)
    owners: list[int] = []
    opened: list[int] = []
    for at, words in enumerate(said):
        marked = ("^", *words, "$")
        runs = [tuple(marked[start : start + size]) for size in (2, 3) for start in range(len(marked) - size + 1)]
        found = [gate for word in words for gate in gates.words.get(word, ())] + [
            gate for run in runs for gate in gates.runs.get(run, ())
        ]
        owners += [at] * len(found)
        opened += found
    places, numbers = gates.find(np.array(owners, np.intp), np.array(opened, np.intp), said)
    expected = {(at, cues.cues.index(cue)) for at, words in enumerate(said) for cue in cues.find(tuple(words), line_of(words))}
    assert set(zip(places.tolist(), numbers.tolist(), strict=True)) == expected and len(places) == len(expected)


def test_heard_again_it_sounds_the_same(detector: Detector, catalogue: Catalogue) -> None:
    turns = [Turn(role="trainee" if at % 2 else "customer", text=text) for at, text in enumerate(texts()[:120])]
    transcripts = [Transcript(id=str(at), turns=turns[at : at + 10]) for at in range(0, len(turns), 10)]
    first = detector.hear_many(transcripts)
    assert detector.hear_many(transcripts[::-1]) == first[::-1]
    assert [Detector.load(catalogue).hear_all(transcripts[3])] == first[3:4]


def test_words_that_were_forgotten_are_looked_up_anew(catalogue: Catalogue) -> None:
    detector = Detector.load(catalogue)
    text = "I'm so sorry about the {} kettle."
    before = detector.hear(text.format("first"), "trainee")
    detector.encoder._rows.update({f"word{number}": number for number in range(len(detector.encoder._rows), 15_001)})
    detector.encoder.make_room()
    after = detector.hear(text.format("other"), "trainee")
    assert [each.id for each in before] == [each.id for each in after]
    assert len(detector.encoder._rows) < 100


def test_only_new_sentences_are_weighed() -> None:
    asked: list[int] = []

    def weigh(spoken: list[Spoken]) -> tuple[np.ndarray, np.ndarray]:
        asked.append(len(spoken))
        return np.array([[float(len(words))] for words, *_ in spoken], np.float32), np.array([len(words) for words, *_ in spoken])

    def said(*counts: int) -> list[Spoken]:
        return [(("so",) * count, "trainee", 1, True) for count in counts]

    memory = Memory(1, 5)
    for counts in ((1, 2, 1), (2, 3), (3,), (4, 5, 6)):
        logits, lengths = memory.recall(said(*counts), weigh)
        assert logits[:, 0].tolist() == list(counts) == lengths.tolist()
    # The last three did not fit beside the others: it began anew.
    assert asked == [2, 1, 3]

    def fails(spoken: object) -> tuple[np.ndarray, np.ndarray]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        memory.recall(said(1), fails)
    assert memory.recall(said(1, 4), weigh)[0][:, 0].tolist() == [1, 4]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 6), max_size=9).map(lambda each: each * 30 if len(each) == 7 else each), max_size=12))
def test_lists_are_added_up_each_by_itself(lists: list[list[int]]) -> None:
    table = np.arange(21.0).reshape(7, 3)
    lengths = np.array([len(each) for each in lists], np.intp)
    rows = np.array([item for each in lists for item in each], np.intp)
    expected = [table[each].sum(axis=0).tolist() if each else [0.0] * 3 for each in lists]
    assert ragged.sums(table, rows, lengths).tolist() == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=3, max_size=40))
def test_runs_are_found_where_they_stand(said: list[int]) -> None:
    runs = [("a", "b"), ("b", "c"), ("a", "b", "c"), ("c", "c", "c"), ("d", "a")]
    ngrams = Ngrams(runs)
    words = ["abcde"[number] for number in said]
    numbers = np.array([ngrams.numbers.get(word, 0) for word in words], np.int64)
    for size, found in ((2, ngrams.pairs(numbers)), (3, ngrams.triples(numbers))):
        expected = [
            (at, runs.index(run))
            for at in range(len(words) - size + 1)
            if (run := tuple(words[at : at + size])) in runs and len(run) == size
        ]
        assert sorted(zip(*(part.tolist() for part in found), strict=True)) == expected
