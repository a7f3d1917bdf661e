"""What talking with any model is like: the protocol that the rooms above rely on, and a reply as it comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Protocol, TypeVar

from pydantic import BaseModel

from simulator.domain.grade import Usage
from simulator.models.quirks import Message
from simulator.models.structured import Completion, Structured

T = TypeVar("T", bound=BaseModel)


class AnsweringModel(Protocol):
    """A model that is asked for whole answers: what a judge needs."""

    @property
    def name(self) -> str:
        """The model's name, as transcripts and grades keep it."""
        ...

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.8,
        stop: Sequence[str] = (),
        seed: int | None = None,
    ) -> Completion:
        """Return a whole reply."""
        ...

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
        """Return an answer in the form of ``schema``."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


class LanguageModel(AnsweringModel, Protocol):
    """A model that can be talked with; :class:`ChatModel` and the scripted model are such."""

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.8,
        stop: Sequence[str] = (),
        seed: int | None = None,
    ) -> Reply:
        """Return the reply as it comes."""
        ...


class Reply(AsyncIterator[str]):
    """A reply as it comes: iterate over its pieces. Afterwards ``finish_reason`` and ``usage`` are known.

    Pieces are clean and without thoughts, but end anywhere. ``finish_reason`` ``"length"`` means that the last sentence is
    cut off. Who stops early calls :meth:`aclose`, which ends the request.
    """

    def __init__(self, pieces: Callable[[Reply], AsyncGenerator[str, None]]) -> None:
        self.finish_reason: str | None = None
        self.usage = Usage()
        self._pieces = pieces(self)

    async def __anext__(self) -> str:
        return await self._pieces.__anext__()

    async def aclose(self) -> None:
        """Stop reading and end the request."""
        await self._pieces.aclose()
