"""The client library, set up so that nothing goes where it should not. It takes half a second to import."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from simulator.models import faults
from simulator.models.asking import is_openai
from simulator.models.endpoint import Endpoint
from simulator.models.errors import ModelError

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

# Beyond this a server has gone astray: no answer that was asked for comes near.
MAX_BODY_BYTES = 8_000_000
# Compressed though not asked to be: a small body may then be a large one.
MAX_COMPRESSED_BYTES = 100_000
# A server that asks for a longer pause gets it from whoever called, who can say so; not silently in here.
LONGEST_SILENT_PAUSE_S = 10.0


def preload() -> None:
    """Import what talking needs, in a thread after the first paint, so that the first request does not wait for it."""
    import json_repair
    import openai

    del json_repair, openai
    with suppress(ModelError):  # a proxy that cannot be used is told about when a request is made
        make_client(Endpoint(), None, retries=0)


def make_client(
    endpoint: Endpoint, http_client: httpx2.AsyncClient | None, *, retries: int, most_bytes: int = MAX_BODY_BYTES
) -> AsyncOpenAI:
    """Return the client for an endpoint, which takes no body beyond ``most_bytes``.

    Raises :class:`ModelError` where the environment's proxies make that impossible.
    """
    import httpx2
    from openai import AsyncOpenAI, Omit

    # Its debug log holds whole requests: nothing of what speakers say goes into a log, whatever OPENAI_LOG asks for.
    logging.getLogger("openai").setLevel(logging.WARNING)
    if http_client is None:
        try:
            http_client = httpx2.AsyncClient(
                # A proxy has no place between this computer and itself, and without TLS no certificates are needed.
                trust_env=not endpoint.local,
                verify=not (endpoint.local and endpoint.url.startswith("http:")),
            )
        except (ImportError, ValueError, OSError):
            raise faults.bad_surroundings() from None
    http_client.event_hooks["response"] = [*http_client.event_hooks["response"], partial(_guard, most_bytes=most_bytes)]
    headers: dict[str, Any] = {"Accept-Encoding": "identity"}
    if not is_openai(endpoint):
        # The account's organisation and project, which the library takes from the environment, are OpenAI's business.
        headers |= {"OpenAI-Organization": Omit(), "OpenAI-Project": Omit()}
    return AsyncOpenAI(
        api_key=endpoint.key.get_secret_value() if endpoint.key else "none",
        admin_api_key="",
        base_url=endpoint.url,
        max_retries=retries,
        default_headers=headers,
        http_client=http_client,
    )


def request_options(endpoint: Endpoint, *, silence_s: float, retries: int) -> Any:
    """Return the options of one request: how long it may be silent, how often it is tried again, and where it may go."""
    import httpx2
    from openai import Omit

    return {
        "timeout": httpx2.Timeout(silence_s, connect=endpoint.connect_s, pool=None),
        "max_retries": retries,
        # What was said goes to the address that the user chose and to no other.
        "follow_redirects": False,
        "headers": {} if endpoint.key else {"Authorization": Omit()},
    }


async def _guard(response: httpx2.Response, *, most_bytes: int) -> None:
    """Let no body grow beyond the limits and no pause be long."""
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        def __init__(self, inner: httpx2.AsyncByteStream, limit: int) -> None:
            self._inner = inner
            self._left = limit

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for chunk in self._inner:
                self._left -= len(chunk)
                if self._left < 0:
                    raise faults.TooMuchError
                yield chunk

        async def aclose(self) -> None:
            await self._inner.aclose()

    if isinstance(response.stream, httpx2.AsyncByteStream):
        compressed = response.headers.get("content-encoding", "identity") != "identity"
        response.stream = Bounded(response.stream, MAX_COMPRESSED_BYTES if compressed else most_bytes)
    if (faults.pause_asked(response.headers) or 0.0) > LONGEST_SILENT_PAUSE_S:
        response.headers["x-should-retry"] = "false"
