"""Asking a model at an OpenAI-compatible server, whatever carries the requests: what is sent, learned and understood.

:class:`simulator.models.chat.ChatModel` carries them for one conversation, piece by piece;
:class:`simulator.models.bulk.BulkModel` for runs of thousands of calls.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pydantic import BaseModel

from simulator.domain.grade import Usage
from simulator.domain.text import clean
from simulator.models import bodies, faults
from simulator.models.endpoint import OPENAI_URL, Endpoint, origin_of
from simulator.models.errors import ModelError
from simulator.models.forms import response_format
from simulator.models.incoming import answer_of
from simulator.models.quirks import NO_THINKING, OPTIONAL, THINKING_ROOM, Message, Quirks
from simulator.models.structured import BRIEF, RUNGS, Completion, FormRefusedError, Persistence, Rung, Structured, put
from simulator.models.structured import ask as ask_in_form

T = TypeVar("T", bound=BaseModel)

_CHARACTERS_A_TOKEN = 12
ADAPTATIONS = 6
# An answer in a form takes that many tokens at the least.
LEAST_ROOM = 200
# A server that cuts prompts to its window reads exactly so many tokens, windows come in such steps, and no language takes fewer
# tokens than one for so many characters.
_STEP_OF_WINDOWS = 256
_LONGEST_TOKENS = 5


def is_openai(endpoint: Endpoint) -> bool:
    """Return whether an endpoint is OpenAI's own."""
    return origin_of(endpoint.url) == origin_of(OPENAI_URL)


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask, before the server's quirks are known."""

    messages: Sequence[Message]
    max_tokens: int
    options: Mapping[str, Any]
    form: Mapping[str, Any] = field(default_factory=dict)
    careful: bool = False
    bare: bool = False

    @property
    def private(self) -> list[str]:
        """What no error may repeat."""
        return [each["content"] for each in self.messages]


class AskedModel(ABC):
    """A model at an endpoint that is asked for whole answers. Used from one event loop.

    What the server turns out not to support is remembered in ``quirks``, which may be shared.
    """

    persistence: Persistence = BRIEF

    def __init__(self, endpoint: Endpoint, quirks: Quirks | None = None) -> None:
        self.endpoint = endpoint
        self.quirks = quirks or Quirks(limit_name="max_completion_tokens" if is_openai(endpoint) else "max_tokens")
        self._model = endpoint.model

    @property
    def name(self) -> str:
        """The model's name; while the server has not been asked for it, the server's."""
        return clean(self._model, keep_newlines=False) or self.endpoint.label or self.endpoint.host

    async def settle_on_model(self) -> str:
        """Return the model's name, asking the server for its first model where none was chosen.

        Results that are kept under the name ask before the first call. Raises :class:`ModelError` where the server has none.
        """
        if not self._model:
            names = await self.models()
            if not names:
                raise ModelError(
                    "not_found", f"{faults.server_name(self.endpoint)} has no model to talk with.", hint="Load one there first."
                )
            self._model = names[0]
            self.endpoint = replace(self.endpoint, model=names[0])
        return self._model

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.8,
        stop: Sequence[str] = (),
        seed: int | None = None,
    ) -> Completion:
        """Return a whole reply. Raises :class:`ModelError`; a reply cut off is returned, its ``finish_reason`` says so."""
        return await self._whole(Request(messages, max_tokens, options(temperature, seed, stop)))

    async def structured(
        self,
        messages: Sequence[Message],
        schema: type[T],
        *,
        max_tokens: int,
        check: Callable[[T], str | None] | None = None,
        temperature: float = 0.0,
        seed: int | None = None,
    ) -> Structured[T]:
        """Return an answer in the form of ``schema`` (an object) that passes ``check``; see :func:`structured.ask`."""
        given = options(temperature, seed)

        async def send(messages: Sequence[Message], form: type[BaseModel], rung: Rung, max_tokens: int) -> Completion:
            return await self._whole(Request(messages, max_tokens, given, response_format(form, rung), careful=True))

        return await ask_in_form(
            send, messages, schema, max_tokens=max_tokens, check=check, quirks=self.quirks, persistence=self.persistence
        )

    def body_for(
        self,
        messages: Sequence[Message],
        schema: type[BaseModel],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int | None = None,
    ) -> dict[str, Any]:
        """Return the body of the request for an answer in the form of ``schema``, as this server is known to take it.

        For whoever carries requests some other way; :meth:`answer_in` reads what comes back. The model must be settled on.
        """
        rung = RUNGS[self.quirks.rung if self.quirks.proven is None else self.quirks.proven]
        given = options(temperature, seed)
        asked = put(messages, schema, rung)
        return self._body(Request(asked, max_tokens, given, response_format(schema, rung), careful=True))

    def answer_in(self, data: object, messages: Sequence[Message], *, max_tokens: int) -> Completion:
        """Return the reply in the body that came back for a body of :meth:`body_for`.

        Raises :class:`ModelError` for a body without a usable reply.
        """
        return self._understood(bodies.as_object(data, self.endpoint), Request(messages, max_tokens, {}), roomy=True)

    @abstractmethod
    async def models(self) -> list[str]:
        """Return the names of the chat models the server lists, in its order. Raises :class:`ModelError`."""

    @abstractmethod
    async def _whole(self, request: Request) -> Completion:
        """Return a whole reply. Raises :class:`ModelError`, or :class:`FormRefusedError`."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close the connections."""

    # What is sent, and what is learned from a refusal of it

    def _body(self, request: Request) -> dict[str, Any]:
        """Return the body of a request as this server takes it; the model must be settled on."""
        room = THINKING_ROOM if self.quirks.thinks else 0
        given = dict(request.options)
        effort = None if self.endpoint.local else self.quirks.effort(self._model, careful=request.careful)
        if self.endpoint.local and self.quirks.thinks and not request.careful:
            given |= NO_THINKING
        if effort is not None:
            given["reasoning_effort"] = effort
            if effort != "none":
                given.pop("temperature", None)  # models that think take none
        refused = OPTIONAL if request.bare else self.quirks.refused
        given = {name: value for name, value in given.items() if name not in refused}
        limit = {self.quirks.limit_name: request.max_tokens + room}
        return {"model": self._model, "messages": self.quirks.shape(request.messages), **limit, **given, **request.form}

    def _adapted(self, request: Request, body: Mapping[str, Any], fault: ModelError, refusal: faults.Refusal) -> Request:
        """Take in why ``body`` was refused and return the request to make instead (the same one, where quirks were learned).

        Raises :class:`ModelError` where asking differently cannot help, :class:`FormRefusedError` where another form may.
        """
        if fault.kind == "too_long" and (room := faults.room_left(refusal)) is not None:
            # The prompt is not too long; it is the answer that was given too much room.
            room -= THINKING_ROOM if self.quirks.thinks else 0
            if LEAST_ROOM <= room < request.max_tokens:
                return replace(request, max_tokens=room)
        refused = fault.kind == "other"
        if refused and self._body(request) != body:
            return request  # what the server minds was learned from another request meanwhile
        if refused and "response_format" not in refusal.words and self.quirks.learn(refusal.words, dict(body)):
            return request
        # Some servers answer 500 to a schema that they cannot compile.
        if request.form and (refused or refusal.status == 500):
            raise FormRefusedError(fault, certain=refused) from None
        if refused and any(name in body for name in OPTIONAL):
            # It does not say what it minds: ask for nothing that is not needed.
            return replace(request, bare=True)
        raise fault from None

    def _refuses_everything(self) -> ModelError:
        what = f"{faults.server_name(self.endpoint)} refuses every way of asking."
        return ModelError("other", what, hint="Choose another model.")

    # What comes back

    def _understood(self, data: dict[str, Any], request: Request, *, roomy: bool) -> Completion:
        """Return the reply in a body; without a text where the model spent all its room on thoughts and is to be given more.

        ``roomy`` tells that it had been given room for them. Raises :class:`ModelError` for a body without a usable reply.
        """
        said = bodies.read(data, self.endpoint)
        usage, thinking = bodies.usage_of(data.get("usage"), request.messages, len(said.text) + len(said.thought))
        self._look_whether_cut(usage, request)
        text = answer_of(said.text)
        self.quirks.thinks |= thinking or bool(said.thought) or (not text and said.finish_reason == "length")
        if text:
            limit = longest(request.max_tokens)
            return Completion(text[:limit], "length" if len(text) > limit else said.finish_reason, usage)
        if said.finish_reason != "length" or roomy:
            raise self._empty(said.finish_reason, usage)
        return Completion("", said.finish_reason, usage)

    def _look_whether_cut(self, usage: Usage, request: Request) -> None:
        """Raise :class:`ModelError` where a server on this computer read only part of the prompt, as Ollama does."""
        if not self.endpoint.local or usage.estimated or not usage.input_tokens or usage.input_tokens % _STEP_OF_WINDOWS:
            return
        characters = sum(len(each["content"]) for each in request.messages)
        if characters > usage.input_tokens * _LONGEST_TOKENS:
            fault = faults.cut_short(self.endpoint, usage.input_tokens)
            fault.usage = usage
            raise fault

    def _empty(self, finish_reason: str | None, usage: Usage) -> ModelError:
        if finish_reason == "length":
            what = f"{self.name} spent all its words on thinking."
            return ModelError("cut_off", what, hint="Choose a model that answers without thinking.", usage=usage)
        why = ": its provider's filter held the answer back" if finish_reason == "content_filter" else ""
        what = f"{self.name} answered without a word{why}."
        return ModelError("empty", what, hint="Try again, or choose another model.", usage=usage)


def options(temperature: float, seed: int | None, stop: Sequence[str] = ()) -> dict[str, Any]:
    """Return the options of a request that were given."""
    given = {"temperature": temperature, "seed": seed, "stop": list(stop) or None}
    return {name: value for name, value in given.items() if value is not None}


def longest(max_tokens: int) -> int:
    """Return how many characters an answer of ``max_tokens`` may have at the very most."""
    return max_tokens * _CHARACTERS_A_TOKEN + 400
