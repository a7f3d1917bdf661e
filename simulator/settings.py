"""Settings: a TOML file, the environment over it, and keys that are never in either file.

Only the command line and the screens import this; they hand plain values to the rooms below.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    ValidationError,
    field_validator,
)

from simulator.domain.errors import AuthoringError, FinelineError, Problem, UsageError, nearest
from simulator.domain.text import clean
from simulator.models.endpoint import (
    DEFAULT_HOSTED_MODEL,
    LOCAL_FIRST_TOKEN_S,
    LOCAL_TIMEOUT_S,
    OPENAI_URL,
    Endpoint,
    is_local,
    label_for,
    normalise,
    origin_of,
)

if TYPE_CHECKING:
    from simulator.authoring.library import Folder

FILE_NAME = "settings.toml"
MAX_BYTES = 1_000_000
_KEYRING_SERVICE = "fineline"
BUILT_IN_VOICE = "built-in voice"
BUILT_IN_JUDGE = "built-in judge"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelChoice(_Part):
    """A model by name and server.

    ``base_url`` ``None`` is the server of ``OPENAI_BASE_URL``, or OpenAI's own. ``model`` ``""`` is a sensible default at
    OpenAI, and the first model that any other server lists. ``key_env`` names a variable that holds the key.
    """

    base_url: str | None = None
    model: str = Field(default="", max_length=200)
    key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            return normalise(value)
        except UsageError as error:
            raise ValueError(str(error)) from None

    @field_validator("model")
    @classmethod
    def _name(cls, value: str) -> str:
        return clean(value, keep_newlines=False).strip()


def parse_choice(value: Any) -> Any:
    """Return what ``"auto"``, ``"builtin"``, ``"NAME"`` or ``"NAME@URL"`` means; anything else is returned as it is.

    Raises :class:`ValueError` for a near miss of the two words, which would otherwise pass for a model's name.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    word = text.casefold().replace("-", "").replace("_", "").replace(" ", "")
    if word in ("auto", "builtin"):
        return word
    if not text:
        raise ValueError("it is empty; expected 'auto', 'builtin' or a model's name")
    for known in ("auto", "builtin"):
        if SequenceMatcher(None, word, known).ratio() >= 0.8:
            raise ValueError(f"there is no {text!r} (did you mean {known!r}?)")
    name, at, url = text.partition("@http")
    return {"model": name, "base_url": f"http{url}"} if at else {"model": text}


Choice = Annotated[
    Annotated[Literal["auto", "builtin"], Tag("word")] | Annotated[ModelChoice, Tag("model")],
    Discriminator(lambda value: "word" if isinstance(value, str) else "model"),
    BeforeValidator(parse_choice),
]


class Timeouts(_Part):
    """How long to wait for a model, in seconds; ``None`` is what suits the server (a local one may have to wake up)."""

    connect: float = Field(default=5.0, gt=0, le=600)
    first_token: float | None = Field(default=None, gt=0, le=3600)
    stall: float = Field(default=20.0, gt=0, le=3600)
    total: float | None = Field(default=None, gt=0, le=86_400)


class Settings(_Part):
    """Everything a user can set. Frozen: change with ``model_copy(update=…)`` and :func:`save`."""

    voice: Choice = "auto"
    judge: Choice = "auto"
    blind_judge: bool = Field(default=True, description="The judge does not see names, pronouns and gendered words")
    theme: str = ""
    reduced_motion: bool = False
    keymap: dict[str, str] = Field(default_factory=dict, description="Binding id to keys, e.g. stop = 'ctrl+x'")
    folders: tuple[Path, ...] = Field(default=(), description="Folders with one's own personas and rubrics")
    timeouts: Timeouts = Timeouts()


_PARTS: dict[str, type[BaseModel]] = {"voice": ModelChoice, "judge": ModelChoice, "timeouts": Timeouts}
# Settings that a variable FINELINE_<NAME> overrides; the others have a shape that a variable cannot hold.
_FROM_ENVIRONMENT = ("voice", "judge", "blind_judge", "theme", "reduced_motion")


# Folders


def _variable(name: str) -> str | None:
    """Return a variable of the environment; an empty one counts as not set."""
    return os.environ.get(name, "").strip() or None


def _folder(variable: str, default: Path) -> Path:
    given = _variable(variable)
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


# The file


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
        given = _variable(f"FINELINE_{name.upper()}")
        if given is not None:
            try:
                values[name] = getattr(Settings.model_validate({name: given}), name)
            except ValidationError as error:
                reason = _reason(error.errors()[0])
                raise UsageError(f"The variable FINELINE_{name.upper()} cannot be used: {reason}.") from None
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

    settings = Settings.model_validate(settings.model_dump())
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
        return dict(value)
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
            problems.append(Problem(str(path), f"{name}: {_reason(each)}", line=line))
    return sorted(problems, key=lambda problem: problem.line or 0)


def _reason(error: Mapping[str, Any]) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    return clean(message[:1].lower() + message[1:], keep_newlines=False).rstrip(".")


def _line_of(text: str, keys: list[str]) -> int | None:
    """Return the line that sets ``keys`` (a path), or that opens the nearest table around it; ``None`` if not found."""
    table: list[str] = []
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line):
            table = [part.strip().strip("\"'") for part in header[1].split(".")]
            path = table
        elif key := re.match(r"\s*([A-Za-z0-9_\-.\"']+)\s*=", line):
            path = table + [part.strip().strip("\"'") for part in key[1].split(".")]
        else:
            continue
        shared = len(path) if path == keys[: len(path)] else 0
        if shared and (best is None or shared > best[0]):
            best = (shared, number)
    return best[1] if best else None


# Models


def voice_endpoint(settings: Settings) -> Endpoint | None:
    """Return where the customer's voice is spoken, or ``None`` for the built-in voice. May look into the OS keyring."""
    return _endpoint(settings.voice, settings.timeouts, with_key=True)


def judge_endpoint(settings: Settings) -> Endpoint | None:
    """Return where conversations are judged, or ``None`` for the built-in judge. May look into the OS keyring."""
    return _endpoint(settings.judge, settings.timeouts, with_key=True)


def endpoint_of(choice: Choice, timeouts: Timeouts | None = None) -> Endpoint | None:
    """Return the endpoint a choice means, or ``None`` for the built-in one. May look into the OS keyring."""
    return _endpoint(choice, timeouts or Timeouts(), with_key=True)


def describe_voice(settings: Settings) -> str:
    """Return the short words a screen shows for the voice. Reads no keyring."""
    endpoint = _endpoint(settings.voice, settings.timeouts, with_key=False)
    return endpoint.describe() if endpoint else BUILT_IN_VOICE


def describe_judge(settings: Settings) -> str:
    """Return the short words a screen shows for the judge. Reads no keyring."""
    endpoint = _endpoint(settings.judge, settings.timeouts, with_key=False)
    return endpoint.describe() if endpoint else BUILT_IN_JUDGE


def environment_url() -> str | None:
    """Return the server of ``OPENAI_BASE_URL`` as a base URL, or ``None``. Raises :class:`UsageError` if it is no address."""
    given = _variable("OPENAI_BASE_URL")
    if given is None:
        return None
    try:
        return normalise(given)
    except UsageError:
        raise UsageError(
            "The variable OPENAI_BASE_URL is not the address of a model server.", hint="One looks like http://localhost:11434/v1."
        ) from None


def _endpoint(choice: Literal["auto", "builtin"] | ModelChoice, timeouts: Timeouts, *, with_key: bool) -> Endpoint | None:
    if choice == "builtin":
        return None
    if choice == "auto":
        if _variable("OPENAI_API_KEY") is None and _variable("OPENAI_BASE_URL") is None:
            return None
        choice = ModelChoice()
    url = choice.base_url or environment_url() or OPENAI_URL
    key = None
    if with_key:
        named = _variable(choice.key_env) if choice.key_env else None
        key = named or api_key(url)
    local = is_local(url)
    default = Endpoint()
    return Endpoint(
        base_url=url,
        model=choice.model or (DEFAULT_HOSTED_MODEL if origin_of(url) == origin_of(OPENAI_URL) else ""),
        key=SecretStr(key) if key else None,
        label=label_for(url),
        connect_s=timeouts.connect,
        stall_s=timeouts.stall,
        first_token_s=timeouts.first_token or (LOCAL_FIRST_TOKEN_S if local else default.first_token_s),
        timeout_s=timeouts.total or (LOCAL_TIMEOUT_S if local else default.timeout_s),
    )


# Keys


def api_key(base_url: str | None) -> str | None:
    """Return the key for a server: of the environment, else of the OS keyring, else ``None``.

    ``OPENAI_API_KEY`` belongs to the server of ``OPENAI_BASE_URL`` (OpenAI's own if that is not set) and is given to no
    other, least of all to whatever happens to listen on a local port. A machine without a keyring is no error.
    """
    url = normalise(base_url) if base_url else (environment_url() or OPENAI_URL)
    given = _variable("OPENAI_API_KEY")
    if given is not None and origin_of(url) == origin_of(environment_url() or OPENAI_URL):
        return given
    import keyring

    try:
        return keyring.get_password(_KEYRING_SERVICE, origin_of(url)) or None
    except Exception:  # backends raise what their platform raises; without a keyring there is simply no stored key
        return None


def store_key(base_url: str | None, key: str) -> None:
    """Keep a server's key in the OS keyring. Raises :class:`FinelineError` where there is none, saying what to do instead."""
    import keyring

    key = key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise UsageError("That is not a key.", hint="Paste it as the provider shows it.")
    origin = origin_of(normalise(base_url) if base_url else OPENAI_URL)
    try:
        keyring.set_password(_KEYRING_SERVICE, origin, key)
    except Exception:  # as above; and the message of a backend is not shown, it might hold the key
        raise FinelineError(
            "This computer has no keyring that can keep the key.", hint="Set the variable OPENAI_API_KEY instead."
        ) from None


def forget_key(base_url: str | None) -> bool:
    """Delete a server's key from the OS keyring; return whether there was one."""
    import keyring

    origin = origin_of(normalise(base_url) if base_url else OPENAI_URL)
    try:
        keyring.delete_password(_KEYRING_SERVICE, origin)
    except Exception:  # no keyring, or no such key: either way it is not there
        return False
    return True
