"""Whatever stands in a file, reading and checking it ends in problems and never in anything else."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.authoring.check import check_paths, lint
from simulator.authoring.library import Library, shipped_folders
from simulator.authoring.reading import judge
from simulator.authoring.yaml import Document, parse_yaml
from simulator.domain.behaviour import Catalogue

CATALOGUE: Catalogue = Library(shipped_folders()).catalogue
SHIPPED = [path for folder in shipped_folders() for path in sorted(folder.path.glob("*.yaml"))]

WORDS = st.sampled_from(["trust >= ", "said(", "{they}", "{", "no", "on", "../x", "a: b", "id", "text", "\x00", "9" * 400, ""])
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-20, 20) | st.floats(allow_nan=False) | WORDS | st.text(max_size=8),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(WORDS | st.integers(0, 3), parts, max_size=3),
    max_leaves=4,
)


def places(value: Any, location: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where everything in some data stands."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [location, *(place for key, each in below for place in places(each, (*location, key)))]


def replaced(data: dict[Any, Any], location: tuple[Any, ...], junk: Any) -> dict[Any, Any]:
    """Return the data with something else at a place."""
    copied = copy.deepcopy(data)
    target: Any = copied
    for part in location[:-1]:
        target = target[part]
    target[location[-1]] = junk
    return copied


@settings(max_examples=100, deadline=None)
@given(choices=st.data())
def test_junk_anywhere_in_a_persona_is_only_a_problem(choices: st.DataObject, example: str) -> None:
    document = parse_yaml(example, "x.yaml")
    data = document.data
    for _ in range(choices.draw(st.integers(1, 3))):
        location = choices.draw(st.sampled_from([place for place in places(data) if place]))
        data = replaced(data, location, choices.draw(JUNK))
    changed = Document("x.yaml", document.text, data, document.root)
    found = lint(judge(changed, Path("x.yaml"), CATALOGUE.ids, kind="persona"), CATALOGUE)
    assert all(each.message and "\n" not in str(each) and "\x1b" not in str(each) for each in found)


@settings(max_examples=60, deadline=None)
@given(choices=st.data())
@pytest.mark.parametrize("path", [path for path in SHIPPED if path.stem in ("warmth", "behaviours")], ids=lambda path: path.stem)
def test_junk_anywhere_in_a_rubric_or_catalogue_is_only_a_problem(choices: st.DataObject, path: Path) -> None:
    document = parse_yaml(path.read_text(encoding="utf-8"), path.name)
    location = choices.draw(st.sampled_from([place for place in places(document.data) if place]))
    changed = Document(path.name, document.text, replaced(document.data, location, choices.draw(JUNK)), document.root)
    kind = "behaviours" if path.stem == "behaviours" else "rubric"
    found = lint(judge(changed, path, CATALOGUE.ids, kind=kind), CATALOGUE)
    assert all(each.message for each in found)


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 2000), junk=st.text(max_size=6))
def test_a_file_saved_half_way_is_only_a_problem(
    cut: int, junk: str, example: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("half")
    (folder / "x.yaml").write_text(example[:cut] + junk, encoding="utf-8", errors="replace")
    assert check_paths([folder], known=CATALOGUE).files == (folder / "x.yaml",)
