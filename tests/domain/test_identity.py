"""Identities fill the slots of authored texts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from simulator.domain.persona import Identity

DANA = Identity(name="Dana", pronouns="she/her", age=42)
DAN = Identity(name="Dan", pronouns="he/him", age=42, slots={"partner": "Maria"})
ALEX = Identity(name="Alex", pronouns="they/them", age=30)


@pytest.mark.parametrize(
    ("identity", "text", "filled"),
    [
        (DANA, "how far {they} trust{s} you", "how far she trusts you"),
        (ALEX, "how far {they} trust{s} you", "how far they trust you"),
        (DAN, "{They} {are} {age}; {their} friend, and {themself}", "He is 42; his friend, and himself"),
        (ALEX, "{They} {are} here, {they} {have} time, {they} {do} not go{es}", "They are here, they have time, they do not go"),
        (DANA, "it is {theirs}, ask {them}: {Name}", "it is hers, ask her: Dana"),
        (DAN, "{partner} waits; {Partner} waits", "Maria waits; Maria waits"),
        (DANA, "{partner} and {unknown} and {", "{partner} and {unknown} and {"),
    ],
)
def test_texts_read_right_for_everybody(identity: Identity, text: str, filled: str) -> None:
    assert identity.fill(text) == filled


def test_a_name_that_looks_like_a_slot_is_not_filled_again() -> None:
    assert Identity(name="{they}", pronouns="she/her", age=20).fill("{name}") == "{they}"


def test_personas_are_adults() -> None:
    with pytest.raises(ValidationError):
        Identity(name="Sam", pronouns="they/them", age=17)


WORDS = st.lists(
    st.sampled_from(["{they}", "{Name}", "{s}", "{are}", "{nobody}", "{", "}", "and", "x"])
    | st.text(st.characters(exclude_characters="{}"), max_size=5)
)


@settings(max_examples=100, deadline=None)
@given(WORDS)
def test_whatever_the_text_only_known_slots_change(words: list[str]) -> None:
    filled = {"{they}": "they", "{Name}": "Alex", "{s}": "", "{are}": "are"}
    assert ALEX.fill(" ".join(words)) == " ".join(filled.get(word, word) for word in words)
