"""A server that answers as told, without a network."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from typing import Any

import aiohttp
import httpx2
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from pydantic import SecretStr

from simulator.models.bulk import BulkModel
from simulator.models.chat import ChatModel
from simulator.models.endpoint import Endpoint
from simulator.models.limit import AdaptiveLimit

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


class Wire:
    """A server on a real socket that answers as told, the last answer again and again: what goes over the wire is seen.

    An answer is (status, body, headers), bytes to send before the connection is dropped, or a function of the request's body
    that returns one of these. ``requests`` are the bodies that came, ``heads`` the lines above them.
    """

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.requests: list[Any] = []
        self.heads: list[str] = []
        self.port = 0
        self.hold = asyncio.Event()
        self.hold.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = re.search(r"content-length: *(\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length[1])) if length else b""
                self.heads.append(head)
                self.requests.append(json.loads(body) if body else None)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                answer = answer(self.requests[-1]) if callable(answer) else answer
                await self.hold.wait()
                if isinstance(answer, bytes):
                    writer.write(answer)
                    break
                status, data, *headers = answer
                content = data if isinstance(data, bytes) else json.dumps(data).encode()
                more = "".join(f"{name}: {value}\r\n" for name, value in (headers[0] if headers else {}).items())
                writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(content)}\r\n{more}\r\n".encode() + content)
        writer.close()

    @staticmethod
    def whole(text: str | None, finish_reason: str = "stop", **more: Any) -> tuple[int, dict[str, Any]]:
        message = {"role": "assistant", "content": text}
        return 200, {"choices": [{"index": 0, "message": message, "finish_reason": finish_reason}], **more}

    @staticmethod
    def status(code: int, message: str = "no", **headers: str) -> tuple[int, dict[str, Any], dict[str, str]]:
        return code, {"error": {"message": message}}, {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    made = Wire()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    made.hold.set()
    server.close()


class _There(AbstractResolver):
    """Every name stands for the server on this computer."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=self._port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None: ...


@pytest.fixture
async def make_bulk(wire: Wire):
    """Make a model for runs at a hosted address that leads to the server on this computer; it sleeps in no time (``slept``)."""
    made: list[BulkModel] = []

    def make(*, url: str = "http://models.example/v1", key: str | None = KEY, ceiling: int = 8, **changes: Any) -> BulkModel:
        slept: list[float] = []
        now = 0.0

        async def sleep(seconds: float) -> None:
            nonlocal now
            slept.append(seconds)
            now += seconds
            await asyncio.sleep(0)

        more = {name: changes.pop(name) for name in ("patience_s",) if name in changes}
        endpoint = Endpoint(url, changes.pop("model", "m"), SecretStr(key) if key else None, **changes)
        limit = AdaptiveLimit(ceiling, clock=lambda: now, sleep=sleep)
        reach = None if endpoint.local else lambda: aiohttp.TCPConnector(limit=0, resolver=_There(wire.port))
        model = BulkModel(endpoint, limit, connector=reach, clock=lambda: now, sleep=sleep, draw=lambda: 1.0, **more)
        model.slept = slept
        made.append(model)
        return model

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
