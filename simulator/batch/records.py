"""From a record, as other programs write it, to a transcript."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import UnionType
from typing import Any

from pydantic import ValidationError

from simulator.batch.speakers import IGNORED, NobodyCalledError, Sides, WhoIsTheTraineeError
from simulator.domain.behaviour import Role
from simulator.domain.text import clean
from simulator.domain.transcript import Transcript

# What others call the same things; the first that is there counts.
ID_KEYS = ("id", "transcript_id", "conversation_id", "convo_id", "dialogue_id", "session_id")
TURN_KEYS = ("turns", "messages", "conversations", "original", "dialogue")
SPEAKER_KEYS = ("role", "from", "speaker", "author", "name", "sender", "participant")
TEXT_KEYS = ("text", "content", "value", "utterance", "message", "transcript", "body")
_OURS: dict[str, type | UnionType] = {
    **dict.fromkeys(("persona", "scenario", "identity", "ending"), str | None),
    "seed": int | None,
    "survey": dict | None,
    "versions": dict,
}
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Rejected:
    """A record that cannot be read as a transcript: where it stands, why, and what it was."""

    path: str
    line: int
    reason: str
    raw: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}"


@dataclass(frozen=True)
class Reading:
    """How files are to be read. Columns are found by their usual names where none is given."""

    sides: Sides = field(default_factory=Sides)
    conversation_column: str | None = None
    speaker_column: str | None = None
    text_column: str | None = None

    def afresh(self) -> Reading:
        """Return the same, with nothing read yet."""
        return replace(self, sides=self.sides.afresh())


# Who is who and what is what as the names in the files tell.
AS_FOUND = Reading()


class UnreadableError(Exception):
    """One record cannot be read; its message says why."""


def transcript_of(record: Any, where: str, fallback_id: str, reading: Reading) -> Transcript:
    """Return the transcript that a record is; ``where`` it stands is for messages, ``fallback_id`` for one without an id.

    Raises :class:`UnreadableError` where it is none.
    """
    if not isinstance(record, dict):
        raise UnreadableError(f"a transcript is an object, this is {_kind(record)}")
    key = next((each for each in TURN_KEYS if isinstance(record.get(each), list)), None)
    if key is None and "transcript" in record and "rubric" in record:
        raise UnreadableError("this is a grade, not a transcript")
    if key is None:
        raise UnreadableError(f"it has none of the keys {', '.join(TURN_KEYS)}")
    said = (_turn(turn, number) for number, turn in enumerate(record[key], 1))
    spoken = [each for each in said if each is not None]
    if not spoken:
        raise UnreadableError("nobody says anything in it")
    roles = _roles([speaker for speaker, _, _ in spoken], where, reading.sides)
    turns: list[dict[str, Any]] = [{**extra, "role": roles[speaker], "text": text} for speaker, text, extra in spoken]
    for turn, (speaker, _, _) in zip(turns, spoken, strict=True):
        if speaker.casefold() != turn["role"]:
            turn.setdefault("speaker", clean(speaker, keep_newlines=False))
    rest = {name: value for name, value in record.items() if name != key and name not in ("id", "turns")}
    # Others use our names for things of their own (ABCD's scenario is an object): kept, under a name that is free.
    for field_name, right in _OURS.items():
        if field_name in rest and not isinstance(rest[field_name], right):
            rest[f"given_{field_name}"] = rest.pop(field_name)
    found = next((str(record[each]) for each in ID_KEYS if _is_id(record.get(each))), fallback_id)
    return _validated({**rest, "id": found, "turns": turns})


def _roles(speakers: Sequence[str], where: str, sides: Sides) -> dict[str, Role]:
    """Return who is who.

    Where that cannot be told, a single transcript is at fault if that of others could be, or if only one person speaks in it:
    that is the difference between a trainee who says nothing and one whose name is misspelt.
    """
    try:
        return sides.roles(speakers, where)
    except WhoIsTheTraineeError as error:
        if not sides.told:
            raise
        raise UnreadableError(error.reason) from None
    except NobodyCalledError as error:
        if not sides.told and len(set(speakers)) > 1:
            raise
        raise UnreadableError(error.reason) from None


def _is_id(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole_text(value: Any) -> Any:
    """Return JSON data with the replacement character for lone surrogates, which no file or program takes."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATES.sub("\ufffd", value)
    if isinstance(value, list):
        return [whole_text(each) for each in value]
    if isinstance(value, dict):
        return {whole_text(key): whole_text(each) for key, each in value.items()}
    return value


def _validated(record: dict[str, Any]) -> Transcript:
    try:
        return Transcript.model_validate(record)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UnreadableError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None


def _turn(turn: Any, number: int) -> tuple[str, str, dict[str, Any]] | None:
    """Return speaker, words and everything else of a turn; ``None`` for what nobody said (system, tools, empty)."""
    if isinstance(turn, list | tuple) and len(turn) == 2 and all(isinstance(each, str) for each in turn):
        turn = {"role": turn[0], "text": turn[1]}
    if not isinstance(turn, dict):
        raise UnreadableError(f"turn {number} is {_kind(turn)}, not an object")
    for speaker_key in SPEAKER_KEYS:
        if isinstance(turn.get(speaker_key), str):
            break
    else:
        raise UnreadableError(f"turn {number} does not say who speaks (none of {', '.join(SPEAKER_KEYS)})")
    for text_key in TEXT_KEYS:
        if text_key in turn:
            break
    speaker = turn[speaker_key].strip()
    if speaker.casefold() in IGNORED:
        return None
    words = turn.get(text_key)
    if isinstance(words, list):  # OpenAI's content parts
        words = "\n".join(part["text"] for part in words if isinstance(part, dict) and isinstance(part.get("text"), str))
    if words is None:
        return None
    if not isinstance(words, str):
        raise UnreadableError(f"turn {number}: its words are {_kind(words)}, not text")
    if not (text := _words(words)):
        return None
    if not speaker:
        raise UnreadableError(f"turn {number} does not say who speaks")
    if len(turn) == 2:
        return speaker, text, {}
    return speaker, text, {name: value for name, value in turn.items() if name not in (speaker_key, text_key)}


def _words(text: str) -> str:
    if text.isprintable():
        return text.strip()  # as nearly all are: nothing in them to be cleaned of
    # Bytes that are not UTF-8 come as lone surrogates: shown as the replacement character, so that turns still line up.
    return clean(_SURROGATES.sub("\ufffd", text)).strip()


def stem(name: str) -> str:
    """Return what transcripts without an id are called after: the name of their file."""
    return Path(name).name.split(".")[0] or "transcript"


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "nothing" if value is None else "something else")
