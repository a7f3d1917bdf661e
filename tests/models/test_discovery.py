"""Looking for models and trying them, without a network."""

from __future__ import annotations

import httpx2
import pytest

from simulator.models.discovery import Found, discover, trial, who_has
from simulator.models.endpoint import DEFAULT_HOSTED_MODEL, Endpoint

REFUSED = httpx2.ConnectError("[Errno 111] Connection refused")
GOOD = '{"answer": true, "quote": "Kettles are on the second shelf"}'


def listing(*names: str) -> httpx2.Response:
    return httpx2.Response(200, json={"object": "list", "data": [{"id": name} for name in names]})


class Network:
    """Answers by host and port; everything else refuses."""

    def __init__(self, **servers) -> None:
        self.servers = servers
        self.keys: dict[str, str] = {}

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        place = f"{request.url.host}_{request.url.port or ''}".replace(".", "_").rstrip("_")
        self.keys[place] = request.headers.get("authorization", "")
        answer = self.servers.get(place, REFUSED)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self))


async def test_nothing_there_is_nothing_found():
    assert await discover(http_client=Network().client) == []


async def test_servers_on_their_usual_ports():
    network = Network(
        **{
            "127_0_0_1_11434": listing("llama3.2:latest", "nomic-embed-text"),
            "127_0_0_1_8080": listing("gguf"),
            "127_0_0_1_8000": listing("vllm"),
        }
    )
    found = await discover(http_client=network.client)
    assert [(each.name, each.models, each.problem) for each in found] == [
        ("Ollama on this computer", ("llama3.2:latest",), None),
        ("llama.cpp on this computer", ("gguf",), None),
        ("vLLM on this computer", ("vllm",), None),
    ]
    assert found[0].endpoint.model == "llama3.2:latest"


@pytest.mark.parametrize(
    "other",
    [
        httpx2.Response(200, html="<h1>My blog</h1>"),
        httpx2.Response(404, json={"detail": "Not Found"}),
        httpx2.Response(200, json={"hello": "world"}),
        httpx2.Response(500, text="oops"),
        httpx2.ReadTimeout("slow"),
    ],
)
async def test_whatever_else_listens_there_is_no_model_server(other):
    assert await discover(http_client=Network(**{"127_0_0_1_8000": other}).client) == []


async def test_a_server_that_runs_without_a_model_or_wants_a_key_is_told_of():
    network = Network(**{"127_0_0_1_11434": listing(), "127_0_0_1_8080": httpx2.Response(401, json={})})
    ollama, llama = await discover(http_client=network.client)
    assert (ollama.problem.kind, llama.problem.kind) == ("not_found", "unauthorised")
    assert "Load one" in ollama.problem.hint


async def test_a_key_alone_means_openai_and_goes_nowhere_else():
    network = Network(api_openai_com=listing("gpt-0", DEFAULT_HOSTED_MODEL), **{"127_0_0_1_11434": listing("llama3.2")})
    found = await discover(key="sk-1", http_client=network.client)
    assert [each.name for each in found] == ["OpenAI", "Ollama on this computer"]
    assert found[0].endpoint.model == DEFAULT_HOSTED_MODEL
    assert network.keys["api_openai_com"] == "Bearer sk-1"
    assert network.keys["127_0_0_1_11434"] == ""


async def test_a_stored_key_is_enough_to_look_at_openai():
    network = Network(api_openai_com=listing("gpt-0"))
    found = await discover(key_for={"https://api.openai.com/v1": "sk-2"}.get, http_client=network.client)
    assert [each.name for each in found] == ["OpenAI"]
    assert network.keys["api_openai_com"] == "Bearer sk-2"
    assert found[0].endpoint.model == "gpt-0"


async def test_the_best_known_model_of_openai_stands_in_for_the_usual_one():
    network = Network(api_openai_com=listing("gpt-0", "gpt-4.1-mini", "gpt-5.6-luna"))
    assert (await discover(key="sk-1", http_client=network.client))[0].endpoint.model == "gpt-5.6-luna"


async def test_what_was_named_is_listed_with_its_problem():
    found = await discover(key="sk-1", base_url="models.example", also=["http://10.0.0.7:1/v1"], http_client=Network().client)
    assert [(each.name, each.problem.kind) for each in found] == [("models.example", "unreachable"), ("10.0.0.7", "unreachable")]


async def test_one_server_is_listed_once_whatever_it_is_called():
    network = Network(**{"localhost_11434": listing("llama3.2"), "127_0_0_1_11434": listing("llama3.2")})
    found = await discover(base_url="localhost:11434", also=["http://127.0.0.1:11434/v1"], http_client=network.client)
    assert [each.endpoint.url for each in found] == ["http://localhost:11434/v1"]


def test_who_has_a_model():
    found = [Found(Endpoint("http://a/v1"), ("llama3.2:latest", "qwen3:8b")), Found(Endpoint("http://b/v1"), ("llama3.2",))]
    assert [(each.endpoint.url, name) for each, name in who_has(found, "llama3.2")] == [("http://b/v1", "llama3.2")]
    assert [name for _, name in who_has(found, "qwen3")] == ["qwen3:8b"]
    assert who_has(found, "gemma") == []


class TestTrial:
    @pytest.fixture
    def here(self) -> Endpoint:
        return Endpoint("http://127.0.0.1:11434/v1", "m", label="Ollama")

    async def test_what_works_is_said(self, server, here):
        server.answers = [server.stream("Hello,\n  a kettle", ", please.\x1b[2J"), server.stream(GOOD)]
        result = await trial(here, server.client())
        assert (result.speaks, result.judges, result.reply, result.rung) == (
            True,
            True,
            "Hello, a kettle, please.",
            "json_schema",
        )
        speaks, judges = result.sentences()
        assert "It speaks" in speaks
        assert "Hello, a kettle, please." in speaks
        assert "It can judge" in judges

    async def test_a_model_that_speaks_but_cannot_judge(self, server, here):
        server.answers = [server.stream("Hello."), lambda _: server.stream('{"answer": true, "quote": "over there"}')]
        result = await trial(here, server.client())
        assert (result.speaks, result.judges, result.structured_problem.kind) == (True, False, "malformed")
        assert result.sentences()[1].startswith("It cannot judge")

    async def test_a_server_that_is_not_there_is_said_once(self, server, here):
        server.answers = [REFUSED]
        result = await trial(here, server.client())
        assert not result.speaks
        assert not result.judges
        assert len(result.sentences()) == 1
        assert "Nothing answers" in result.sentences()[0]

    async def test_a_long_reply_is_shortened(self, server, here):
        server.answers = [server.stream(*["word "] * 100), server.stream(GOOD)]
        assert len((await trial(here, server.client())).reply) <= 200

    async def test_the_model_that_was_taken_is_named(self, server, here):
        server.answers = [listing("llama3.2"), server.stream("Hello."), server.stream(GOOD)]
        result = await trial(Endpoint(here.url), server.client())
        assert result.endpoint.model == "llama3.2"
