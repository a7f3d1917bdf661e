"""A server that answers as told, without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from simulator.models.chat import ChatModel
from simulator.models.endpoint import Endpoint

KEY = "sk-proj-abcdefghijkl"


class Body(httpx2.AsyncByteStream):
    """Chunks as they come; an exception among them is raised, an event is waited for."""

    def __init__(self, chunks: Iterable[Any]) -> None:
        self._chunks = chunks
        self.given = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            if isinstance(chunk, Exception):
                raise chunk
            if isinstance(chunk, asyncio.Event):
                await chunk.wait()
                continue
            self.given += 1
            yield chunk

    async def aclose(self) -> None:
        self.closed = True


class Server:
    """Gives its answers one by one, the last one again and again; ``requests`` are the bodies it was sent."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[httpx2.Headers] = []
        self.urls: list[str] = []
        self.bodies: list[Body] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.urls.append(str(request.url))
        self.headers.append(request.headers)
        self.requests.append(json.loads(request.content) if request.content else {})
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer(self.requests[-1])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self))

    # Answers

    def status(self, code: int, message: str = "no", **headers: str) -> httpx2.Response:
        return httpx2.Response(code, json={"error": {"message": message}}, headers={"x-should-retry": "false", **headers})

    def whole(self, text: str | None, finish_reason: str | None = "stop", **more: Any) -> httpx2.Response:
        message = {"role": "assistant", "content": text, **more.pop("message", {})}
        return httpx2.Response(200, json={"choices": [{"index": 0, "message": message, "finish_reason": finish_reason}], **more})

    def raw(self, *chunks: Any, kind: str = "text/event-stream") -> httpx2.Response:
        self.bodies.append(Body(chunks))
        return httpx2.Response(200, headers={"content-type": kind}, stream=self.bodies[-1])

    def stream(self, *pieces: Any, finish_reason: str | None = "stop", usage: dict[str, Any] | None = None) -> httpx2.Response:
        """Pieces are text, a delta, or what :class:`Body` takes."""
        chunks = [piece if isinstance(piece, bytes | Exception | asyncio.Event) else event(piece) for piece in pieces]
        if finish_reason:
            chunks.append(event({}, finish_reason))
        if usage:
            chunks.append(f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n".encode())
        if finish_reason:
            chunks.append(b"data: [DONE]\n\n")
        return self.raw(*chunks)


def event(delta: str | dict[str, Any], finish_reason: str | None = None) -> bytes:
    delta = {"content": delta} if isinstance(delta, str) else delta
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta, 'finish_reason': finish_reason}]})}\n\n".encode()


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def make_model(server: Server):
    """Make a model at a hosted address (whole answers in one piece), or at one of this computer (always streamed)."""
    made: list[ChatModel] = []

    def make(*, local: bool = False, model: str = "m", retries: int = 0, **changes: Any) -> ChatModel:
        url = "http://127.0.0.1:11434/v1" if local else "https://models.example/v1"
        endpoint = Endpoint(url, model, None if local else SecretStr(KEY), "Ollama" if local else "", **changes)
        made.append(ChatModel(endpoint, server.client(), retries=retries))
        return made[-1]

    yield make
    for each in made:
        await each.aclose()


@pytest.fixture
def hello() -> list[dict[str, str]]:
    return [{"role": "system", "content": "You are Dana."}, {"role": "user", "content": "My cat is called Mister Biscuit."}]


@pytest.fixture
def collect() -> Callable[[Any], Any]:
    async def joined(reply: Any) -> str:
        return "".join([piece async for piece in reply])

    return joined
