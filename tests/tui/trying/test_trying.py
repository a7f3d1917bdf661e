"""A persona is tried while it is written: the inner state is there, saves are taken up, mistakes are shown in place."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from simulator.authoring.library import Library
from simulator.authoring.scaffold import PersonaIdea, persona_text
from simulator.conversation.voices.builtin import BuiltinVoice
from simulator.domain.errors import AuthoringError, UsageError
from simulator.language.detector import Detector
from simulator.settings import Settings
from simulator.tui.services import Services
from simulator.tui.trying import TryApp, try_screen
from simulator.tui.widgets.inside import Inside
from simulator.tui.widgets.words import Words


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kettle.yaml"
    path.write_text(persona_text(PersonaIdea("kettle")), encoding="utf-8")
    return path


@pytest.fixture
def app(file: Path, library: Library, detector: Detector) -> TryApp:
    return TryApp(try_screen(file, library, detector, BuiltinVoice(detector.encoder)), Services(Settings()))


def save(path: Path, *swap: str) -> None:
    """Save as editors do: another file that takes the place of this one."""
    text = path.read_text(encoding="utf-8")
    old, new = swap
    assert old in text
    beside = path.with_suffix(".tmp")
    beside.write_text(text.replace(old, new), encoding="utf-8")
    beside.replace(path)


async def until(pilot, true) -> None:
    end = time.monotonic() + 8
    while not true():
        assert time.monotonic() < end, "it never came true"
        await pilot.pause(0.01)


async def say(pilot, *keys: str) -> None:
    screen = pilot.app.screen
    count = len(screen.session.transcript.turns)
    await pilot.press(*keys, "enter")
    await until(pilot, lambda: len(screen.session.transcript.turns) >= count + 2 and not screen._speaking)
    await pilot.pause()


def beside(app: TryApp) -> str:
    return str(app.screen.query_one("#inside-words", Words).content)


def note(app: TryApp) -> str:
    widget = app.screen.query_one("#file", Words)
    return str(widget.content) if widget.has_class("-shown") else ""


async def opened(pilot) -> None:
    await until(pilot, lambda: pilot.app.screen.session.transcript.turns and not pilot.app.screen._speaking)


async def test_what_goes_on_inside_is_beside_the_conversation(app):
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        assert all(name in beside(app) for name in app.screen.session.persona.state)
        await say(pilot, *"I am so sorry, that sounds annoying.")
        turn = app.screen.session.transcript.turns[1]
        assert turn.behaviours
        assert all(each.id in beside(app) for each in turn.behaviours)
        assert str(app.screen.session.transcript.turns[2].move) in beside(app)


async def test_a_save_is_taken_up_and_the_conversation_goes_on(app, file):
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await say(pilot, *"I am so sorry, that sounds annoying.")
        screen = app.screen
        said = [turn.text for turn in screen.session.transcript.turns]
        feeling, about = next(iter(screen.session.persona.state.items()))
        before = screen.session.state[feeling]
        line = next(each for each in file.read_text().splitlines() if each.strip().startswith(f"{feeling}:") and "start" in each)
        save(file, line, line.replace(f"start: {about.start:g}", "start: 1"))
        await until(pilot, lambda: screen.session.persona.state[feeling].start == 1)
        await pilot.pause()
        assert [turn.text for turn in screen.session.transcript.turns] == said
        assert screen.session.state[feeling] < before
        assert f"{screen.session.state[feeling]:.1f}" in beside(app)
        await say(pilot, *"When did you buy it?")
        assert len(screen.session.transcript.turns) == len(said) + 2


async def test_a_broken_save_is_shown_in_place_and_mended(app, file):
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        good = app.screen.session.persona
        save(file, "difficulty: 1", "difficulty: [bold]nine[/]")
        await until(pilot, lambda: note(app))
        at = next(number for number, line in enumerate(file.read_text().splitlines(), 1) if "[bold]" in line)
        assert f"{file.name}:{at}" in note(app)
        assert "last good version" in note(app)
        assert app.screen.session.persona is good
        await say(pilot, *"Hello there.")
        save(file, "difficulty: [bold]nine[/]", "difficulty: 2")
        await until(pilot, lambda: not note(app) and app.screen.session.persona.difficulty == 2)


async def test_a_file_that_vanishes_is_a_message_and_may_come_back(app, file):
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        away = file.with_suffix(".away")
        file.replace(away)
        await until(pilot, lambda: "gone" in note(app))
        await say(pilot, *"Hello there.")
        away.replace(file)
        await until(pilot, lambda: not note(app))


async def test_without_its_scenario_it_begins_anew(app, file):
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await say(pilot, *"Hello there.")
        scenario = app.screen.session.scenario.id
        save(file, f"id: {scenario}", "id: another")
        await until(pilot, lambda: app.screen.session.scenario.id == "another" and not app.screen._speaking)
        assert len(app.screen.session.transcript.turns) == 1


async def test_begin_again_and_close(app):
    async with app.run_test(size=(60, 24)) as pilot:
        await opened(pilot)
        await say(pilot, *"Hello there.")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.screen.session.seed == 1 and len(app.screen.session.transcript.turns) == 1)
        assert app.screen.query_one(Inside).size.height > 3
        await pilot.press("escape")
        await until(pilot, lambda: app._exit)
    assert app.return_code == 0


def test_no_file_and_a_broken_file_are_said_before_anything_opens(file, library, detector):
    voice = BuiltinVoice(detector.encoder)
    with pytest.raises(UsageError, match="There is no file"):
        try_screen(file.with_name("kettel.yaml"), library, detector, voice)
    file.write_text("id: [", encoding="utf-8")
    with pytest.raises(AuthoringError, match=r"kettle\.yaml:2:1"):
        try_screen(file, library, detector, voice)


@pytest.mark.parametrize("size", [(60, 24), (120, 40)], ids=["60x24", "120x40"])
def test_looks(app, snap_compare, size):
    async def ready(pilot):
        await opened(pilot)
        await say(pilot, *"I am so sorry, that sounds annoying.")
        pilot.app.screen.prompt.cursor_blink = False
        pilot.app.clear_notifications()

    assert snap_compare(app, terminal_size=size, run_before=ready)
