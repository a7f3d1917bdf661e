"""Sources are read from where an earlier run left off, and nowhere else."""

from __future__ import annotations

import gzip
import io
import json
import os
import threading
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.batch.intake import Intake
from simulator.batch.readers import Position, Reading, Rejected, SkipError, read_stream
from simulator.domain.transcript import Transcript

RECORD = '{{"id": "t{0}", "turns": [{{"role": "trainee", "text": "Hello {0}"}}]}}'


def names(data: bytes, position: Position) -> list[tuple[str, int]]:
    records = read_stream(io.BytesIO(data), "f.jsonl", ".jsonl", Reading(), position)
    return [(each.id if isinstance(each, Transcript) else each.reason, position.lines) for each in records]


@settings(max_examples=100, deadline=None)
@given(
    lines=st.lists(st.sampled_from(["record", "", "  ", "{broken", '["\u2028"]']), max_size=12),
    end=st.sampled_from(["\n", "\n", "\r\n", "\r"]),
    closed=st.booleans(),
    packed=st.booleans(),
    bom=st.booleans(),
)
def test_behind_any_record_the_same_records_follow(lines: list[str], end: str, closed: bool, packed: bool, bom: bool):
    written = [RECORD.format(number) if line == "record" else line for number, line in enumerate(lines)]
    text = end.join(written) + (end if closed and written else "")
    data = text.encode("utf-8-sig" if bom else "utf-8")
    data = gzip.compress(data) if packed else data
    whole = names(data, Position())
    for number, (_, behind) in enumerate(whole, 1):
        try:
            rest = names(data, Position(behind))
        except SkipError:
            # A lone carriage return ends lines only for a reader; a last line may not be ended at all.
            assert end == "\r" or number == len(whole)
            continue
        assert rest == whole[number:]


def test_lines_longer_than_a_chunk_are_skipped_whole():
    long = json.dumps({"id": "long", "turns": [{"role": "trainee", "text": "word " * 500_000}]})
    data = "\r\n".join([long, RECORD.format(1), RECORD.format(2), ""]).encode()
    assert names(data, Position(1)) == [("t1", 2), ("t2", 3)]


def test_what_is_rejected_keeps_its_line_behind_skipped_lines():
    data = b"\n".join([RECORD.format(0).encode(), b"{", RECORD.format(2).encode()])
    [rejected, last] = read_stream(io.BytesIO(data), "f.jsonl", ".jsonl", Reading(), Position(1))
    assert isinstance(rejected, Rejected)
    assert rejected.line == 2
    assert isinstance(last, Transcript)


def test_a_pipe_is_read_once_and_whole(tmp_path: Path):
    pipe, file = tmp_path / "t.jsonl", tmp_path / "f.jsonl"
    line = b'{"id": "%d", "turns": [{"role": "trainee", "text": "Hi"}]}\n'
    os.mkfifo(pipe)
    file.write_bytes(line % 9)
    intake = Intake([str(pipe), str(file)])
    assert not intake.countable
    writer = threading.Thread(target=lambda: pipe.write_bytes(line % 1 + line % 2))
    writer.start()
    records = iter(intake)
    first = next(records)
    assert isinstance(first, Transcript)
    assert (first.id, intake.place(), intake.share_read) == ("1", None, None)
    assert [each.id for each in records if isinstance(each, Transcript)] == ["2", "9"]
    writer.join()
    assert Intake([str(file)]).countable
