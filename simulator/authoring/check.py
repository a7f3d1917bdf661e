"""Checking files before they are used: everything that keeps them from loading, and everything a trainer should look at."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from simulator.authoring.lint import RuleLint
from simulator.authoring.lint_lines import LineLint
from simulator.authoring.lint_rubric import lint_catalogue, lint_rubric
from simulator.authoring.reading import Kind, Reading, judge, kind_of, read, yaml_files
from simulator.authoring.yaml import Document, load_yaml, problem
from simulator.domain.behaviour import Behaviour, Catalogue
from simulator.domain.errors import AuthoringError, Problem
from simulator.domain.persona import Persona
from simulator.domain.rubric import Rubric


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: the ``files`` looked at and the problems of each in turn."""

    files: tuple[Path, ...]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> int:
        """How many problems keep a file from being right."""
        return sum(each.severity == "error" for each in self.problems)

    @property
    def warnings(self) -> int:
        """How many problems are for the trainer to judge."""
        return len(self.problems) - self.errors


def expand(paths: Iterable[Path]) -> tuple[list[Path], list[Problem]]:
    """Return the files meant by paths: themselves, and the YAML files of folders and the folders in them."""
    found: dict[Path, None] = {}
    problems: list[Problem] = []
    for path in paths:
        try:
            inside = yaml_files(path, deep=True) if path.is_dir() else [path]
        except (OSError, ValueError):
            problems.append(problem(path, "the folder cannot be read", code="file"))
            continue
        if not inside:
            problems.append(problem(path, "no YAML files are in this folder", code="file", severity="warning"))
        found.update(dict.fromkeys(inside))
    return list(found), problems


def check_paths(
    paths: Sequence[Path], *, known: Catalogue | None = None, kinds: Collection[Kind] | None = None
) -> Report:
    """Check files and folders.

    ``known`` are the behaviours of the library; those that the files define themselves are added. ``kinds`` leaves files
    of other kinds out. Never raises for what is in the files.
    """
    files, problems = expand(paths)
    opened: list[tuple[Path, Document | Reading]] = []
    for path in files:
        try:
            opened.append((path, load_yaml(path)))
        except AuthoringError as error:
            opened.append((path, Reading(path, "persona", None, None, error.problems)))
    catalogue = _merged(known, opened)
    behaviours = catalogue.ids if catalogue is not None else None
    looked_at: list[Path] = []
    ids: dict[tuple[str, Path, str], Path] = {}
    for path, content in opened:
        if isinstance(content, Document):
            kind = kind_of(content.data, path)
            if kinds is not None and kind not in kinds:
                continue
            reading = judge(content, path, behaviours, kind=kind)
        else:
            reading = content
        looked_at.append(path)
        problems.extend(lint(reading, catalogue))
        problems.extend(_taken(reading, ids))
    return Report(tuple(looked_at), tuple(problems))


def check_file(path: Path, known: Catalogue | None) -> list[Problem]:
    """Return everything found in one file, in the order it stands there."""
    return lint(read(path, known.ids if known is not None else None), known)


def lint(reading: Reading, catalogue: Catalogue | None) -> list[Problem]:
    """Return the problems of a reading, and of its meaning where it can be used, in the order they stand in the file."""
    found = list(reading.problems)
    document = reading.document
    if document is not None and isinstance(reading.value, Persona):
        found += RuleLint(document, reading.value, catalogue).run()
        found += LineLint(document, reading.value).run()
    elif document is not None and isinstance(reading.value, Rubric):
        found += lint_rubric(document, reading.value, catalogue)
    elif document is not None and isinstance(reading.value, Catalogue):
        found += lint_catalogue(document, reading.value)
    return sorted(found, key=lambda each: (each.line or 0, each.column or 0))


def _taken(reading: Reading, ids: dict[tuple[str, Path, str], Path]) -> list[Problem]:
    """Return a problem where another file of the same folder has the id: only one of them can be met."""
    named = reading.document.data.get("id") if reading.document is not None else None
    if not isinstance(named, str) or reading.document is None:
        return []
    key = (reading.kind, reading.path.parent, named)
    if key not in ids:
        ids[key] = reading.path
        return []
    place = reading.document.place(("id",))
    return [problem(reading.path, f"the id {named!r} is taken by {ids[key].name}", place, code="duplicate")]


def _merged(known: Catalogue | None, opened: Iterable[tuple[Path, Document | Reading]]) -> Catalogue | None:
    """Return the behaviours known together with those that the files define."""
    behaviours: dict[str, Behaviour] = {each.id: each for each in known} if known is not None else {}
    for path, content in opened:
        if isinstance(content, Document) and kind_of(content.data, path) == "behaviours":
            try:
                behaviours.update((each.id, each) for each in Catalogue.model_validate(content.data))
            except ValidationError:
                continue  # reported where the file is judged
    return Catalogue(behaviours=tuple(behaviours.values())) if behaviours else None



