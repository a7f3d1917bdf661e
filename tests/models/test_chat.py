"""Replies, streamed and whole, from servers good and bad."""

from __future__ import annotations

import asyncio
import logging

import httpx2
import pytest
from pydantic import BaseModel

from simulator.models.chat import preload
from simulator.models.errors import ModelError


async def test_a_reply_comes_in_pieces_with_its_ending_and_cost(server, make_model, hello):
    usage = {"prompt_tokens": 30, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 20}}
    server.answers = [server.stream({"role": "assistant"}, "Hello ", "there", usage=usage)]
    reply = make_model().stream(hello, max_tokens=50, temperature=0.5, stop=["\n"], seed=7)
    assert [piece async for piece in reply] == ["Hello ", "there"]
    assert reply.finish_reason == "stop"
    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.cached_tokens, reply.usage.calls) == (30, 4, 20, 1)
    asked = server.requests[0]
    assert asked["messages"] == hello
    assert (asked["model"], asked["max_tokens"], asked["temperature"], asked["stop"], asked["seed"]) == ("m", 50, 0.5, ["\n"], 7)
    assert server.headers[0]["authorization"] == "Bearer sk-proj-abcdefghijkl"


async def test_cost_is_estimated_and_said_to_be_where_the_server_does_not_tell(server, make_model, hello, collect):
    server.answers = [server.stream("Hello there")]
    reply = make_model().stream(hello, max_tokens=50)
    await collect(reply)
    assert reply.usage.estimated
    assert reply.usage.output_tokens > 0


async def test_a_local_server_without_a_key_gets_none(server, make_model, hello, collect, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "sk-secret-of-somebody")
    server.answers = [server.stream("Hi")]
    await collect(make_model(local=True).stream(hello, max_tokens=5))
    assert "authorization" not in server.headers[0]
    assert not [value for value in server.headers[0].values() if "secret" in value]


async def test_escape_sequences_never_come_through_even_when_split(server, make_model, hello, collect):
    server.answers = [server.stream("a\x1b", "[31mred", "\x1b]0;ti", "tle\x07 [/x] [bold]")]
    assert await collect(make_model().stream(hello, max_tokens=50)) == "ared [/x] [bold]"


async def test_a_server_that_does_not_stream_is_heard_all_the_same(server, make_model, hello, collect):
    server.answers = [server.whole("All at once.")]
    reply = make_model().stream(hello, max_tokens=50)
    assert await collect(reply) == "All at once."
    assert reply.finish_reason == "stop"


async def test_whole_replies(server, make_model, hello):
    server.answers = [server.whole(" Hello.\x1b[2J ", usage={"prompt_tokens": 9, "completion_tokens": 2})]
    done = await make_model().complete(hello, max_tokens=50)
    assert (done.text, done.finish_reason, done.usage.input_tokens) == ("Hello.", "stop", 9)
    assert "stream" not in server.requests[0]


async def test_content_in_parts(server, make_model, hello):
    server.answers = [server.whole([{"type": "text", "text": "One, "}, {"type": "text", "text": "two."}])]
    assert (await make_model().complete(hello, max_tokens=50)).text == "One, two."


async def test_whole_replies_from_this_computer_are_streamed(server, make_model, hello):
    server.answers = [server.stream("<think>hm</think>", "Hello.")]
    done = await make_model(local=True).complete(hello, max_tokens=50)
    assert (done.text, done.finish_reason) == ("Hello.", "stop")
    assert server.requests[0]["stream"] is True


async def test_a_whole_local_reply_that_is_dropped_is_asked_for_once_more(server, make_model, hello):
    server.answers = [server.stream("Hel", httpx2.ReadError("gone")), server.stream("Hello.")]
    assert (await make_model(local=True, retries=1).complete(hello, max_tokens=50)).text == "Hello."


async def test_a_reply_cut_off_says_so(server, make_model, hello, collect):
    server.answers = [server.stream("Hello th", finish_reason="length")]
    reply = make_model().stream(hello, max_tokens=3)
    assert await collect(reply) == "Hello th"
    assert reply.finish_reason == "length"


@pytest.mark.parametrize("local", [True, False])
async def test_an_endless_reply_is_no_longer_read(server, make_model, hello, local):
    server.answers = [server.stream(*["on and on "] * 5000, finish_reason=None) if local else server.whole("on and on " * 5000)]
    done = await make_model(local=local).complete(hello, max_tokens=20)
    assert done.finish_reason == "length"
    assert len(done.text) < 2000
    if local:
        assert server.bodies[0].given < 200
        assert server.bodies[0].closed


async def test_who_stops_listening_ends_the_request(server, make_model, hello):
    server.answers = [server.stream(*["word "] * 50)]
    reply = make_model().stream(hello, max_tokens=500)
    assert await anext(reply) == "word "
    await reply.aclose()
    assert server.bodies[0].closed
    assert server.bodies[0].given < 50


async def test_a_cancelled_reply_ends_the_request(server, make_model, hello, collect):
    server.answers = [server.stream("word ", asyncio.Event())]
    reply = make_model().stream(hello, max_tokens=500)
    await anext(reply)
    task = asyncio.create_task(collect(reply))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server.bodies[0].closed


async def test_everything_said_but_no_goodbye_is_a_whole_reply(server, make_model, hello, collect):
    server.answers = [server.raw(b'data: {"choices":[{"delta":{"content":"Hi."},"finish_reason":"stop"}]}\n\n', asyncio.Event())]
    assert await collect(make_model().stream(hello, max_tokens=5)) == "Hi."
    server.answers = [
        server.raw(b'data: {"choices":[{"delta":{"content":"Hi."},"finish_reason":"stop"}]}\n\n', httpx2.ReadError("gone"))
    ]
    assert await collect(make_model().stream(hello, max_tokens=5)) == "Hi."


async def test_the_first_model_is_taken_where_none_is_named(server, make_model, hello, collect):
    listed = {"data": [{"id": "nomic-embed-text"}, {"id": "\x1b[31mbad"}, {"id": "llama3.2"}, {"id": "other"}]}
    server.answers = [httpx2.Response(200, json=listed), server.stream("Hi.")]
    model = make_model(local=True, model="")
    assert model.name == "Ollama"
    await collect(model.stream(hello, max_tokens=5))
    assert (model.name, server.requests[1]["model"]) == ("llama3.2", "llama3.2")
    assert server.urls[0].endswith("/v1/models")


async def test_a_server_without_a_model(server, make_model, hello, collect):
    server.answers = [httpx2.Response(200, json={"data": []})]
    with pytest.raises(ModelError) as caught:
        await collect(make_model(local=True, model="").stream(hello, max_tokens=5))
    assert caught.value.kind == "not_found"


class TestThinking:
    async def test_thoughts_apart_from_the_answer(self, server, make_model, hello, collect):
        server.answers = [server.stream({"reasoning_content": "She is upset."}, {"reasoning": "Yes."}, "Oh dear.")]
        model = make_model()
        assert await collect(model.stream(hello, max_tokens=5)) == "Oh dear."
        assert model.quirks.thinks

    async def test_who_spent_all_words_on_thinking_gets_more_of_them(self, server, make_model, hello, collect):
        server.answers = [server.stream({"reasoning_content": "Hm, hm"}, finish_reason="length"), server.stream("Oh dear.")]
        assert await collect(make_model().stream(hello, max_tokens=5)) == "Oh dear."
        assert server.requests[1]["max_tokens"] > server.requests[0]["max_tokens"] + 1000

    async def test_whole_answers_get_more_words_too(self, server, make_model, hello):
        server.answers = [server.whole("", "length"), server.whole("Oh dear.")]
        assert (await make_model().complete(hello, max_tokens=5)).text == "Oh dear."

    async def test_thinking_for_ever_is_an_error(self, server, make_model, hello, collect):
        server.answers = [lambda _: server.stream("<think>", *["on and on "] * 20000, finish_reason=None)]
        with pytest.raises(ModelError) as caught:
            await collect(make_model().stream(hello, max_tokens=5))
        assert caught.value.kind == "cut_off"
        assert server.bodies[-1].given < 10000

    async def test_thinking_aloud_is_told_once_and_then_left_out(self, server, make_model, hello, collect):
        server.answers = [lambda _: server.stream("She is upset, so I.", "</think>", "Oh dear.")]
        model = make_model()
        with pytest.raises(ModelError) as caught:
            await collect(model.stream(hello, max_tokens=5))
        assert caught.value.kind == "malformed"
        assert await collect(model.stream(hello, max_tokens=5)) == "Oh dear."

    async def test_thinking_aloud_in_a_whole_answer(self, server, make_model, hello):
        server.answers = [server.whole("She is upset.</think>Oh dear.")]
        assert (await make_model().complete(hello, max_tokens=5)).text == "Oh dear."
        server.answers = [server.stream("She is upset.", "</think>", "Oh dear.")]
        assert (await make_model(local=True).complete(hello, max_tokens=5)).text == "Oh dear."


class TestAdapting:
    @pytest.mark.parametrize(
        ("words", "gone"),
        [
            ("Unsupported parameter: 'seed' is not supported", "seed"),
            (
                "Unsupported value: 'temperature' does not support 0.8 with this model. Only the default (1) value is supported.",
                "temperature",
            ),
            ("stream_options: extra fields not permitted", "stream_options"),
        ],
    )
    async def test_what_is_refused_is_left_out_from_then_on(self, server, make_model, hello, collect, words, gone):
        server.answers = [server.status(400, words), server.stream("Hi."), server.stream("Hi.")]
        model = make_model()
        await collect(model.stream(hello, max_tokens=5, seed=1))
        await collect(model.stream(hello, max_tokens=5, seed=1))
        assert [gone in request for request in server.requests] == [True, False, False]

    async def test_the_other_name_for_the_limit(self, server, make_model, hello):
        words = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        server.answers = [server.status(400, words), server.whole("Hi.")]
        model = make_model()
        await model.complete(hello, max_tokens=5)
        assert server.requests[1]["max_completion_tokens"] == 5
        assert "max_tokens" not in server.requests[1]

    async def test_no_system_messages(self, server, make_model, hello):
        server.answers = [server.status(400, "System role not supported"), server.whole("Hi.")]
        await make_model().complete(hello, max_tokens=5)
        assert server.requests[1]["messages"] == [{"role": "user", "content": f"{hello[0]['content']}\n\n{hello[1]['content']}"}]

    async def test_turns_that_must_alternate(self, server, make_model, hello):
        server.answers = [
            server.status(400, "Conversation roles must alternate user/assistant/user/assistant/..."),
            server.whole("Hi."),
        ]
        said = [hello[0], {"role": "assistant", "content": "Hello?"}, hello[1], {"role": "user", "content": "Well?"}]
        await make_model().complete(said, max_tokens=5)
        assert [each["role"] for each in server.requests[1]["messages"]] == ["system", "user", "assistant", "user"]

    async def test_a_refusal_without_a_reason_is_met_with_less(self, server, make_model, hello, collect):
        server.answers = [server.status(422, "Unprocessable"), server.stream("Hi.")]
        assert await collect(make_model().stream(hello, max_tokens=5, seed=1)) == "Hi."
        assert not {"seed", "temperature", "stream_options"} & set(server.requests[1])

    async def test_who_refuses_everything_is_not_asked_for_ever(self, server, make_model, hello):
        server.answers = [lambda _: server.status(400, "Unsupported parameter: seed, max_tokens, max_completion_tokens")]
        with pytest.raises(ModelError) as caught:
            await make_model().complete(hello, max_tokens=5, seed=1)
        assert caught.value.kind == "other"
        assert len(server.requests) < 10


class TestEffort:
    """Hosted models that can think are told not to before they speak, and only a little before they judge."""

    @pytest.mark.parametrize(
        ("model", "effort"),
        [
            ("gpt-6-luna", "none"),
            ("openai/gpt-5.6-terra", "none"),
            ("gpt-5-mini", "minimal"),
            ("o4-mini", "low"),
            ("gpt-4.1-mini", None),
            ("mistral-small", None),
        ],
    )
    async def test_by_family(self, server, make_model, hello, model, effort):
        server.answers = [server.whole("Hi.")]
        await make_model(model=model).complete(hello, max_tokens=5, temperature=0.8)
        assert server.requests[0].get("reasoning_effort") == effort
        assert ("temperature" in server.requests[0]) is (effort in (None, "none"))

    async def test_an_effort_that_is_refused_makes_way_for_the_next(self, server, make_model, hello):
        words = "Unsupported value: 'reasoning_effort' does not support 'none' with this model."
        server.answers = [server.status(400, words), server.status(400, words), server.whole("Hi."), server.whole("Hi.")]
        model = make_model(model="gpt-6-luna")
        await model.complete(hello, max_tokens=5)
        await model.complete(hello, max_tokens=5)
        assert [request.get("reasoning_effort") for request in server.requests] == ["none", "minimal", "low", "low"]

    async def test_a_server_that_knows_no_effort(self, server, make_model, hello):
        def answer(request):
            return server.status(400, "unknown field: reasoning_effort") if "reasoning_effort" in request else server.whole("Hi.")

        server.answers = [answer]
        assert (await make_model(model="gpt-6-luna").complete(hello, max_tokens=5)).text == "Hi."
        assert "reasoning_effort" not in server.requests[-1]

    async def test_a_judge_may_think_a_little(self, server, make_model, hello):
        class Answer(BaseModel):
            yes: bool

        server.answers = [server.whole('{"yes": true}')]
        await make_model(model="gpt-6-luna").structured(hello, Answer, max_tokens=5)
        assert server.requests[0]["reasoning_effort"] == "low"

    async def test_local_models_are_asked_not_to_once_they_are_seen_to(self, server, make_model, hello, collect):
        refusal = server.status(400, "reasoning_effort: Input should be 'low', 'medium' or 'high'")
        server.answers = [server.stream("Hi."), server.stream("<think>hm</think>Hi."), refusal, server.stream("Hi.")]
        model = make_model(local=True, model="qwen3")
        for _ in range(3):
            await collect(model.stream(hello, max_tokens=5))
        assert ["reasoning_effort" in request for request in server.requests] == [False, False, True, False]
        assert ["chat_template_kwargs" in request for request in server.requests] == [False, False, True, True]


async def test_what_cannot_be_encoded_does_not_stop_a_request(server, make_model):
    server.answers = [server.whole("Hi.")]
    await make_model().complete([{"role": "user", "content": "half \ud83d"}], max_tokens=5)
    assert server.requests[0]["messages"][0]["content"] == "half "


async def test_a_passing_fault_is_tried_again(server, make_model, hello):
    server.answers = [httpx2.Response(500, headers={"retry-after-ms": "1"}), server.whole("Hi.")]
    assert (await make_model(retries=1).complete(hello, max_tokens=5)).text == "Hi."


async def test_nothing_said_goes_into_a_log(server, make_model, hello, caplog):
    caplog.set_level(logging.DEBUG)
    preload()
    server.answers = [server.whole("Hi.")]
    await make_model().complete(hello, max_tokens=5)
    assert "Biscuit" not in caplog.text
    assert "sk-proj" not in caplog.text
