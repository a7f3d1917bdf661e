"""The library: every persona, rubric and behaviour from all folders, later folders winning, with where each came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import simulator
from simulator.authoring.yaml import load_yaml
from simulator.domain.behaviour import Behaviour, Catalogue
from simulator.domain.errors import AuthoringError, Problem, unknown
from simulator.domain.persona import Persona
from simulator.domain.rubric import Rubric
from pydantic import BaseModel, ValidationError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with YAML files, and where it was named: ``shipped``, ``settings``, ``FINELINE_PATH`` or ``here``."""

    path: Path
    origin: str


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A thing of the library, the file it came from, the origin of its folder, and the hash of its meaning."""

    value: T
    path: Path
    origin: str
    digest: str


def shipped_folders() -> list[Folder]:
    """Return the folders that come with Fineline: inside the package, or at the top of a checkout."""
    package = Path(simulator.__file__).parent
    found = []
    for name in ("personas", "rubrics"):
        inside, beside = package / name, package.parent / name
        found.append(Folder(inside if inside.is_dir() else beside, "shipped"))
    return found


def digest(data: Any) -> str:
    """Return the hash of what data means: its canonical JSON, so that comments and layout do not count."""
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Library:
    """Everything the folders hold. Broken files are :attr:`problems` and do not stop the others."""

    def __init__(self, folders: Sequence[Folder], cache: Path | None = None) -> None:
        self.folders = tuple(folders)
        self.cache = cache

    @cached_property
    def _all(self) -> tuple[dict[str, Entry[Persona]], dict[str, Entry[Rubric]], Catalogue, list[Problem]]:
        personas: dict[str, Entry[Persona]] = {}
        rubrics: dict[str, Entry[Rubric]] = {}
        behaviours: dict[str, Behaviour] = {}
        problems: list[Problem] = []
        for folder in self.folders:
            for path in _files(folder.path):
                try:
                    data = load_yaml(path).data
                    if "behaviours" in data:
                        for each in Catalogue.model_validate(data):
                            behaviours[each.id] = each
                    elif "criteria" in data:
                        rubric = Rubric.model_validate(data)
                        rubrics[rubric.id] = Entry(rubric, path, folder.origin, digest(data))
                    else:
                        persona = Persona.model_validate(data)
                        personas[persona.id] = Entry(persona, path, folder.origin, digest(data))
                except AuthoringError as error:
                    problems.extend(error.problems)
                except ValidationError as error:
                    problems.extend(Problem(str(path), f"{each['loc']}: {each['msg']}") for each in error.errors())
        if not behaviours:
            behaviours["none"] = Behaviour(id="none", title="-", description="-", examples=("-",))
        return personas, rubrics, Catalogue(behaviours=tuple(behaviours.values())), problems

    @property
    def personas(self) -> dict[str, Entry[Persona]]:
        """Every persona that can be met, by id."""
        return self._all[0]

    @property
    def rubrics(self) -> dict[str, Entry[Rubric]]:
        """Every rubric, by id."""
        return self._all[1]

    @property
    def catalogue(self) -> Catalogue:
        """All behaviours of all folders."""
        return self._all[2]

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with the files that could not be used."""
        return self._all[3]

    def persona(self, id_or_path: str) -> Persona:
        """Return the persona with this id or in this file; raises ``UsageError`` or ``AuthoringError``."""
        if id_or_path in self.personas:
            return self.personas[id_or_path].value
        if _is_path(id_or_path):
            return Persona.model_validate(load_yaml(Path(id_or_path)).data)
        raise unknown("persona", id_or_path, self.personas)

    def rubric(self, id_or_path: str) -> Rubric:
        """Return the rubric with this id or in this file; raises ``UsageError`` or ``AuthoringError``."""
        if id_or_path in self.rubrics:
            return self.rubrics[id_or_path].value
        if _is_path(id_or_path):
            return Rubric.model_validate(load_yaml(Path(id_or_path)).data)
        raise unknown("rubric", id_or_path, self.rubrics)


def _is_path(word: str) -> bool:
    return "/" in word or "\\" in word or word.endswith((".yaml", ".yml"))


def _files(folder: Path) -> Iterable[Path]:
    try:
        return sorted(each for each in folder.iterdir() if each.suffix in (".yaml", ".yml") and not each.name.startswith("."))
    except OSError:
        return []
