"""Blind texts, and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.language.neutral import neutralise


def test_names_pronouns_and_gendered_words_go() -> None:
    blind = neutralise(["Dana said her husband likes it, and he's told Mrs Patel.", "Tell DANA that it is his."], ["Dana"])
    assert blind.texts[0] == "Person A said their spouse likes it, and they're told Mx Person B."
    assert blind.texts[1] == "Tell Person A that it is theirs."


def test_the_same_words_are_left_whoever_it_is_about() -> None:
    one = neutralise(["Dan, your boyfriend is here. He likes his tea with you, sir."], ["Dan"])
    other = neutralise(["Dana, your girlfriend is here. She likes her tea with you, madam."], ["Dana"])
    assert one.texts == other.texts


def test_a_quote_finds_its_own_words_again() -> None:
    text = "I told her husband, Mr Jones, twice."
    blind = neutralise([text], ["Jones"])
    assert blind.restore(0, "told their spouse, Mx Person A, twice") == "told her husband, Mr Jones, twice"
    assert blind.restore(0, "SPOUSE") == "husband"
    assert blind.restore(0, "rson A") == "Jones"
    assert blind.restore(0, "never said") == "never said"


@pytest.mark.parametrize(
    "text", ["", "Nothing to see.", "May I help? Will that be all?", "Rose bushes are in. Grace period: two days."]
)
def test_what_names_nobody_stays(text: str) -> None:
    assert neutralise([text]).texts == (text,)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.sampled_from(["he", "Her", "sir", "Tom", "hose", "his.", "MUM", "she's", "the", "wife,", "I'd", "–", "😀"]),
        max_size=12,
    )
)
def test_every_part_of_a_blind_text_leads_back_into_the_original(words: list[str]) -> None:
    text = " ".join(words)
    blind = neutralise([text], ["Tom"])
    assert blind.restore(0, blind.texts[0]) == text.strip() or not text.strip()
    for part in blind.texts[0].split(" "):
        assert blind.restore(0, part) in text


@pytest.mark.parametrize("text", ["(Siobhan-O'Brien)", "…O’Brien’s", "by OʼBrien/o'brien: yes"])
def test_a_name_that_was_given_is_found_among_marks_and_in_either_apostrophe(text: str) -> None:
    assert "brien" not in neutralise([text], ["O'Brien"]).texts[0].casefold().replace("ʼbrien", "")
