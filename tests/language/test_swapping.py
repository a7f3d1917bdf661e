"""Other people in the same words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.language.swapping import swap


def swapped(text: str, way: str, *names: str) -> str:
    return swap([text], way, names).texts[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("She lost her ticket, sir.", "He lost his ticket, madam."),
        ("I told her that it's hers.", "I told him that it's his."),
        ("Tell him he's early.", "Tell her she's early."),
        ("Tell her she's early.", "Tell him he's early."),
        ("His kettle, so it's his.", "Her kettle, so it's hers."),
        ("MY HUSBAND IS WAITING", "MY WIFE IS WAITING"),
        ("Her mum’s here.", "His dad's here."),
        ("I'm Nkechi, this is Wei's wife.", "I'm Obinna, this is Mei's husband."),
        ("The kettle is broken.", "The kettle is broken."),
    ],
)
def test_gender_is_swapped_as_it_is_written(text: str, other: str) -> None:
    assert swapped(text, "gender") == other


def test_a_name_becomes_one_of_another_origin_and_the_same_gender_everywhere() -> None:
    found = swap(["I'm Beata.", "Thanks, Beata! Her order, please."], "names")
    other = found.texts[0].removeprefix("I'm ").removesuffix(".")
    assert other != "Beata"
    assert found.texts[1] == f"Thanks, {other}! Her order, please."
    assert found.towards == {"feminine": 2}


def test_a_word_at_the_start_of_a_sentence_is_not_taken_for_a_name() -> None:
    for text in ("Grace period is over.", "Mark it as paid.", "Rose bushes are at the back."):
        assert swapped(text, "gender") == text


def test_a_name_nothing_is_known_of_stays_and_is_told() -> None:
    found = swap(["Hello Zbrxa."], "gender", ["Zbrxa"])
    assert (found.texts, found.changes, found.kept) == (("Hello Zbrxa.",), 0, ("Zbrxa",))


PEOPLE = ["she", "he", "Her", "his", "Dana", "Tomasz", "wife", "Sir", "kettle", "is", "late", "said", "and", "mum"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PEOPLE), max_size=12).map(" ".join))
def test_swapping_changes_words_only_and_never_how_many(text: str) -> None:
    for way in ("gender", "names"):
        found = swap([text], way)  # type: ignore[arg-type]
        before, after = text.split(), found.texts[0].split()
        assert len(before) == len(after)
        assert found.changes >= sum(one != other for one, other in zip(before, after, strict=True))
        assert sum(found.towards.values()) == found.changes
