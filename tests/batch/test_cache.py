"""The cache knows the same work again, and a run never fails for it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from simulator.batch.cache import FILE_NAME, Cache
from simulator.domain.grade import Evidence, Finding, Rating, Usage
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.judges.protocol import Judgement

FOUND = Finding(criterion="q", verdict="met", evidence=(Evidence(turn=1, quote="Ünd hallo"),), counted=True, substantiated=True)
RATING = Rating(judge="a", repeat=2, status="scored", level=3, verdicts={"q": "met"})
JUDGED = Judgement(findings=(FOUND,), ratings=(RATING,), usage=Usage(calls=1, input_tokens=5), prompt="p1")


def rubric(asks: str = "Hello?") -> Rubric:
    levels = {1: "a", 2: "b", 3: "c", 4: "d", 5: "e"}
    shape = {"id": "r", "title": "R", "levels": levels, "thresholds": [0.2, 0.4, 0.6, 0.8]}
    return Rubric.model_validate({**shape, "criteria": [{"id": "q", "asks": asks}]})


def talk(text: str = "Ünd hallo", **more: object) -> Transcript:
    return Transcript.model_validate({"id": "a", "turns": [Turn(role="trainee", text=text)], **more})


def test_what_was_judged_is_known_whatever_it_is_called_and_costs_nothing(tmp_path: Path):
    cache = Cache(tmp_path / "new", "m1")
    cache.put(talk(), [(rubric(), JUDGED)])
    cache.close()
    assert (tmp_path / "new" / FILE_NAME).stat().st_mode & 0o077 == 0
    cache = Cache(tmp_path / "new", "m1")
    [known] = cache.get(talk(id="b", team="north"), [rubric()])
    assert known is not None
    assert (known.findings, known.ratings, known.prompt, known.usage) == (JUDGED.findings, JUDGED.ratings, "p1", Usage())
    assert cache.knows(talk(), [rubric("Goodbye?"), rubric()]) == [False, True]
    others = [talk("Hello"), talk(identity="Dana"), talk(turns=[Turn(role="customer", text="Ünd hallo")])]
    assert [cache.get(each, [rubric()]) for each in others] == [[None]] * 3
    cache.close()
    other = Cache(tmp_path / "new", "m2")
    assert other.get(talk(), [rubric()]) == [None]
    other.close()


def test_failures_are_not_kept(tmp_path: Path):
    cache = Cache(tmp_path, "m")
    cache.put(talk(), [(rubric(), Judgement(failure="No.", kind="server"))])
    cache.write()
    assert cache.get(talk(), [rubric()]) == [None]
    cache.close()


def test_a_cache_that_cannot_be_used_is_said_once_and_left_alone(tmp_path: Path):
    said: list[str] = []
    (tmp_path / FILE_NAME).write_bytes(b"this is no database, and somebody may want it " * 100)
    before = (tmp_path / FILE_NAME).read_bytes()
    (tmp_path / "file").write_text("")
    for folder in (tmp_path, tmp_path / "file"):
        said.clear()
        cache = Cache(folder, "m", warn=said.append)
        cache.put(talk(), [(rubric(), JUDGED)])
        assert cache.get(talk(), [rubric()]) == [None]
        assert cache.knows(talk(), [rubric()]) == [False]
        cache.close()
        assert len(said) == 1
        assert "cannot be used" in said[0]
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_an_entry_that_is_damaged_is_not_known(tmp_path: Path):
    cache = Cache(tmp_path, "m")
    cache.put(talk(), [(rubric(), JUDGED)])
    cache.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as file:
        file.execute("UPDATE judgements SET judgement = x'00ff'")
    file.close()
    cache = Cache(tmp_path, "m")
    assert cache.get(talk(), [rubric()]) == [None]
    cache.close()
