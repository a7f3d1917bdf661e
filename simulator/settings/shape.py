"""What can be set, and how each setting is written."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    field_validator,
)

from simulator.domain.errors import UsageError
from simulator.domain.text import clean
from simulator.models.endpoint import normalise


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelChoice(Part):
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
        if SequenceMatcher(None, word, known).ratio() >= 0.75:
            raise ValueError(f"there is no {text!r} (did you mean {known!r}?)")
    name, at, url = text.partition("@http")
    return {"model": name, "base_url": f"http{url}"} if at else {"model": text}


Choice = Annotated[
    Annotated[Literal["auto", "builtin"], Tag("word")] | Annotated[ModelChoice, Tag("model")],
    Discriminator(lambda value: "word" if isinstance(value, str) else "model"),
    BeforeValidator(parse_choice),
]


class Timeouts(Part):
    """How long to wait for a model, in seconds; ``None`` is what suits the server (a local one may have to wake up)."""

    connect: float = Field(default=5.0, gt=0, le=600)
    first_token: float | None = Field(default=None, gt=0, le=3600)
    stall: float = Field(default=20.0, gt=0, le=3600)
    total: float | None = Field(default=None, gt=0, le=86_400)


class ModelPrice(Part):
    """What a model costs, per million tokens: of the question, of what its prompt cache held (if cheaper), of the answer.

    ``batch`` is what a Batch API takes of that, as a share: 0.5 for half.
    """

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)
    currency: str = Field(default="USD", pattern=r"^[A-Za-z]{3}$")
    batch: float = Field(default=1.0, gt=0, le=1)


class Settings(Part):
    """Everything a user can set. Frozen: change with ``model_copy(update=…)`` and :func:`save`."""

    voice: Choice = "auto"
    judge: Choice = "auto"
    blind_judge: bool = Field(default=True, description="The judge does not see names, pronouns and gendered words")
    theme: str = ""
    reduced_motion: bool = False
    keymap: dict[str, str] = Field(default_factory=dict, description="Binding id to keys, e.g. stop = 'ctrl+x'")
    folders: tuple[Path, ...] = Field(default=(), description="Folders with one's own personas and rubrics")
    timeouts: Timeouts = Timeouts()
    prices: dict[str, ModelPrice] = Field(default_factory=dict, description="What models cost, by their names")


def choice_from(text: str) -> Literal["auto", "builtin"] | ModelChoice:
    """Return what a user's word for a voice or judge means. Raises :class:`UsageError`."""
    try:
        choice: Literal["auto", "builtin"] | ModelChoice = TypeAdapter(Choice).validate_python(text)
    except ValidationError as error:
        raise UsageError(f"{clean(text, keep_newlines=False)!r} cannot be used: {reason(error.errors()[0])}.") from None
    return choice


def reason(error: Mapping[str, Any]) -> str:
    """Return why pydantic refused a value, as the end of a sentence."""
    message = str(error["msg"]).removeprefix("Value error, ")
    return clean(message[:1].lower() + message[1:], keep_newlines=False).rstrip(".")
