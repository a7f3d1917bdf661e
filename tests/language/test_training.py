"""What the network learns to read: sentences out of a grammar, and the ratings' folds."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from simulator.language.training import phrases, scales
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


def test_folds_are_of_one_size() -> None:
    assert sorted(np.bincount(scales.in_fold(103)).tolist()) == [20, 20, 21, 21, 21]
