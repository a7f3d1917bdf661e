"""Files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.domain.errors import FinelineError, UsageError
from simulator.files import keep_what_is_read, write_atomically


def test_writes_and_replaces_and_leaves_nothing_else(tmp_path: Path):
    path = tmp_path / "new" / "file.md"
    write_atomically(path, "one\n")
    write_atomically(path, "twö\n")
    assert path.read_bytes() == "twö\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_an_existing_file_is_kept_when_asked(tmp_path: Path):
    path = tmp_path / "file.md"
    path.write_text("mine")
    with pytest.raises(FinelineError, match="exists already"):
        write_atomically(path, "yours", replace=False)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_is_made_where_none_may_be_replaced(tmp_path: Path):
    write_atomically(tmp_path / "file.md", "new", replace=False)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("file.md", "new")]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FinelineError, match=r"file.*could not be written"):
        write_atomically(tmp_path / "file" / "x.md", "text")


def test_what_is_read_is_not_written_over(tmp_path: Path):
    path, link = tmp_path / "a", tmp_path / "b"
    path.write_text("mine")
    link.symlink_to(path)
    for out in (path, link):
        with pytest.raises(UsageError, match="is what is read"):
            keep_what_is_read(out, ["-", "nowhere/*.jsonl", path])
    with pytest.raises(UsageError, match="is a folder"):
        keep_what_is_read(tmp_path, [])
    for free in (None, tmp_path / "new"):
        keep_what_is_read(free, [path])
