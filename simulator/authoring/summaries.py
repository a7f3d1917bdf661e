"""What lists show of personas and rubrics, light enough to be read from the cache without building either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from simulator.domain.persona import Persona
from simulator.domain.rubric import Rubric


@dataclass(frozen=True, slots=True)
class IdentitySummary:
    """One of the identities a persona can be played in."""

    name: str
    pronouns: str
    age: int


@dataclass(frozen=True, slots=True)
class ScenarioSummary:
    """One of the situations a persona can be met in."""

    id: str
    place: str
    trainee: str
    wants: str
    trade: str


@dataclass(frozen=True, slots=True)
class PersonaSummary:
    """A persona as lists show it. ``origin`` is that of its folder, ``difficulty`` 1–3."""

    id: str
    name: str
    summary: str
    path: Path
    origin: str
    difficulty: int
    trains: tuple[str, ...]
    role: str
    content_note: str
    identities: tuple[IdentitySummary, ...]
    scenarios: tuple[ScenarioSummary, ...]
    digest: str

    @classmethod
    def from_head(cls, head: Mapping[str, Any], path: Path, origin: str) -> PersonaSummary:
        """Build it from the head that the library keeps of a file."""
        return cls(
            **{name: head[name] for name in ("id", "name", "summary", "difficulty", "role", "content_note", "digest")},
            path=path,
            origin=origin,
            trains=tuple(head["trains"]),
            identities=tuple(IdentitySummary(**each) for each in head["identities"]),
            scenarios=tuple(ScenarioSummary(**each) for each in head["scenarios"]),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the summary as plain data for ``--json``."""
        return asdict(self) | {"path": str(self.path)}


@dataclass(frozen=True, slots=True)
class RubricSummary:
    """A rubric as lists show it; ``criteria`` counts them."""

    id: str
    title: str
    summary: str
    path: Path
    origin: str
    criteria: int
    digest: str

    @classmethod
    def from_head(cls, head: Mapping[str, Any], path: Path, origin: str) -> RubricSummary:
        """Build it from the head that the library keeps of a file."""
        names = ("id", "title", "summary", "criteria", "digest")
        return cls(**{name: head[name] for name in names}, path=path, origin=origin)

    def as_json(self) -> dict[str, Any]:
        """Return the summary as plain data for ``--json``."""
        return asdict(self) | {"path": str(self.path)}


def head_of(value: BaseModel, path: Path) -> dict[str, Any]:
    """Return what the library keeps of a file for its lists; catalogues, which have no id, go by their path."""
    if isinstance(value, Persona):
        return {
            **value.model_dump(include={"id", "name", "summary", "difficulty", "role", "content_note", "trains"}),
            "identities": [each.model_dump(include={"name", "pronouns", "age"}) for each in value.identities],
            "scenarios": [each.model_dump(include={"id", "place", "trainee", "wants", "trade"}) for each in value.scenarios],
        }
    if isinstance(value, Rubric):
        return {"id": value.id, "title": value.title, "summary": value.summary, "criteria": len(value.criteria)}
    return {"id": str(path)}
