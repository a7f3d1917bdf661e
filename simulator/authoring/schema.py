"""JSON Schema of the files that people write, so that editors complete and check them while they are typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.authoring.reading import MODELS, Kind

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILE_NAMES: Mapping[Kind, str] = {
    "persona": "persona.schema.json",
    "rubric": "rubric.schema.json",
    "behaviours": "behaviours.schema.json",
}
"""What the schema of each kind is called; it lies beside the YAML files, in a checkout and in the package alike."""

_LEVELS = {
    "type": "object",
    "properties": {str(level): {"type": "string", "minLength": 1, "maxLength": 2000} for level in range(1, 6)},
    "required": ["1", "2", "3", "4", "5"],
    "additionalProperties": False,
}


def json_schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what the loader accepts for this kind of file.

    What a schema cannot say is left to the check: names that lead somewhere, conditions that parse, lines that repeat.
    """
    schema: dict[str, Any] = MODELS[kind].model_json_schema(mode="validation")
    if kind == "rubric":
        schema["properties"]["levels"] = {"description": schema["properties"]["levels"]["description"], **_LEVELS}
    if kind == "behaviours":
        schema["description"] = "Every behaviour that personas and rubrics may name."
    return {"$schema": DIALECT, **_tidy(schema, top=True)}


def schema_text(kind: Kind) -> str:
    """Return the JSON Schema as the text of its file."""
    return json.dumps(json_schema(kind), indent=2, ensure_ascii=False) + "\n"


def modeline(kind: Kind) -> str:
    """Return the first line of a file of this kind, by which editors find the schema beside it."""
    return f"# yaml-language-server: $schema=./{FILE_NAMES[kind]}"


def schema_beside(path: Path, kind: Kind) -> Path:
    """Return where the schema lies that the modeline of a file points to."""
    return path.parent / FILE_NAMES[kind]


def _tidy(node: Any, *, top: bool = False, names: bool = False) -> Any:
    """Return a schema as people read it in an editor; ``names`` says that the keys are names and not keywords."""
    if isinstance(node, list):
        return [_tidy(each) for each in node]
    if not isinstance(node, dict):
        return node
    if names:
        return {key: _tidy(value) for key, value in node.items()}
    tidy: dict[str, Any] = {}
    for key, value in node.items():
        if key == "title" and not top:
            continue  # made from the key, and says no more
        if key == "description":
            tidy[key] = " ".join(str(value).split()).replace("``", "`")
        else:
            tidy[key] = _tidy(value, names=key in ("properties", "$defs", "patternProperties"))
    patterns = tidy.pop("patternProperties", None)
    if patterns:
        # Pydantic lets keys of another pattern through; the loader does not.
        (pattern, value), *_ = patterns.items()
        tidy["additionalProperties"] = value
        tidy["propertyNames"] = {**tidy.get("propertyNames", {}), "pattern": pattern}
    return tidy
