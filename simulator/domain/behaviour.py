"""Behaviours: observable things a speaker does in a turn, and the catalogue that defines them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from simulator.domain.base import Authored, Id, Prose, Record

Role = Literal["trainee", "customer"]

# Strength from which a behaviour counts as shown, for reactions, conditions and findings alike.
SHOWN = 0.5


class Behaviour(Authored):
    """One entry of the catalogue: something a person in the room would point at, not an intention."""

    id: Id
    title: Prose
    description: Prose
    speakers: tuple[Role, ...] = Field(default=("trainee",), min_length=1)
    examples: tuple[Prose, ...] = Field(min_length=1, description="Turns that show it")
    near_misses: tuple[Prose, ...] = Field(default=(), description="Turns that look like it and are not")
    after: tuple[Id, ...] = Field(
        default=(), description="It can only follow a turn of the other speaker that shows one of these behaviours"
    )


class Catalogue(Authored):
    """Every behaviour that personas and rubrics may name."""

    behaviours: tuple[Behaviour, ...] = Field(min_length=1)

    def __iter__(self) -> Iterator[Behaviour]:  # type: ignore[override]
        return iter(self.behaviours)

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all behaviours."""
        return frozenset(behaviour.id for behaviour in self.behaviours)

    def get(self, behaviour_id: str) -> Behaviour | None:
        """Return the behaviour with this id, or ``None``."""
        return next((each for each in self.behaviours if each.id == behaviour_id), None)


class Heard(Record):
    """A behaviour heard in a turn: ``strength`` 0–1, and the exact words of the turn that show it."""

    id: str
    strength: float = Field(ge=0, le=1)
    quote: str = ""

    @property
    def shown(self) -> bool:
        """Whether it is strong enough to count."""
        return self.strength >= SHOWN
