"""The library: folders merged, the later winning, broken files told and left out, and a cache nobody has to think about."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.authoring.library import Folder, Library, digest, shipped_folders
from simulator.domain.errors import AuthoringError, UsageError

RUBRIC = """\
id: listening
title: Listening
levels: {1: a, 2: b, 3: c, 4: d, 5: e}
thresholds: [0.25, 0.5, 0.75, 0.9]
criteria:
  - {id: asks, asks: "Does the trainee ask?", met_by: [asks_about_need]}
"""


@pytest.fixture
def library(tmp_path: Path):
    """Return a library of the shipped rubrics and of folders of the test's own."""

    def make(*names: str, cache: Path | None = None) -> Library:
        own = [Folder(tmp_path / name, "settings" if number == 0 else "here") for number, name in enumerate(names)]
        return Library([shipped_folders()[1], *own], cache)

    return make


def test_what_ships_has_no_problems() -> None:
    library = Library(shipped_folders())
    assert library.problems == []
    assert {"warmth", "boundaries", "authenticity", "service"} <= set(library.rubrics)
    assert len(library.catalogue.ids) >= 40
    assert all(entry.origin == "shipped" for entry in library.personas.values())


def test_personas_and_rubrics_are_found_by_what_they_hold(library, write) -> None:
    write("mine/dana.yaml")
    write("mine/listening.yml", RUBRIC)
    write("mine/.draft.yaml", "a: [")
    write("mine/notes.md", "a: [")
    found = library("mine")
    entry = found.personas["dana-misreads"]
    assert (entry.origin, entry.path.name, entry.value.name) == ("settings", "dana.yaml", "Dana")
    assert found.rubrics["listening"].value.title == "Listening"
    assert found.problems == []


def test_the_later_folder_wins_and_broken_files_do_not(library, write) -> None:
    write("one/dana.yaml")
    write("two/dana.yaml", None, ("name: Dana\n", "name: Dana of mine\n"))
    write("two/warmth.yaml", RUBRIC, ("id: listening", "id: warmth"))
    found = library("one", "two")
    assert found.personas["dana-misreads"].value.name == "Dana of mine"
    assert found.personas["dana-misreads"].origin == "here"
    assert found.rubrics["warmth"].value.title == "Listening"
    write("two/dana.yaml", "id: dana-misreads\nmoves: [")
    again = library("one", "two")
    assert again.personas["dana-misreads"].value.name == "Dana"
    assert [Path(each.path).name for each in again.problems] == ["dana.yaml"]


def test_behaviours_of_trainers_join_those_that_ship(library, write) -> None:
    write("mine/dana.yaml", None, ("  curt:  ", "  hums_a_tune:"))
    assert "there is no behaviour 'hums_a_tune'" in library("mine").problems[0].message
    write("mine/behaviours.yaml", "behaviours:\n  - {id: hums_a_tune, title: Hums, description: Hums, examples: [Hm hm.]}\n")
    found = library("mine")
    assert found.problems == []
    assert {"hums_a_tune", "solves"} <= found.catalogue.ids
    assert "hums_a_tune" in found.persona("dana-misreads").reactions


def test_a_persona_is_got_by_id_or_path(library, write) -> None:
    path = write("mine/dana.yaml")
    elsewhere = write("elsewhere/x.yaml", None, ("name: Dana\n", "name: Elsewhere\n"))
    found = library("mine")
    assert found.persona("dana-misreads").name == "Dana"
    assert found.persona(str(path)).name == "Dana"
    entry = found.persona_entry(str(elsewhere))
    assert (entry.value.name, entry.origin) == ("Elsewhere", "file")


def test_what_is_not_there_offers_the_nearest_and_what_is_broken_its_problems(library, write) -> None:
    write("mine/dana.yaml")
    write("mine/broken.yaml", None, ("id: dana-misreads", "id: broken-one"), ("difficulty: 2 ", "difficulty: 9 "))
    found = library("mine")
    with pytest.raises(UsageError, match="Did you mean 'dana-misreads'") as error:
        found.persona("dana-misread")
    assert error.value.exit_code == 2
    with pytest.raises(AuthoringError, match="3 or less"):
        found.persona("broken-one")
    with pytest.raises(AuthoringError, match="no such file"):
        found.persona("nowhere.yaml")
    with pytest.raises(UsageError, match="no rubric called"):
        found.rubric("dana-misreads")


def test_a_file_given_by_path_is_checked_against_the_catalogue(library, write) -> None:
    path = write("mine/dana.yaml", None, ("  solves:  ", "  solvs:   "))
    with pytest.raises(AuthoringError, match="did you mean 'solves'"):
        library().persona(str(path))


def test_two_files_of_a_folder_with_one_id_are_told_and_the_first_is_kept(library, write) -> None:
    write("mine/a.yaml")
    write("mine/b.yaml", None, ("name: Dana\n", "name: Second\n"))
    found = library("mine")
    assert found.persona("dana-misreads").name == "Dana"
    assert [each.message for each in found.problems] == ["the id 'dana-misreads' is taken by a.yaml; this file is left out"]


def test_a_folder_somebody_named_that_is_not_there_is_told(library, tmp_path: Path) -> None:
    (problem,) = library("gone").problems
    assert (problem.severity, problem.path) == ("warning", str(tmp_path / "gone"))


def test_files_that_vanish_or_cannot_be_read_are_told(library, write, tmp_path: Path) -> None:
    write("mine/dana.yaml")
    (tmp_path / "mine" / "gone.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "mine" / "round.yaml").symlink_to("round.yaml")
    os.mkfifo(tmp_path / "mine" / "pipe.yaml")
    found = library("mine")
    assert list(found.personas) == ["dana-misreads"]
    assert len(found.problems) == 3


def test_without_behaviours_the_catalogue_says_why(write, tmp_path: Path) -> None:
    write("mine/behaviours.yaml", "behaviours: [")
    with pytest.raises(AuthoringError, match="not closed"):
        _ = Library([Folder(tmp_path / "mine", "here")]).catalogue
    with pytest.raises(AuthoringError, match="no behaviours"):
        _ = Library([]).catalogue


def test_summaries_show_what_lists_need(library, write) -> None:
    write("mine/dana.yaml")
    write("mine/easy.yaml", None, ("id: dana-misreads", "id: easy"), ("difficulty: 2 ", "difficulty: 1 "))
    easy, dana = library("mine").summaries()
    assert (easy.id, dana.id, dana.difficulty, dana.trains) == ("easy", "dana-misreads", 2, ("boundaries", "warmth"))
    assert [each.name for each in dana.identities] == ["Dana", "Dan"]
    assert dana.scenarios[0].trainee == "returns assistant"
    assert json.loads(json.dumps(dana.as_json()))["path"].endswith("dana.yaml")


def test_meaning_has_one_digest_whatever_the_layout(library, write) -> None:
    write("mine/dana.yaml")
    first = library("mine").personas["dana-misreads"].digest
    write("mine/dana.yaml", None, ("difficulty: 2                      # 1 gentle", "difficulty:  2  # one gentle"))
    assert library("mine").personas["dana-misreads"].digest == first
    write("mine/dana.yaml", None, ("difficulty: 2 ", "difficulty: 3 "))
    assert library("mine").personas["dana-misreads"].digest != first
    assert digest({"a": 1, "b": [{1: "x"}]}) == digest({"b": [{"1": "x"}], "a": 1})


class TestCache:
    """A warm library is the same as a cold one."""

    def same(self, one: Library, other: Library) -> None:
        assert one.summaries() == other.summaries()
        assert dict(one.personas) == dict(other.personas)
        assert dict(one.rubrics) == dict(other.rubrics)
        assert one.catalogue == other.catalogue
        assert one.problems == other.problems

    def test_warm_is_as_cold(self, library, write, tmp_path: Path) -> None:
        write("mine/dana.yaml")
        write("mine/listening.yaml", RUBRIC)
        write("mine/broken.yaml", "a: [")
        cache = tmp_path / "cache"
        cold = library("mine", cache=cache)
        self.same(cold, library("mine"))
        self.same(library("mine", cache=cache), cold)

    def test_warm_parses_nothing(self, library, write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write("mine/dana.yaml")
        cache = tmp_path / "cache"
        library("mine", cache=cache).summaries()

        def parsed(*_: object) -> None:
            raise AssertionError("a file was parsed")

        monkeypatch.setattr("simulator.authoring.reading.load_yaml", parsed)
        monkeypatch.setattr("simulator.authoring.reading.parse_yaml", parsed)
        assert library("mine", cache=cache).persona("dana-misreads").name == "Dana"

    def test_a_changed_file_is_read_again(self, library, write, tmp_path: Path) -> None:
        path = write("mine/dana.yaml")
        cache = tmp_path / "cache"
        library("mine", cache=cache).summaries()
        before = path.stat()
        write("mine/dana.yaml", None, ("name: Dana\n", "name: Dina\n"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert library("mine", cache=cache).persona("dana-misreads").name == "Dina"

    def test_a_changed_catalogue_is_checked_against_again(self, library, write, tmp_path: Path) -> None:
        write("mine/dana.yaml", None, ("  curt:  ", "  hums_a_tune:"))
        own = write("mine/behaviours.yaml", "behaviours:\n  - {id: hums_a_tune, title: H, description: H, examples: [Hm.]}\n")
        cache = tmp_path / "cache"
        assert library("mine", cache=cache).problems == []
        own.unlink()
        assert "hums_a_tune" in library("mine", cache=cache).problems[0].message

    @pytest.mark.parametrize("damage", ["", "{", "[]\n", "null\n{}", "\xff\x00", '{"stamp": 1}\n{}'])
    def test_a_damaged_cache_is_as_good_as_none(self, library, write, tmp_path: Path, damage: str) -> None:
        write("mine/dana.yaml")
        cache = tmp_path / "cache"
        whole = library("mine", cache=cache)
        whole.summaries()
        for path in (cache / "library").iterdir():
            path.write_bytes(damage.encode("latin-1"))
        self.same(library("mine", cache=cache), whole)

    def test_a_record_cut_short_is_not_used(self, library, write, tmp_path: Path) -> None:
        write("mine/dana.yaml")
        cache = tmp_path / "cache"
        whole = library("mine", cache=cache)
        whole.summaries()
        for path in (cache / "library").iterdir():
            path.write_bytes(path.read_bytes()[:-40])
        self.same(library("mine", cache=cache), whole)

    def test_a_cache_that_cannot_be_written_is_no_fault(self, library, write, tmp_path: Path) -> None:
        write("mine/dana.yaml")
        in_the_way = tmp_path / "cache"
        in_the_way.write_text("a file, not a folder")
        assert library("mine", cache=in_the_way).persona("dana-misreads").name == "Dana"

    def test_nothing_half_written_stays(self, library, write, tmp_path: Path) -> None:
        write("mine/dana.yaml")
        cache = tmp_path / "cache"
        library("mine", cache=cache).summaries()
        assert all(path.suffix == ".json" for path in (cache / "library").iterdir())
        shutil.rmtree(cache)
        assert library("mine", cache=cache).summaries()


@settings(max_examples=60, deadline=None)
@given(word=st.text(max_size=20))
def test_no_word_for_a_persona_does_anything_but_find_or_refuse(word: str) -> None:
    library = Library([])
    with pytest.raises((UsageError, AuthoringError)):
        library.persona(word)
