"""Answers in a given form, from servers that know how, from those that do not, and from models that get it wrong."""

from __future__ import annotations

import json
from typing import Literal

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from simulator.grading.judges.reply import Answers
from simulator.models.discovery import Impression
from simulator.models.errors import ModelError
from simulator.models.forms import response_format, strict_schema
from simulator.models.quirks import Quirks
from simulator.models.scripted import Line, ScriptedModel
from simulator.models.structured import Misfit, find_object, interpret


class Verdict(BaseModel):
    met: bool
    quote: str = ""
    level: int = Field(default=3, ge=1, le=5)


GOOD = '{"met": true, "quote": "kind of you", "level": 4}'
PROSE = "I'm sorry, but I can't help with that."
ASK = [{"role": "user", "content": "Was it kind?"}]


async def failing(coming) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await coming
    return caught.value


class TestLadder:
    async def test_by_schema_where_the_server_knows_how(self, server, make_model):
        server.answers = [server.whole(GOOD, usage={"prompt_tokens": 9, "completion_tokens": 5})]
        answer = await make_model().structured(ASK, Verdict, max_tokens=50)
        assert (answer.value, answer.rung) == (Verdict(met=True, quote="kind of you", level=4), "json_schema")
        assert (answer.usage.input_tokens, answer.usage.calls) == (9, 1)
        form = server.requests[0]["response_format"]
        assert (form["type"], form["json_schema"]["strict"]) == ("json_schema", True)
        assert form["json_schema"]["schema"]["required"] == ["met", "quote", "level"]
        assert server.requests[0]["messages"] == ASK

    @pytest.mark.parametrize("status", [400, 422])
    async def test_a_form_that_is_refused_is_not_asked_for_again(self, server, make_model, status):
        server.answers = [
            server.status(status, "response_format json_schema is not supported"),
            server.whole(GOOD),
            server.whole(GOOD),
        ]
        model = make_model()
        assert (await model.structured(ASK, Verdict, max_tokens=50)).rung == "json_object"
        assert (await model.structured(ASK, Verdict, max_tokens=50)).rung == "json_object"
        assert [request["response_format"]["type"] for request in server.requests] == [
            "json_schema",
            "json_object",
            "json_object",
        ]
        assert "JSON Schema" in server.requests[1]["messages"][-1]["content"]

    async def test_down_to_plain_words(self, server, make_model):
        server.answers = [
            server.status(400, "response_format is not supported"),
            server.status(400, "response_format is not supported"),
            server.whole(f"Here you are:\n```json\n{GOOD}\n```\nAnything else?"),
        ]
        assert (await make_model().structured(ASK, Verdict, max_tokens=50)).rung == "plain"
        assert "response_format" not in server.requests[2]

    async def test_a_server_that_fails_at_the_schema_is_asked_without_it_from_then_on(self, server, make_model):
        server.answers = [server.status(500, "failed to parse grammar"), server.whole(GOOD), server.whole(GOOD)]
        model = make_model()
        assert (await model.structured(ASK, Verdict, max_tokens=50)).rung == "json_object"
        await model.structured(ASK, Verdict, max_tokens=50)
        assert server.requests[2]["response_format"]["type"] == "json_object"

    async def test_a_server_that_just_fails_keeps_its_rung(self, server, make_model):
        server.answers = [lambda _: server.status(500, "boom")]
        model = make_model()
        assert (await failing(model.structured(ASK, Verdict, max_tokens=50))).kind == "server"
        assert model.quirks.rung == 0

    async def test_a_server_that_ignores_the_form_is_asked_in_words_from_the_second_time_on(self, server, make_model):
        def ignoring(request):
            return server.whole(GOOD if "JSON Schema" in request["messages"][-1]["content"] else "It was kind.")

        server.answers = [ignoring]
        model = make_model()
        for _ in range(3):
            assert (await model.structured(ASK, Verdict, max_tokens=50)).rung == "json_object"
        assert len(server.requests) == 5

    async def test_a_whim_changes_nothing(self, server, make_model):
        server.answers = [server.whole(PROSE), server.whole(GOOD), server.whole(GOOD), server.whole(PROSE), server.whole(GOOD)]
        model = make_model()
        rungs = [(await model.structured(ASK, Verdict, max_tokens=50)).rung for _ in range(3)]
        assert rungs == ["json_object", "json_schema", "json_object"]
        assert model.quirks.rung == 0

    async def test_also_from_this_computer(self, server, make_model):
        server.answers = [server.stream("<think>{}</think>", GOOD[:9], GOOD[9:])]
        assert (await make_model(local=True).structured(ASK, Verdict, max_tokens=50)).value.level == 4


class TestAskingOnceMore:
    async def test_with_what_was_wrong(self):
        model = ScriptedModel(['{"met": "perhaps", "level": 9}', GOOD])
        answer = await model.structured(ASK, Verdict, max_tokens=50)
        assert answer.value.met
        assert answer.usage.calls == 2
        said = model.calls[1].messages[-1]["content"]
        assert "met:" in said
        assert "level:" in said
        assert model.calls[1].messages[-2]["content"] == '{"met": "perhaps", "level": 9}'

    async def test_with_what_a_check_found(self):
        model = ScriptedModel([GOOD, '{"met": false}'])
        answer = await model.structured(
            ASK, Verdict, max_tokens=50, check=lambda value: "that quote was never said" if value.quote else None
        )
        assert not answer.value.met
        assert "that quote was never said" in model.calls[1].messages[-1]["content"]

    async def test_but_not_twice(self):
        model = ScriptedModel(['{"met": "perhaps"}'], forever=True)
        fault = await failing(model.structured(ASK, Verdict, max_tokens=50))
        assert (fault.kind, len(model.calls), fault.usage.calls) == ("malformed", 2, 2)
        assert "perhaps" not in str(fault)

    async def test_prose_on_every_rung_ends_too(self):
        model = ScriptedModel([PROSE], forever=True)
        fault = await failing(model.structured(ASK, Verdict, max_tokens=50))
        assert (fault.kind, len(model.calls)) == ("malformed", 4)
        assert "prose" in fault.message

    async def test_an_answer_cut_off_gets_twice_the_room_once(self):
        model = ScriptedModel([Line((GOOD[:30],), "length"), GOOD])
        assert (await model.structured(ASK, Verdict, max_tokens=50)).value.level == 4
        assert [call.max_tokens for call in model.calls] == [50, 100]

    async def test_cut_off_again_is_an_error_and_never_an_answer(self):
        model = ScriptedModel([Line((GOOD,), "length")], forever=True)
        fault = await failing(model.structured(ASK, Verdict, max_tokens=50))
        assert (fault.kind, fault.usage.calls) == ("cut_off", 2)

    async def test_a_fault_on_the_way_keeps_what_was_spent(self):
        model = ScriptedModel(["{}", ModelError("dropped", "gone")])
        fault = await failing(model.structured(ASK, Verdict, max_tokens=50))
        assert (fault.kind, fault.usage.calls) == ("dropped", 1)


class TestReading:
    @pytest.mark.parametrize(
        "text",
        [
            GOOD,
            f"Sure! {GOOD} Let me know.",
            f"```json\n{GOOD}\n```",
            f"```\n{GOOD}```",
            "{'met': true, 'quote': 'kind of you', 'level': 4}",
            '{"met": true, "quote": "kind of you", "level": 4,}',
            '{met: true, quote: "kind of you", level: 4}',
            '{"met": True, "quote": "kind of you", "level": 4}',
            '{"met": true, // yes\n "quote": "kind of you", "level": 4}',
        ],
    )
    def test_whole_objects_are_found_and_mended(self, text: str):
        assert interpret(text, Verdict) == Verdict(met=True, quote="kind of you", level=4)

    @pytest.mark.parametrize("end", range(len(GOOD)))
    def test_no_beginning_of_an_object_is_taken_for_it(self, end: int):
        assert find_object(GOOD[:end]) is None

    @pytest.mark.parametrize(
        "text",
        [
            "",
            PROSE,
            "[]",
            "[1, 2]",
            "3",
            "null",
            '"text"',
            "}{",
            "{" * 5000,
            '{"a":' * 5000 + "1" + "}" * 5000,
            '{broken, "quote}',
        ],
    )
    def test_what_is_no_object(self, text: str):
        assert find_object(text) is None

    def test_nor_of_a_nested_one(self):
        text = '{"findings": [{"id": "close", "quotes": ["a", "b"]}, {"id": "other", "quotes": []}], "more": {"x": 1}}'
        assert [find_object(text[:end]) for end in range(len(text))] == [None] * len(text)

    def test_escape_sequences_behind_json_escapes_are_gone(self):
        value = interpret('{"met": true, "quote": "a\\u001b[31mred\\u202e"}', Verdict)
        assert isinstance(value, Verdict)
        assert value.quote == "ared"

    def test_a_misfit_says_what_is_wrong_and_not_what_was_given(self):
        misfit = interpret('{"met": "Mister Biscuit"}', Verdict)
        assert isinstance(misfit, Misfit)
        assert misfit.json
        assert "met" in misfit.problem
        assert "Biscuit" not in misfit.problem

    def test_a_form_within_a_form(self):
        class Page(BaseModel):
            verdicts: list[Verdict]

        text = json.dumps({"verdicts": [{"met": True, "quote": "she said {so} [there]"}]})
        value = interpret(f"Well: {text}", Page)
        assert isinstance(value, Page)
        assert value.verdicts[0].quote == "she said {so} [there]"

    @given(
        st.dictionaries(
            st.text(max_size=5), st.text(max_size=8) | st.integers() | st.none() | st.lists(st.booleans(), max_size=3), max_size=4
        ),
        st.text(max_size=20),
    )
    @settings(max_examples=60, deadline=None)
    def test_json_is_read_back_as_it_was_written(self, data, around: str):
        assert find_object(json.dumps(data)) == data
        found = find_object(f"{around}{json.dumps(data)}")
        assert found is None or isinstance(found, dict)

    @given(st.text(alphabet='{}[]":,\\ab1 \n', max_size=40))
    @settings(max_examples=100, deadline=None)
    def test_nothing_breaks_the_reading(self, text: str):
        found = interpret(text, Verdict)
        assert isinstance(found, Verdict | Misfit)


class Side(BaseModel):
    """A side of it."""

    name: str = Field(description="The default of a key", pattern="^[a-z]+$")
    default: Literal["a", "b"] | None = None


class Whole(BaseModel):
    first: Side = Field(description="The first")
    others: list[Side] = Field(default=[], max_length=3)
    by_name: str | int | None = Field(default=None, description="Either")
    properties: bool = True


@pytest.mark.parametrize("form", [Verdict, Side, Whole, Answers, Impression])
def test_the_strict_form_is_the_one_that_openai_defines(form: type[BaseModel]):
    assert strict_schema(form) == openai.pydantic_function_tool(form)["function"]["parameters"]


def test_a_form_is_put_into_a_schema_once():
    assert response_format(Verdict, "json_schema") is response_format(Verdict, "json_schema")
    assert response_format(Verdict, "plain") == {}


def test_quirks_are_not_shared_by_chance():
    assert Quirks().refused is not Quirks().refused
