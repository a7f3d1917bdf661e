"""From a file to a persona, rubric or catalogue: everything that keeps one from being used, found in one pass."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ValidationError

from simulator.authoring.messages import problems_of
from simulator.authoring.names import catalogue_names, persona_names, rubric_names
from simulator.authoring.yaml import Document, load_yaml, parse_yaml, problem, read_text
from simulator.domain.behaviour import Behaviour, Catalogue
from simulator.domain.errors import AuthoringError, Problem
from simulator.domain.persona import Persona
from simulator.domain.rubric import Rubric

Kind = Literal["persona", "rubric", "behaviours"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SUFFIXES = (".yaml", ".yml")

MODELS: Mapping[Kind, type[BaseModel]] = {"persona": Persona, "rubric": Rubric, "behaviours": Catalogue}
_NAMES: Mapping[Kind, Callable[[Document, Collection[str] | None], list[Problem]]] = {
    "persona": persona_names,
    "rubric": rubric_names,
    "behaviours": catalogue_names,
}
_BEHAVIOURS = re.compile(r"^\s*[{\"']*behaviours\b", re.MULTILINE)
_SHARED = frozenset({"id", "summary"})


@dataclass(frozen=True, slots=True)
class Reading:
    """One file as read: its ``document`` (``None`` where it is not YAML), and its ``value`` where it can be used."""

    path: Path
    kind: Kind
    document: Document | None
    value: BaseModel | None
    problems: tuple[Problem, ...]


def kind_of(data: Mapping[Any, Any], path: Path) -> Kind:
    """Return what a file is meant to be: by the keys it holds, and where they do not tell, by its folder and name."""
    scores = {kind: len((MODELS[kind].model_fields.keys() - _SHARED) & data.keys()) for kind in KINDS}
    best = max(scores.values())
    likely = [kind for kind in KINDS if scores[kind] == best]
    return likely[0] if len(likely) == 1 else _by_name(path)


def _by_name(path: Path) -> Kind:
    if path.stem.startswith("behaviours"):
        return "behaviours"
    return "rubric" if path.parent.name == "rubrics" else "persona"


def read(path: Path, behaviours: Collection[str] | None, *, kind: Kind | None = None) -> Reading:
    """Read a file. ``behaviours`` are the ids it may name, ``None`` where that cannot be said.

    Never raises for what is in the file: everything wrong with it is in ``problems``, in the order of the file.
    """
    try:
        document = load_yaml(path)
    except AuthoringError as error:
        return Reading(path, kind or _by_name(path), None, None, error.problems)
    return judge(document, path, behaviours, kind=kind)


def judge(document: Document, path: Path, behaviours: Collection[str] | None, *, kind: Kind | None = None) -> Reading:
    """Return the reading of a document already parsed."""
    kind = kind or kind_of(document.data, path)
    own = _NAMES[kind](document, behaviours)
    value: BaseModel | None = None
    found: list[Problem] = []
    try:
        value = MODELS[kind].model_validate(document.data)
    except ValidationError as error:
        found = problems_of(error, document, MODELS[kind])
        if kind == "rubric" and any(each.code in ("levels", "thresholds") for each in own):
            # The model says the same of the file as a whole; the names say where.
            at = {(each.line, each.column) for each in own}
            found = [each for each in found if not each.message.startswith("the file:") and (each.line, each.column) not in at]
    except RecursionError:
        found = [problem(path, "the file nests too deep", code="yaml")]
    problems = sorted([*found, *own], key=lambda each: (each.line or 0, each.column or 0))
    return Reading(path, kind, document, None if problems else value, tuple(problems))


def behaviours_in(path: Path) -> tuple[Behaviour, ...]:
    """Return the behaviours a file defines if it is a catalogue that can be read, and nothing for any other file.

    Files that cannot be a catalogue are not parsed, as all catalogues are read before anything is checked against them.
    """
    try:
        text = read_text(path)
        if _BEHAVIOURS.search(text) is None:
            return ()
        data = parse_yaml(text, os.fspath(path)).data
        return Catalogue.model_validate(data).behaviours if kind_of(data, path) == "behaviours" else ()
    except (AuthoringError, ValidationError):
        return ()  # reported where the file is judged


def use(reading: Reading) -> BaseModel:
    """Return the value of a reading; raises :class:`AuthoringError` with everything that is wrong."""
    if reading.value is None:
        raise AuthoringError(reading.problems)
    return reading.value


def yaml_files(folder: Path, *, deep: bool = False) -> list[Path]:
    """Return the YAML files of a folder by name, with ``deep`` those of the folders in it too; hidden ones are left out.

    Raises ``OSError`` where the folder cannot be read. Links to folders are not followed, so that none leads in a circle.
    """
    found: list[Path] = []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if entry.name.startswith("."):
                continue
            if entry.name.endswith(SUFFIXES) and not _is_folder(entry):
                found.append(folder / entry.name)
            elif deep and entry.is_dir(follow_symlinks=False):
                found.extend(yaml_files(folder / entry.name, deep=True))
    return found


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link that leads back to itself: reading it says so
