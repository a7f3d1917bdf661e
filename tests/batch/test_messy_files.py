"""Files as they come in practice: damaged, cut off, in other encodings. Nothing is lost without a word, nothing is made up."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest
import zstandard

from simulator.batch.lines import MOST_CHARACTERS_A_RECORD
from simulator.batch.readers import Position, Reading, Rejected, SkipError, read, read_stream
from simulator.batch.speakers import NobodyCalledError, Sides, WhoIsTheTraineeError
from simulator.domain.errors import UsageError
from simulator.domain.transcript import Transcript


def record(name: str, **more: object) -> str:
    turns = [{"role": "customer", "text": f"Hi, {name}"}, {"role": "trainee", "text": "Hello"}]
    return json.dumps({"id": name, "turns": turns, **more})


def found(path: Path, trainee: str | None = None) -> list[str | Rejected]:
    return [each.id if isinstance(each, Transcript) else each for each in read([str(path)], Reading(Sides(trainee)))]


def reasons(results: list[str | Rejected]) -> list[tuple[int, str]]:
    return [(each.line, each.reason) for each in results if isinstance(each, Rejected)]


@pytest.mark.parametrize(
    "text",
    [
        f"{record('a')}\n{record('b')}\n",
        f"{record('a')}{record('b')}",
        f"[{record('a')}]\n[{record('b')}]",
        json.dumps(json.loads(record("a")), indent=2) + "\n" + record("b"),
    ],
)
def test_all_records_of_a_json_file_are_read_not_only_the_first(tmp_path: Path, text: str):
    path = tmp_path / "t.json"
    path.write_text(text)
    assert found(path) == ["a", "b"]


def test_what_stands_behind_a_list_is_named(tmp_path: Path):
    path = tmp_path / "t.json"
    path.write_text(f"[{record('a')}] and more")
    first, rest = found(path)
    assert first == "a"
    assert reasons([rest]) == [(1, "not JSON, or cut off: Expecting value; nothing after it could be read")]


@pytest.mark.parametrize("cut", [0.5, 0.999])
def test_packed_files_that_are_cut_off_are_named_where_they_end(tmp_path: Path, cut: float):
    plain = "".join(f"{record(str(number))}\n" for number in range(400)).encode()
    for name, packed in (("t.jsonl.gz", gzip.compress(plain)), ("t.jsonl.zst", zstandard.compress(plain))):
        path = tmp_path / name
        path.write_bytes(packed[: int(len(packed) * cut)])
        *whole, last = found(path)
        assert isinstance(last, Rejected)
        assert "cut off or damaged" in last.reason
        assert last.line == len(whole) + 1


def test_a_damaged_zstd_file_is_named_and_frames_one_after_another_are_one_file(tmp_path: Path):
    frames = zstandard.compress(record("a").encode() + b"\n"), zstandard.compress(record("b").encode())
    path = tmp_path / "t.jsonl.zst"
    path.write_bytes(b"".join(frames))
    assert found(path) == ["a", "b"]
    path.write_bytes(frames[0] + b"what is this?")
    assert reasons(found(path)) == [(2, "the packed file is cut off or damaged here (Unknown frame descriptor)")]
    broken = bytearray(zstandard.compress(record("a").encode() * 20))
    broken[20] ^= 0xFF
    path.write_bytes(bytes(broken))
    assert len(reasons(found(path))) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_encodings_are_told_by_the_beginning(tmp_path: Path, encoding: str):
    for name, text in (("t.jsonl", f"{record('a')}\r\n"), ("t.csv", "id\tspeaker\ttext\na\tagent\tHällo\n")):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        assert found(path) == ["a"]


def test_words_that_no_file_can_hold_come_through_as_such(tmp_path: Path):
    path = tmp_path / "t.jsonl"
    lone = json.dumps(
        {"id": "a\ud800", "turns": [{"role": "trainee", "text": "b\udfff", "k\ud800": ["\ud800"]}], "note": "\ud83d"}
    )
    latin = json.dumps({"id": "ü", "turns": [{"role": "trainee", "text": "ü"}], "team": "é"}, ensure_ascii=False).encode(
        "latin-1"
    )
    path.write_bytes(lone.encode() + b"\n" + latin)
    first, second = read([str(path)])
    for each in (first, second):
        assert isinstance(each, Transcript)
        json.dumps(each.as_record(), ensure_ascii=False).encode()
    assert (first.id, first.note, first.turns[0].text) == ("a\ufffd", "\ufffd", "b\ufffd")
    assert (second.id, second.team, second.turns[0].text) == ("\ufffd", "\ufffd", "\ufffd")
    path.write_text(json.dumps({"id": "b", "turns": [{"role": "trainee", "text": "\U0001f600"}]}))
    [smiling] = read([str(path)])
    assert smiling.turns[0].text == "\U0001f600"


def test_no_value_is_no_value(tmp_path: Path):
    path = tmp_path / "t.jsonl"
    path.write_text(record("a", score=float("nan")))
    [transcript] = read([str(path)])
    assert transcript.score is None


def test_a_record_that_is_too_long_is_one_record(tmp_path: Path):
    path = tmp_path / "t.jsonl"
    path.write_text(record("a", x="y" * MOST_CHARACTERS_A_RECORD * 2) + f"\n{record('b')}\n")
    wrong, last = found(path)
    assert reasons([wrong]) == [(1, "a record is longer than 16,000,000 characters")]
    assert last == "b"


def test_what_is_no_id_is_not_taken_for_one(tmp_path: Path):
    path = tmp_path / "t.jsonl"
    path.write_text("".join(f"{record('', id=each)}\n" for each in ({"a": 1}, ["q"], "  ", None, True, 0, 7, "x")))
    assert found(path) == ["t-1", "t-2", "t-3", "t-4", "t-5", "0", "7", "x"]


def said_by(*speakers: str) -> str:
    return json.dumps({"id": "-".join(speakers), "turns": [{"role": each, "text": "Hi"} for each in speakers]}) + "\n"


def test_one_transcript_without_the_trainee_does_not_stop_the_others(tmp_path: Path):
    path = tmp_path / "t.jsonl"
    path.write_text(said_by("user") + said_by("user", "assistant") + said_by("user", "bot") + said_by("user", "assistant"))
    first, second, third, fourth = found(path, "assistant")
    assert second == fourth == "user-assistant"
    assert reasons([first, third]) == [
        (1, "nobody is called 'assistant', only 'user'"),
        (3, "nobody is called 'assistant', only 'user', 'bot'"),
    ]
    with pytest.raises(NobodyCalledError) as caught:
        list(read([str(path)] * 2, Reading(Sides("asistant"))))
    assert caught.value.hint == "Did you mean 'assistant'? Speakers: user, assistant."


def test_one_transcript_that_does_not_tell_its_trainee_does_not_stop_the_others(tmp_path: Path):
    path = tmp_path / "t.jsonl"
    path.write_text(said_by("Agent", "agent", "x") + said_by("a", "b") + said_by("caller", "Ann"))
    first, second, third = found(path)
    assert (first, third) == ("Agent-agent-x", "caller-Ann")
    assert reasons([second]) == [(2, "it cannot be told which speaker is the trainee ('a', 'b')")]
    path.write_text(said_by("a", "b") + said_by("caller", "Ann"))
    with pytest.raises(WhoIsTheTraineeError):
        found(path)


def test_the_form_of_standard_input_is_told_by_its_first_line():
    for text, count in (
        (f'{{"id": "cut", "turns": [{{"role"\n{record("a")}\n', 2),
        (json.dumps(json.loads(record("a")), indent=1), 1),
        ("[12:01] Customer: Hi\n[12:02] Agent: Hello\n", 1),
        (f"[{record('a')},\n{record('b')}]", 2),
    ):
        results = list(read(["-"], stdin=io.BytesIO(text.encode())))
        assert len(results) == count
        assert isinstance(results[-1], Transcript)


HEADER = "Conversation ID;Speaker;Text;Team;Sent at;\n"


def test_columns_are_found_however_they_are_written_and_the_others_kept(tmp_path: Path):
    path = tmp_path / "t.csv"
    rows = "7;Customer;Hi;North;9.5;\n7;Agent;Hello;North;;x\n8;Agent;Bye;007;10;\n"
    path.write_text("sep=;\n" + HEADER + rows, encoding="utf-8-sig")
    first, second = read([str(path)])
    assert (first.id, first.Team, first.turns[1].column_6) == ("7", "North", "x")
    assert [turn.model_extra for turn in first.turns] == [{"Sent at": 9.5}, {"speaker": "Agent", "column_6": "x"}]
    assert (second.Team, second.model_extra["Sent at"]) == ("007", 10)
    path.write_text("id,conversation,speaker,text,turns,state\n1,a,agent,Hi,3,\n2,a,agent,Ho,3,good\n")
    [taken] = read([str(path)])
    assert (taken.id, taken.given_turns) == ("a", 3)
    assert [turn.model_extra for turn in taken.turns] == [
        {"id": 1, "speaker": "agent"},
        {"id": 2, "given_state": "good", "speaker": "agent"},
    ]


def test_a_column_that_is_not_there_is_answered_with_the_nearest(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("id,speaker,utternace\n1,agent,Hi\n")
    with pytest.raises(UsageError, match="there is no text column") as caught:
        found(path)
    assert "Is it 'utternace'? Name it with --text-column" in caught.value.hint
    with pytest.raises(UsageError, match="no text column called 'uternace'") as caught:
        list(read([str(path)], Reading(text_column="uternace")))
    assert "Did you mean 'utternace'?" in caught.value.hint
    for empty in ("", "\n"):
        path.write_text(empty)
        assert found(path) == []


def test_a_quotation_mark_that_is_never_closed_swallows_nothing_in_silence(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text('id,speaker,text\na,agent,1\nb,customer,"2\nb,agent,3\nc,agent,4\n')
    assert reasons(found(path)) == [(3, "not CSV: a quotation mark is never closed; conversation 'a' is left out as a whole")]


def test_a_conversation_with_a_row_that_cannot_be_read_is_left_out_as_a_whole(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("id,speaker,text\na,agent,1\na,customer,2, or so\na,agent,3\nb,agent,4\n")
    wrong, right = read([str(path)])
    assert reasons([wrong]) == [(3, "4 columns where the header has 3; conversation 'a' is left out as a whole")]
    assert wrong.raw == "a,agent,1\na,customer,2, or so\na,agent,3"
    assert right.id == "b"
    # A row of which nothing can be read may have begun the next conversation.
    path.write_text('id,speaker,text\na,agent,1\nb,agent,"2" or so\nb,agent,3\nc,agent,4\n')
    assert [line for line, _ in reasons(found(path))] == [3, 3]
    assert found(path)[-1] == "c"


def test_long_words_fit_into_a_table(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text('id,speaker,text\na,agent,"' + "I am sorry.\n" * 20_000 + '"\nb,agent,Hi\n')
    assert found(path) == ["a", "b"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_table_that_is_out_of_order_and_damaged_gives_what_came_before(tmp_path: Path, packed: bool):
    path = tmp_path / "t.csv.gz"
    text = "id,speaker,text\n" + "".join(f"{number % 500},agent,{number * 7919}\n" for number in range(3000))
    path.write_bytes(gzip.compress(text.encode())[:-4000] if packed else text.encode())
    results = found(path)
    if packed:
        assert "damaged" in results.pop().reason
    else:
        assert len(results) == 500
    assert results[:3] == ["0", "1", "2"]


@pytest.mark.parametrize(
    "text",
    [
        "[12:01:05] Customer: Hi\nNote: two\n[12:01:30] Agent: Yes",
        "12:01 Customer: Hi\nNote: two\n12:02 Agent: Yes",
        "2024-05-01 12:01:05 - Customer: Hi\nNote: two\n2024-05-01 12:01:09 - Agent: Yes",
        "05/01/2024, 9:01 PM - Customer: Hi\nNote: two\n05/01/2024, 9:02 PM - Agent: Yes",
        "Customer (12:01): Hi\nNote: two\nAgent (12:02): Yes",
    ],
)
def test_times_before_or_behind_a_name_are_no_words(tmp_path: Path, text: str):
    path = tmp_path / "t.txt"
    path.write_text(text)
    [transcript] = read([str(path)])
    assert [(turn.role, turn.text) for turn in transcript.turns] == [("customer", "Hi\nNote: two"), ("trainee", "Yes")]


def test_names_alone_on_their_lines_and_other_colons(tmp_path: Path):
    path = tmp_path / "t.txt"
    path.write_text("Customer:\nHi\n\nAgent:\nYes\nof course\n")
    [transcript] = read([str(path)])
    assert [turn.text for turn in transcript.turns] == ["Hi", "Yes\nof course"]
    path.write_text("Customer: Hi\nAgent: Two things:\nthis\nFirst:\nthat\nCustomer:\nAh\n")
    [transcript] = read([str(path)])
    assert [turn.text for turn in transcript.turns] == ["Hi", "Two things:\nthis\nFirst:\nthat", "Ah"]
    path.write_text("顾客：我的订单在哪里？\nAgent：非常抱歉\n", encoding="utf-8")
    [transcript] = read([str(path)])
    assert [turn.text for turn in transcript.turns] == ["我的订单在哪里？", "非常抱歉"]


def test_several_conversations_in_one_text_are_several(tmp_path: Path):
    path = tmp_path / "t.txt"
    path.write_text("Agent: 1\n---\n\nAgent: 2\n---\nby the way\n=====\nCall 3\nAgent: 3\n***\nAgent: 4\n")
    results = list(read([str(path)]))
    assert [(each.id, each.turns[0].text) for each in results] == [
        ("t", "1"),
        ("t-2", "2\n---\nby the way\n=====\nCall 3"),
        ("t-3", "4"),
    ]


def test_subtitles_with_several_voices_and_with_none(tmp_path: Path):
    path = tmp_path / "t.vtt"
    cue = "WEBVTT\n\n00:01.000 --> 00:02.000\n"
    path.write_text(f"{cue}<v Customer>Hi &amp; <i>hello</i></v> <v Agent>Yes?\n\n00:03.000 --> 00:04.000\n<v Agent>Sir?</v>\n")
    [transcript] = read([str(path)])
    assert [(turn.role, turn.text) for turn in transcript.turns] == [("customer", "Hi & hello"), ("trainee", "Yes? Sir?")]
    path.write_text(f"{cue}Hi there\n\n00:03.000 --> 00:04.000\n<v Agent>Sir?</v>\n")
    assert reasons(found(path)) == [(4, "it does not say who speaks; expected '<v Speaker>words' or 'Speaker: words'")]


def test_our_own_roles_need_no_name(tmp_path: Path):
    path = tmp_path / "t.jsonl"
    path.write_text(said_by("customer", "trainee") + said_by("user", "assistant"))
    assert found(path, "assistant") == ["customer-trainee", "user-assistant"]
    [other] = list(read([str(path)], Reading(Sides("customer"))))[:1]
    assert [turn.role for turn in other.turns] == ["trainee", "customer"]


def test_one_table_of_other_columns_does_not_stop_the_others(tmp_path: Path):
    (tmp_path / "a.csv").write_text("id,speaker,text\na,agent,Hi\n")
    (tmp_path / "b.csv").write_text("nr,wer,was\na,agent,Hi\n")
    first, second = found(tmp_path)
    assert first == "a"
    assert reasons([second])[0][1].startswith("there is no conversation column. Columns: nr, wer, was.")


def test_a_damaged_file_is_gone_on_with_up_to_the_damage(tmp_path: Path):
    plain = "".join(f"{record(str(number))}\n" for number in range(300)).encode()
    damaged = io.BytesIO(gzip.compress(plain)[:-200])
    with pytest.raises(SkipError):
        list(read_stream(damaged, "t.jsonl.gz", ".jsonl", Reading(), Position(10)))


def test_results_that_lie_beside_transcripts_are_not_taken_for_some(tmp_path: Path):
    (tmp_path / "t.jsonl").write_text(record("a"))
    grade = json.dumps({"transcript": "a", "rubric": "warmth", "judge": "x"})
    for name in ("g.jsonl", "old.jsonl"):
        (tmp_path / name).write_text(grade)
    for name in ("g.jsonl.run.json", "g.jsonl.batch.json", "g.jsonl.disagreements.csv"):
        (tmp_path / name).write_text("{}")
    first, second = sorted(found(tmp_path), key=str)
    assert reasons([first, second]) == [(1, "this is a grade, not a transcript")]
    assert "a" in (first, second)
