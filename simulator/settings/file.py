"""Reading the settings file and the variables over it, and changing the file without harming it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from simulator.domain.errors import AuthoringError, FinelineError, Problem, UsageError, nearest
from simulator.domain.text import clean
from simulator.settings.places import config_file, variable
from simulator.settings.shape import ModelChoice, ModelPrice, Settings, Timeouts, reason

MAX_BYTES = 1_000_000
_PARTS: dict[str, type[BaseModel]] = {"voice": ModelChoice, "judge": ModelChoice, "timeouts": Timeouts, "prices": ModelPrice}
# Settings that a variable FINELINE_<NAME> overrides; the others have a shape that a variable cannot hold.
_FROM_ENVIRONMENT = ("voice", "judge", "blind_judge", "theme", "reduced_motion")


def load() -> Settings:
    """Return the settings of the file, with the environment's over them.

    Raises :class:`AuthoringError` naming file and line for every mistake in the file, which stays as it is, and
    :class:`UsageError` for a variable that holds no such value.
    """
    path = config_file()
    text = _read(path)
    values = _parse(path, text)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise AuthoringError(_problems(error, path, text)) from None
    for name in _FROM_ENVIRONMENT:
        given = variable(f"FINELINE_{name.upper()}")
        if given is not None:
            try:
                values[name] = getattr(Settings.model_validate({name: given}), name)
            except ValidationError as error:
                why = reason(error.errors()[0])
                raise UsageError(f"The variable FINELINE_{name.upper()} cannot be used: {why}.") from None
            settings = settings.model_copy(update={name: values[name]})
    return settings


def save(settings: Settings) -> None:
    """Write what differs from the settings in force to the file; comments, order and all else in it stay.

    Only differences are written, so that what a variable sets for one run is not made permanent. Raises
    :class:`AuthoringError` where the file has mistakes (it is then left alone) and :class:`FinelineError` where it cannot
    be written.
    """
    import tomlkit

    from simulator.files import write_atomically

    settings = Settings.model_validate(settings.model_dump(warnings=False))
    before = load()
    path = config_file()
    text = _read(path)
    document = tomlkit.parse(text)
    expected = _parse(path, text)
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if value == getattr(before, name):
            continue
        plain = _as_toml(value)
        expected.pop(name, None)
        if plain is not None:
            expected[name] = plain
        if plain is None or isinstance(plain, dict) or isinstance(document.get(name), dict):
            # Taken out first: a value cannot stand where a table of the same name stood, below other tables.
            document.pop(name, None)
        if isinstance(plain, dict):
            document[name] = tomlkit.inline_table()
            document[name].update(plain)
        elif plain is not None:
            document[name] = plain  # in place, where there was one: its comment stays
    rendered = tomlkit.dumps(document)
    if tomllib.loads(rendered) != expected:
        raise FinelineError(f"The settings could not be written into {path} without disturbing it; it was left as it is.")
    write_atomically(path, rendered)


def _as_toml(value: Any) -> Any:
    """Return a setting as TOML holds it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True) or None
    if isinstance(value, Mapping):
        return {name: _as_toml(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [str(each) for each in value]
    return value


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise AuthoringError([Problem(str(path), "is too large to be a settings file")])
        data = path.read_bytes()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise AuthoringError([Problem(str(path), f"cannot be read: {error.strerror or error}")]) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise AuthoringError([Problem(str(path), "is not UTF-8 text", line=line)]) from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", str(error))
        message = str(error)[: found.start()] if found else "is not TOML"
        line = int(found[1]) if found and found[1] else (text.count("\n") + 1 if found else None)
        column = int(found[2]) if found and found[2] else None
        message = message[:1].lower() + message[1:]
        raise AuthoringError([Problem(str(path), clean(message, keep_newlines=False), line=line, column=column)]) from None


def _problems(error: ValidationError, path: Path, text: str) -> list[Problem]:
    """Return each mistake with the line it is on and, for an unknown key, the nearest known one."""
    problems = []
    for each in error.errors():
        where = list(each["loc"])
        if where[0] in ("voice", "judge") and len(where) > 1:
            del where[1]  # the tag of the shape it was read as, which is no key of the file
        keys = [clean(str(part), keep_newlines=False) for part in where if isinstance(part, str)]
        line = _line_of(text, keys)
        name = ".".join(keys)
        if each["type"] == "extra_forbidden":
            owner = _PARTS.get(keys[0], Settings) if len(keys) > 1 else Settings
            near = nearest(keys[-1], owner.model_fields)
            problems.append(Problem(str(path), f"there is no setting {name!r}", line=line, suggestion=near))
        else:
            problems.append(Problem(str(path), f"{name}: {reason(each)}", line=line))
    return sorted(problems, key=lambda problem: problem.line or 0)


def _line_of(text: str, keys: list[str]) -> int | None:
    """Return the line that sets ``keys`` (a path), or that opens the nearest table around it; ``None`` if not found."""
    table: list[str] = []
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line):
            table = _path_of(header[1])
            path = table
        elif key := re.match(r"\s*([A-Za-z0-9_\-.\"']+)\s*=", line):
            path = table + _path_of(key[1])
        else:
            continue
        shared = len(path) if path == keys[: len(path)] else 0
        if shared and (best is None or shared > best[0]):
            best = (shared, number)
    return best[1] if best else None


def _path_of(dotted: str) -> list[str]:
    """Return the parts of a TOML key; dots inside quotes part nothing."""
    return [part.strip("\"'") for part in re.findall(r""""[^"]*"|'[^']*'|[^.\s]+""", dotted)]
