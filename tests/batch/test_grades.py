"""Results files are read again: what is no grade is named, and work that was done twice comes once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.batch.grades import Result, contents, read_grades
from simulator.batch.readers import Rejected
from simulator.domain.errors import UsageError


def line(transcript: str, key: int, status: str = "scored", level: int | None = 3) -> str:
    record = {
        "transcript": transcript,
        "rubric": "warmth",
        "judge": "j",
        "status": status,
        "level": level,
        "key": f"{key:016x}" * 2,
    }
    return json.dumps(record, separators=(",", ":"))


def test_lines_that_are_no_grades_are_named_and_the_rest_is_read(tmp_path: Path):
    path = tmp_path / "r.jsonl"
    bad = ['{"id": "x", "turns": []}', "[1]", "{broken", line("a", 1, "scored", None), line("a", 1, "odd"), line("a", 1, level=6)]
    path.write_text("\n".join([line("a", 1), *bad, "", line("b", 2), line("c", 3)[:-9]]))
    read = list(read_grades([path]))
    assert [each.grade.transcript for each in read if isinstance(each, Result)] == ["a", "b"]
    said = [str(each) for each in read if isinstance(each, Rejected)]
    assert [each.split(": ")[0] for each in said] == [f"{path}:{number}" for number in (2, 3, 4, 5, 6, 7, 10)]
    for number, part in enumerate(["not a grade: ", "an object", "not JSON", "no level", "status", "level", "cut off"]):
        assert part in said[number]


def test_work_done_twice_comes_once_as_it_came_out_well(tmp_path: Path):
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    one.write_text("\n".join([line("a", 1), line("b", 2, "failed", None), line("c", 3, level=1)]) + "\n")
    other.write_text("\n".join([line("a", 1, "failed", None), line("b", 2, level=5), line("c", 3, level=2), line("é", 4)]) + "\n")
    seen = contents([one, other])
    assert (seen.records, seen.repeated, seen.transcripts) == (7, 3, 4)
    read = [each for each in read_grades([one, other], seen) if isinstance(each, Result)]
    assert [(each.grade.transcript, each.grade.level, each.line) for each in read] == [
        ("a", 3, 1),
        ("b", 5, 2),
        ("c", 2, 3),
        ("é", 3, 4),
    ]


def test_records_without_a_key_are_told_apart_by_what_they_say(tmp_path: Path):
    path = tmp_path / "r.jsonl"
    records = [{"transcript": each, "rubric": "r", "judge": "anna", "status": "not_scored"} for each in "aab"]
    path.write_text("\n".join([*map(json.dumps, records), "{oops", "{oops"]))
    seen = contents([path])
    assert (seen.records, seen.repeated, seen.transcripts) == (5, 1, 2)
    assert [type(each) for each in read_grades([path], seen)] == [Result, Result, Rejected, Rejected]


def test_a_file_that_is_not_there_is_said(tmp_path: Path):
    with pytest.raises(UsageError, match="no file"):
        contents([tmp_path / "none.jsonl"])
    (tmp_path / "empty.jsonl").write_text("\n")
    assert contents([tmp_path / "empty.jsonl"]).records == 0
