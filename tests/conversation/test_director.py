"""What the customer does next."""

from __future__ import annotations

import pytest

from simulator.conversation.simulate import run
from simulator.domain.persona import Persona


def changed(data, **keys) -> Persona:
    return Persona.model_validate(data | keys)


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("When did you buy it?", "bought"),
        ("And the date?", "bought"),
        ("OK, so when was that, please?", "bought"),
        ("How much did you pay?", "price"),
        ("Have you got your receipt there?", "receipt"),
        ("Oh dear. What does it do?", "fault"),
        ("Would you rather have your money back or a replacement?", "choice"),
        ("How are you doing today?", "mood"),
        ("Can I take your name?", "own-name"),
        ("Hi there, how can I help you today?", "own-errand"),
        ("What's the dog's name?", "dog"),
    ],
)
async def test_a_question_gets_the_fact_that_answers_it(begin, exchange, question, fact):
    turn = await exchange(begin(), "Right.", question)
    assert turn.fact == fact


async def test_two_questions_get_two_answers(begin, exchange):
    turn = await exchange(begin(), "Right.", "When did you buy it? And how much was it?")
    assert turn.facts == ("bought", "price")


async def test_asked_again_it_is_said_another_way(begin, exchange):
    session = begin()
    first = await exchange(session, "When did you buy it?")
    second = await exchange(session, "Sorry, when did you buy it?")
    assert first.fact == second.fact == "bought" and first.line != second.line
    assert second.also and second.text.startswith(second.also[0].rstrip(",:")[:5])
    texts = [first.text, second.text]
    for _ in range(6):
        texts.append((await exchange(session, "When did you buy it?")).text)
    assert len(set(texts)) == len(texts)


async def test_a_fact_waits_for_its_condition(begin, exchange, robin_data):
    turn = await exchange(begin(), "Right.", "Did you drop it?")
    assert turn.fact is None and "cellar" not in turn.text
    trusting = changed(robin_data, state=robin_data["state"] | {"trust": {"start": 9, "means": "trust"}})
    assert (await exchange(begin(persona=trusting), "Right.", "Did you drop it?")).fact == "secret"


async def test_what_nobody_told_them_they_do_not_know(begin, exchange, robin):
    turn = await exchange(begin(), "Right.", "What is the capital of Peru?")
    assert turn.fact is None
    assert any(line.text in (turn.line, *turn.also) for line in robin.unknown)


@pytest.mark.parametrize("text", ["asdfgh qwrtzp", "¿Tiene usted el recibo de la compra?", "レシートはありますか"])
async def test_nonsense_is_not_understood(begin, exchange, text):
    turn = await exchange(begin(), "Right.", text)
    assert turn.move == "aside" and turn.fact is None


async def test_silence_is_remarked_on_then_filled(begin, exchange):
    session = begin()
    turns = [await exchange(session, "…") for _ in range(4)]
    assert turns[0].line == "Hello? Anyone in?"
    assert turns[2].move not in ("aside",) and not session.ended


async def test_urgent_moves_come_before_answers(begin, exchange):
    session = begin()
    await exchange(session, "Right.")
    assert (await exchange(session, "You idiot, when did you buy it?")).move in ("snaps", "walks_out")


async def test_a_move_that_answers_what_was_said_comes_before_those_that_do_not(begin, exchange):
    turn = await exchange(begin(), "Right.", "I can give you your money back.")
    assert (turn.move, turn.line) == ("takes_offer", "That would do me nicely.")


async def test_limits_and_gaps_hold(begin, exchange, robin_data):
    moves = [
        {
            "id": "nags",
            "at_most": 2,
            "gap": 2,
            "intent": "nags",
            "lines": ["Any news at all?", "Still waiting here.", "I do have a bus to catch."],
        },
        {"id": "hums", "intent": "hums", "lines": ["Tum te tum.", "La la la.", "Dum di dum.", "Hey ho."]},
    ]
    persona = changed(robin_data, moves=moves)
    session = begin(persona=persona)
    made = [(await exchange(session, "Right.")).move for _ in range(5)]
    assert made == ["nags", "hums", "hums", "nags", "hums"]


async def test_a_move_without_lines_left_is_skipped_and_nothing_is_ever_said_twice(begin, exchange, robin_data):
    endings = [each for each in robin_data["endings"] if each["id"] == "content"]
    session = begin(persona=changed(robin_data, endings=endings))
    texts = [(await exchange(session, "Right.")).text for _ in range(60)]
    assert len(set(texts)) == len(texts) and not session.ended


async def test_free_facts_are_told_when_little_else_is_left(begin, exchange):
    session = begin()
    facts = [(await exchange(session, "Right.")).fact for _ in range(10)]
    assert "guests" in facts


async def test_cued_moves_wait_for_their_cue(begin, exchange, robin_data):
    moves = [
        {
            "id": "sits",
            "cued": True,
            "intent": "sits down",
            "lines": [{"text": "I'll perch over there.", "after": ["take a seat", "do sit down"]}],
        },
        {"id": "hums", "intent": "hums", "lines": ["Tum te tum.", "La la la."]},
    ]
    session = begin(persona=changed(robin_data, moves=moves))
    assert (await exchange(session, "The weather is dull.")).move == "hums"
    assert (await exchange(session, "Please take a seat over there.")).move == "sits"


async def test_the_end_comes_exactly_when_its_condition_holds(begin, exchange):
    session = begin()
    turn = await exchange(session, "Hello.", "I can swap it.", "There you go, all done.")
    assert session.state["trust"] >= 7 and turn.move == "content" and session.transcript.ending == "content"
    state = [turn.state for turn in session.transcript.turns if turn.role == "trainee"]
    assert all(each["trust"] < 7 for each in state[:-1])


async def test_nobody_leaves_over_one_word_in_the_first_exchange(begin, exchange):
    session = begin()
    await exchange(session, "Idiot.")
    assert session.state["trust"] == 1 and not session.ended
    await exchange(session, "Right.")
    assert session.transcript.ending == "walks_out"


async def test_the_first_exchange_may_end_it_when_it_is_beyond_doubt(begin, exchange, robin_data):
    reactions = robin_data["reactions"] | {"hostile": {"trust": -5}}
    session = begin(persona=changed(robin_data, reactions=reactions))
    await exchange(session, "Idiot.")
    assert session.transcript.ending == "walks_out"


async def test_a_goodbye_too_soon_is_protested_once(begin, exchange, robin_data):
    endings = [each for each in robin_data["endings"] if each["id"] in ("content", "walks_out")]
    session = begin(persona=changed(robin_data, endings=endings))
    assert (await exchange(session, "Hello.", "Bye!")).line == "Hold on. The toaster's still on your desk."
    await exchange(session, "Bye!")
    assert session.transcript.ending == "walks_out"


async def test_a_goodbye_after_the_task_always_ends_and_never_unhappily_without_cause(begin, exchange):
    session = begin()
    await exchange(session, "There you go, all done. Bye!")
    assert session.transcript.ending in ("content", "done")


async def test_a_goodbye_does_not_wait_for_what_only_means_not_yet(begin, exchange, robin_data):
    """Content but for the number of turns, the customer leaves content, and not by an ending whose feelings are far off."""
    ends = [
        {
            "id": "won_over",
            "when": "task_done and trust >= 4 and turn >= 9 and not said(solves)",
            "outcome": "good",
            "lines": ["Ta."],
        },
        {"id": "sour", "when": "task_done and said(closes) and trust < 3", "outcome": "mixed", "lines": ["Well."]},
        *(each for each in robin_data["endings"] if each["id"] == "walks_out"),
    ]
    session = begin(persona=changed(robin_data, endings=ends))
    await exchange(session, "There you go, all done. Bye!")
    assert session.transcript.ending == "won_over"


async def test_no_ending_while_no_condition_holds(begin):
    session = begin()
    transcript = await run(session, ["Right.", "Well.", "Hm, toast."] * 8)
    assert transcript.ending == "out_of_lines"


async def test_scenario_without_an_opening_still_opens(begin, reply, robin_data):
    scenario = {key: value for key, value in robin_data["scenarios"][0].items() if key != "opening"}
    turn = await reply(begin(persona=changed(robin_data, scenarios=[scenario])))
    assert turn.move == "opening" and "to return a toaster" in turn.text


async def test_turns_keep_to_the_length_the_persona_speaks_in(begin, exchange, robin_data):
    from simulator.conversation.sentences import sentences

    for at_most in (1, 2):
        session = begin(persona=changed(robin_data, voice=robin_data["voice"] | {"at_most": at_most}))
        for text in (
            "Hello, how can I help?",
            "When did you buy it? How much was it?",
            "Thank you.",
            "What a pity.",
            "I can swap it.",
            "And the dog?",
        ):
            turn = await exchange(session, text)
            assert len(sentences(turn.text)) <= at_most


async def test_an_opener_shows_that_it_was_heard(begin, exchange):
    session = begin()
    await exchange(session, "Hm.")
    turn = await exchange(session, "I'm sorry about that.")
    assert turn.text.startswith("It's not your doing.") and turn.also == ("It's not your doing.",)


async def test_slots_are_filled_for_whoever_plays_it(begin, exchange, robin_data):
    moves = [{"id": "says", "intent": "says", "lines": ["Everybody calls me {name}."]}]
    session = begin(persona=changed(robin_data, moves=moves), identity_name="Kim")
    turn = await exchange(session, "Hm.")
    assert turn.text == "Everybody calls me Kim." and turn.line == "Everybody calls me {name}."
