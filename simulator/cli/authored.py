"""What ``fineline personas`` and ``fineline rubrics`` share: the library of the settings, checking, and beginning files."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from simulator.domain.errors import EXIT_FAILURE, AuthoringError, UsageError
from simulator.domain.text import clean

if TYPE_CHECKING:
    from simulator.authoring.library import Library
    from simulator.authoring.reading import Kind
    from simulator.domain.behaviour import Catalogue
    from simulator.domain.errors import Problem


def open_library() -> Library:
    """Return the library of the user's settings and surroundings."""
    from simulator import settings
    from simulator.authoring.library import Library

    return Library(settings.library_folders(settings.load()), settings.cache_folder())


def catalogue_of(library: Library) -> Catalogue | None:
    """Return the behaviours of a library, or ``None`` where none can be read."""
    try:
        return library.catalogue
    except AuthoringError:
        return None


def near_here(path: Path) -> Path:
    """Return a path as people would type it: from the current folder, if it lies in there."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path


def print_json(data: Any) -> None:
    """Write data to standard output as JSON that people can read too."""
    print(json.dumps(data, indent=2, ensure_ascii=False))


def say(text: str) -> None:
    """Write a line for people to standard error."""
    print(clean(text), file=sys.stderr)


def say_problems(library: Library) -> None:
    """Tell people in one line that some files of the library are left out."""
    broken = {each.path for each in library.problems if each.severity == "error"}
    if broken:
        what = "1 file has" if len(broken) == 1 else f"{len(broken)} files have"
        say(f"{what} mistakes and cannot be used; see 'fineline personas check' and 'fineline rubrics check'.")


def check(
    paths: Sequence[Path],
    kinds: Sequence[Kind],
    *,
    as_json: bool,
    strict: bool,
    further: Callable[[Sequence[Path], Catalogue | None], list[Problem]] | None = None,
) -> None:
    """Check files, folders, or (with no paths) every file of these kinds that the library knows; exit 1 on errors.

    ``further`` adds what only the command line can find out.
    """
    from simulator.authoring.check import check_paths

    library = open_library()
    if paths:
        known = catalogue_of(library)
        report = check_paths(paths, known=known, workers=_workers())
        extra: list[Problem] = []
    else:
        known = catalogue_of(library)
        report = check_paths([near_here(path) for path, _ in library.files()], known=known, kinds=kinds, workers=_workers())
        extra = library.folder_problems
    if further is not None:
        extra += further(report.files, known)
    problems = [*report.problems, *extra]
    errors = sum(each.severity == "error" for each in problems)
    warnings = len(problems) - errors
    if as_json:
        print_json([each.as_json() for each in problems])
    else:
        for each in problems:
            print(clean(str(each), keep_newlines=False))
    files = len(report.files)
    say(f"{_count(files, 'file')} checked: {_count(errors, 'error')}, {_count(warnings, 'warning')}.")
    if errors or (strict and warnings):
        raise typer.Exit(EXIT_FAILURE)


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def begin(kind: Kind, name: str, text: str, out: Path | None) -> None:
    """Write a new file (``./personas/ID.yaml`` or ``./rubrics/ID.yaml`` unless told where) and say what to do next."""
    from simulator.authoring.scaffold import write_new

    path = out if out is not None else Path(f"{kind}s") / f"{name}.yaml"
    if path.is_dir():
        path = path / f"{name}.yaml"
    written = write_new(path, text, kind)
    print(path)
    group = "personas" if kind == "persona" else "rubrics"
    beside = f" (its schema for editors lies beside it: {written[1].name})" if len(written) > 1 else ""
    say(f"Written{beside}. Change it, then: fineline {group} check {path}")


def ask(question: str, default: str, given: str | None, check: Callable[[str], object] | None = None) -> str:
    """Return what was given, or what a person at a terminal answers; without a terminal the default.

    ``check`` raises :class:`UsageError` for an answer that cannot be; at a terminal that is said at once and asked again, so
    that no other answer is lost.
    """
    if given is not None or not _somebody_there():
        return given if given is not None else default

    def usable(answer: str) -> str:
        try:
            if check is not None:
                check(answer)
        except UsageError as error:
            raise typer.BadParameter(f"{error.message} {error.hint}".strip()) from None
        return answer

    return str(typer.prompt(question, default=default, err=True, value_proc=usable))


def ask_id(given: str | None, known: Sequence[str], kind: str, *, replace: bool) -> str:
    """Return the id of a new file: given, or asked for at a terminal. Raises :class:`UsageError` where it cannot be."""
    from simulator.authoring.scaffold import check_id

    def check(answer: str) -> None:
        check_id(answer)
        if not replace:
            free_id(answer, known, kind)

    if given is None and not _somebody_there():
        raise UsageError(f"The new {kind} needs an id.", hint=f"For example: fineline {kind}s new hurried-{kind}")
    name = given if given is not None else ask(f"An id for the {kind} (letters, digits, -)", f"my-{kind}", None, check)
    check(name)
    return name


def _somebody_there() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def free_id(name: str, known: Sequence[str], kind: str) -> None:
    """Refuse an id that the library has, unless somebody means to replace it."""
    if name in known:
        raise UsageError(
            f"There is a {kind} called {name!r} already.", hint="Choose another id, or give --replace to put yours in its place."
        )


def _workers() -> int:
    return min(os.cpu_count() or 1, 8)
