"""Finding what was asked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.conversation.questions import asks, questions
from simulator.conversation.sense import makes_sense
from simulator.conversation.sentences import SentenceStream, repeats, sentences


@pytest.mark.parametrize(
    ("text", "kind", "sort"),
    [
        ("How are you today?", "how_are", "how_are"),
        ("How do you find your new phone?", "how", "asks"),
        ("So when did you get it", "when", "asks"),
        ("How much was it?", "how_much", "asks"),
        ("Can I take your name, please?", "name", "asks"),
        ("Would you like a bag?", "yes_no", "extra"),
        ("Shall I swap it for you?", "yes_no", "offer"),
        ("Is that all right?", "yes_no", "offer"),
        ("Lovely day, isn't it?", "yes_no", "tag"),
        ("Eat in or take away?", "yes_no", "either"),
        ("That's £3.40, please.", "yes_no", "pay"),
        ("6.40 please", "yes_no", "pay"),
        ("That'll be 45 pounds then.", "yes_no", "pay"),
        ("Why?", "why", "bare"),
        ("I'll need your order number.", "yes_no", "asks"),
        ("Tell me what happened", "what", "asks"),
    ],
)
def test_sorts_of_question(text, kind, sort):
    found = questions(text)
    assert [(each.kind, each.sort) for each in found] == [(kind, sort)]


@pytest.mark.parametrize(
    "text", ["That's fine.", "How lovely!", "What a shame.", "Let me look.", "Right then.", "I was there when it broke."]
)
def test_statements_ask_nothing(text):
    assert not asks(text)


def test_the_question_is_freed_of_greeting_and_politeness():
    assert questions("Hi there, how can I help you today?")[0].text == "how can I help you?"


@pytest.mark.parametrize(
    "text",
    [
        "ok",
        "lol",
        "Hmm",
        "thx",
        "3.40",
        "Yes!",
        "nvm",
        "Strengths?",
        "I can’t",
        "café au lait please",
        "C'est la vie, as they say",
    ],
)
def test_short_and_odd_words_still_make_sense(text):
    assert makes_sense(text, "toaster")


@pytest.mark.parametrize(
    "text", ["asdfghjkl", "qwrtpsd fghjkl", "wie kann ich Ihnen helfen", "Je ne comprends pas votre question", "何かお探しですか"]
)
def test_nonsense_and_other_languages_do_not(text):
    assert not makes_sense(text, "toaster the fuse trips every time it is pushed and the neighbours think we are signalling")


def test_sentences_end_where_they_end():
    text = "Well… I don't know. It was £3.50, Mr. Hall said! Really?! Yes"
    assert sentences(text) == ["Well…", "I don't know.", "It was £3.50, Mr. Hall said!", "Really?!", "Yes"]
    assert sentences("I was… thinking... you know.") == ["I was… thinking... you know."]


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab .!?…\n\"')"), max_size=60), st.data())
def test_streamed_sentences_are_the_same_as_whole_ones(text, data):
    stream = SentenceStream()
    found: list[str] = []
    rest = text
    while rest:
        cut = data.draw(st.integers(1, len(rest)))
        found += stream.feed(rest[:cut])
        rest = rest[cut:]
    last = stream.rest()
    assert [*found, *([last] if last else [])] == sentences(text)


def test_repeats_are_heard_through_small_changes():
    said = ["I only wanted a bit of toast this morning.", "Right."]
    assert repeats("I only wanted a bit of toast, this morning!", said)
    assert repeats("right", said)
    assert not repeats("Right then.", said)
    assert not repeats("I only wanted breakfast, that is all.", said)
