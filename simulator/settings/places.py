"""Where things are kept: the platform's folders, unless a variable names another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.authoring.library import Folder
    from simulator.settings.shape import Settings

FILE_NAME = "settings.toml"


def variable(name: str) -> str | None:
    """Return a variable of the environment; an empty one counts as not set."""
    return os.environ.get(name, "").strip() or None


def _folder(name: str, default: Path) -> Path:
    given = variable(name)
    return Path(given).expanduser() if given else default


def config_file() -> Path:
    """Return where the settings file is, or would be."""
    import platformdirs

    return _folder("FINELINE_CONFIG", platformdirs.user_config_path("fineline", appauthor=False)) / FILE_NAME


def data_folder() -> Path:
    """Return the folder of saved sessions; it may not exist yet."""
    import platformdirs

    return _folder("FINELINE_DATA", platformdirs.user_data_path("fineline", appauthor=False))


def cache_folder() -> Path:
    """Return the folder of what can be made again; it may not exist yet."""
    import platformdirs

    return _folder("FINELINE_CACHE", platformdirs.user_cache_path("fineline", appauthor=False))


def library_folders(settings: Settings) -> list[Folder]:
    """Return the folders of personas and rubrics, weakest first: shipped, of the settings, FINELINE_PATH, and here."""
    from simulator.authoring.library import Folder, shipped_folders

    folders = shipped_folders()
    named = [(config_file().parent / path.expanduser(), "settings") for path in settings.folders]
    parts = os.environ.get("FINELINE_PATH", "").split(os.pathsep)
    named += [(Path(part.strip()).expanduser(), "FINELINE_PATH") for part in parts if part.strip()]
    for path, origin in named:
        inside = [path / name for name in ("personas", "rubrics")]
        folders += [Folder(each, origin) for each in (path, *inside) if each is path or each.is_dir()]
    known = {folder.path.resolve() for folder in folders}
    for name in ("personas", "rubrics"):
        here = Path.cwd() / name
        if here.is_dir() and here.resolve() not in known:
            folders.append(Folder(here, "here"))
    return folders
