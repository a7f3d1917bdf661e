"""``fineline doctor``: is everything in place, and what to do where it is not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

import typer

from simulator.domain.errors import EXIT_FAILURE, FinelineError

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_MARKS = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}


@dataclass(frozen=True)
class Finding:
    """One thing looked at: ``note`` is for what works without, ``problem`` for what does not work."""

    part: str
    state: Literal["ok", "note", "problem"]
    says: str
    do: str = ""


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead.")] = False) -> None:
    """Look at everything Fineline needs and say in plain words what works; exit 1 where something does not.

    Nothing is sent anywhere; 'fineline models --try' tries language models.
    """
    findings = list(_look())
    if as_json:
        import json

        print(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        width = max(len(finding.part) for finding in findings)
        for finding in findings:
            print(f"{_MARKS[finding.state]}  {finding.part:<{width}}  {finding.says}")
            if finding.do:
                print(f"{'':9}{'':{width}}  → {finding.do}")
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(EXIT_FAILURE)


def _look() -> Iterator[Finding]:
    for part, look in (
        ("version", _version),
        ("settings", _settings),
        ("library", _library),
        ("built-in ear", _ear),
        ("tokens", _tokens),
        ("saved sessions", _store),
        ("voice and judge", _models),
        ("terminal", _terminal),
    ):
        yield _finding(part, look)


def _finding(part: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except FinelineError as error:
        return Finding(part, "problem", error.message, error.hint)


def _version() -> Finding:
    import platform

    from simulator import __version__

    return Finding("version", "ok", f"fineline {__version__} on Python {platform.python_version()}, {platform.system()}")


def _settings() -> Finding:
    from simulator import settings

    file = settings.config_file()
    settings.load()
    return Finding("settings", "ok", f"{file}" if file.exists() else f"none yet, the defaults serve ({file})")


def _library() -> Finding:
    from simulator import settings
    from simulator.authoring.library import Library

    library = Library(settings.library_folders(settings.load()))
    wrong = len({problem.path for problem in library.problems if problem.severity == "error"})
    says = f"{len(library.personas)} personas, {len(library.rubrics)} rubrics, {len(library.catalogue.ids)} behaviours"
    if not library.personas or not library.rubrics:
        return Finding("library", "problem", says, "Reinstall fineline: its own files are missing.")
    if wrong:
        return Finding("library", "note", f"{says}; {wrong} files cannot be used", "See 'fineline personas check'.")
    return Finding("library", "ok", says)


def _ear() -> Finding:
    from simulator import settings
    from simulator.authoring.library import Library
    from simulator.language.detector import Detector

    detector = Detector.load(Library(settings.library_folders(settings.load())).catalogue)
    return Finding("built-in ear", "ok", f"loaded, version {detector.version}; needs no network")


def _tokens() -> Finding:
    from simulator.language.tokens import count

    return Finding("tokens", "ok", f"counted here, without the network ({count('One two three.')} in a short sentence)")


def _store() -> Finding:
    from simulator import settings
    from simulator.store.store import Store

    store = Store.open(settings.data_folder())
    try:
        return Finding("saved sessions", "ok", f"{len(store.sessions(limit=100_000))} in {store.path}")
    finally:
        store.close()


def _models() -> Finding:
    from simulator import settings

    chosen = settings.load()
    says = f"voice: {settings.describe_voice(chosen)} · judge: {settings.describe_judge(chosen)}"
    return Finding("voice and judge", "ok", says, "'fineline models' shows what else is there.")


def _terminal() -> Finding:
    import os
    import shutil

    if not sys.stdout.isatty():
        return Finding("terminal", "note", "output goes to a file or pipe, so the terminal was not looked at")
    columns, lines = shutil.get_terminal_size()
    size = f"{columns}×{lines}, {os.environ.get('TERM', 'TERM is not set')}"
    if columns < 80 or lines < 24:
        return Finding("terminal", "note", size, "80×24 or larger is comfortable.")
    return Finding("terminal", "ok", size)
