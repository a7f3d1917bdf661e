"""What the guard lets through and what it holds back."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.authoring.yaml import load_yaml
from simulator.conversation.guard import Guard
from simulator.conversation.role_talk import RoleTalk, assistant_talk
from simulator.conversation.scene import Decision, Scene

SENTENCES = load_yaml(Path(__file__).parent / "data" / "role_talk.yaml").data


@pytest.fixture(scope="module")
def talk(encoder):
    return RoleTalk(encoder)


@pytest.fixture
async def guard(begin, exchange, talk):
    """A guard in the middle of a conversation about the toaster, the customer's turn to speak."""
    session = begin()
    await exchange(session, "When did you buy it?")
    await session.hear("I see, and is there anything at all that you would like us to do about it?")
    scene: Scene = session._scene(Decision("chats", "move", "adds a dry remark about the toaster"), 5)
    return Guard(scene, talk)


def test_there_are_enough_sentences_on_both_sides():
    assert len(SENTENCES["customer"]) >= 60 and len(SENTENCES["slips"]) >= 60


@pytest.mark.parametrize("text", SENTENCES["customer"])
def test_customers_may_say(talk, text):
    assert not assistant_talk(text) and not talk.staff_talk(text)


@pytest.mark.parametrize("text", SENTENCES["slips"])
def test_staff_and_assistants_would_say(talk, text):
    assert assistant_talk(text) or talk.staff_talk(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*sighs* It's only a toaster.", "It's only a toaster."),
        ("It's only a toaster. (smiles)", "It's only a toaster."),
        ("Robin: It's only a toaster.", "It's only a toaster."),
        ("CUSTOMER (Robin): It's only a toaster.", "It's only a toaster."),
        ("**Customer:** It's only a toaster.", "It's only a toaster."),
        ("“It's only a toaster.”", "It's only a toaster."),
        ("\x1b[31mIt's only\x1b[0m a toaster.", "It's only a toaster."),
        ("It's **only** a [/x] toaster.", "It's only a toaster."),
        ("*looks away*", ""),
        ("Robin, same as it says on the form.", "Robin, same as it says on the form."),
    ],
)
def test_what_is_not_speech_is_taken_off(guard, text, shown):
    heard = guard.hear(text, [])
    assert (heard.text, heard.slip) == (shown, None)


@pytest.mark.parametrize(
    ("text", "slip"),
    [
        ("Staff: Let me see.", "other_speaker"),
        ("Assistant: Right.", "other_speaker"),
        ("She sighs and looks at the toaster.", "narration"),
        ("Robin laughs softly at that.", "narration"),
        ("Robin has been waiting for an hour.", "narration"),
        ("I'm the returns assistant, after all.", "staff"),
        ("The returns assistant speaks to Robin and does the work here.", "leak"),
        ("(Robin puts the box down and", "narration"),
        ("```python", "markup"),
        ("1. one thing", "markup"),
        ("See https://example.com for more.", "markup"),
        ("My trust: 5.", "leak"),
        ("I was told to stay in character.", "leak"),
        ("To be honest it once fell down the cellar steps, dropped it.", "leak"),
        ("I'd give you 3 out of 10.", "leak"),
        ("Goodbye then!", "goodbye"),
        ("Well, have a nice day.", "goodbye"),
        ("Is there anything at all that you would like us to do about it?", "echo"),
        ("I would like you to do anything at all about it.", "echo"),
        ("No sé lo que quiere decir usted con eso.", "language"),
        ("Fuck this toaster.", "explicit"),
        ("and " * 70, "too_long"),
    ],
)
def test_slips_have_codes(guard, text, slip):
    assert guard.hear(text, []).slip == slip


def test_nothing_is_said_twice(guard, talk):
    earlier = next(iter(guard._scene.state.said))
    assert guard.hear(earlier, []).slip == "repeat"
    assert guard.hear("I only wanted a slice of toast.", ["I only wanted a slice of toast!"]).slip == "repeat"


async def test_an_answer_keeps_to_what_is_known(begin, exchange, talk):
    session = begin()
    await exchange(session, "Right.")
    await session.hear("How much did you pay for it?")
    scene = session._scene(session._director.decide(session.transcript.turns, session._mind), 5)
    guard = Guard(scene, talk)
    assert [guard.hear(text, []).slip for text in ("Thirty-two pounds it was.", "I paid 32 pounds.", "It cost me £32.")] == [
        None
    ] * 3
    assert guard.hear("Forty-five pounds it cost me.", []).slip == "invents"
    assert guard.hear("The weather has been lovely round our village lately.", []).slip == "evades"
    assert guard.hear("And how much did you pay for yours?", []).slip == "echo"


async def test_those_who_leave_may_say_goodbye(begin, exchange, talk, robin):
    session = begin()
    await exchange(session, "Right.")
    ending = robin.endings[0]
    scene = session._scene(Decision(ending.id, "ending", "leaves content", ending=ending), 5)
    assert Guard(scene, talk).hear("Right, I'll be off. Bye then!", []).slip is None


async def test_a_colleague_may_talk_shop(begin, exchange, talk, robin_data):
    from simulator.domain.persona import Persona

    session = begin(persona=Persona.model_validate(robin_data | {"role": "colleague"}))
    await exchange(session, "Right.")
    scene = session._scene(Decision("chats", "move", "grumbles"), 5)
    assert Guard(scene, talk).hear("We don't stock them any more, as you'd know.", []).slip is None
    assert Guard(scene, talk).hear("How can I assist you today?", []).slip == "assistant"
