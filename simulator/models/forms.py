"""How the form of an answer is put to a server: as a JSON Schema in the strict dialect of structured answers, or in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from simulator.models.structured import Rung

_NO_FORM: Mapping[str, Any] = MappingProxyType({})
_JSON_OBJECT: Mapping[str, Any] = MappingProxyType({"response_format": {"type": "json_object"}})


def response_format(schema: type[BaseModel], rung: Rung) -> Mapping[str, Any]:
    """Return the part of a request's body that asks for the form; not to be changed."""
    if rung == "plain":
        return _NO_FORM
    if rung == "json_object":
        return _JSON_OBJECT
    return _by_schema(schema)


@lru_cache(maxsize=256)
def _by_schema(schema: type[BaseModel]) -> Mapping[str, Any]:
    form = {"name": schema.__name__, "schema": strict_schema(schema), "strict": True}
    return MappingProxyType({"response_format": {"type": "json_schema", "json_schema": form}})


@lru_cache(maxsize=256)
def in_words(schema: type[BaseModel]) -> str:
    """Return the request to answer in the form of ``schema``, for servers that take no form."""
    form = json.dumps(schema.model_json_schema(), ensure_ascii=False, separators=(",", ":"))
    return (
        f"Answer with one JSON object and nothing else: no introduction, no code fence. It must follow this JSON Schema:\n{form}"
    )


def strict_schema(schema: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of ``schema`` as structured answers take it: every key required and no others, no default of null,
    and no reference with anything beside it (https://platform.openai.com/docs/guides/structured-outputs#supported-schemas)."""
    whole = schema.model_json_schema()
    return _strict(whole, whole)


def _strict(part: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in part and len(part) > 1:
        name = part["$ref"].rpartition("/")[2]
        part = {**whole["$defs"][name], **{key: value for key, value in part.items() if key != "$ref"}}
    made: dict[str, Any] = {}
    for key, value in part.items():
        if key in ("properties", "$defs"):  # names of ours, not words of the schema
            made[key] = {name: _strict(each, whole) for name, each in value.items()}
        elif key == "items":
            made[key] = _strict(value, whole)
        elif key in ("anyOf", "allOf"):
            made[key] = [_strict(each, whole) for each in value]
        elif not (key == "default" and value is None):
            made[key] = value
    if made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    if "properties" in made:
        made["required"] = list(made["properties"])
    return made
