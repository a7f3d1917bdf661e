"""JSON Schema: accepts what the loader accepts, and lies beside the files that name it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from simulator.authoring.library import shipped_folders
from simulator.authoring.reading import KINDS, kind_of, read
from simulator.authoring.schema import FILE_NAMES, json_schema, modeline
from simulator.authoring.yaml import load_yaml, parse_yaml

SHIPPED = [path for folder in shipped_folders() for path in sorted(folder.path.glob("*.yaml"))]


def errors(kind: Any, data: Any) -> list[str]:
    """Return what an independent validator finds; keys are texts, as editors read them."""
    schema = json_schema(kind)
    return [each.message for each in jsonschema.Draft202012Validator(schema).iter_errors(json.loads(json.dumps(data)))]


@pytest.mark.parametrize("kind", KINDS)
def test_the_schemas_are_valid(kind: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(kind))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_files_fit_their_schema_and_name_it(path: Path) -> None:
    data = load_yaml(path).data
    kind = kind_of(data, path)
    assert errors(kind, data) == []
    assert path.read_text(encoding="utf-8").startswith(modeline(kind) + "\n")
    assert (path.parent / FILE_NAMES[kind]).is_file()


@pytest.mark.parametrize(
    ("kind", "folder", "command"),
    [
        ("persona", "personas", "personas schema"),
        ("rubric", "rubrics", "rubrics schema"),
        ("behaviours", "rubrics", "rubrics schema --behaviours"),
    ],
)
def test_the_schema_files_are_what_the_command_writes(kind: Any, folder: str, command: str) -> None:
    where = next(each.path for each in shipped_folders() if each.path.name == folder) / FILE_NAMES[kind]
    shipped = json.loads(where.read_text(encoding="utf-8"))
    assert shipped == json_schema(kind), f"run: fineline {command} > {folder}/{FILE_NAMES[kind]}"


SWAPS = [
    ("at_most: 2 sentences", "at_most: 2"),
    ("at_most: 2 sentences", "at_most: 9 sentences"),
    ("at_most: 2 sentences", "at_most: lots"),
    ("at_most: 2 sentences", "at_mots: 2"),
    ('["Right. The hose."]', '[{text: "Right.", when: "trust > 3", after: [Sorry]}, "Right."]'),
    ('["Right. The hose."]', "[]"),
    ('["Right. The hose."]', "[3]"),
    ("pronouns: she/her", "pronouns: ze"),
    ("she/her, age: 42", "she/her, age: 12"),
    ("id: dana-misreads", "id: a/b"),
    ("  trust:    {start: 5", "  Trust/x:    {start: 5"),
    ("  trust:    {start: 5", "  trust:    {start: 11"),
    ("trains: [boundaries, warmth]", "trains: []"),
    ('would_return: "trust >= 6"', "would_return: true"),
    ('would_return: "trust >= 6"', "would_return: [1]"),
    ("tell: asked", "tell: freely"),
    ("tell: asked", "tell: [asked]"),
    ("difficulty: 2 ", "difficulty: 4 "),
    ("  curt:                   {patience: -2}", "  curt: {patience: soon}"),
    ("voice:\n", "asides: {thanked: [No bother.], nonsense: [Hm.]}\nvoice:\n"),
    ("voice:\n", "asides: {thanked: [No bother.]}\nvoice:\n"),
]


@pytest.mark.parametrize(("old", "new"), SWAPS)
def test_schema_and_loader_agree_about_shape(example: str, write, old: str, new: str) -> None:
    text = example.replace(old, new)
    loader_minds = any(each.code != "name" for each in read(write("x.yaml", text), None).problems)
    assert bool(errors("persona", parse_yaml(text, "x").data)) == loader_minds


def test_levels_are_those_five() -> None:
    levels = {str(level): "words" for level in range(1, 6)}
    rubric = {"id": "x", "title": "X", "levels": levels, "thresholds": [0.2, 0.4, 0.6, 0.8]}
    rubric["criteria"] = [{"id": "a", "asks": "?"}]
    assert errors("rubric", rubric) == []
    assert errors("rubric", rubric | {"levels": {**levels, "6": "more"}})
    assert errors("rubric", rubric | {"levels": {"1": "only"}})
    assert errors("rubric", rubric | {"thresholds": [0.2, 0.4]})
