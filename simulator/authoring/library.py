"""The library: every persona, rubric and behaviour from all folders, later folders winning, with where each came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from pydantic import BaseModel

import simulator
from simulator.authoring import reading
from simulator.authoring.cache import Cache, Record, Stamp
from simulator.authoring.reading import SUFFIXES, Kind, Reading, yaml_files
from simulator.authoring.summaries import PersonaSummary, RubricSummary, head_of
from simulator.authoring.uncollected import uncollected
from simulator.authoring.yaml import problem
from simulator.domain.behaviour import Behaviour, Catalogue
from simulator.domain.errors import AuthoringError, Problem, unknown
from simulator.domain.persona import Persona
from simulator.domain.rubric import Rubric

Origin = Literal["shipped", "settings", "FINELINE_PATH", "here"]
T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with YAML files, and where it was named: ``shipped``, ``settings``, ``FINELINE_PATH`` or ``here``."""

    path: Path
    origin: str


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A thing of the library, the file it came from, the origin of its folder (``"file"`` for a path that was given), and
    the hash of its meaning."""

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
    """Return the hash of what data means: its canonical JSON, so that comments, layout and the order of keys do not count."""
    canonical = json.dumps(_with_text_keys(data), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _with_text_keys(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(key): _with_text_keys(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_with_text_keys(each) for each in data]
    return data


@dataclass(frozen=True, slots=True)
class _Found:
    """A file that can be used: its head, and how to get its model."""

    path: Path
    origin: str
    head: Mapping[str, Any]
    make: Callable[[], BaseModel]

    @property
    def id(self) -> str:
        return str(self.head["id"])


class _Entries(Mapping[str, Entry[T]]):
    """Entries by id, each made when it is first asked for."""

    def __init__(self, found: Mapping[str, _Found]) -> None:
        self._found = found
        self._made: dict[str, Entry[T]] = {}

    def __getitem__(self, key: str) -> Entry[T]:
        if key not in self._made:
            found = self._found[key]
            value: Any = found.make()
            self._made[key] = Entry(value, found.path, found.origin, found.head["digest"])
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, key: object) -> bool:
        return key in self._found


class _Opened(NamedTuple):
    """A file of a folder, what tells its state, and what the cache holds of it in that state."""

    path: Path
    folder: Folder
    stamp: Stamp | None
    record: Record | None


@dataclass(frozen=True, slots=True)
class _Index:
    personas: Mapping[str, _Found]
    rubrics: Mapping[str, _Found]
    problems: tuple[Problem, ...]
    broken: Mapping[str, tuple[Problem, ...]]
    """The problems of files that cannot be used, by the id they would have."""


class Library:
    """Everything the folders hold, read when it is first asked for and then as it was at that moment.

    Broken files are :attr:`problems` and do not stop the others. With ``cache`` (a folder) files that have not changed are
    not parsed again. Not locked: use one from one thread at a time.
    """

    def __init__(self, folders: Sequence[Folder], cache: Path | None = None) -> None:
        self.folders = tuple(folders)
        self._cache = Cache(cache)

    @cached_property
    def personas(self) -> Mapping[str, Entry[Persona]]:
        """Every persona that can be met, by id."""
        return _Entries(self._index.personas)

    @cached_property
    def rubrics(self) -> Mapping[str, Entry[Rubric]]:
        """Every rubric, by id."""
        return _Entries(self._index.rubrics)

    @cached_property
    def catalogue(self) -> Catalogue:
        """All behaviours of all folders. Raises :class:`AuthoringError` where none can be read."""
        behaviours = self._behaviours
        if not behaviours:
            nothing = problem("behaviours.yaml", "no behaviours were found in any folder", code="file")
            raise AuthoringError(self.problems or [nothing])
        return Catalogue(behaviours=behaviours)

    @property
    def folder_problems(self) -> list[Problem]:
        """What is wrong with folders that somebody named; no file is read for it."""
        return list(self._listing[1])

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with files that cannot be used, and with folders that cannot be read."""
        return list(self._index.problems)

    def summaries(self) -> list[PersonaSummary]:
        """Return what a list of personas shows, in order of difficulty and name; quick, as no persona is built for it."""
        found = [PersonaSummary.from_head(each.head, each.path, each.origin) for each in self._index.personas.values()]
        return sorted(found, key=lambda each: (each.difficulty, each.name.casefold(), each.id))

    def rubric_summaries(self) -> list[RubricSummary]:
        """Return what a list of rubrics shows, by title."""
        found = [RubricSummary.from_head(each.head, each.path, each.origin) for each in self._index.rubrics.values()]
        return sorted(found, key=lambda each: (each.title.casefold(), each.id))

    def persona(self, id_or_path: str) -> Persona:
        """Return the persona with this id or in this file.

        Raises :class:`UsageError` with the nearest id where there is none, and :class:`AuthoringError` for a broken file.
        """
        return self.persona_entry(id_or_path).value

    def rubric(self, id_or_path: str) -> Rubric:
        """Return the rubric with this id or in this file; raises as :meth:`persona`."""
        return self.rubric_entry(id_or_path).value

    def persona_entry(self, id_or_path: str) -> Entry[Persona]:
        """Return the entry of a persona by id or path; raises as :meth:`persona`."""
        return self._entry("persona", id_or_path, self.personas, Persona)

    def rubric_entry(self, id_or_path: str) -> Entry[Rubric]:
        """Return the entry of a rubric by id or path; raises as :meth:`persona`."""
        return self._entry("rubric", id_or_path, self.rubrics, Rubric)

    def files(self) -> list[tuple[Path, str]]:
        """Return every YAML file of the folders with the origin of its folder, in the order they are read."""
        return [(path, folder.origin) for folder, paths in self._listing[0] for path in paths]

    @property
    def behaviour_ids(self) -> frozenset[str] | None:
        """The behaviours that files may name, or ``None`` where no catalogue could be read."""
        return frozenset(each.id for each in self._behaviours) or None

    def _entry(self, kind: Kind, id_or_path: str, known: Mapping[str, Entry[T]], model: type[T]) -> Entry[T]:
        if id_or_path in known:
            return known[id_or_path]
        if is_path(id_or_path):
            path = Path(id_or_path)
            found = reading.read(path, self.behaviour_ids, kind=kind)
            value = reading.use(found)
            assert isinstance(value, model)  # noqa: S101 - read() was told the kind
            assert found.document is not None  # noqa: S101 - there is a value
            return Entry(value, path, "file", digest(found.document.data))
        if broken := self._index.broken.get(id_or_path):
            raise AuthoringError(broken)
        raise unknown(kind, id_or_path, known)

    @cached_property
    def _listing(self) -> tuple[list[tuple[Folder, list[Path]]], list[Problem]]:
        """The files of each folder, and the folders somebody named that cannot be read."""
        listing: list[tuple[Folder, list[Path]]] = []
        problems: list[Problem] = []
        seen: set[Path] = set()
        for folder in self.folders:
            try:
                paths = [path for path in yaml_files(folder.path) if path not in seen]
            except (OSError, ValueError):
                paths = []
                if folder.origin != "here":
                    message = f"the folder (from {folder.origin}) cannot be read"
                    problems.append(problem(folder.path, message, code="file", severity="warning"))
            seen.update(paths)
            listing.append((folder, paths))
        return listing, problems

    @cached_property
    def _index(self) -> _Index:
        with uncollected():
            return self._read_all()

    @cached_property
    def _opened(self) -> list[_Opened]:
        """Every file of the folders, with what the cache holds of it."""
        listing, _ = self._listing
        return [_Opened(path, folder, *self._recall(path)) for folder, paths in listing for path in paths]

    @cached_property
    def _behaviours(self) -> tuple[Behaviour, ...]:
        """The behaviours of all folders; read apart, as every other file is checked against all of them."""
        behaviours: dict[str, Behaviour] = {}
        for each in self._opened:
            behaviours.update((found.id, found) for found in _behaviours_in(each.path, each.record))
        return tuple(behaviours.values())

    def _read_all(self) -> _Index:
        problems = self.folder_problems
        known = self.behaviour_ids
        index: dict[Kind, dict[str, _Found]] = {"persona": {}, "rubric": {}, "behaviours": {}}
        broken: dict[str, tuple[Problem, ...]] = {}
        for path, folder, stamp, record in self._opened:
            found = self._judge(record, path, folder, stamp, known)
            if isinstance(found, Reading):
                problems.extend(found.problems)
                broken[_would_be_id(found)] = found.problems
                continue
            kind: Kind = found.head["kind"]
            other = index[kind].get(found.id)
            if other is not None and other.path.parent == path.parent:
                message = f"the id {found.id!r} is taken by {other.path.name}; this file is left out"
                problems.append(problem(path, message, code="duplicate"))
                continue
            index[kind][found.id] = found
        self._cache.tidy()
        return _Index(index["persona"], index["rubric"], tuple(problems), broken)

    def _recall(self, path: Path) -> tuple[Stamp | None, Record | None]:
        """Return what the cache holds of a file."""
        stamp = Stamp.of(path)
        return stamp, self._cache.get(stamp) if stamp is not None else None

    def _judge(
        self, record: Record | None, path: Path, folder: Folder, stamp: Stamp | None, known: frozenset[str] | None
    ) -> _Found | Reading:
        """Return what a file holds, checked against the behaviours known."""
        against = digest(sorted(known or ()))
        if record is not None and record.head["against"] == against:
            model = reading.MODELS[record.head["kind"]]
            return _Found(path, folder.origin, record.head, lambda: model.model_validate(record.data()))
        found = reading.read(path, known)
        if found.value is None or found.document is None:
            return found
        value, data = found.value, found.document.data
        head = {**head_of(value, path), "kind": found.kind, "against": against, "digest": digest(data)}
        if stamp is not None:
            self._cache.put(stamp, head, data)
        return _Found(path, folder.origin, head, lambda: value)


def _behaviours_in(path: Path, record: Record | None) -> tuple[Behaviour, ...]:
    """Return the behaviours a file defines; read apart, as every other file is checked against all of them."""
    if record is None:
        return reading.behaviours_in(path)
    return Catalogue.model_validate(record.data()).behaviours if record.head["kind"] == "behaviours" else ()


def _would_be_id(found: Reading) -> str:
    named = found.document.data.get("id") if found.document is not None else None
    return named if isinstance(named, str) else found.path.stem


def is_path(word: str) -> bool:
    """Return whether a word on a command line means a file and not an id."""
    return "/" in word or "\\" in word or word.endswith(SUFFIXES)
