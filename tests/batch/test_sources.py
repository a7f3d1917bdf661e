"""Sources are read from where an earlier run left off, and nowhere else."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.batch.intake import Intake, in_a_thread
from simulator.batch.ledger import Ledger
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


def ids(intake: Intake) -> list[str]:
    return [each.id for each in intake if isinstance(each, Transcript)]


def test_what_is_marked_is_passed_over_until_the_file_or_the_work_changes(tmp_path: Path):
    source = tmp_path / "t.jsonl"
    source.write_text("\n".join([*(RECORD.format(number) for number in range(5)), ""]))
    with Ledger(tmp_path / "g.jsonl") as ledger:
        intake = Intake([str(source)], work=b"w", done=ledger.mark)
        for record in intake:
            if isinstance(record, Transcript) and record.id == "t2":
                place = intake.place()
        assert place is not None
        assert (place.lines, place.transcripts) == (3, 3)
        ledger.set_mark(place.source, place.lines, place.transcripts)
        taken_up = Intake([str(source)], work=b"w", done=ledger.mark)
        assert taken_up.skips() == {str(source): 3}
        assert ids(taken_up) == ["t3", "t4"]
        assert taken_up.skipped_transcripts == 3
        again = taken_up.again()
        assert (ids(again), again.skipped_transcripts) == (["t3", "t4"], 3)
        assert ids(Intake([str(source)], work=b"other", done=ledger.mark)) == [f"t{number}" for number in range(5)]
        assert ids(Intake([str(source)], Reading(conversation_column="x"), work=b"w", done=ledger.mark))[0] == "t0"
        source.write_text(source.read_text().replace("Hello 1", "Howdy 1"))
        os.utime(source, ns=(1, 1))
        assert ids(Intake([str(source)], work=b"w", done=ledger.mark)) == [f"t{number}" for number in range(5)]


def test_how_much_has_been_read_is_known_for_files_and_not_for_what_flows(tmp_path: Path):
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text((RECORD.format(name) + "\n") * 500)
    intake = Intake([str(tmp_path)])
    shares = [intake.share_read for _ in intake]
    assert None not in shares
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.4 < shares[600] < shares[-1] == 1
    flowing = Intake(["-"], stdin=io.BytesIO(RECORD.format(1).encode()))
    assert [flowing.share_read for _ in flowing] == [None]
    assert not flowing.countable


async def test_what_is_long_in_coming_is_read_in_a_thread_and_its_faults_come_through():
    coming, taken = threading.Event(), []

    def slow():
        yield 1
        assert coming.wait(5)
        yield 2
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        async for each in in_a_thread(slow()):
            taken.append(each)
            coming.set()
    assert taken == [1, 2]


@pytest.mark.parametrize("fault", [RuntimeError("inside"), OSError("disk")])
async def test_whatever_reading_ends_in_is_raised_and_never_waited_for(fault):
    def records():
        yield 1
        raise fault

    seen = []
    with pytest.raises(type(fault)):
        async with asyncio.timeout(5):
            async for each in in_a_thread(records()):
                seen.append(each)
    assert seen == [1]
