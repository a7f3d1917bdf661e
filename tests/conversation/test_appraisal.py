"""The second reading of a turn."""

from __future__ import annotations

import asyncio

import pytest

from simulator.conversation.appraisal import ModelAppraiser, exact
from simulator.conversation.inner_state import InnerState
from simulator.conversation.simulate import run
from simulator.domain.behaviour import Behaviour, Catalogue
from simulator.models.errors import ModelError
from simulator.models.scripted import Line, ScriptedModel

CATALOGUE = Catalogue(
    behaviours=tuple(
        Behaviour(id=each, title=each, description=each, examples=("Like this.",))
        for each in ("acknowledges_feeling", "apologises", "curt", "hostile")
    )
)


def seen(*pairs):
    return {"behaviours": [{"behaviour": behaviour, "quote": quote} for behaviour, quote in pairs]}


async def test_corrects_what_was_heard_and_felt_before_the_next_turn(begin, exchange, recorder):
    model = ScriptedModel(
        [seen(("acknowledges_feeling", "SO ANNOYING"), ("hostile", "never said"), ("makes_coffee", "so annoying"))]
    )
    session = begin(appraiser=ModelAppraiser(model, CATALOGUE), recorder=recorder)
    await exchange(session, "Oh, that is so annoying.")
    before = session.state
    await session.settle()
    turn = session.transcript.turns[1]
    assert [(each.id, each.quote) for each in turn.behaviours] == [("acknowledges_feeling", "so annoying")]
    assert turn.appraised_by == "built-in + scripted" and session.state["trust"] > before["trust"]
    assert recorder.turns[2] == turn and recorder.turns[3] == session.transcript.turns[2]
    fresh = InnerState.of(session.persona, session.scenario, session.transcript.turns)
    assert fresh.feelings == session.state


async def test_what_the_model_does_not_see_counts_only_when_the_ear_is_sure(begin, exchange, detector):
    detector.strength = 0.6
    model = ScriptedModel([seen()])
    session = begin(appraiser=ModelAppraiser(model, CATALOGUE))
    await exchange(session, "Sorry, how frustrating.")
    await session.settle()
    assert not any(each.shown for each in session.transcript.turns[1].behaviours)
    assert session.state["trust"] == 5


@pytest.mark.parametrize("failure", [ModelError("timeout", "Silence."), ModelError("malformed", "No.")])
async def test_a_failure_is_noted_and_nothing_else(begin, exchange, failure):
    session = begin(appraiser=ModelAppraiser(ScriptedModel([failure, failure]), CATALOGUE))
    await exchange(session, "Sorry about that.")
    before = session.state
    await session.settle()
    assert session.transcript.turns[1].appraised_by == f"built-in (scripted: {failure.kind})" and session.state == before


async def test_the_reply_does_not_wait_for_it_and_it_still_counts_later(begin, exchange):
    gate = asyncio.Event()
    slow = Line(('{"behaviours": [{"behaviour": "hostile", "quote": "Right"}]}',), wait=gate)
    session = begin(appraiser=ModelAppraiser(ScriptedModel([slow, seen(), seen()]), CATALOGUE))
    await exchange(session, "Right.")
    await exchange(session, "Well.")
    assert session.state["trust"] == 5
    gate.set()
    await session.settle()
    assert session.state["trust"] < 5
    assert session.transcript.turns[1].state["trust"] < 5 and session.transcript.turns[-1].state == session.state


async def test_a_model_that_was_left_is_sent_no_more_and_has_no_say(begin, exchange):
    gate = asyncio.Event()
    left = ScriptedModel([Line(('{"behaviours": [{"behaviour": "hostile", "quote": "Right"}]}',), wait=gate)])
    session = begin(appraiser=ModelAppraiser(left, CATALOGUE))
    await exchange(session, "Right.")
    await asyncio.sleep(0)
    session.appraiser = None
    gate.set()
    await exchange(session, "Well.")
    await session.settle()
    assert session.state["trust"] == 5 and len(left.calls) == 1
    assert {turn.appraised_by for turn in session.transcript.turns if turn.role == "trainee"} == {"built-in"}

    taken = ScriptedModel([seen(("curt", "Fine"))])
    session.appraiser = ModelAppraiser(taken, CATALOGUE)
    await exchange(session, "Fine.")
    await session.settle()
    assert "<turn>\nFine." in taken.calls[0].messages[-1]["content"] and len(left.calls) == 1


async def test_what_a_left_model_had_already_read_counts(begin, exchange):
    session = begin(appraiser=ModelAppraiser(ScriptedModel([seen(("hostile", "Right"))]), CATALOGUE))
    await exchange(session, "Right.")
    await session._readings.wait()
    session.appraiser = None
    await session.settle()
    assert session.state["trust"] < 5


async def test_a_script_waits_so_that_it_is_repeatable(begin):
    def make():
        return begin(appraiser=ModelAppraiser(ScriptedModel([seen(("curt", "Hm"))], forever=True), CATALOGUE))

    first, second = await run(make(), ["Hm.", "Hm, when?"]), await run(make(), ["Hm.", "Hm, when?"])
    assert first.as_record() == second.as_record()


def test_quotes_are_the_words_of_the_turn():
    assert exact("THAT’S   ODD", "Well, that's odd.") == "that's odd"
    assert exact("that is odd", "Well, that's odd.") == ""
    assert exact("", "anything") == ""
