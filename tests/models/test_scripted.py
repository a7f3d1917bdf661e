"""The scripted model behaves as a real one towards those who talk with it."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import BaseModel

from simulator.models.errors import ModelError
from simulator.models.scripted import Line, ScriptedModel

ASK = [{"role": "user", "content": "Hello"}]


class Answer(BaseModel):
    yes: bool


async def test_texts_come_word_by_word_and_calls_are_kept(collect):
    model = ScriptedModel(["Well, hello there.", "Bye."])
    reply = model.stream(ASK, max_tokens=9, temperature=0.2, stop=["x"], seed=3)
    assert [piece async for piece in reply] == ["Well, ", "hello ", "there."]
    assert reply.finish_reason == "stop"
    assert reply.usage.calls == 1
    assert (await model.complete(ASK, max_tokens=9)).text == "Bye."
    call = model.calls[0]
    assert (call.messages[0], call.max_tokens, call.temperature, call.stop, call.seed) == (ASK[0], 9, 0.2, ("x",), 3)


async def test_errors_are_raised_also_after_some_words(collect):
    model = ScriptedModel([ModelError("timeout", "late"), Line(("Well, ",), error=ModelError("dropped", "gone"))])
    with pytest.raises(ModelError, match="late"):
        await collect(model.stream(ASK, max_tokens=9))
    reply = model.stream(ASK, max_tokens=9)
    assert await anext(reply) == "Well, "
    with pytest.raises(ModelError, match="gone"):
        await anext(reply)


async def test_a_pause_lasts_until_its_event(collect):
    event = asyncio.Event()
    reply = ScriptedModel([Line(("one ", "two"), wait=event, wait_at=1)]).stream(ASK, max_tokens=9)
    assert await anext(reply) == "one "
    coming = asyncio.ensure_future(anext(reply))
    await asyncio.sleep(0.01)
    assert not coming.done()
    event.set()
    assert await coming == "two"


async def test_functions_models_and_mappings():
    model = ScriptedModel([lambda messages: messages[-1]["content"].upper(), Answer(yes=True), {"yes": False}])
    assert (await model.complete(ASK, max_tokens=9)).text == "HELLO"
    assert (await model.structured(ASK, Answer, max_tokens=9)).value.yes
    assert not (await model.structured(ASK, Answer, max_tokens=9)).value.yes
    assert model.calls[1].schema is Answer


async def test_what_a_real_model_is_cleaned_of_is_not_in_it_either(collect):
    model = ScriptedModel(["<think>hm</think>a\x1b[31mb", "", Line(("\x1b[", "31m"))])
    assert await collect(model.stream(ASK, max_tokens=9)) == "ab"
    for _ in range(2):
        with pytest.raises(ModelError) as caught:
            await collect(model.stream(ASK, max_tokens=9))
        assert caught.value.kind == "empty"


async def test_asking_beyond_the_script_is_a_mistake_of_the_script(collect):
    model = ScriptedModel(["one"])
    await collect(model.stream(ASK, max_tokens=9))
    with pytest.raises(LookupError):
        await collect(model.stream(ASK, max_tokens=9))
    again = ScriptedModel(["one"], forever=True)
    assert [(await again.complete(ASK, max_tokens=9)).text for _ in range(3)] == ["one"] * 3
    await again.aclose()
    assert again.closed
