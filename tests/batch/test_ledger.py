"""Every finished grade is on disk before it is counted, whatever happens next."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.batch.ledger import Ledger, without_failures, work_key
from simulator.domain.errors import FinelineError
from simulator.domain.transcript import Transcript, Turn

KEYS = [f"{number:032x}" for number in range(1, 8)]


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def filled(path: Path, count: int = 3) -> None:
    with Ledger(path) as ledger:
        for number in range(count):
            ledger.add([(KEYS[number], {"n": number, "status": "scored", "text": "ü" * number})])


def known(path: Path) -> set[bytes]:
    with Ledger(path) as ledger:
        return ledger.done


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
        ledger.add([(KEYS[number], {"n": number, "status": "scored", "text": "ü" * number})])
    ledger.close()
    assert path.read_bytes() == whole
    assert known(path) == {bytes.fromhex(key) for key in KEYS[:4]}


def test_without_its_keys_the_results_are_read_again(tmp_path: Path):
    path = tmp_path / "g.jsonl"
    filled(path)
    path.with_name("g.jsonl.done").unlink()
    assert len(known(path)) == 3


def test_a_file_of_something_else_is_left_alone(tmp_path: Path):
    path = tmp_path / "notes.jsonl"
    path.write_text('{"mine": 1}\n')
    with pytest.raises(FinelineError, match="not a grade"):
        Ledger(path)
    assert path.read_text() == '{"mine": 1}\n'
    Ledger(path, again=True).close()
    assert path.read_text() == ""


def test_failures_are_taken_out_to_be_tried_again(tmp_path: Path):
    path = tmp_path / "g.jsonl"
    ledger = Ledger(path)
    ledger.add([(KEYS[0], {"status": "scored"}), (KEYS[1], {"status": "failed"})])
    ledger.close()
    assert without_failures(path) == 1
    assert known(path) == {bytes.fromhex(KEYS[0])}
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
    ledger = Ledger(path)
    assert all(f"{n:032x}" in ledger for n in range(counted + 1))
    ledger.close()
    assert [record["n"] for record in lines(path)] == list(range(len(ledger.done)))


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
