"""What evaluators really have is read, streamed, and never guessed at."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.batch.readers import Reading, Rejected, read
from simulator.batch.speakers import Sides, WhoIsTheTraineeError
from simulator.domain.errors import UsageError
from simulator.domain.transcript import Transcript

SAID = [("customer", "Hi, I'd like a refund."), ("trainee", "Of course. Let me look.")]


def said(transcript: Transcript | Rejected) -> list[tuple[str, str]]:
    assert isinstance(transcript, Transcript), transcript
    return [(turn.role, turn.text) for turn in transcript.turns]


def one(path: Path, reading: Reading | None = None) -> Transcript | Rejected:
    [result] = read([str(path)], reading or Reading())
    return result


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_our_own_jsonl_with_its_extra_keys(tmp_path: Path):
    record = {"id": "a", "turns": [{"role": role, "text": text, "mood": 3} for role, text in SAID], "team": "north", "seed": 4}
    transcript = one(write(tmp_path / "t.jsonl", json.dumps(record) + "\n\n"))
    assert said(transcript) == SAID
    assert (transcript.id, transcript.seed, transcript.team, transcript.turns[0].mood) == ("a", 4, "north", 3)


def test_openai_chat_needs_to_be_told_who_the_trainee_is(tmp_path: Path):
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": SAID[0][1]}]},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "assistant", "content": SAID[1][1]},
    ]
    path = write(tmp_path / "chat.jsonl", json.dumps({"messages": messages}) + "\n")
    with pytest.raises(WhoIsTheTraineeError) as caught:
        one(path)
    assert caught.value.speakers == ("user", "assistant")
    assert "--trainee" in caught.value.hint
    assert said(one(path, Reading(Sides("assistant")))) == SAID
    assert one(path, Reading(Sides("assistant"))).id == "chat-1"


def test_a_trainee_who_is_not_there_is_answered_with_the_nearest(tmp_path: Path):
    path = write(tmp_path / "t.jsonl", json.dumps({"turns": [{"role": "Alice", "text": "Hi"}, {"role": "Bob", "text": "Yo"}]}))
    with pytest.raises(UsageError, match="nobody is called 'Alise'") as caught:
        one(path, Reading(Sides("Alise")))
    assert "'Alice'" in caught.value.hint


def test_sharegpt(tmp_path: Path):
    record = {"id": "s", "conversations": [{"from": "human", "value": SAID[0][1]}, {"from": "gpt", "value": SAID[1][1]}]}
    assert said(one(write(tmp_path / "s.json", json.dumps([record])), Reading(Sides("gpt")))) == SAID


def test_abcd(tmp_path: Path):
    original = [["agent", "Hello"], ["customer", "I lost my parcel"], ["action", "looked it up"], ["agent", "Found it"]]
    record = {"convo_id": 3592, "scenario": {"flow": "x"}, "original": original, "delexed": [{"speaker": "agent", "text": "hi"}]}
    for text in (json.dumps([record]), json.dumps({"train": [record], "dev": []})):
        transcript = one(write(tmp_path / "abcd.json", text))
        assert said(transcript) == [("trainee", "Hello"), ("customer", "I lost my parcel"), ("trainee", "Found it")]
        assert (transcript.id, transcript.scenario, transcript.given_scenario) == ("3592", None, {"flow": "x"})


def test_csv_with_usual_and_with_named_columns(tmp_path: Path):
    path = write(
        tmp_path / "t.csv", 'conversation_id,speaker,text\nc1,Customer,"Hi, ""you"""\nc1,Agent,"Two\nlines"\nc2,Agent,Yes\n'
    )
    first, second = read([str(path)])
    assert said(first) == [("customer", 'Hi, "you"'), ("trainee", "Two\nlines")]
    assert (first.id, second.id) == ("c1", "c2")
    path = write(tmp_path / "odd.csv", "nr;wer;was\n7;Kundin;Guten Tag\n7;Laden;Hallo\n")
    with pytest.raises(UsageError, match="no conversation column") as caught:
        one(path)
    assert "nr, wer, was" in caught.value.hint
    transcript = one(path, Reading(Sides("Laden"), "nr", "wer", "was"))
    assert said(transcript) == [("customer", "Guten Tag"), ("trainee", "Hallo")]


def test_csv_rows_of_a_conversation_that_do_not_stand_together(tmp_path: Path):
    table = "conversation,speaker,text\na,agent,1\nb,agent,2\na,agent,3\nc,agent\n,agent,5\n,agent,6\nd,agent,4\n,agent,7\n"
    path = write(tmp_path / "t.csv", table)
    gone, *results = sorted(read([str(path)]), key=lambda each: isinstance(each, Transcript))
    assert [(each.id, [turn.text for turn in each.turns]) for each in results] == [
        ("a", ["1", "3"]),
        ("b", ["2"]),
        ("t-6", ["5", "6"]),
        ("d", ["4"]),
        ("t-9", ["7"]),
    ]
    assert (gone.line, gone.reason) == (5, "2 columns where the header has 3")
    results = list(read(["-"], stdin=io.BytesIO(table.encode())))
    assert [(each.line, each.reason.split(":")[0]) for each in results if isinstance(each, Rejected)] == [
        (4, "conversation 'a' goes on after another one"),
        (5, "2 columns where the header has 3"),
    ]


def test_plain_text_with_lines_that_go_on(tmp_path: Path):
    path = write(tmp_path / "call.txt", "Customer: Hi there\nand good morning\n\nMary-Ann O'Neil: At 10:30: yes.\n")
    transcript = one(path)
    assert said(transcript) == [("customer", "Hi there\nand good morning"), ("trainee", "At 10:30: yes.")]
    assert transcript.turns[1].speaker == "Mary-Ann O'Neil"


def test_webvtt(tmp_path: Path):
    vtt = (
        "WEBVTT\n\nNOTE made by a machine\n\n1\n00:00:01.000 --> 00:00:03.000\n<v Agent>Good <b>morning</b>,\nhow can I help?\n\n"
        "00:03.500 --> 00:04.000 align:start\n<v Agent>Hello?\n\n00:05.000 --> 00:06.000\n<v Customer>Hi.</v>\n"
    )
    transcript = one(write(tmp_path / "call.vtt", vtt))
    assert said(transcript) == [("trainee", "Good morning, how can I help? Hello?"), ("customer", "Hi.")]


def test_packed_files_folders_globs_and_standard_input(tmp_path: Path):
    line = json.dumps({"id": "a", "turns": [{"role": role, "text": text} for role, text in SAID]}).encode() + b"\n"
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(line))
    (tmp_path / "b.jsonl.zst").write_bytes(zstandard.compress(line))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "c.jsonl").write_bytes(line)
    (tmp_path / "notes.md").write_text("not a transcript")
    assert [said(each) for each in read([str(tmp_path)])] == [SAID] * 3
    assert [said(each) for each in read([str(tmp_path / "*.jsonl.*")])] == [SAID] * 2
    assert [said(each) for each in read(["-"], stdin=io.BytesIO(line * 2))] == [SAID] * 2
    assert [said(each) for each in read(["-"], stdin=io.BytesIO(b"Customer: Hi\nAgent: Yo\n"))] == [
        [("customer", "Hi"), ("trainee", "Yo")]
    ]
    with pytest.raises(UsageError, match="no file"):
        list(read([str(tmp_path / "nothing*")]))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no transcripts"):
        list(read([str(tmp_path / "empty")]))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json", "not JSON"),
        ("[1, 2]", "a transcript is an object, this is a list"),
        ("{}", "none of the keys turns"),
        ('{"turns": []}', "nobody says anything"),
        ('{"turns": ["hello"]}', "turn 1 is text"),
        ('{"turns": [{"text": "hello"}]}', "does not say who speaks"),
        ('{"turns": [{"role": "trainee", "text": 5}]}', "its words are a number"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_malformed_line_is_named_and_the_rest_is_read(tmp_path: Path, line: str, reason: str):
    good = json.dumps({"turns": [{"role": role, "text": text} for role, text in SAID]})
    path = write(tmp_path / "t.jsonl", f"{good}\n{line}\n{good}\n")
    first, wrong, last = read([str(path)])
    assert said(first) == said(last) == SAID
    assert isinstance(wrong, Rejected)
    assert (wrong.line, wrong.raw) == (2, line)
    assert reason in wrong.reason
    assert str(wrong).startswith(f"{path}:2: ")


def test_a_cut_off_json_file_and_a_damaged_gzip_are_named(tmp_path: Path):
    record = json.dumps({"turns": [{"role": role, "text": text} for role, text in SAID]})
    first, cut = read([str(write(tmp_path / "t.json", f"[{record}, {record[:30]}"))])
    assert said(first) == SAID
    assert "cut off" in cut.reason
    packed = gzip.compress(record.encode() * 50)
    (tmp_path / "t.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    assert any("damaged" in each.reason for each in read([str(tmp_path / "t.jsonl.gz")]) if isinstance(each, Rejected))


def test_escapes_and_bytes_that_are_not_utf8_do_not_come_through(tmp_path: Path):
    (tmp_path / "t.jsonl").write_bytes(b'{"turns": [{"role": "trainee", "text": "a\\u001b[31mb\xff"}]}\n')
    assert said(one(tmp_path / "t.jsonl")) == [("trainee", "ab\ufffd")]


def test_memory_does_not_grow_with_the_number_of_transcripts(tmp_path: Path):
    line = json.dumps({"turns": [{"role": role, "text": text * 20} for role, text in SAID]})

    def peak(count: int, name: str, opening: str, between: str, closing: str) -> int:
        path = write(tmp_path / name, opening + between.join([line] * count) + closing)
        tracemalloc.start()
        assert sum(1 for _ in read([str(path)])) == count
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    for name, opening, between, closing in (("t.jsonl", "", "\n", "\n"), ("t.json", "[", ",", "]")):
        assert peak(2000, name, opening, between, closing) < peak(200, name, opening, between, closing) + 400_000


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=400), suffix=st.sampled_from([".jsonl", ".json", ".csv", ".txt", ".vtt", ".gz", ""]))
def test_whatever_the_bytes_are_it_reads_rejects_or_says_what_it_needs(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str
):
    path = tmp_path_factory.mktemp("t") / f"t{suffix}"
    path.write_bytes(data)
    try:
        results = list(read([str(path)]))
    except UsageError as error:
        assert str(path) in error.message
    else:
        assert all(isinstance(each, Transcript | Rejected) for each in results)
