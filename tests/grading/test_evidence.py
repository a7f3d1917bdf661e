from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.domain.grade import Evidence
from simulator.domain.text import clean, fold
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.evidence import check, excerpt, locate, verify

TALK = Transcript(
    id="t",
    turns=[
        Turn(role="customer", text="So what time do they let you out of here, then?"),
        Turn(role="trainee", text="Ha! I’m flattered, but I keep it  friendly\nand professional here."),
        Turn(role="customer", text="I keep it friendly too. Is that a no?"),
        Turn(role="trainee", text="It is. Now, let's start with that hose. Let's start."),
    ],
)


@pytest.mark.parametrize(
    ("quote", "exact"),
    [
        (
            "I'm flattered, but I keep it friendly and professional here.",
            "I’m flattered, but I keep it  friendly\nand professional here.",
        ),
        ("I’M FLATTERED", "I’m flattered"),
        ('"I keep it friendly and professional here"', "I keep it  friendly\nand professional here"),
        ("…friendly and professional…", "friendly\nand professional"),
    ],
)
def test_white_space_case_and_quotation_marks_do_not_matter(quote: str, exact: str) -> None:
    assert locate(TALK.turns[1].text, quote) == exact


@pytest.mark.parametrize(
    "quote", ["I'm flattered but I keep it", "kept it friendly", "flatter", "rofessional here", "friendly … here", "art"]
)
def test_other_words_and_parts_of_words_do_not_hold(quote: str) -> None:
    assert locate(TALK.turns[1].text, quote) is None
    assert check(TALK, Evidence(turn=2, quote=quote)).fault == "not_in_turn"


@pytest.mark.parametrize("quote", ["", "   ", "\n"])
def test_no_words_are_no_evidence(quote: str) -> None:
    assert check(TALK, Evidence(turn=2, quote=quote)).fault == "empty"


def test_the_customers_words_are_not_the_trainees() -> None:
    assert check(TALK, Evidence(turn=3, quote="Is that a no?")).fault == "wrong_speaker"
    assert check(TALK, Evidence(turn=3, quote="Is that a no?"), role="customer").holds
    assert check(TALK, Evidence(turn=99, quote="Is that a no?")).fault == "no_such_turn"


def test_a_quote_with_one_place_only_is_moved_there() -> None:
    moved = check(TALK, Evidence(turn=1, quote="flattered, but I keep it friendly"))
    assert (moved.holds, moved.evidence.turn, moved.moved_from) == (True, 2, 1)


@pytest.mark.parametrize("quote", ["let's start", "Let's start.", "flattered", "I keep it", "It is"])
def test_a_quote_that_is_short_or_has_two_places_is_not_moved(quote: str) -> None:
    wrong = 4 if "flattered" in quote or "keep" in quote else 2
    result = check(TALK, Evidence(turn=wrong, quote=quote))
    # "I keep it" is three words, said once by the trainee: the customer's saying it too does not matter.
    assert result.holds == (quote == "I keep it")


def test_words_said_twice_in_another_turn_are_not_moved() -> None:
    twice = Transcript(id="t", turns=[Turn(role="trainee", text="Yes."), Turn(role="trainee", text="I am sure. I am sure.")])
    assert check(twice, Evidence(turn=1, quote="I am sure")).fault == "not_in_turn"


def test_each_quote_is_checked_for_itself() -> None:
    results = verify(TALK, [Evidence(turn=4, quote="that hose"), Evidence(turn=4, quote="that house")])
    assert [each.holds for each in results] == [True, False]


def test_escape_sequences_never_come_back_as_evidence() -> None:
    talk = Transcript(id="t", turns=[Turn(role="trainee", text="All \x1b[31mgood\x1b[0m here, thanks")])
    held = check(talk, Evidence(turn=1, quote="all good here"))
    assert held.holds and held.evidence.quote == "All good here"


def test_emoji_and_other_scripts_can_be_evidence() -> None:
    text = "Bis später 😉 — ΟΔΥΣΣΕΥΣ"
    assert locate(text, "😉") == "😉"
    assert locate(text, "bis SPÄTER") == "Bis später"
    assert locate(text, "bis spa\u0308ter") == "Bis später"
    assert locate(text, "οδυσσευσ") == "ΟΔΥΣΣΕΥΣ"
    assert locate("Die Straße.", "STRASSE") == "Straße"


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.data())
def test_what_is_found_says_the_same_words(text: str, data: st.DataObject) -> None:
    words = text.split()
    if not words:
        assert locate(text, "anything") is None
        return
    start = data.draw(st.integers(0, len(words) - 1))
    stop = data.draw(st.integers(start + 1, len(words)))
    quote = " ".join(words[start:stop])
    found = locate(text, quote.upper())
    if found is not None:
        assert found in text
    exact = locate(text, quote)
    assert exact is not None and exact in text


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40), st.text(max_size=10), st.integers(1, 3))
def test_checking_never_fails_and_only_passes_what_is_there(text: str, quote: str, turn: int) -> None:
    talk = Transcript(id="t", turns=[Turn(role="trainee", text=text), Turn(role="customer", text=quote)])
    result = check(talk, Evidence(turn=turn, quote=quote))
    if result.holds:
        assert result.evidence.quote in clean(text)
        assert fold(result.evidence.quote)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=400), st.integers(10, 100))
def test_an_excerpt_is_a_piece_of_the_text(text: str, limit: int) -> None:
    piece = excerpt(text, limit)
    assert piece in text and len(piece) <= limit
    assert bool(piece) == bool(text.strip())
