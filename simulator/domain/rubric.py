"""Rubrics: yes/no criteria, each with when it applies, and the anchored levels they add up to."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property

from pydantic import Field, model_validator

from simulator.domain.base import Authored, Id, Prose


class Applies(Authored):
    """When a criterion applies. All that is given must hold; an empty one always does."""

    customer: tuple[Id, ...] = Field(
        default=(), description="The customer shows one of these behaviours before the trainee's turn"
    )
    trainee: tuple[Id, ...] = Field(default=(), description="The trainee shows one of these behaviours")
    min_turns: int = Field(default=1, ge=1, description="The trainee has taken at least so many turns")


class Examples(Authored):
    """Trainee turns on both sides of the line."""

    met: tuple[Prose, ...] = ()
    not_met: tuple[Prose, ...] = ()


class Criterion(Authored):
    """One yes/no question about the trainee.

    Met when the trainee shows a ``met_by`` behaviour where it applies; not met when they show a ``broken_by`` one. With
    neither list the question needs a reader, and the built-in judge leaves it *not judged*.
    """

    id: Id
    asks: Prose
    applies: Applies = Applies()
    met_by: tuple[Id, ...] = ()
    broken_by: tuple[Id, ...] = ()
    unless: tuple[Id, ...] = Field(
        default=(),
        description="A sign of met_by does not count where the same words also show one of these (an apology by stock phrase)",
    )
    every_time: bool = Field(
        default=False,
        description="Each occasion must be met, not only one (a customer who feels brushed off twice was)",
    )
    by_the_end: bool = Field(
        default=False,
        description="What the customer's behaviour calls for may come at any time after it, not only in the trainee's next turns",
    )
    tolerates: float = Field(
        default=0,
        ge=0,
        lt=1,
        description="The part of the trainee's turns that may show a broken_by behaviour before it counts; "
        "one such turn always may, unless this is 0",
    )
    weight: float = Field(default=1, gt=0, le=10)
    cap_when_not_met: int | None = Field(default=None, ge=1, le=5, description="The level can be no higher when this is not met")
    examples: Examples = Examples()
    advice: str = Field(default="", max_length=500, description="What to do instead, said to the trainee")


class Needs(Authored):
    """What a level must rest on, so that a few kind words are not taken for a skill."""

    turns: int = Field(default=1, ge=1, le=50, description="Different trainee turns that the counted findings quote")
    criteria: int = Field(default=1, ge=1, le=50, description="Criteria that were counted, met or not")


class Rubric(Authored):
    """One skill, graded 1–5."""

    id: Id
    title: Prose
    summary: str = Field(default="", max_length=600)
    sources: tuple[Prose, ...] = Field(default=(), description="Where the criteria and levels come from")
    levels: dict[int, Prose] = Field(description="The anchor text of each level, 1–5")
    thresholds: tuple[float, float, float, float] = Field(
        description="Shares 0–1 of the applicable weight from which levels 2, 3, 4 and 5 begin"
    )
    needs: dict[int, Needs] = Field(
        default_factory=dict, description="What a level 2–5 must rest on; with less, the level below is the highest"
    )
    criteria: tuple[Criterion, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Rubric:
        if set(self.levels) != {1, 2, 3, 4, 5}:
            raise ValueError("levels must describe exactly 1, 2, 3, 4 and 5")
        if list(self.thresholds) != sorted(self.thresholds) or not all(0 < each <= 1 for each in self.thresholds):
            raise ValueError("thresholds must rise, each above 0 and at most 1")
        if not set(self.needs) <= {2, 3, 4, 5}:
            raise ValueError("needs are given for the levels 2, 3, 4 and 5")
        return self

    @cached_property
    def digest(self) -> str:
        """The hash of what the rubric means: 16 hex digits of SHA-256 over its canonical JSON. Comments do not change it."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def criterion(self, criterion_id: str) -> Criterion | None:
        """Return the criterion with this id, or ``None``."""
        return next((each for each in self.criteria if each.id == criterion_id), None)
