"""Looking for models that are there, and trying what they can do, in plain words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import BaseModel, Field

from simulator.domain.text import clean, fold
from simulator.models.chat import ChatModel
from simulator.models.endpoint import HOSTED_MODELS, LOCAL_SERVERS, OPENAI_URL, Endpoint, is_local, normalise, origin_of
from simulator.models.errors import ModelError
from simulator.models.structured import RUNGS, Rung

if TYPE_CHECKING:
    import httpx2

# A server on this computer lists its models at once or not at all.
_LOCAL_LOOK_S = 3.0
_HOSTED_LOOK_S = 10.0


@dataclass(frozen=True, slots=True)
class Found:
    """A server that answered, or that was asked for by name: where it is, what it has, or why it cannot be used.

    ``endpoint.model`` is the model that would be used there unless another is chosen; ``""`` if it has none.
    """

    endpoint: Endpoint
    models: tuple[str, ...] = ()
    problem: ModelError | None = None

    @property
    def name(self) -> str:
        """What to call the server: ``Ollama on this computer``, ``OpenAI``."""
        label = clean(self.endpoint.label, keep_newlines=False) or self.endpoint.host
        return f"{label} on this computer" if self.endpoint.local else label


async def discover(
    *,
    key: str | None = None,
    base_url: str | None = None,
    also: Sequence[str] = (),
    key_for: Callable[[str], str | None] = lambda url: None,
    http_client: Callable[[], httpx2.AsyncClient] | None = None,
) -> list[Found]:
    """Look for models: at ``base_url`` (OpenAI's own if only a ``key`` is given), at the addresses in ``also``, and at the
    usual ports of this computer.

    ``key`` goes to ``base_url`` alone; ``key_for`` returns what is stored for any other address. Local ports where no model
    server answers are left out; servers that were named are listed with their problem. Never raises :class:`ModelError`.
    """
    main = normalise(base_url) if base_url else (OPENAI_URL if key or key_for(OPENAI_URL) else None)
    places: dict[str, str] = {}
    for url in [*([main] if main else []), *map(normalise, also)]:
        places.setdefault(_place(url), url)
    named = len(places)
    for port in LOCAL_SERVERS.values():
        url = f"http://127.0.0.1:{port}/v1"
        places.setdefault(_place(url), url)
    looks = [
        _look(Endpoint.at(url, "", (key if url == main else None) or key_for(url)), http_client, named=number < named)
        for number, url in enumerate(places.values())
    ]
    return [found for found in await asyncio.gather(*looks) if found is not None]


def _place(url: str) -> str:
    """Return what is the same for two addresses of one server; this computer has several names."""
    return f"here:{urlsplit(url).port}" if is_local(url) else origin_of(url)


async def _look(endpoint: Endpoint, http_client: Callable[[], httpx2.AsyncClient] | None, *, named: bool) -> Found | None:
    wait_s = _LOCAL_LOOK_S if endpoint.local else _HOSTED_LOOK_S
    quick = replace(endpoint, first_token_s=wait_s, connect_s=min(wait_s, endpoint.connect_s))
    model: ChatModel | None = None
    try:
        model = ChatModel(quick, http_client() if http_client else None, retries=0)
        names = tuple(await model.models())
    except ModelError as error:
        # Whatever else listens on a usual port is nobody's model server; one that wants a key is.
        return Found(endpoint, problem=error) if named or error.kind == "unauthorised" else None
    finally:
        if model is not None:
            await model.aclose()
    # Only OpenAI's own list is without order; elsewhere the first model is the one that is loaded, or was last.
    known = [name for name in HOSTED_MODELS if name in names] if endpoint.model else []
    chosen = next(iter([*known, *names]), endpoint.model)
    problem = None
    if not names:
        problem = ModelError("not_found", "It has no model to talk with.", hint="Load one there first.")
        if not named and not endpoint.label:
            return None
    return Found(replace(endpoint, model=chosen), names, problem)


class Impression(BaseModel):
    """The form that a trial asks for: small, but with the parts a judge needs, a yes or no and words from the text."""

    answer: bool = Field(description="Whether the shop assistant says where the kettles are")
    quote: str = Field(description="The shop assistant's words that show it, copied exactly")


_SPEAKING = [
    {
        "role": "system",
        "content": "You play a customer in a shop who is looking for a kettle. Say one short, friendly sentence.",
    },
    {"role": "user", "content": "Good morning! Can I help you find something?"},
]
_HEARD = "Kettles are on the second shelf on your left."
_JUDGING = [
    {"role": "system", "content": "You read a conversation and answer a question about it."},
    {
        "role": "user",
        "content": f'Customer: "Where do you keep the kettles?"\nShop assistant: "{_HEARD}"\n\n'
        "Does the shop assistant say where the kettles are? Give your answer and the words that show it.",
    },
]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a model did when it was tried. Times are seconds; a part that failed has a problem in place of its result."""

    endpoint: Endpoint
    reply: str = ""
    first_word_s: float | None = None
    reply_problem: ModelError | None = None
    rung: Rung | None = None
    structured_s: float | None = None
    structured_problem: ModelError | None = None

    @property
    def speaks(self) -> bool:
        """Whether it can be the customer's voice."""
        return self.reply_problem is None

    @property
    def judges(self) -> bool:
        """Whether it can fill in the form that a judge fills in."""
        return self.structured_problem is None

    def sentences(self) -> list[str]:
        """Return what works and what does not, in plain words."""
        if self.reply_problem is not None:
            said = [f"It cannot speak: {self.reply_problem}"]
        else:
            said = [f"It speaks; its first word came after {self.first_word_s or 0:.1f} seconds: “{self.reply}”"]
            if (self.first_word_s or 0) > 5:
                said.append("That is slow for a conversation; the built-in voice answers at once.")
        if self.structured_problem is not None:
            if self.structured_problem.message != getattr(self.reply_problem, "message", None):
                said.append(f"It cannot judge: {self.structured_problem}")
        else:
            ways = dict(zip(RUNGS, ("by schema", "as JSON", "when asked in plain words"), strict=True))
            said.append(
                f"It can judge: it answers in a given form, {ways[self.rung or 'plain']}, in {self.structured_s or 0:.1f} s."
            )
        return said


async def trial(endpoint: Endpoint, http_client: httpx2.AsyncClient | None = None) -> Trial:
    """Try a model: one short reply, then one structured answer. Never raises :class:`ModelError`.

    When nothing answers at all the second part is not tried; both then have the same problem.
    """
    model = ChatModel(endpoint, http_client, retries=1)
    try:
        try:
            result = await _speak(model)
        except ModelError as problem:
            result = Trial(model.endpoint, reply_problem=problem)
            if problem.kind in ("unreachable", "unauthorised", "not_found", "timeout"):
                return replace(result, structured_problem=problem)
        since = time.monotonic()
        try:
            answer = await model.structured(_JUDGING, Impression, max_tokens=200, check=_quoted)
        except ModelError as problem:
            return replace(result, endpoint=model.endpoint, structured_problem=problem)
        return replace(result, endpoint=model.endpoint, rung=answer.rung, structured_s=time.monotonic() - since)
    finally:
        await model.aclose()


async def _speak(model: ChatModel) -> Trial:
    since = time.monotonic()
    first_word_s: float | None = None
    pieces: list[str] = []
    async for piece in model.stream(_SPEAKING, max_tokens=60):
        if first_word_s is None:
            first_word_s = time.monotonic() - since
        pieces.append(piece)
    reply = " ".join("".join(pieces).split())
    if len(reply) > 200:
        reply = f"{reply[:199].rstrip()}…"
    return Trial(model.endpoint, reply, first_word_s)


def _quoted(impression: Impression) -> str | None:
    quote = fold(impression.quote).strip(" .\"'")
    if not quote or quote not in fold(_HEARD):
        return "quote: it is not in the shop assistant's words; copy them exactly"
    return None


def who_has(found: Sequence[Found], name: str) -> list[tuple[Found, str]]:
    """Return the servers that have a model called ``name`` and its full name there (``llama3.2`` finds ``llama3.2:latest``)."""
    matches = [(server, model) for server in found for model in server.models if model == name]
    if not matches:
        matches = [(server, model) for server in found for model in server.models if model.partition(":")[0] == name]
    return matches
