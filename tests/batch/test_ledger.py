"""Every finished grade is on disk before it is counted, whatever happens next."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.batch.keyset import KeySet
from simulator.batch.ledger import Known, Ledger, without_failures, work_key
from simulator.domain.errors import FinelineError
from simulator.domain.transcript import Transcript, Turn

# Digests never differ in their first bytes alone.
DIGESTS = st.binary(min_size=12, max_size=12).map(lambda key: b"\0\0\0\0" + key)
KEYS = [f"{number:032x}" for number in range(1, 8)]


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def filled(path: Path, count: int = 3) -> None:
    with Ledger(path) as ledger:
        for number in range(count):
            ledger.add([(KEYS[number], {"transcript": "t", "n": number, "status": "scored", "text": "ü" * number})])


def known(path: Path) -> set[str]:
    with Ledger(path) as ledger:
        found = {key for key in KEYS if key in ledger}
        assert len(ledger.done) == len(found)
        return found


def test_results_are_lines_and_are_known_again(tmp_path: Path):
    path = tmp_path / "new" / "grades.jsonl"
    filled(path)
    ledger = Ledger(path)
    assert [key in ledger for key in KEYS[:4]] == [True, True, True, False]
    ledger.add([(KEYS[3], {"n": 3})])
    ledger.close()
    assert [record["n"] for record in lines(path)] == [0, 1, 2, 3]


@settings(max_examples=60, deadline=None)
@given(results=st.integers(0, 400), keys=st.integers(0, 200))
def test_cut_off_anywhere_nothing_whole_is_lost_or_done_twice(tmp_path_factory: pytest.TempPathFactory, results: int, keys: int):
    path = tmp_path_factory.mktemp("t") / "g.jsonl"
    filled(path, 4)
    index = path.with_name("g.jsonl.done")
    whole, whole_index = path.read_bytes(), index.read_bytes()
    path.write_bytes(whole[:results])
    index.write_bytes(whole_index[:keys])
    kept = whole[:results].count(b"\n")
    ledger = Ledger(path)
    assert [key in ledger for key in KEYS[:4]] == [number < kept for number in range(4)]
    for number in range(kept, 4):
        ledger.add([(KEYS[number], {"transcript": "t", "n": number, "status": "scored", "text": "ü" * number})])
    ledger.close()
    assert path.read_bytes() == whole
    assert known(path) == set(KEYS[:4])


def test_without_its_keys_the_results_are_read_again(tmp_path: Path):
    path = tmp_path / "g.jsonl"
    filled(path)
    path.with_name("g.jsonl.done").unlink()
    assert known(path) == set(KEYS[:3])


def test_failures_are_taken_out_to_be_tried_again(tmp_path: Path):
    path = tmp_path / "g.jsonl"
    ledger = Ledger(path)
    ledger.add([(KEYS[0], {"status": "scored"}), (KEYS[1], {"status": "failed"})])
    ledger.close()
    assert without_failures(path) == 1
    assert known(path) == {KEYS[0]}
    assert without_failures(tmp_path / "nothing.jsonl") == 0


def test_killed_while_writing_every_counted_result_is_there(tmp_path: Path):
    path = tmp_path / "g.jsonl"
    script = (
        "import sys; from pathlib import Path; from simulator.batch.ledger import Ledger\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "for n in range(10**6):\n"
        "    ledger.add([(f'{n:032x}', {'n': n})]); print(n, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True) as process:
        counted = 0
        for line in process.stdout:
            counted = int(line)
            if counted > 200:
                process.send_signal(signal.SIGKILL)
                break
        counted = max([counted, *(int(line) for line in process.stdout if line.endswith("\n"))])
    with Ledger(path) as ledger:
        assert all(f"{n:032x}" in ledger for n in range(counted + 1))
    assert [record["n"] for record in lines(path)] == list(range(len(ledger.done)))


def test_one_program_at_a_time_writes_a_results_file(tmp_path: Path):
    path = tmp_path / "g.jsonl"
    with Ledger(path):
        for meddle in (Ledger, without_failures):
            with pytest.raises(FinelineError, match="Another program is writing"):
                meddle(path)
    Ledger(path).close()


def test_what_a_power_cut_left_is_cut_off_and_what_was_whole_is_kept(tmp_path: Path):
    path = tmp_path / "g.jsonl"
    filled(path, 4)
    whole = path.read_bytes()
    third = len(b"".join(whole.splitlines(keepends=True)[:2]))
    # The length and the keys came onto the disk, the words of the last two results did not.
    path.write_bytes(whole[:third] + b"\0" * (len(whole) - third))
    assert known(path) == set(KEYS[:2])
    assert path.read_bytes() == whole[:third]


def test_marks_are_known_again_and_only_grow(tmp_path: Path):
    path, source = tmp_path / "g.jsonl", bytes(range(16))
    with Ledger(path) as ledger:
        assert ledger.mark(source) == (0, 0)
        ledger.add([(KEYS[0], {"n": 0})])
        ledger.set_mark(source, 7, 6)
        ledger.set_mark(source, 5, 5)
    with Ledger(path) as ledger:
        assert ledger.mark(source) == (7, 6)
        assert ledger.mark(bytes(16)) == (0, 0)
    assert known(path) == {KEYS[0]}
    with Ledger(path, again=True) as ledger:
        assert (ledger.mark(source), len(ledger.done)) == ((0, 0), 0)


def test_a_folder_is_no_file_to_write_to(tmp_path: Path):
    with pytest.raises(FinelineError, match="is a folder"):
        Ledger(tmp_path)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(DIGESTS, max_size=60), st.lists(DIGESTS, max_size=60))
def test_a_key_set_holds_what_a_set_holds(first: list[bytes], then: list[bytes]):
    keys = KeySet()
    halves = [first[: len(first) // 2], first[len(first) // 2 :]]
    keys.load(lambda: (np.frombuffer(b"".join(each), dtype=np.uint8).reshape(-1, 16) for each in halves))
    plain = set(first)
    for key in then:
        assert keys.add(key) == (key not in plain)
        plain.add(key)
    assert all(key in keys for key in plain)


def test_bytes_across_the_border_of_two_keys_are_no_key():
    keys = KeySet()
    one, other = bytes(range(14)) + b"ab", bytes(range(100, 114)) + b"ab"
    keys.add(one)
    keys.add(other)
    across = bytes(4) + one[9:14] + other[4:9] + b"ab"
    assert [key in keys for key in (one, other, across)] == [True, True, False]
    keys.add(across)
    assert across in keys


def test_a_key_knows_the_words_the_rubric_the_judge_and_the_prompt():
    def transcript(text: str = "Hi", *, name: str = "a", role: str = "trainee") -> Transcript:
        return Transcript(id=name, turns=[Turn(role=role, text=text)], team="north")

    base = work_key(transcript(), "r1", "built-in", "p1")
    assert base == work_key(transcript().model_copy(update={"team": "south"}), "r1", "built-in", "p1")
    others = {
        work_key(transcript("Ho"), "r1", "built-in", "p1"),
        work_key(transcript(name="b"), "r1", "built-in", "p1"),
        work_key(transcript(role="customer"), "r1", "built-in", "p1"),
        work_key(transcript(), "r2", "built-in", "p1"),
        work_key(transcript(), "r1", "gpt", "p1"),
        work_key(transcript(), "r1", "built-in", "p2"),
    }
    assert len(others | {base}) == 7


def test_results_are_looked_at_without_touching_them(tmp_path: Path):
    path = tmp_path / "g.jsonl"
    assert KEYS[0] not in Known(path)
    filled(path, 3)
    path.write_bytes(path.read_bytes()[:-5])
    before = {each: each.read_bytes() for each in tmp_path.iterdir()}
    with Ledger(tmp_path / "other.jsonl"):
        known = Known(path)
    assert [key in known for key in KEYS[:3]] == [True, True, False]
    assert {each: each.read_bytes() for each in before} == before


def test_shortened_results_are_looked_at_again_from_the_beginning_of_their_source(tmp_path: Path):
    path, source = tmp_path / "g.jsonl", bytes(range(16))
    filled(path, 3)
    with Ledger(path) as ledger:
        ledger.set_mark(source, 3, 3)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    for _ in range(2):
        with Ledger(path) as ledger:
            assert ledger.mark(source) == (0, 0)
            assert [key in ledger for key in KEYS[:3]] == [True, True, False]


def test_a_disk_that_is_full_keeps_what_was_whole_and_says_so(tmp_path: Path):
    path = tmp_path / "g.jsonl"
    script = (
        "import resource, sys; from pathlib import Path; from simulator.batch.ledger import Ledger\n"
        "from simulator.domain.errors import FinelineError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "with Ledger(Path(sys.argv[1])) as ledger:\n"
        "    try:\n"
        "        ledger.add([(f'{n:032x}', {'n': n, 'text': 'x' * 1000}) for n in range(50)])\n"
        "    except FinelineError as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True).stdout
    assert "could not be written further" in said
    assert "make room" in said
    kept = [record["n"] for record in lines(path)]
    assert kept == list(range(9))
    with Ledger(path) as ledger:
        assert [n for n in range(50) if f"{n:032x}" in ledger] == kept


@pytest.mark.parametrize(
    "theirs", ['{"id": "a", "turns": []}\n', "Customer: hi\nAgent: hello\n", "no line end", '{"transcript": "a"}\n']
)
@pytest.mark.parametrize("again", [False, True])
def test_what_somebody_else_wrote_is_left_as_it_is(tmp_path: Path, theirs: str, again: bool):
    path = tmp_path / "calls.jsonl"
    path.write_text(theirs)
    with pytest.raises(FinelineError, match="holds something that is not a grade"):
        Ledger(path, again=again)
    assert [each.name for each in tmp_path.iterdir()] == ["calls.jsonl"]
    assert path.read_text() == theirs


def test_a_first_result_that_was_cut_off_is_begun_anew(tmp_path: Path):
    path = tmp_path / "g.jsonl"
    path.write_text('{"transcript":"a","rubr')
    with Ledger(path, again=True) as ledger:
        ledger.add([(KEYS[0], {"n": 0})])
    assert [record["n"] for record in lines(path)] == [0]
