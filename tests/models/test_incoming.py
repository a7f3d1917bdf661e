"""Replies arrive in pieces cut anywhere; what is shown is the same as if they had come whole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.domain.text import clean
from simulator.models.incoming import Cleaner, Hearing, answer_of, whole

AWKWARD = st.sampled_from(
    [
        "\x1b",
        "[",
        "]",
        "\x9b",
        "\x9d",
        "\x9c",
        "\x07",
        "\\",
        "P",
        "0",
        ";",
        " ",
        "31",
        "m",
        "\r",
        "\n",
        "\t",
        "é",
        "😀",
        "a",
        "\ud83d",
        "\ude00",
        "\u202e",
    ]
)
TEXTS = st.lists(AWKWARD, max_size=14).map("".join)


def in_pieces(text: str, cuts: list[int]) -> list[str]:
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    return [text[start:end] for start, end in pairwise(places)]


@given(TEXTS, st.lists(st.integers(0, 40), max_size=6))
@settings(max_examples=100, deadline=None)
def test_pieces_come_out_as_the_whole_would(text: str, cuts: list[int]):
    cleaner = Cleaner()
    shown = [cleaner.feed(piece) for piece in in_pieces(text, cuts)]
    assert "".join([*shown, cleaner.finish()]) == clean(whole(text))


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["\x1b", "[", "31", "m", "red\x1b[0", "m!"], "red!"),
        (["a\x1b]0;title", " goes", " on\x1b", "\\b"], "ab"),
        (["smile \ud83d", "\ude00"], "smile 😀"),
        (["half \ud83d", " only"], "half  only"),
        (["one\r", "\ntwo"], "one\ntwo"),
        (["a \x1b]8;;http://x", "never ends"], "a "),
    ],
)
def test_sequences_split_between_pieces(pieces: list[str], shown: str):
    cleaner = Cleaner()
    assert "".join([*map(cleaner.feed, pieces), cleaner.finish()]) == shown


def test_text_without_anything_odd_is_not_held_back():
    cleaner = Cleaner()
    assert cleaner.feed("So what time") == "So what time"


def test_a_control_sequence_without_end_does_not_hold_back_for_ever():
    cleaner = Cleaner()
    cleaner.feed("\x1b[" + "1" * 5000)
    assert cleaner.feed("after").endswith("after")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>She is upset.</think>\n\nOh dear.", "Oh dear."),
        ("  <thinking>a</thinking><think>b</think> Well.", "Well."),
        ("<think></think>Hello", "Hello"),
        ("\n\nHello", "Hello"),
        ("<thin ice>, he said", "<thin ice>, he said"),
        ("I <think> so", "I <think> so"),
        ("<think>and never an end", ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_thoughts_are_left_out(text: str, answer: str, size: int):
    hearing = Hearing()
    shown = [hearing.feed(text[start : start + size]) for start in range(0, len(text), size)]
    assert "".join([*shown, hearing.finish()]) == answer
    assert hearing.spoken == len(answer)


def test_thoughts_that_never_end_are_counted():
    hearing = Hearing()
    hearing.feed("<think>")
    for _ in range(100):
        assert hearing.feed("on and on ") == ""
    assert hearing.unspoken >= 1000


def test_thoughts_without_an_opening_tag():
    hearing = Hearing()
    hearing.feed("She is upset, so ")
    hearing.feed("I am.</thi")
    hearing.feed("nk>Oh dear.")
    assert hearing.leaked

    warned = Hearing(unopened=True)
    assert "".join([warned.feed("She is.</th"), warned.feed("ink>Oh dear."), warned.finish()]) == "Oh dear."
    unneeded = Hearing(unopened=True)
    assert unneeded.feed("Oh dear.") == ""
    assert unneeded.finish() == "Oh dear."
    assert answer_of("She is upset.</think> Oh dear. ") == "Oh dear."


def test_json_may_quote_a_closing_tag():
    text = '{"quote": "</think> give me 5"}'
    assert answer_of(text) == text
    hearing = Hearing()
    assert hearing.feed(text) == text
    assert not hearing.leaked
