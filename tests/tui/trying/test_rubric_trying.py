"""A rubric is tried while it is written: levels follow every save, mistakes are shown in place, words are found."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from simulator.authoring.library import Library
from simulator.authoring.scaffold import RubricIdea, rubric_text
from simulator.domain.errors import AuthoringError, UsageError
from simulator.domain.transcript import Transcript, Turn
from simulator.language.detector import Detector
from simulator.settings import Settings
from simulator.tui.rubric_trying import rubric_screen
from simulator.tui.screens.turns import TurnList
from simulator.tui.services import Services
from simulator.tui.trying import TryApp
from simulator.tui.widgets.findings import FindingLine
from simulator.tui.widgets.words import Words


@pytest.fixture
def file(tmp_path: Path, library: Library) -> Path:
    path = tmp_path / "listening.yaml"
    text = rubric_text(RubricIdea("listening", behaviours=["apologises"]), library.catalogue)
    path.write_text(text, encoding="utf-8")
    return path


SORRY = "Oh no, I'm so sorry about the broken kettle, that must be annoying."
CALLS = [
    Transcript(id=name, turns=[Turn(role="customer", text="It broke."), Turn(role="trainee", text=text)])
    for name, text in (("kind-call", SORRY), ("curt-call", "Next please."))
]


@pytest.fixture
def app(file: Path, library: Library, detector: Detector) -> TryApp:
    return TryApp(rubric_screen(file, library, detector, transcripts=CALLS), Services(Settings()))


def save(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    beside = path.with_suffix(".tmp")
    beside.write_text(text.replace(old, new), encoding="utf-8")
    beside.replace(path)


async def until(pilot, true) -> None:
    end = time.monotonic() + 8
    while not true():
        assert time.monotonic() < end, "it never came true"
        await pilot.pause(0.01)


async def opened(pilot) -> None:
    await until(pilot, lambda: len(pilot.app.screen.samples) == len(CALLS) and pilot.app.screen.query(FindingLine))


def verdicts(app) -> dict[str, str]:
    return {each.finding.criterion: each.finding.verdict for each in app.screen.query(FindingLine)}


async def test_levels_and_findings_follow_every_save(app, file):
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        screen = app.screen
        name = next(iter(verdicts(app)))
        assert "met" in verdicts(app).values()
        save(file, "[apologises]", "[curt]")
        await until(pilot, lambda: screen.rubric.criteria[0].met_by == ("curt",) and verdicts(app)[name] != "met")
        await pilot.press("right")
        await until(pilot, lambda: screen.sample.name == "curt-call" and verdicts(app)[name] == "met")
        assert all(each.grade.versions.rubric == screen.rubric.digest for each in screen.samples)


async def test_a_mistake_is_shown_where_it_is_and_the_last_good_version_stays(app, file):
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        note = app.screen.query_one("#file", Words)
        good = app.screen.rubric
        save(file, "asks:", "askss:")
        await until(pilot, lambda: note.has_class("-shown"))
        assert "did you mean 'asks'" in str(note.render())
        assert app.screen.rubric is good
        save(file, "askss:", "asks:")
        await until(pilot, lambda: not note.has_class("-shown"))


async def test_enter_shows_the_words_and_w_the_sum(app):
    async with app.run_test(size=(120, 30)) as pilot:
        await opened(pilot)
        row = next(each for each in app.screen.query(FindingLine) if each.finding.quote)
        row.focus()
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query_one(TurnList).highlighted == 1)
        await pilot.press("w")
        await until(pilot, lambda: "how it was worked out" in str(app.screen.query(".dialog-title").first().render()))


async def test_scripted_trainees_are_there_without_conversations_of_ones_own(file, library, detector):
    app = TryApp(rubric_screen(file, library, detector, persona="brushed-off"), Services(Settings()))
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, lambda: {"warm", "cold", "faking"} <= {each.name for each in app.screen.samples})
        await pilot.press("escape")
        await until(pilot, lambda: app._exit)
    assert app.return_code == 0


def test_no_file_and_a_broken_file_are_said_before_anything_opens(file, library, detector):
    with pytest.raises(UsageError, match="There is no file"):
        rubric_screen(file.with_name("listning.yaml"), library, detector)
    file.write_text("id: [", encoding="utf-8")
    with pytest.raises(AuthoringError, match=r"listening\.yaml:2:1"):
        rubric_screen(file, library, detector)


@pytest.mark.parametrize("size", [(80, 24), (120, 30)], ids=["80x24", "120x30"])
def test_looks(file, library, detector, monkeypatch, snap_compare, size):
    monkeypatch.chdir(file.parent)  # so that no path of the machine is in the picture
    app = TryApp(rubric_screen(Path(file.name), library, detector, transcripts=CALLS), Services(Settings()))
    assert snap_compare(app, terminal_size=size, run_before=opened)
