"""Every fault of an endpoint ends in a ModelError of its kind, in words that give nothing away."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from datetime import UTC, datetime

import httpx2
import pytest
from pydantic import SecretStr

from simulator.models import faults, wire
from simulator.models.chat import ChatModel
from simulator.models.endpoint import Endpoint
from simulator.models.errors import PASSING, ModelError


async def fault_of(coming) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await coming
    return caught.value


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


STATUSES = [
    (401, "Incorrect API key provided: sk-proj-abcdefghijkl", "unauthorised"),
    (403, "Country not supported", "unauthorised"),
    (404, "The model `m` does not exist", "not_found"),
    (404, "Not Found", "not_found"),
    (400, "model 'm' not found, try pulling it first", "not_found"),
    (307, "", "not_found"),
    (402, "Payment required", "no_credit"),
    (429, "Rate limit reached", "rate_limited"),
    (429, "You exceeded your current quota, please check your plan and billing details", "no_credit"),
    (400, "This model's maximum context length is 8192 tokens", "too_long"),
    (400, "request (9000 tokens) exceeds the available context size", "too_long"),
    (413, "Payload too large", "too_long"),
    (408, "Request timeout", "timeout"),
    (500, "boom", "server"),
    (503, "Loading model", "server"),
    (418, "I am a teapot", "other"),
]


@pytest.mark.parametrize(("status", "words", "kind"), STATUSES)
@pytest.mark.parametrize("streamed", [True, False])
async def test_what_a_status_means(server, make_model, hello, collect, status, words, kind, streamed):
    server.answers = [lambda _: server.status(status, words)]
    model = make_model()
    fault = await fault_of(collect(model.stream(hello, max_tokens=5)) if streamed else model.complete(hello, max_tokens=5))
    assert fault.kind == kind
    assert "models.example" in fault.message or kind == "too_long"
    assert fault.hint
    assert "sk-" not in str(fault)


CONNECTIONS = [
    (httpx2.ConnectError("[Errno 111] Connection refused"), "unreachable", "Nothing answers at https://models.example/v1."),
    (httpx2.ConnectError("[Errno -2] Name or service not known"), "unreachable", "no network"),
    (
        caused(httpx2.ConnectError("failed"), ssl.SSLCertVerificationError("certificate verify failed")),
        "unreachable",
        "certificate",
    ),
    (httpx2.ConnectTimeout("slow"), "unreachable", "5 seconds"),
    (httpx2.ProxyError("403 Forbidden"), "unreachable", "proxy"),
    (httpx2.UnsupportedProtocol("no"), "unreachable", "not an address"),
    (httpx2.ReadTimeout("slow"), "timeout", "did not answer"),
    (httpx2.ReadError("reset"), "dropped", "broke off"),
    (httpx2.RemoteProtocolError("Server disconnected without sending a response."), "dropped", "broke off"),
    (httpx2.DecodingError("bad gzip"), "malformed", "not a model's answer"),
]


@pytest.mark.parametrize(("error", "kind", "words"), CONNECTIONS)
@pytest.mark.parametrize("streamed", [True, False])
async def test_what_the_network_means(server, make_model, hello, collect, error, kind, words, streamed):
    server.answers = [error]
    model = make_model()
    fault = await fault_of(collect(model.stream(hello, max_tokens=5)) if streamed else model.complete(hello, max_tokens=5))
    assert fault.kind == kind
    assert words in fault.message


async def test_a_server_of_this_computer_that_is_not_running_is_named(server, make_model, hello):
    server.answers = [httpx2.ConnectError("[Errno 111] Connection refused")]
    fault = await fault_of(make_model(local=True).complete(hello, max_tokens=5))
    assert "127.0.0.1:11434" in fault.message
    assert "Start Ollama" in fault.hint


class TestSilence:
    async def test_before_the_first_word(self, server, make_model, hello, collect):
        server.answers = [server.stream({"role": "assistant"}, asyncio.Event())]
        fault = await fault_of(collect(make_model(first_token_s=0.3).stream(hello, max_tokens=5)))
        assert (fault.kind, "did not answer" in fault.message) == ("timeout", True)
        assert server.bodies[0].closed

    async def test_between_two_pieces(self, server, make_model, hello):
        server.answers = [server.stream("Well, ", asyncio.Event())]
        reply = make_model(stall_s=0.02).stream(hello, max_tokens=5)
        assert await anext(reply) == "Well, "
        fault = await fault_of(anext(reply))
        assert (fault.kind, "in the middle" in fault.message) == ("timeout", True)

    async def test_a_trickle_that_uses_up_all_time(self, server, make_model, hello, collect):
        async def trickle():
            while True:
                await asyncio.sleep(0.01)
                yield b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'

        server.answers = [httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=trickle())]
        fault = await fault_of(collect(make_model(timeout_s=0.05).stream(hello, max_tokens=500)))
        assert (fault.kind, "had not finished" in fault.message) == ("timeout", True)

    async def test_of_a_whole_answer(self, server, make_model, hello):
        server.answers = [server.raw(asyncio.Event(), kind="application/json")]
        fault = await fault_of(make_model(timeout_s=0.02).complete(hello, max_tokens=5))
        assert fault.kind == "timeout"

    async def test_only_waiting_counts_not_what_is_done_with_the_pieces(self, server, make_model, hello):
        server.answers = [server.stream("one ", "two ", "three")]
        said = []
        async for piece in make_model(timeout_s=0.6, stall_s=0.6, first_token_s=5).stream(hello, max_tokens=50):
            said.append(piece)
            await asyncio.sleep(0.25)
        assert said == ["one ", "two ", "three"]


class TestBadBodies:
    @pytest.mark.parametrize("local", [True, False])
    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("text/html; charset=utf-8", b"<!doctype html><h1>Sign in</h1>"),
            ("application/json", b"<html>"),
            ("application/json", b'{"choices": [{"message": {"content": "caf\xe9 \xff"}}]}'),
            ("application/json", b"[1, 2]"),
            ("application/json", b'{"hello": "world"}'),
            ("application/json", b'{"choices": [3]}'),
            ("application/json", b'{"choices": [{"message": [1]}]}'),
            ("application/json", b""),
            ("application/json", b"[" * 100_000),
        ],
    )
    async def test_what_is_not_a_models_answer(self, server, make_model, hello, local, kind, body):
        server.answers = [lambda _: server.raw(body, kind=kind)]
        fault = await fault_of(make_model(local=local).complete(hello, max_tokens=5))
        assert fault.kind == "malformed"

    @pytest.mark.parametrize("body", [b"data: {broken\n\n", b"data: [1]\n\n", b"data: \xff\xfe\n\n", b"data: 3\n\n"])
    async def test_events_that_are_none(self, server, make_model, hello, collect, body):
        server.answers = [server.raw(body)]
        assert (await fault_of(collect(make_model().stream(hello, max_tokens=5)))).kind == "malformed"

    async def test_a_body_without_end(self, server, make_model, hello):
        server.answers = [lambda _: server.raw(*[b" " * 100_000] * 1000, kind="application/json")]
        fault = await fault_of(make_model().complete(hello, max_tokens=5))
        assert fault.kind == "too_long"
        assert server.bodies[0].given < 100

    async def test_an_event_without_end(self, server, make_model, hello, collect):
        server.answers = [server.raw(b"data: ", *[b"x" * 100_000] * 1000)]
        assert (await fault_of(collect(make_model().stream(hello, max_tokens=5)))).kind == "too_long"

    async def test_a_small_body_that_unpacks_into_a_large_one(self, server, make_model, hello, monkeypatch):
        monkeypatch.setattr(wire, "MAX_COMPRESSED_BYTES", 2000)
        packed = gzip.compress(b" " * 5_000_000)
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        chunks = [packed[start : start + 1000] for start in range(0, len(packed), 1000)]
        response = server.raw(*chunks, kind="application/json")
        server.answers = [httpx2.Response(200, headers=headers, stream=response.stream)]
        assert (await fault_of(make_model().complete(hello, max_tokens=5))).kind == "too_long"

    async def test_a_connection_that_breaks_in_the_middle(self, server, make_model, hello):
        server.answers = [server.stream("Well, ", httpx2.RemoteProtocolError("peer closed connection"))]
        reply = make_model().stream(hello, max_tokens=5)
        assert await anext(reply) == "Well, "
        assert (await fault_of(anext(reply))).kind == "dropped"

    async def test_an_end_without_a_goodbye(self, server, make_model, hello, collect):
        server.answers = [server.stream("Well, ", finish_reason=None)]
        assert (await fault_of(collect(make_model().stream(hello, max_tokens=5)))).kind == "dropped"

    async def test_an_error_in_the_middle(self, server, make_model, hello, collect):
        server.answers = [server.raw(b'data: {"error": {"message": "Mister Biscuit overheated", "code": 500}}\n\n')]
        fault = await fault_of(collect(make_model().stream(hello, max_tokens=5)))
        assert (fault.kind, "Biscuit" in str(fault)) == ("server", False)

    async def test_an_error_in_place_of_an_answer(self, server, make_model, hello):
        server.answers = [httpx2.Response(200, json={"error": "overloaded"})]
        assert (await fault_of(make_model().complete(hello, max_tokens=5))).kind == "server"

    @pytest.mark.parametrize("text", ["", "  \n ", "\x1b[31m", "<think></think>", None])
    @pytest.mark.parametrize("local", [True, False])
    async def test_no_word_at_all(self, server, make_model, hello, text, local):
        server.answers = [server.stream({"content": text}) if local else server.whole(text)]
        assert (await fault_of(make_model(local=local).complete(hello, max_tokens=5))).kind == "empty"

    async def test_held_back_by_a_filter(self, server, make_model, hello):
        server.answers = [server.whole("", "content_filter")]
        assert "filter" in (await fault_of(make_model().complete(hello, max_tokens=5))).message

    async def test_declined(self, server, make_model, hello):
        server.answers = [server.whole(None, message={"refusal": "I can't help with that."})]
        fault = await fault_of(make_model().complete(hello, max_tokens=5))
        assert (fault.kind, "declined" in fault.message) == ("malformed", True)


class TestDiscretion:
    async def test_a_message_of_the_server_is_passed_on(self, server, make_model, hello):
        server.answers = [server.status(503, "Loading model, 40% done.")]
        assert "Loading model, 40% done." in str(await fault_of(make_model().complete(hello, max_tokens=5)))

    @pytest.mark.parametrize(
        "words",
        [
            "bad input: 'My cat is called Mister Biscuit.'",
            "at token 7 of 'cat is called'",
            "key sk-proj-abcdefghijkl is not valid",
            "Bearer abc.def.ghi",
            "<b>error</b>",
            "x" * 400,
        ],
    )
    async def test_unless_it_repeats_what_is_private(self, server, make_model, hello, words):
        server.answers = [server.status(503, words)]
        fault = await fault_of(make_model().complete(hello, max_tokens=5))
        assert fault.message == "models.example failed (503)."

    async def test_an_escape_sequence_in_it_is_gone(self, server, make_model, hello):
        server.answers = [server.status(503, "hot\x1b[31m")]
        assert "\x1b" not in str(await fault_of(make_model().complete(hello, max_tokens=5)))

    async def test_no_password_of_an_address(self, server, hello):
        endpoint = Endpoint("http://ann:secret@models.example/v1?token=secret", "m", SecretStr("k"))
        server.answers = [httpx2.ConnectError("refused")]
        model = ChatModel(endpoint, server.client(), retries=0)
        fault = await fault_of(model.complete(hello, max_tokens=5))
        assert "secret" not in str(fault) + endpoint.describe() + repr(endpoint.key)
        await model.aclose()


async def test_a_long_pause_is_left_to_the_caller(server, make_model, hello):
    server.answers = [lambda _: httpx2.Response(429, headers={"retry-after": "45"}, json={})]
    fault = await fault_of(make_model(retries=2).complete(hello, max_tokens=5))
    assert (fault.kind, fault.retry_after_s, len(server.requests)) == ("rate_limited", 45, 1)
    assert "45 seconds" in fault.hint


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "45"}, 45),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "Sun, 22 Nov 2026 06:00:30 GMT"}, 30),
        ({"retry-after": "Sun, 22 Nov 2026 05:00:30 GMT"}, None),
        ({"retry-after": "9", "retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
def test_the_pause_a_server_asks_for(headers, seconds):
    now = datetime(2026, 11, 22, 6, tzinfo=UTC).timestamp()
    assert faults.pause_asked(headers, now) == seconds


async def test_a_transcript_goes_nowhere_but_to_the_address_chosen(server, make_model, hello):
    server.answers = [httpx2.Response(308, headers={"location": "https://elsewhere.example/v1/chat/completions"})]
    assert (await fault_of(make_model().complete(hello, max_tokens=5))).kind == "not_found"
    assert len(server.urls) == 1


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
async def test_a_proxy_has_no_place_between_this_computer_and_itself(monkeypatch, hello, name):
    monkeypatch.setenv(name, "socks5://proxy.example:1")
    model = ChatModel(Endpoint("http://127.0.0.1:1/v1", "m", connect_s=1), retries=0)
    fault = await fault_of(model.complete(hello, max_tokens=5))
    assert fault.message == "Nothing answers at http://127.0.0.1:1/v1."
    await model.aclose()


async def test_a_proxy_that_cannot_be_used_is_named(monkeypatch, hello):
    monkeypatch.setenv("ALL_PROXY", "nonsense://proxy.example:1")
    model = ChatModel(Endpoint("https://models.example/v1", "m"), retries=0)
    model.prepare()
    fault = await fault_of(model.complete(hello, max_tokens=5))
    assert (fault.kind, "ALL_PROXY" in fault.hint) == ("unreachable", True)


def test_a_mistake_of_our_own_does_not_pass_for_a_fault():
    with pytest.raises(KeyError):
        faults.from_exception(KeyError("oops"), Endpoint())


def test_which_faults_pass():
    assert ModelError("timeout", "x").passing
    assert not ModelError("unauthorised", "x").passing
    assert "cut_off" not in PASSING
