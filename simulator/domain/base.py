"""What all models of the domain share: strict, frozen, and refusing keys they do not know."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

# Ids name things in files, on command lines and in results: never a path, never a number.
Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$", max_length=64)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Level = int  # 1–5


class Authored(BaseModel):
    """A part of a file that people write: unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Record(BaseModel):
    """A part of a record that programs write: unknown keys are kept, so that nothing is lost on the way through."""

    model_config = ConfigDict(extra="allow")
