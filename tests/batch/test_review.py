"""What a person is to rate, what they answered, and that it is on disk before the next key."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.batch.ledger import work_key
from simulator.batch.manifest import RubricUsed, RunManifest
from simulator.batch.rating_file import RatingFile, rating_file_of
from simulator.batch.readers import Rejected
from simulator.batch.results import records
from simulator.batch.review import Review
from simulator.batch.worklist import RubricToRate, Worklist, chosen, graded_in, listed_in, make_ready, rubric_of_run
from simulator.domain.errors import FinelineError, UsageError
from simulator.domain.grade import Evidence
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript, Turn


def rubric(name: str, *criteria: str) -> Rubric:
    return Rubric.model_validate(
        {
            "id": name, "title": name.title(), "levels": {n: f"level {n}" for n in range(1, 6)},
            "thresholds": [0.2, 0.4, 0.6, 0.9], "criteria": [{"id": each, "asks": f"{each}?"} for each in criteria],
        }
    )  # fmt: skip


WARMTH = rubric("warmth", "greets", "hears")
SERVICE = rubric("service", "solves")


def transcript(number: int, words: str = "Hello there.") -> Transcript:
    return Transcript(id=f"t{number}", turns=[Turn(role="customer", text="Morning."), Turn(role="trainee", text=words)])


def results(path: Path, transcripts: list[Transcript], *, judge: str = "built-in", prompt: str = "detector-1") -> Path:
    with path.open("w", encoding="utf-8") as file:
        for each in transcripts:
            for of in (WARMTH, SERVICE):
                record = {
                    "transcript": each.id, "rubric": of.id, "judge": judge, "status": "scored", "level": 5, "score": 1.0,
                    "findings": [], "versions": {"rubric": of.digest, "detector": prompt},
                    "key": work_key(each, of.digest, judge, prompt),
                }  # fmt: skip
                file.write(json.dumps(record, separators=(",", ":")) + "\n")
    return path


@pytest.fixture
def many() -> list[Transcript]:
    return [transcript(number) for number in range(6)]


@pytest.fixture
def graded(tmp_path: Path, many: list[Transcript]) -> Path:
    return results(tmp_path / "r.jsonl", many)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "r.ann.jsonl"


@pytest.fixture
def ready() -> Iterator[Callable[..., Worklist]]:
    """Make transcripts ready, and let go of them afterwards."""
    made: list[Worklist] = []

    def make(*arguments: Any, **more: Any) -> Worklist:
        made.append(make_ready(*arguments, **more))
        return made[-1]

    yield make
    for each in made:
        each.shelf.close()


@pytest.fixture
def reviewing(ready: Callable[..., Worklist]) -> Iterator[Callable[..., Review]]:
    """Begin a review of these results into a file, by ann; closed afterwards."""
    begun: list[RatingFile] = []

    def begin(graded: Path, many: list[Transcript], out: Path, *rubrics: Rubric) -> Review:
        work = ready(graded_in(graded).transcripts, graded, many)
        asked = [RubricToRate(each, each.digest) for each in rubrics or (WARMTH, SERVICE)]
        begun.append(RatingFile(out, "ann"))
        return Review(work, asked, begun[-1])

    yield begin
    for each in begun:
        each.close()


def written(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The last record of each transcript and rubric, as any reader of the file would see them now."""
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return {(each["transcript"], each["rubric"]): each for each in records}


# What there is to rate


def test_what_was_graded_is_what_is_rated(graded: Path) -> None:
    found = graded_in(graded)
    assert found.transcripts == tuple(f"t{number}" for number in range(6))
    assert found.rubrics == ("warmth", "service")
    graded.write_text("")
    with pytest.raises(UsageError, match="no grades"):
        graded_in(graded)


@pytest.mark.parametrize("spaced", [False, True])
def test_records_of_some_transcripts_are_found_however_they_are_written(graded: Path, spaced: bool) -> None:
    if spaced:
        again = [json.dumps(dict(reversed(json.loads(line).items()))) for line in graded.read_text().splitlines()]
        graded.write_text("\n".join(again) + "\n")
    found = [(each.line, each.record["transcript"]) for each in records(graded, only={"t1", "t4"})]
    assert found == [(3, "t1"), (4, "t1"), (9, "t4"), (10, "t4")]
    assert graded_in(graded).transcripts == tuple(f"t{number}" for number in range(6))


def test_a_sample_is_the_same_for_all_raters_and_its_order_is_not() -> None:
    ids = [f"t{number}" for number in range(100)]
    ann, bob = (chosen(ids, who, sample=20, seed=3) for who in ("ann", "bob"))
    assert len(ann) == 20 and set(ann) == set(bob) and ann != bob
    assert ann == chosen(ids, "ann", sample=20, seed=3) != chosen(ids, "ann", sample=20, seed=4)
    assert sorted(chosen(ids, "ann", sample=None, seed=0)) == sorted(ids) != chosen(ids, "ann", sample=None, seed=0)


def test_missing_and_changed_transcripts_are_told_apart_and_left_out(ready: Any, graded: Path, many: list[Transcript]) -> None:
    now = [Rejected("x", 1, "not JSON", ""), *many[:3], transcript(3, "Other words."), many[4]]
    work = ready(["t4", "t3", "t5", "t0"], graded, now)
    assert (work.items, work.missing, work.changed) == (["t4", "t0"], ["t5"], ["t3"])
    assert work.shelf.get("t4").turns[1].text == "Hello there."


def test_the_words_that_were_graded_win_over_others_of_that_id(ready: Any, graded: Path, many: list[Transcript]) -> None:
    work = ready(["t0", "t1"], graded, [transcript(0, "Other words."), many[0], transcript(0, "Others again."), many[1]])
    assert work.items == ["t0", "t1"] and work.shelf.get("t0") == many[0]


def test_keys_that_cannot_be_made_again_prove_nothing(ready: Any, tmp_path: Path, many: list[Transcript]) -> None:
    unknown = results(tmp_path / "r.jsonl", many, prompt="from before")
    unknown.write_text(unknown.read_text().replace("from before", "of today"))
    assert ready(["t0"], unknown, many).items == ["t0"]
    assert ready(["t0"], unknown, [transcript(0, "Other words."), *many], prompts=["from before"]).items == ["t0"]


def test_no_more_than_a_sitting_is_made_ready_and_what_is_rated_always_is(
    ready: Any, graded: Path, many: list[Transcript]
) -> None:
    work = ready([f"t{n}" for n in range(6)], graded, many, rated={"t4", "t5"}, at_most=2)
    assert (work.items, work.later) == (["t0", "t1", "t4", "t5"], 2)


def test_words_that_are_no_unicode_are_kept(ready: Any, graded: Path) -> None:
    odd = transcript(0, "half \ud800 a character")
    assert ready(["t0"], graded, [odd]).shelf.get("t0").turns[1].text == "half \ud800 a character"


def test_a_rubric_is_asked_as_the_run_had_it() -> None:
    manifest = RunManifest(
        fineline="1", rubrics=[RubricUsed(id="warmth", digest="old", definition=WARMTH.model_dump(mode="json")),
                               RubricUsed(id="service", digest="x", definition={"id": "service", "no longer": "understood"})],
    )  # fmt: skip
    assert rubric_of_run(manifest, "warmth") == RubricToRate(WARMTH, "old")
    assert rubric_of_run(manifest, "service") is None is rubric_of_run(None, "warmth")


# Answers


def test_every_change_is_on_disk_at_once(reviewing: Any, graded: Path, many: list[Transcript], out: Path) -> None:
    review = reviewing(graded, many, out)
    first = review.work.items[0]
    review.say("met")
    assert written(out)[first, "warmth"]["findings"][0]["verdict"] == "met"
    review.mark(Evidence(turn=2, quote="Hello there."))
    assert written(out)[first, "warmth"]["findings"][0]["evidence"] == [{"turn": 2, "quote": "Hello there."}]
    review.note("a plain hello")
    assert written(out)[first, "warmth"]["findings"][0]["reason"] == "a plain hello"
    assert written(out)[first, "warmth"]["status"] == "not_scored"
    review.go_on()
    review.say("not_met")
    record = written(out)[first, "warmth"]
    assert (record["status"], record["level"], record["score"], record["judge"]) == ("scored", 3, 0.5, "ann")
    assert record["versions"]["rubric"] == WARMTH.digest and len(record["key"]) == 32


def test_one_goes_on_where_one_stopped_even_after_a_crash(
    reviewing: Any, graded: Path, many: list[Transcript], out: Path
) -> None:
    review = reviewing(graded, many, out)
    for _each in range(4):
        review.say("met")
        review.go_on()
    review.file._file.close()  # killed: nothing is closed in order, and the last line is torn
    with out.open("ab") as file:
        file.write(b'{"transcript": "t')
    again = reviewing(graded, many, out)
    assert (again.item, again.question, again.done) == (1, 1, 1)
    again.say("not_met")
    again.file.close()
    assert len(out.read_text().splitlines()) == 3
    assert reviewing(graded, many, out).answered(1) == 2


def test_going_on_finds_what_is_open_and_ends(reviewing: Any, graded: Path, many: list[Transcript], out: Path) -> None:
    review = reviewing(graded, many[:2], out)
    review.step(2)
    review.say("met")  # service first
    assert review.go_on() and (review.item, review.question) == (0, 0)
    review.say("met")
    assert review.go_on() and review.question == 1
    assert review.go_on() and review.question == 1  # still open, and the only one here
    review.say("not_judged")
    assert review.go_on() and review.item == 1
    for _each in range(3):
        review.say("not_applicable")
        more = review.go_on()
    assert not more and review.done == 2
    review.go_to_open()
    assert review.item == 1


def test_undo_goes_back_to_where_it_was(reviewing: Any, graded: Path, many: list[Transcript], out: Path) -> None:
    review = reviewing(graded, many, out)
    assert not review.undo()
    review.say("met")
    review.say("not_met")
    review.go(3)
    review.say("met")
    review.say(None)
    assert review.undo() and review.item == 3 and review.answer.verdict == "met"
    assert review.undo() and review.answer.verdict is None
    assert review.undo() and review.item == 0 and review.answer.verdict == "met"
    assert written(out)[review.work.items[0], "warmth"]["findings"][0]["verdict"] == "met"
    assert review.undo() and not review.undo()
    review.file.close()
    assert not out.exists()


def test_saying_the_same_again_changes_nothing(reviewing: Any, graded: Path, many: list[Transcript], out: Path) -> None:
    review = reviewing(graded, many, out)
    review.say("met")
    before = out.read_text()
    review.say("met")
    assert out.read_text() == before
    assert review.undo() and not review.undo()


def test_marks_are_put_and_taken_off(reviewing: Any, graded: Path, many: list[Transcript], out: Path) -> None:
    review = reviewing(graded, many, out)
    assert review.mark(Evidence(turn=2, quote="there"))
    assert review.mark(Evidence(turn=2, quote="Hello"))
    assert [each.quote for each in review.answer.evidence] == ["Hello", "there"]
    assert not review.mark(Evidence(turn=2, quote="there"))
    assert review.unmark(2) and not review.unmark(2)
    assert review.answer.empty


class FullDisk:
    """Stands in for the open file: takes ``room`` bytes and then no more."""

    def __init__(self, file: Any, room: int) -> None:
        self._file, self.room = file, room

    def write(self, data: bytes) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = self._file.write(data[: self.room])
        self.room -= taken
        return int(taken)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_a_full_disk_is_told_held_and_tried_again(reviewing: Any, graded: Path, many: list[Transcript], out: Path) -> None:
    review = reviewing(graded, many, out)
    review.say("met")
    before = out.read_text()
    real = review.file._file
    review.file._file = FullDisk(real, 100)  # type: ignore[assignment]
    review.step(1)
    with pytest.raises(FinelineError, match="No space left"):
        review.say("not_met")
    assert review.unsaved and review.answer.verdict == "not_met"
    assert out.read_text() == before  # nothing half written
    review.file._file = real
    review.step(1)
    review.say("met")
    assert not review.unsaved
    assert len(written(out)[review.work.items[0], "warmth"]["findings"]) == 2


def test_another_version_of_the_questions_is_asked_again(reviewing: Any, graded: Path, many: list[Transcript], out: Path) -> None:
    review = reviewing(graded, many, out)
    review.say("met")
    review.note("keep this")
    review.file.close()
    changed = rubric("warmth", "greets", "thanks")
    again = reviewing(graded, many, out, changed)
    assert again.outdated == 1
    assert (again.answer.verdict, again.answer.note) == (None, "keep this")


def test_a_transcript_that_changed_since_it_was_rated_is_asked_again(
    reviewing: Any, tmp_path: Path, many: list[Transcript], out: Path
) -> None:
    review = reviewing(results(tmp_path / "a.jsonl", many), many, out)
    review.say("met")
    review.file.close()
    other = [transcript(number, "Good day.") for number in range(6)]
    again = reviewing(results(tmp_path / "b.jsonl", other), other, out)
    assert again.outdated == 1 and again.answered(0) == 0


# The file


def test_the_file_is_named_after_results_and_rater() -> None:
    assert rating_file_of(Path("x/r.jsonl"), "Ann Lee/../") == Path("x/r.Ann-Lee.jsonl")
    assert rating_file_of(Path("results.v2"), "…").name == "results.v2.rater.jsonl"


def test_ratings_of_somebody_else_are_not_written_to(graded: Path, out: Path) -> None:
    out.write_bytes(graded.read_bytes())
    with pytest.raises(UsageError, match="of 'built-in', not of 'ann'"):
        RatingFile(out, "ann")
    assert out.read_bytes() == graded.read_bytes()


@pytest.mark.parametrize("held", ["[]\n", '{"transcript": 3}\n', "words\n", "words"])
def test_a_file_of_something_else_is_left_alone(out: Path, held: str) -> None:
    out.write_text(held)
    with pytest.raises(FinelineError, match=r"r\.ann\.jsonl:1: this is not a grade"):
        RatingFile(out, "ann")
    assert out.read_text() == held


def test_two_windows_do_not_write_to_one_file(out: Path) -> None:
    first = RatingFile(out, "ann")
    with pytest.raises(UsageError, match="another window"):
        RatingFile(out, "ann")
    first.close()
    first.close()
    RatingFile(out, "ann").close()


def test_a_place_that_cannot_be_written_is_said_before_anything_is_rated(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FinelineError, match="could not be written"):
        RatingFile(tmp_path / "file" / "r.jsonl", "ann")


def test_damaged_leftovers_are_named(reviewing: Any, graded: Path, many: list[Transcript], out: Path) -> None:
    review = reviewing(graded, many, out)
    review.note("perhaps")
    review.file.close()
    out.write_text(out.read_text().replace('"open":{', '"open":{"x":3,'))
    with pytest.raises(FinelineError, match="are damaged"):
        reviewing(graded, many, out)


def test_words_are_kept_as_they_are(reviewing: Any, graded: Path, many: list[Transcript], out: Path) -> None:
    review = reviewing(graded, many, out)
    review.note("«naïve» \U0001f642")
    review.file.close()
    assert any("«naïve» \U0001f642" in line for line in out.read_text("utf-8").splitlines())
    assert reviewing(graded, many, out).answer.note == "«naïve» \U0001f642"


# Only what a list names


def test_a_list_names_transcripts_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "o.disagreements.csv"
    path.write_text("\ufeffwhy,transcript\nundecided,t2\noutvoted,'=t1\nundecided,t2\n,gone\n", encoding="utf-8")
    assert listed_in(path, ["=t1", "t2", "t3"]) == ["t2", "=t1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,transcripts\n1,t1\n", "no column 'transcript'. Is it 'transcripts'?"),
        ("", "no column 'transcript'"),
        ("transcript\nx\n", "none called 'x'"),
        ("transcript\n", "it names none"),
        ("transcript\n\udcff", "not a CSV in UTF-8"),
    ],
)
def test_a_list_that_is_none_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError) as caught:
        listed_in(path, ["t1"])
    assert said in str(caught.value)
