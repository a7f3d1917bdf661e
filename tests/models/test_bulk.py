"""A model for runs: asks and understands as the conversation's does, and outlasts what passes."""

from __future__ import annotations

import asyncio
import gzip
import json
import random

import httpx2
import pytest
from pydantic import BaseModel

from simulator.models.errors import ModelError


class Verdict(BaseModel):
    met: bool
    quote: str = ""


GOOD = '{"met": true, "quote": "kind of you"}'
PROSE = "I'm sorry, but I can't help with that."
ASK = [{"role": "system", "content": "Read “this” with care. " * 40}, {"role": "user", "content": "Was it kind? \ud83d"}]
HELLO = [{"role": "user", "content": "My cat is called Mister Biscuit."}]


async def fault_of(coming) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await coming
    return caught.value


class TestAsksAsTheConversationsModelDoes:
    @pytest.mark.parametrize("name", ["m", "gpt-5.2", "o4-mini"])
    @pytest.mark.parametrize(
        "refusals",
        [
            [],
            ["Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "'temperature' is not supported"],
            ["response_format json_schema is not supported", "response_format is not supported"],
            ["Only user and assistant roles; system role not supported"],
            ["roles must alternate"],
            ["I do not like it"] * 3,
        ],
    )
    async def test_the_same_requests_whatever_the_server_refuses(self, server, wire, make_model, make_bulk, name, refusals):
        wire.answers = [*(wire.status(400, each) for each in refusals), wire.whole(GOOD)]
        server.answers = [*(server.status(400, each) for each in refusals), server.whole(GOOD)]
        bulk, chat = make_bulk(model=name), make_model(model=name)
        for model in (bulk, chat):
            for _ in range(2):
                answer = await model.structured(ASK, Verdict, max_tokens=50, seed=7)
                assert answer.value.met
            await model.complete(HELLO, max_tokens=9, temperature=0.3, stop=["\n"])
        assert wire.requests == server.requests
        assert len(wire.requests) == 3 + len(refusals)
        assert bulk.quirks == chat.quirks

    async def test_the_same_answers(self, server, wire, make_model, make_bulk):
        bodies = [
            wire.whole(f"<think>hm {{}}</think>```json\n{GOOD}\n```", usage={"prompt_tokens": 9, "completion_tokens": 4})[1],
            wire.whole(GOOD, usage={"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 8}})[
                1
            ],
            wire.whole(None, "length")[1],
            wire.whole(GOOD)[1],
        ]
        wire.answers = [(200, body) for body in bodies]
        server.answers = [httpx2.Response(200, json=body) for body in bodies]
        bulk, chat = make_bulk(), make_model()
        for _ in range(3):
            one, other = [await each.structured(ASK, Verdict, max_tokens=50) for each in (bulk, chat)]
            assert one == other
        assert wire.requests[-1]["max_tokens"] == 4050, "it thinks, so it is given room to"
        assert bulk.quirks == chat.quirks

    async def test_where_and_how_it_asks(self, wire, make_bulk):
        wire.answers = [wire.whole("Hello.")]
        model = make_bulk(url="http://models.example/base/v1/", account=(("OpenAI-Project", "p1"),))
        await model.complete(HELLO, max_tokens=9)
        head = wire.heads[0]
        assert "OpenAI-Project: p1" in head
        assert head.startswith("POST /base/v1/chat/completions HTTP/1.1")
        assert "Authorization: Bearer sk-proj-abcdefghijkl" in head
        assert "Accept-Encoding: identity" in head
        assert "Cookie" not in head

    async def test_no_key_no_word_of_one_and_a_name_in_the_address_goes_first(self, wire, make_bulk):
        wire.answers = [wire.whole("Hello."), wire.status(500, "boom")]
        await make_bulk(key=None).complete(HELLO, max_tokens=9)
        assert "uthorization" not in wire.heads[0]
        fault = await fault_of(make_bulk(url="http://ann:s%40cret@models.example/v1").complete(HELLO, max_tokens=9))
        assert "Authorization: Basic YW5uOnNAY3JldA==" in wire.heads[-1]
        assert "cret" not in str(fault)

    async def test_the_first_model_where_none_is_chosen_and_what_it_can_take(self, wire, make_bulk):
        wire.answers = [(200, {"data": [{"id": "nomic-embed"}, {"id": "qwen3", "max_model_len": 4096}]}), wire.whole("Hi.")]
        model = make_bulk(model="")
        assert await model.settle_on_model() == "qwen3"
        assert (model.name, model.window) == ("qwen3", 4096)
        await model.complete(HELLO, max_tokens=9)
        assert wire.requests[-1]["model"] == "qwen3"

    async def test_a_list_that_cannot_be_had_matters_only_where_it_is_needed(self, wire, make_bulk):
        wire.answers = [wire.status(404, "no such route")]
        assert await make_bulk().settle_on_model() == "m"
        assert (await fault_of(make_bulk(model="").settle_on_model())).kind == "not_found"


class TestFaults:
    @pytest.mark.parametrize(
        ("status", "words", "kind", "requests"),
        [
            (401, "Incorrect API key provided: sk-proj-abcdefghijkl", "unauthorised", 1),
            (403, "Country not supported", "unauthorised", 1),
            (404, "The model `m` does not exist", "not_found", 1),
            (402, "Payment required", "no_credit", 1),
            (429, "You exceeded your current quota, please check your plan and billing details", "no_credit", 1),
            (307, "", "not_found", 1),
            (400, "This model's maximum context length is 8192 tokens", "too_long", 1),
            (418, "I am a teapot", "other", 2),
            (500, "boom", "server", 8),
            (503, "Loading model", "server", 8),
            (429, "Rate limit reached", "rate_limited", 40),
            (408, "Request timeout", "timeout", 3),
        ],
    )
    async def test_what_passes_is_tried_again_and_what_does_not_is_not(self, wire, make_bulk, status, words, kind, requests):
        wire.answers = [wire.status(status, words, location="http://elsewhere.example/")]
        model = make_bulk(patience_s=10_000)
        fault = await fault_of(model.complete(HELLO, max_tokens=9))
        assert (fault.kind, len(wire.requests)) == (kind, requests)
        assert "sk-" not in str(fault)
        assert model.limit.under_way == 0

    async def test_it_waits_longer_each_time_and_not_for_ever(self, wire, make_bulk):
        wire.answers = [wire.status(500, "boom")]
        model = make_bulk()
        await fault_of(model.complete(HELLO, max_tokens=9))
        assert model.slept == [0.5, 1, 2, 4, 8, 16, 30]
        wire.requests.clear()
        hurried = make_bulk(patience_s=5)
        await fault_of(hurried.complete(HELLO, max_tokens=9))
        assert (hurried.slept, len(wire.requests)) == ([0.5, 1, 2], 4)

    async def test_a_pause_that_is_asked_for_is_kept_and_narrows(self, wire, make_bulk):
        wire.answers = [wire.status(429, "slow down", Retry_After="12"), wire.whole("Hello.")]
        model = make_bulk(ceiling=1)
        await model.complete(HELLO, max_tokens=9)
        assert model.slept == [12]

    async def test_a_pause_longer_than_its_patience_is_told(self, wire, make_bulk):
        wire.answers = [wire.status(429, "come back tomorrow", Retry_After="40000")]
        model = make_bulk()
        fault = await fault_of(model.complete(HELLO, max_tokens=9))
        assert (fault.kind, fault.retry_after_s, model.slept, model.limit.paused_s) == ("rate_limited", 40000, [], 0)

    @pytest.mark.parametrize("broken", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{", b"nonsense\r\n\r\n"])
    async def test_a_connection_that_breaks_is_made_again(self, wire, make_bulk, broken):
        wire.answers = [broken, broken, wire.whole("Hello.")]
        assert (await make_bulk().complete(HELLO, max_tokens=9)).text == "Hello."
        wire.answers = [broken]
        assert (await fault_of(make_bulk().complete(HELLO, max_tokens=9))).kind == "dropped"

    async def test_silence_ends(self, wire, make_bulk):
        wire.hold.clear()
        wire.answers = [wire.whole("Hello.")]
        fault = await fault_of(make_bulk(timeout_s=0.02).complete(HELLO, max_tokens=9))
        assert (fault.kind, len(wire.requests)) == ("timeout", 3)

    async def test_nobody_there(self, make_bulk):
        model = make_bulk(url="http://127.0.0.1:1/v1", connect_s=1)
        fault = await fault_of(model.complete(HELLO, max_tokens=9))
        assert (fault.kind, fault.message) == ("unreachable", "Nothing answers at http://127.0.0.1:1/v1.")
        assert len(model.slept) == 2

    @pytest.mark.parametrize(
        ("body", "kind"),
        [(b"<html>Welcome</html>", "malformed"), (b"[1]", "malformed"), (b'{"error": {"message": "x"}}', "server")],
    )
    async def test_what_is_no_answer(self, wire, make_bulk, body, kind):
        wire.answers = [(200, body)]
        assert (await fault_of(make_bulk().complete(HELLO, max_tokens=9))).kind == kind

    async def test_an_answer_without_end(self, wire, make_bulk):
        wire.answers = [(200, b" " * 8_000_001)]
        assert (await fault_of(make_bulk().complete(HELLO, max_tokens=9))).kind == "too_long"
        wire.answers = [(200, gzip.compress(b" " * 30_000_000), {"content-encoding": "gzip"})]
        assert (await fault_of(make_bulk().complete(HELLO, max_tokens=9))).kind == "too_long"

    @pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
    async def test_through_a_proxy_where_one_is_set_but_never_to_this_computer(self, wire, make_bulk, monkeypatch, name):
        monkeypatch.setenv(name, f"http://127.0.0.1:{wire.port}")
        wire.answers = [wire.whole("Hello.")]
        await make_bulk().complete(HELLO, max_tokens=9)
        assert wire.heads[0].startswith("POST http://models.example/v1/chat/completions")
        assert (await fault_of(make_bulk(url="http://127.0.0.1:1/v1").complete(HELLO, max_tokens=9))).kind == "unreachable"
        monkeypatch.setenv("NO_PROXY", "models.example")
        await make_bulk().complete(HELLO, max_tokens=9)
        assert wire.heads[-1].startswith("POST /v1/chat/completions")

    async def test_a_proxy_that_cannot_be_used_is_named(self, make_bulk, monkeypatch):
        monkeypatch.setenv("ALL_PROXY", "socks5://proxy.example:1")
        fault = await fault_of(make_bulk().complete(HELLO, max_tokens=9))
        assert (fault.kind, "ALL_PROXY" in fault.hint) == ("unreachable", True)


class TestLength:
    async def test_what_surely_does_not_fit_is_not_sent(self, wire, make_bulk):
        wire.answers = [(200, {"data": [{"id": "m", "meta": {"n_ctx_train": 512}}]}), wire.whole("Hello.")]
        model = make_bulk()
        await model.settle_on_model()
        fault = await fault_of(model.complete([{"role": "user", "content": "word " * 1000}], max_tokens=9))
        assert (fault.kind, len(wire.requests)) == ("too_long", 1)
        assert "word" not in str(fault)

    async def test_the_answer_gets_what_room_there_is(self, wire, make_bulk):
        wire.answers = [(200, {"data": [{"id": "m", "context_length": 2000}]}), wire.whole("Hello.")]
        model = make_bulk()
        await model.settle_on_model()
        await model.complete([{"role": "user", "content": "word " * 700}], max_tokens=5000)
        assert wire.requests[-1]["max_tokens"] == 1000

    @pytest.mark.parametrize(
        "words",
        [
            "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens (3000 in the messages, 6000 in "
            "the completion).",
            "'max_tokens' is too large: 6000. This model's maximum context length is 4096 tokens and your request has 3000 input "
            "tokens (6000 > 4096 - 3000).",
            "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of 9000 tokens: "
            "3000 tokens from the input messages and 6000 tokens for the completion.",
        ],
    )
    async def test_also_where_only_the_refusal_tells(self, wire, make_bulk, words):
        wire.answers = [wire.status(400, words), wire.whole("Hello.")]
        await make_bulk().complete(HELLO, max_tokens=6000)
        assert wire.requests[-1]["max_tokens"] == 1096

    @pytest.mark.parametrize(
        "words",
        [
            "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.",
            "The decoder prompt (length 9000) is longer than the maximum model length of 4096.",
            "the request exceeds the available context size, try increasing it",
            "prompt is too long: 210000 tokens > 200000 maximum",
            "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).",
            "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 600 `max_new_tokens`",
            "Please reduce the length of the messages or completion.",
            "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
            "Input is too long for requested model.",
            "This model's maximum prompt length is 131072 but the request contains 150000 tokens.",
            "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with only 4096 tokens",
        ],
    )
    async def test_too_long_in_every_servers_words(self, wire, make_bulk, words):
        wire.answers = [wire.status(400, words)]
        assert (await fault_of(make_bulk().complete(HELLO, max_tokens=50))).kind == "too_long"

    async def test_a_prompt_that_was_cut_in_silence_is_found_out(self, wire, make_bulk):
        wire.answers = [wire.whole("Hello.", usage={"prompt_tokens": 1024, "completion_tokens": 3})]
        model = make_bulk(url=f"http://127.0.0.1:{wire.port}/v1")
        fault = await fault_of(model.complete([{"role": "user", "content": "word " * 4000}], max_tokens=9))
        assert (fault.kind, len(wire.requests)) == ("too_long", 1)
        assert "1,024 tokens" in fault.message
        assert (await model.complete([{"role": "user", "content": "word " * 900}], max_tokens=9)).text == "Hello."
        wire.answers = [wire.whole("Hello.", usage={"prompt_tokens": 1000, "completion_tokens": 3})]
        assert (await model.complete([{"role": "user", "content": "word " * 4000}], max_tokens=9)).usage.input_tokens == 1000


class TestManyAtOnce:
    async def test_never_more_than_the_limit(self, wire, make_bulk):
        wire.answers = [wire.whole("Hello.")]
        model = make_bulk(ceiling=6)
        wire.hold.clear()
        asked = [asyncio.create_task(model.complete(HELLO, max_tokens=9)) for _ in range(30)]
        for _ in range(200):
            await asyncio.sleep(0)
        assert 0 < len(wire.requests) <= 3
        wire.hold.set()
        await asyncio.gather(*asked)
        assert len(wire.requests) == 30

    async def test_what_one_request_learns_helps_those_under_way(self, wire, make_bulk):
        def answer(request):
            if "max_tokens" in request:
                return wire.status(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
            if request["messages"][0]["role"] == "system":
                return wire.status(400, "the system role is not supported")
            return wire.whole(GOOD)

        wire.answers = [answer]
        model = make_bulk(ceiling=40)
        answers = await asyncio.gather(*(model.structured(ASK, Verdict, max_tokens=50) for _ in range(20)))
        assert {each.rung for each in answers} == {"json_schema"}
        assert (model.quirks.rung, model.quirks.limit_name, model.quirks.takes_system) == (0, "max_completion_tokens", False)

    async def test_steps_down_the_ladder_are_not_taken_back_by_those_that_come_late(self, wire, make_bulk):
        def answer(request):
            known = "response_format" not in request
            return wire.whole(GOOD) if known else wire.status(400, "response_format is not supported")

        wire.answers = [answer]
        model = make_bulk(ceiling=40)
        answers = await asyncio.gather(*(model.structured(ASK, Verdict, max_tokens=50) for _ in range(20)))
        assert {each.rung for each in answers} == {"plain"}
        asked = len(wire.requests)
        await model.structured(ASK, Verdict, max_tokens=50)
        assert len(wire.requests) == asked + 1

    @pytest.mark.parametrize("seed", range(3))
    async def test_faults_of_every_sort_cost_no_answer_and_make_none_up(self, wire, make_bulk, seed):
        draw = random.Random(seed)

        def answer(request):
            asked = request["messages"][1]["content"]
            right = json.dumps({"met": True, "quote": asked})
            for share, fault in (
                (0.1, wire.status(429, "Rate limit reached", Retry_After="1")),
                (0.05, wire.status(500, "boom")),
                (0.015, b""),
                (0.015, b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"),
                (0.05, wire.whole(right[: len(right) // 2], "length")),
                (0.05, wire.whole("Sure! {score: 4, 'quote': \"unterminated}")),
                (0.2, wire.whole(f"Here is the JSON:\n```json\n{right}\n```\nLet me know.")),
            ):
                if draw.random() < share:
                    return fault
            if request["response_format"]["type"] == "json_object":
                return wire.whole('{"score": 4, "reason": "ok"}')
            return wire.whole(right)

        wire.answers = [answer]
        model = make_bulk(ceiling=40)

        async def ask(number: int) -> None:
            asked = [{"role": "system", "content": "s"}, {"role": "user", "content": f"Number {number}?"}]
            assert (await model.structured(asked, Verdict, max_tokens=50)).value.quote == f"Number {number}?"

        await asyncio.gather(*(ask(number) for number in range(200)))
        assert model.quirks.rung == 0, "it was but bad luck"

    async def test_prose_again_and_again_is_a_failure(self, wire, make_bulk):
        wire.answers = [wire.whole(PROSE)]
        model = make_bulk()
        fault = await fault_of(model.structured(ASK, Verdict, max_tokens=50))
        assert fault.kind == "malformed"
        assert len(wire.requests) == fault.usage.calls <= 8

    async def test_so_is_a_form_that_is_never_filled_in_rightly(self, wire, make_bulk):
        wire.answers = [wire.whole('{"met": "perhaps"}')]
        fault = await fault_of(make_bulk().structured(ASK, Verdict, max_tokens=50))
        assert (fault.kind, len(wire.requests)) == ("malformed", 5)

    async def test_and_an_answer_that_is_always_cut_off(self, wire, make_bulk):
        wire.answers = [wire.whole(GOOD, "length")]
        fault = await fault_of(make_bulk().structured(ASK, Verdict, max_tokens=50))
        assert (fault.kind, [each["max_tokens"] for each in wire.requests]) == ("cut_off", [50, 100, 200, 200, 200])

    async def test_a_server_that_stops_knowing_the_form_is_asked_otherwise_from_then_on(self, wire, make_bulk):
        knows = True

        def answer(request):
            by_schema = request.get("response_format", {}).get("type") == "json_schema"
            return wire.whole(GOOD if knows or not by_schema else PROSE)

        wire.answers = [answer]
        model = make_bulk()
        await model.structured(ASK, Verdict, max_tokens=50)
        knows = False
        assert (await fault_of(model.structured(ASK, Verdict, max_tokens=50))).kind == "malformed"
        for _ in range(3):
            assert (await model.structured(ASK, Verdict, max_tokens=50)).rung == "json_object"
        assert [each["response_format"]["type"] for each in wire.requests[-3:]] == ["json_object"] * 3
