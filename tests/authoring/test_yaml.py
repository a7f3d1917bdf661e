"""Reading YAML: what words mean, where things stand, and one clear message for every kind of wrong file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.authoring.yaml import MAX_BYTES, load_yaml, parse_yaml
from simulator.domain.errors import AuthoringError, Problem


def refusal(text: str) -> Problem:
    """Return the first problem of a text that is refused."""
    with pytest.raises(AuthoringError) as error:
        parse_yaml(text, "x.yaml")
    return error.value.problems[0]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"), ("on", "on"), ("Yes", "Yes"), ("y", "y"), ("off", "off"),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("+3", 3), ("-4", -4), ("007", 7), ("2.5", 2.5), (".5", 0.5), ("1e3", 1000.0), ("1_000", "1_000"), ("0x1f", "0x1f"),
        ("12:30", "12:30"), ("2024-01-31", "2024-01-31"), (".nan", ".nan"), (".inf", ".inf"), ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000), ("'5'", "5"), ('"true"', "true"), ("she/her", "she/her"), ("!", None),
    ],
)  # fmt: skip
def test_words_are_yaml_1_2(written: str, value: object) -> None:
    if written == "!":
        assert "tag" in refusal("key: !").message
        return
    found = parse_yaml(f"key: {written}", "x").data["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", None, None, "empty"),
        ("# only a comment\n", None, None, "empty"),
        ("- a\n- b\n", 1, 1, "holds a list"),
        ("just words", 1, 1, "single value"),
        ("a: 1\nb: 2\na: 3\n", 3, 1, "'a' stands twice (first on line 1)"),
        ("a:\n\tb: 1\n", 2, 1, "tab"),
        ("a: [1, 2\nb: 3\n", 2, 2, "not closed with ]"),
        ("a: {x: 1\nb: 3\n", 2, 2, "not closed with }"),
        ("a: 'open\nb: 1\n", 1, 4, "never closed"),
        ("a: b: c\n", 1, 5, "put the text in quotes"),
        ("a: @home\n", 1, 4, "cannot begin with this character"),
        ('a: "\\q"\n', 1, 5, "backslash"),
        ("a: 1\n---\nb: 2\n", 2, 1, "second document"),
        ("a: nul \0 here\n", 1, 8, "NUL"),
        ("a: bell \x07\n", 1, 9, "U+0007"),
        ("a: !!python/object/apply:os.system ['echo']\n", 1, 4, "tag"),
        ("a: !secret x\n", 1, 4, "tag"),
        ("a: *nobody\n", 1, 4, "not defined"),
        ("a: &a [*a]\n", 1, 8, "holds itself"),
        ("base: &b {x: 1}\na: {<<: *b}\n", 2, 5, "merge keys"),
        ("? [a, b]\n: 1\n", 1, 3, "key cannot be a list"),
        ("? {a: b}\n: 1\n", 1, 3, "key cannot be a mapping"),
        ("true: 1\n", 1, 1, "key cannot be true or false"),
        ("a: 1\n  b: 2\n", 2, 4, "quotes"),
        ("a:\n  - 1\n b: 2\n", 3, 2, "indented"),
        ("[" * 500, 1, 41, "nests deeper"),
        ("a: " + "{b: " * 500, 1, None, "nests deeper"),
    ],
)
def test_what_is_not_yaml_gets_one_plain_message(text: str, line: int | None, column: int | None, words: str) -> None:
    problem = refusal(text)
    assert words in problem.message
    assert problem.line == line
    assert column is None or problem.column == column
    assert problem.path == "x.yaml"


def test_every_duplicate_key_is_reported() -> None:
    with pytest.raises(AuthoringError) as error:
        parse_yaml("a: 1\na: 2\nb: {c: 1, c: 2}\n", "x")
    assert [(each.line, each.column) for each in error.value.problems] == [(2, 1), (3, 11)]


def test_anchors_are_read_and_exploding_ones_refused() -> None:
    assert parse_yaml("a: &l [x, y]\nb: *l\n", "x").data == {"a": ["x", "y"], "b": ["x", "y"]}
    laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
    for level in range(1, 12):
        laughs += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n"
    assert "multiply" in refusal(laughs).message


def test_long_texts_repeated_by_aliases_are_refused() -> None:
    text = "a: &a " + "x" * 1_000_000 + "\nb: [" + ", ".join(["*a"] * 500) + "]\n"
    assert "multiply" in refusal(text).message


def test_escapes_in_texts_never_get_through() -> None:
    document = parse_yaml('a: "\\e[31mred\\u202e"\nb: "tab\\there"\n', "x")
    assert document.data == {"a": "red", "b": "tab here"}
    assert document.cleaned == ((1, 4),)


def test_places_are_those_of_keys_values_and_characters_in_texts() -> None:
    text = 'top:\n  - {when: "trust >= 6", other: 3}\n  - plain: trust >= 6\n    folded: >-\n      a\n      b\n'
    document = parse_yaml(text, "x")
    assert document.place(("top",)) == (2, 3)
    assert document.place(("top",), key=True) == (1, 1)
    assert document.place(("top", 0, "when")) == (2, 12)
    assert document.place(("top", 0, "when"), offset=6) == (2, 19)
    assert document.place(("top", 1, "plain"), offset=6) == (3, 18)
    assert document.place(("top", 1, "folded"), offset=2) == document.place(("top", 1, "folded"))
    assert document.place(("top", 0, "missing")) == document.place(("top", 0))


def test_columns_count_characters_not_bytes() -> None:
    assert refusal("'ключ': 1\n'ключ': 2\n").column == 1
    assert parse_yaml("{é: 1, ü: 2}\n", "x").place(("ü",)) == (1, 11)


def test_a_byte_order_mark_is_no_fault(write) -> None:
    assert load_yaml(write("bom.yaml", b"\xef\xbb\xbfa: 1\n")).data == {"a": 1}


@pytest.mark.parametrize(
    ("raw", "line", "column", "words"),
    [
        ("a: 1\n".encode("utf-16"), 1, 1, "UTF-16"),
        (b"a: 1\nb: caf\xe9\n", 2, 7, "not UTF-8 (byte 0xe9"),
        (b"a: " + b"x" * MAX_BYTES, None, None, "larger than 2 MB"),
    ],
)
def test_files_that_are_no_text_are_refused(write, raw: bytes, line: int | None, column: int | None, words: str) -> None:
    path = write("bad.yaml", raw)
    with pytest.raises(AuthoringError) as error:
        load_yaml(path)
    (problem,) = error.value.problems
    assert words in problem.message
    assert (problem.path, problem.line, problem.column) == (str(path), line, column)


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "gone.yaml").symlink_to("nowhere.yaml")
    (tmp_path / "device.yaml").symlink_to("/dev/zero")
    words = {
        "folder": "a folder", "pipe": "a device or a pipe", "device": "a device or a pipe", "loop": "leads back",
        "gone": "no such file", "never": "no such file", "nul\0": "not the name", "x" * 300: "not the name",
    }  # fmt: skip
    for name, expected in words.items():
        with pytest.raises(AuthoringError, match=expected):
            load_yaml(tmp_path / f"{name}.yaml")


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.yaml")
        with pytest.raises(AuthoringError, match="a device or a pipe"):
            load_yaml(Path("s.yaml"))


def test_problems_are_safe_to_print() -> None:
    problem = refusal('"\\e]0;title\\a": 1\n"\\e]0;title\\a": 2\n"": 3\n"": 4\n')
    assert "\x1b" not in str(problem)


YAMLISH = st.text(alphabet=st.sampled_from([*"ab:- \n\t[]{},'\"#&*!|>%@?~.0123\\<=\x00\x1b\ufeffé"]), max_size=60)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80) | YAMLISH)
def test_no_text_does_anything_but_load_or_be_refused(text: str) -> None:
    try:
        document = parse_yaml(text, "x.yaml")
    except AuthoringError as error:
        assert error.problems
        assert all(each.line is None or (each.line >= 1 and (each.column or 0) >= 1) for each in error.problems)
    else:
        assert isinstance(document.data, dict)


@settings(max_examples=50, deadline=None)
@given(raw=st.binary(max_size=60))
def test_no_bytes_do_anything_but_load_or_be_refused(raw: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("raw") / "x.yaml"
    path.write_bytes(raw)
    try:
        load_yaml(path)
    except AuthoringError as error:
        assert error.problems
