"""Quotes are shown where they were said, and no more around them than is needed."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.analysis.report.passages import (
    MOST_CHARS_QUOTED,
    Conversations,
    Piece,
    conversation_of,
    marked,
    passage,
    whole,
)
from simulator.batch.readers import Rejected
from simulator.domain.grade import Evidence
from simulator.domain.transcript import Transcript


def talk(*texts: str, name: str = "t") -> Transcript:
    turns = [{"role": ("trainee", "customer")[at % 2], "text": text} for at, text in enumerate(texts)]
    return Transcript.model_validate({"id": name, "turns": turns})


def quoted(*found: tuple[int, str]) -> list[Evidence]:
    return [Evidence(turn=turn, quote=quote) for turn, quote in found]


@settings(max_examples=100, deadline=None)
@given(st.text("ab .'’\n", max_size=40), st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10)), max_size=4))
def test_pieces_are_the_whole_turn_and_the_marked_ones_hold_the_quotes(text: str, spans: list[tuple[int, int]]):
    quotes = [text[at : at + size] for at, size in spans if text[at : at + size].strip(" \n.'’")]
    pieces = marked(text, quotes)
    assert "".join(each.text for each in pieces) == text
    assert all(a.quoted != b.quoted for a, b in pairwise(pieces))
    if not quotes:
        assert not any(each.quoted for each in pieces)


def test_turns_beside_are_shown_and_gaps_are_seen():
    conversation = conversation_of(talk(*(f"Turn {at} it is." for at in range(1, 13))))
    found = passage(conversation, quoted((3, "turn 3"), (11, "Turn 11"), (11, "it is"), (1, "turn 1"), (5, "Turn 5")))
    assert [(line.turn, line.follows) for line in found.lines] == [
        (1, True), (2, True), (3, True), (4, True), (9, False), (10, True), (11, True), (12, True)
    ]  # fmt: skip
    assert found.lines[6].pieces == (Piece("Turn 11", quoted=True), Piece(" "), Piece("it is", quoted=True), Piece("."))
    assert found.elsewhere == (5,)


def test_very_long_turns_are_cut_around_what_was_quoted():
    long = "x " * 5000 + "the very words" + " y" * 5000
    conversation = conversation_of(talk(long, long))
    line, beside = passage(conversation, quoted((1, "the very words"))).lines
    assert [each.text for each in line.pieces if each.quoted] == ["the very words"]
    assert sum(len(each.text) for each in (*line.pieces, *beside.pieces)) < 2000
    assert len(whole(conversation).lines[0].pieces[0].text) == MOST_CHARS_QUOTED


def test_conversations_of_one_name_are_told_apart_by_the_words():
    found = Conversations()
    found.gather([talk("One."), Rejected("f", 1, "why", ""), talk("Two."), talk("One."), talk("No.", name="other")], {"t"})
    assert len(list(found.items())) == 2
    assert "other" not in found
    two = found.holding("t", quoted((1, "two")))
    assert two is not None
    assert two[0].text == "Two."
    assert found.holding("t", quoted((1, "three"))) is None
    assert found.holding("t", quoted((2, "one"))) is None
