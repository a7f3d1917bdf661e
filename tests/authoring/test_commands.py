"""``fineline personas`` and ``fineline rubrics`` as people and programs use them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from simulator.cli import authored, personas, rubrics
from simulator.domain.errors import UsageError


@pytest.fixture
def fineline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a command in an empty folder, with nothing of the user's own."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    for name in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))
    monkeypatch.delenv("FINELINE_PATH", raising=False)

    def run(group: str, *words: str) -> Result:
        app = {"personas": personas.app, "rubrics": rubrics.app}[group]
        return CliRunner().invoke(app, list(words))

    return run


@pytest.mark.parametrize("group", ["personas", "rubrics"])
def test_lists_are_for_people_and_programs(fineline, group: str) -> None:
    listed = json.loads(fineline(group, "list", "--json").stdout)
    assert listed
    for each in listed:
        assert {"id", "summary", "path", "origin"} <= each.keys()
        assert Path(each["path"]).is_file()
    lines = fineline(group, "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [each["id"] for each in listed]


def test_personas_are_listed_with_who_and_where(fineline) -> None:
    first = json.loads(fineline("personas", "list", "--json").stdout)[0]
    assert {"name", "difficulty", "trains", "identities", "scenarios", "content_note", "role"} <= first.keys()
    assert {"name", "pronouns", "age"} == first["identities"][0].keys()


@pytest.mark.parametrize("group", ["personas", "rubrics"])
def test_what_is_begun_is_found_checked_and_shown(fineline, group: str) -> None:
    begun = fineline(group, "new", "my-own")
    assert begun.exit_code == 0
    assert begun.stdout == f"{group}/my-own.yaml\n"
    checked = fineline(group, "check", f"{group}/my-own.yaml")
    assert (checked.exit_code, checked.stdout) == (0, "")
    assert "1 file checked: no errors, no warnings." in checked.stderr
    listed = json.loads(fineline(group, "list", "--json").stdout)
    assert [each["origin"] for each in listed if each["id"] == "my-own"] == ["here"]
    assert "my-own" in fineline(group, "show", "my-own").stdout
    assert json.loads(fineline(group, "show", "my-own", "--json").stdout)["origin"] == "here"
    again = fineline(group, "new", "my-own", "--replace")
    assert "exists already" in str(again.exception)


def test_new_does_not_take_the_id_of_another_unasked(fineline) -> None:
    taken = fineline("rubrics", "new", "warmth")
    assert isinstance(taken.exception, UsageError)
    assert fineline("rubrics", "new", "warmth", "--replace").exit_code == 0
    listed = {each["id"]: each for each in json.loads(fineline("rubrics", "list", "--json").stdout)}
    assert listed["warmth"]["origin"] == "here"


def test_new_without_an_id_says_that_it_needs_one_where_nobody_can_be_asked(fineline) -> None:
    for group in ("personas", "rubrics"):
        refused = fineline(group, "new")
        assert isinstance(refused.exception, UsageError)
        assert "needs an id" in refused.exception.message


def test_new_asks_again_at_once_where_an_answer_cannot_be(fineline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authored, "_somebody_there", lambda: True)
    answers = ["Late Caller", "late-caller", "Calls late", "the desk", "agent", "to complain", "warmth, patience", "warmth"]
    asked = CliRunner().invoke(personas.app, ["new"], input="\n".join(answers) + "\n")
    assert asked.exit_code == 0, asked.output
    assert "Did you mean 'late-caller'?" in asked.output
    assert "There is no skill 'patience'." in asked.output
    shown = json.loads(fineline("personas", "show", "late-caller", "--json").stdout)
    assert (shown["summary"], shown["trains"]) == ("Calls late", ["warmth"])


def test_check_finds_every_mistake_and_fails(fineline, write, tmp_path: Path) -> None:
    write("here/a.yaml", None, ("summary:", "sumary:"), ("misread >= 7", "misred >= 7"))
    write("here/b.yaml", "a: [")
    found = fineline("personas", "check", "a.yaml", "b.yaml")
    assert found.exit_code == 1
    assert found.stdout.splitlines()[0] == "a.yaml:3:1: there is no key 'sumary' (did you mean 'summary'?)"
    assert len(found.stdout.splitlines()) == 3
    assert "2 files checked: 3 errors, no warnings." in found.stderr
    listed = json.loads(fineline("personas", "check", "a.yaml", "--json").stdout)
    assert listed[1] == {
        "path": "a.yaml", "line": 33, "column": 26, "severity": "error", "code": "name",
        "message": "there is no feeling 'misred'", "suggestion": "misread",
        "expected": "one of asked, misread, patience, task_done, trust, turn",
    }  # fmt: skip


def test_warnings_fail_only_when_asked_to(fineline, write) -> None:
    write("here/a.yaml")
    assert fineline("personas", "check", "a.yaml").exit_code == 0
    assert "2 warnings" in fineline("personas", "check", "a.yaml").stderr
    assert fineline("personas", "check", "a.yaml", "--strict").exit_code == 1


def test_without_paths_the_whole_library_is_checked(fineline, write) -> None:
    write("here/personas/a.yaml", "id: [")
    found = fineline("personas", "check")
    assert found.exit_code == 1
    assert found.stdout.startswith("personas/a.yaml:")
    assert fineline("rubrics", "check").exit_code == 1


def test_shipped_files_are_checked_without_an_error(fineline) -> None:
    assert fineline("personas", "check").exit_code == 0
    assert fineline("rubrics", "check").exit_code == 0


def test_lists_go_on_beside_a_broken_file_and_say_so(fineline, write) -> None:
    write("here/personas/a.yaml", "id: [")
    listed = fineline("personas", "list", "--json")
    assert json.loads(listed.stdout)
    assert "1 file has mistakes" in listed.stderr


@pytest.mark.parametrize("words", ["personas schema", "rubrics schema", "rubrics schema --behaviours"])
def test_schemas_are_written_for_editors(fineline, words: str) -> None:
    assert json.loads(fineline(*words.split()).stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_an_unknown_persona_offers_the_nearest_and_exits_2(tmp_path: Path) -> None:
    home = {f"FINELINE_{name}": str(tmp_path / name) for name in ("CONFIG", "DATA", "CACHE")}
    found = subprocess.run(
        [sys.executable, "-m", "simulator", "personas", "show", "chatty-reglar"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, **home, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert found.returncode == 2
    assert found.stdout == ""
    assert "Did you mean 'chatty-regular'?" in found.stderr
    assert "Traceback" not in found.stderr


def test_examples_that_are_heard_the_other_way_are_told(fineline, write) -> None:
    assert fineline("rubrics", "new", "keeps-to-it", "--behaviours", "names_a_limit_kindly").exit_code == 0
    path = Path("rubrics/keeps-to-it.yaml")
    assert fineline("rubrics", "check", str(path)).stdout == ""
    kind = '["That is kind, but I like to keep things professional here."]'
    path.write_text(path.read_text(encoding="utf-8").replace('["Next, please."]', kind), encoding="utf-8")
    (line,) = fineline("rubrics", "check", str(path)).stdout.splitlines()
    assert "warning: the built-in detector hears this as names_a_limit_kindly, the other side of the line" in line
    assert fineline("rubrics", "check", str(path), "--no-examples").stdout == ""


def test_behaviours_of_ones_own_are_heard_as_soon_as_they_are_written(fineline, write) -> None:
    own = "behaviours:\n  - id: offers_tea\n    title: Offers tea\n    description: Offers the customer a cup of tea.\n"
    own += "    examples: [Would you like a cup of tea?, Can I get you a tea?]\n    near_misses: [The tea is in aisle four.]\n"
    write("here/rubrics/behaviours.yaml", own)
    assert fineline("rubrics", "check", "rubrics/behaviours.yaml").stdout == ""
