"""What the first frame shows before settings and library are read: what they said last time.

One small JSON file in the cache folder, read with the standard library alone and believed for a moment only: as soon as the
real settings and library have been read, they take its place on the screen and in the file.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from simulator import __version__

FILE_NAME = "glimpse.json"
_MAX_BYTES = 500_000


@dataclass(frozen=True)
class Customer:
    """What a row of the home list says about a persona."""

    id: str
    name: str
    summary: str
    difficulty: int
    trains: tuple[str, ...] = ()


@dataclass(frozen=True)
class Glimpse:
    """What was true when the app last ran, from this folder and with these variables."""

    theme: str = ""
    voice: str = ""
    judge: str = ""
    customers: tuple[Customer, ...] = field(default=())


def cache_file() -> Path:
    """Return where the glimpse is kept: in the folder of :func:`simulator.settings.cache_folder`, found without it."""
    if folder := os.environ.get("FINELINE_CACHE"):
        return Path(folder).expanduser() / FILE_NAME
    from platformdirs import user_cache_path

    return user_cache_path("fineline", appauthor=False) / FILE_NAME


def _circumstances() -> list[str]:
    """What the same glimpse holds for: another version, folder or search path may list other customers."""
    try:
        here = str(Path.cwd())
    except OSError:
        here = ""
    return [__version__, here, os.environ.get("FINELINE_PATH", ""), os.environ.get("FINELINE_CONFIG", "")]


def read(path: Path) -> Glimpse:
    """Read the glimpse; an empty one where there is none, or it is not for these circumstances."""
    try:
        with path.open("rb") as file:
            record: Any = json.loads(file.read(_MAX_BYTES))
        if record["circumstances"] != _circumstances():
            return Glimpse(theme=str(record["theme"]))
        customers = tuple(
            Customer(
                id=str(each["id"]),
                name=str(each["name"]),
                summary=str(each["summary"]),
                difficulty=int(each["difficulty"]),
                trains=tuple(map(str, each["trains"])),
            )
            for each in record["customers"]
        )
        return Glimpse(str(record["theme"]), str(record["voice"]), str(record["judge"]), customers)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Glimpse()


def write(path: Path, glimpse: Glimpse) -> None:
    """Keep the glimpse for the next start; a folder that cannot be written only makes that start plainer."""
    from simulator.domain.errors import FinelineError
    from simulator.files import write_atomically

    text = json.dumps({"circumstances": _circumstances(), **asdict(glimpse)}, ensure_ascii=False)
    try:
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            return
        write_atomically(path, text, mode=0o600)
    except (FinelineError, OSError, ValueError):
        return
