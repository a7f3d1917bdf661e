"""A conversation as it goes: hearing, answering, keeping, going on from any point."""

from __future__ import annotations

import json

import pytest

from simulator.conversation.session import Session, Speaking
from simulator.conversation.simulate import run
from simulator.conversation.voices.model import ModelVoice
from simulator.domain.errors import FinelineError, UsageError
from simulator.domain.transcript import Transcript
from simulator.models.errors import ModelError
from simulator.models.scripted import Line, ScriptedModel

LINES = [
    "Hello, how can I help?", "Oh, that's frustrating. What's wrong with it?", "When did you buy it?",
    "Thank you. And how much was it?",
    "I could look it up with your card.", "Do you like jazz?", "…", "When did you say you bought it?", "Is it warm in here?",
    "Right.",
    "What's your dog called?", "There you go, all done.", "Bye now!",
]  # fmt: skip


def record(session: Session) -> str:
    return json.dumps(session.transcript.as_record(), ensure_ascii=False)


async def test_same_seed_gives_the_same_record_byte_for_byte(begin):
    first, second = begin(), begin()
    await run(first, LINES)
    await run(second, LINES)
    assert record(first) == record(second)


async def test_different_seeds_differ(begin):
    spoken = set()
    for seed in range(4):
        session = begin(seed=seed)
        await run(session, LINES)
        spoken.add(tuple(turn.text for turn in session.transcript.turns))
    assert len(spoken) > 1


async def test_goes_on_the_same_way_from_every_prefix(begin, robin, detector, voice):
    whole = begin()
    await run(whole, LINES)
    said = [turn.text for _, turn in whole.transcript.said_by("trainee")]
    for cut in range(len(whole.transcript.turns)):
        kept = Transcript.model_validate_json(
            json.dumps(
                whole.transcript.model_copy(
                    update={"turns": whole.transcript.turns[:cut], "ending": None, "survey": None}
                ).as_record()
            )
        )
        resumed = Session(robin, whole.scenario, whole.identity, seed=1, voice=voice, detector=detector, transcript=kept)
        await run(resumed, said[sum(turn.role == "trainee" for turn in kept.turns) :])
        assert record(resumed) == record(whole)


async def test_draws_what_is_not_given_from_the_seed(begin):
    names = {begin(identity_name=None, seed=seed).identity.name for seed in range(8)}
    assert names == {"Robin", "Kim"}
    assert begin(identity_name=None, seed=3).identity == begin(identity_name=None, seed=3).identity


def test_unknown_identity_offers_the_nearest(begin):
    with pytest.raises(UsageError, match="Did you mean 'Robin'"):
        begin(identity_name="Robyn")
    with pytest.raises(UsageError, match="no scenario called"):
        begin(scenario_id="kettle")


async def test_every_sentence_is_kept_before_it_is_shown(begin, recorder):
    session = begin(recorder=recorder)
    async for event in session.reply():
        if isinstance(event, Speaking):
            assert recorder.saves[-1] == (1, session.transcript.turns[0].text, True)
            assert event.text in recorder.saves[-1][1]
    assert recorder.saves[-1][2] is False
    await session.hear("Hello")
    assert recorder.turns[2].text == "Hello"


async def test_a_recorder_that_fails_changes_nothing(begin, recorder, reply):
    session = begin(recorder=recorder)
    await reply(session)
    before = (record(session), session.state)
    recorder.fails = FinelineError("The disk is full.")
    with pytest.raises(FinelineError, match="full"):
        await session.hear("Hello, how can I help?")
    assert (record(session), session.state) == before
    recorder.fails = None
    await session.hear("Hello, how can I help?")
    assert session.owes_reply


@pytest.mark.parametrize("text", ["", "  \n ", "\x1b[31m\x1b[0m", "\u200b"])
async def test_nothing_to_say_is_refused(begin, text):
    with pytest.raises(UsageError, match="nothing"):
        await begin().hear(text)


async def test_words_are_cleaned_and_limited(begin):
    session = begin()
    turn = await session.hear("\x1b[31mHello\x1b[0m\r\nthere\u202e")
    assert turn.text == "Hello\nthere"
    with pytest.raises(UsageError, match="4,001"):
        await session.hear("x" * 4001)
    await session.hear("x" * 4000)


async def test_cut_off_in_the_middle_ends_the_turn_with_what_was_shown(begin, robin, detector, voice):
    whole = begin()
    await run(whole, LINES[:3])
    turns = [
        *whole.transcript.turns[:2],
        whole.transcript.turns[2].model_copy(update={"partial": True, "state": None, "moved": ()}),
    ]
    cut = whole.transcript.model_copy(update={"turns": turns, "ending": None, "survey": None})
    resumed = Session(robin, whole.scenario, whole.identity, seed=1, voice=voice, detector=detector, transcript=cut)
    assert resumed.owes_reply
    events = [event async for event in resumed.reply()]
    assert len(events) == 1
    assert resumed.transcript.turns == whole.transcript.turns[:3]
    assert not resumed.owes_reply


async def test_a_model_that_fails_leaves_a_reply_owed_and_another_voice_can_give_it(begin, recorder, voice, reply):
    model = ScriptedModel(
        ["Hello. It's about this toaster.", ModelError("timeout", "Silence."), ModelError("timeout", "Silence.")]
    )
    session = begin(voice=ModelVoice(model, voice), recorder=recorder)
    await reply(session)
    await session.hear("What's wrong with it?")
    for _ in range(2):
        with pytest.raises(ModelError):
            await reply(session)
        assert session.owes_reply and len(session.transcript.turns) == 2 and recorder.turns[2].text == "What's wrong with it?"
    session.voice = voice
    turn = await reply(session)
    assert turn.voice == "built-in" and turn.fact == "fault"


async def test_dropped_after_a_sentence_keeps_the_sentence(begin, voice, reply):
    dropped = Line(("It trips the fuse ", "every time. And then "), error=ModelError("dropped", "Gone."))
    model = ScriptedModel(["Hello. It's about this toaster.", dropped])
    session = begin(voice=ModelVoice(model, voice))
    await reply(session)
    await session.hear("What's wrong with it?")
    with pytest.raises(ModelError):
        await reply(session)
    assert session.owes_reply and session.transcript.turns[-1].partial
    turn = await reply(session)
    assert turn.text == "It trips the fuse every time." and not turn.partial and len(model.calls) == 2


async def test_stopping_answers_the_survey_once(begin, recorder, exchange):
    session = begin(recorder=recorder)
    await exchange(session, "Hello, how can I help?")
    transcript = await session.stop("stopped")
    assert transcript.ending == "stopped" and transcript.survey is not None and recorder.finished.ending == "stopped"
    assert transcript.survey.comment == "I left with the same toaster."
    await session.stop("trainee_ended")
    assert transcript.ending == "stopped" and not session.owes_reply
    with pytest.raises(UsageError, match="over"):
        await session.hear("Wait!")
    with pytest.raises(UsageError):
        await begin().stop("bored")


async def test_script_that_runs_out_says_so(begin):
    transcript = await run(begin(), ["Hello, how can I help?"])
    assert transcript.ending == "out_of_lines" and transcript.survey is not None
    assert set(transcript.as_record()) >= {
        "id",
        "persona",
        "scenario",
        "identity",
        "seed",
        "turns",
        "ending",
        "survey",
        "versions",
    }


async def test_ids_follow_from_what_the_conversation_is_made_of(begin):
    assert begin().transcript.id == begin().transcript.id
    assert len({begin(seed=seed, salt=salt).transcript.id for seed in (1, 2) for salt in ("", "x")}) == 4
    assert begin(persona_digest="abc").transcript.versions.persona == "abc"
