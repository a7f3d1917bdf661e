"""Checking files before they are used: everything that keeps them from loading, and everything a trainer should look at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from simulator.authoring.lint import RuleLint
from simulator.authoring.lint_lines import LineLint
from simulator.authoring.lint_rubric import lint_catalogue, lint_rubric
from simulator.authoring.reading import Kind, Reading, behaviours_in, judge, kind_of, read, yaml_files
from simulator.authoring.uncollected import uncollected
from simulator.authoring.yaml import load_yaml, problem
from simulator.domain.behaviour import Behaviour, Catalogue
from simulator.domain.errors import AuthoringError, Problem
from simulator.domain.persona import Persona
from simulator.domain.rubric import Rubric

_MANY = 100
"""Files from which sharing the work takes less time than starting processes."""


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
    paths: Sequence[Path], *, known: Catalogue | None = None, kinds: Collection[Kind] | None = None, workers: int = 1
) -> Report:
    """Check files and folders.

    ``known`` are the behaviours of the library; those that the files define themselves are added. ``kinds`` leaves files
    of other kinds out. ``workers`` processes share the work where there are many files; the report is the same with any
    number. Never raises for what is in the files.
    """
    files, problems = expand(paths)
    work = partial(_check_one, catalogue=_merged(known, files), kinds=kinds)
    looked_at: list[Path] = []
    ids: dict[tuple[str, Path, str], Path] = {}
    for found in _spread(work, files, workers):
        if found is not None:
            looked_at.append(found.path)
            problems.extend(found.problems)
            problems.extend(_taken(found, ids))
    return Report(tuple(looked_at), tuple(problems))


@dataclass(frozen=True, slots=True)
class _Checked:
    """What one file was found to be; small, as it travels between processes."""

    path: Path
    kind: Kind
    id: str | None
    place: tuple[int, int] | None
    problems: tuple[Problem, ...]


def _check_one(path: Path, catalogue: Catalogue | None, kinds: Collection[Kind] | None) -> _Checked | None:
    """Check one file; ``None`` where it is of a kind that was not asked for."""
    with uncollected():
        return _checked(path, catalogue, kinds)


def _checked(path: Path, catalogue: Catalogue | None, kinds: Collection[Kind] | None) -> _Checked | None:
    try:
        document = load_yaml(path)
    except AuthoringError as error:
        return _Checked(path, "persona", None, None, error.problems)
    kind = kind_of(document.data, path)
    if kinds is not None and kind not in kinds:
        return None
    reading = judge(document, path, catalogue.ids if catalogue is not None else None, kind=kind)
    named = document.data.get("id")
    identifier = named if isinstance(named, str) else None
    return _Checked(path, kind, identifier, document.place(("id",)), tuple(lint(reading, catalogue)))


def _spread(work: Callable[[Path], _Checked | None], files: Sequence[Path], workers: int) -> Iterator[_Checked | None]:
    """Yield what the work makes of each file, in their order."""
    if workers > 1 and len(files) >= _MANY:
        try:
            # Spawned, not forked: the caller may have threads.
            with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
                yield from list(pool.map(work, files, chunksize=max(1, len(files) // (workers * 8))))
            return
        except (OSError, BrokenExecutor):
            pass  # no processes to be had here: one will do
    yield from map(work, files)


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


def _taken(found: _Checked, ids: dict[tuple[str, Path, str], Path]) -> list[Problem]:
    """Return a problem where another file of the same folder has the id: only one of them can be met."""
    if found.id is None:
        return []
    key = (found.kind, found.path.parent, found.id)
    if key not in ids:
        ids[key] = found.path
        return []
    message = f"the id {found.id!r} is taken by {ids[key].name}"
    return [problem(found.path, message, found.place, code="duplicate")]


def _merged(known: Catalogue | None, files: Iterable[Path]) -> Catalogue | None:
    """Return the behaviours known together with those that the files define."""
    behaviours: dict[str, Behaviour] = {each.id: each for each in known} if known is not None else {}
    for path in files:
        behaviours.update((each.id, each) for each in behaviours_in(path))
    return Catalogue(behaviours=tuple(behaviours.values())) if behaviours else None
