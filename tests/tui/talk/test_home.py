"""Home lists who can be met, says how it went last time, and offers to go on."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest
from textual.widgets import Input, OptionList

from simulator.domain.errors import Problem
from simulator.domain.grade import Grade
from simulator.domain.transcript import Transcript, Turn
from simulator.tui.screens.briefing import BriefingScreen
from simulator.tui.screens.conversation import ConversationScreen
from simulator.tui.screens.dialogs import Choose, Read
from simulator.tui.screens.home import HomeScreen
from simulator.tui.widgets.facts import Facts


def names(app):
    return [option.id for option in app.screen.query_one("#customers", OptionList).options]


async def test_customers_are_listed_with_their_words_as_they_are(app, wait_until, text_of):
    async with app.run_test(size=(110, 30)) as pilot:
        await wait_until(pilot, lambda: names(app) == ["ray", "dana"])
        await pilot.press("down")
        await wait_until(pilot, lambda: "Romantic attention" in text_of(app))
        shown = text_of(app)
        assert "The one with [/x] in the name" in shown
        assert "Reads [red]friendliness[/red] as" in shown
        assert "●●○ testing" in shown
        assert "boundaries · warmth" in shown
        assert "built-in voice" in shown


async def test_nobody_can_be_met_before_the_customers_are_read(app, rooms, wait_until):
    read = asyncio.Event()
    library = rooms.library

    async def slow():
        await read.wait()
        return await library()

    rooms.library = slow
    async with app.run_test() as pilot:
        offered = lambda: [each.binding.description for each in app.screen.active_bindings.values() if each.enabled]  # noqa: E731
        await wait_until(pilot, lambda: isinstance(app.screen, HomeScreen))
        assert "Meet" not in offered() and "Leave" in offered()
        read.set()
        await wait_until(pilot, lambda: names(app) == ["ray", "dana"])
        assert "Meet" in offered()


async def test_find_looks_at_every_word_and_escape_shows_all(app, wait_until):
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: len(names(app)) == 2)
        await pilot.press("slash", *"garden")
        await wait_until(pilot, lambda: names(app) == ["dana"])
        await pilot.press("enter")
        assert app.screen.focused.id == "customers"
        await pilot.press("slash", "escape")
        await wait_until(pilot, lambda: len(names(app)) == 2)
        assert app.screen.query_one("#find", Input).value == ""


async def test_find_nobody_says_so(app, wait_until, text_of):
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: len(names(app)) == 2)
        await pilot.press("slash", *"zzz")
        await wait_until(pilot, lambda: "Nobody matches" in text_of(app))


async def test_filter_by_skill(app, wait_until):
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: len(names(app)) == 2)
        await pilot.press("f")
        await wait_until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("down", "enter")  # boundaries, the first after "every skill"
        await wait_until(pilot, lambda: isinstance(app.screen, HomeScreen) and names(app) == ["dana"])


async def test_choices_reach_the_briefing(app, wait_until, text_of):
    async with app.run_test(size=(110, 30)) as pilot:
        await wait_until(pilot, lambda: len(names(app)) == 2)
        await pilot.press("down", "i", "down", "down", "enter")  # drawn, Dana, Dan
        await wait_until(pilot, lambda: "Dan, 43" in app.screen.query_one("#card", Facts).words)
        await pilot.press("s", "down", "down", "enter")
        await pilot.press("n", *"77", "enter")
        await wait_until(pilot, lambda: "Seed 77" in app.screen.query_one("#card", Facts).words)
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, BriefingScreen) and "Plant adviser" in text_of(app))
        shown = text_of(app)
        assert "Dan, 43" in shown
        assert "seed 77" in shown


async def test_an_unfinished_conversation_is_offered_and_taken_up(app, open_store, wait_until, text_of):
    store = open_store()
    header = Transcript(id="t", persona="dana", scenario="hose", identity="Dana", seed=41)
    recorder = store.begin(header)
    recorder.save_turn(1, Turn(role="customer", text="Hello there."))
    recorder.save_turn(2, Turn(role="trainee", text="Good morning!"))
    recorder.save_draft("half a sen")
    store.close()
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: "stopped in the middle" in text_of(app))
        await pilot.press("u")
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen))
        await wait_until(pilot, lambda: app.screen.prompt.text)
        assert app.screen.prompt.text == "half a sen"
        # The customer owed a reply when it stopped: it comes by itself.
        await wait_until(pilot, lambda: len(app.screen.session.transcript.turns) == 3)
        assert [turn.text for turn in app.screen.session.transcript.turns][:2] == ["Hello there.", "Good morning!"]


async def test_of_several_unfinished_ones_one_is_chosen(app, open_store, wait_until, text_of):
    store = open_store()
    for name in ("Dana", "Dan"):
        turns = [Turn(role="customer", text="Hello."), Turn(role="trainee", text=f"Hi, {name}.")]
        store.begin(Transcript(id=name, persona="dana", scenario="hose", identity=name, seed=41, turns=turns))
    store.close()
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: "2 conversations stopped in the middle" in text_of(app))
        await pilot.press("u")
        await wait_until(pilot, lambda: isinstance(app.screen, Choose) and "2 turns · stopped in the middle" in text_of(app))
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen))
        session = app.screen.session
        assert session.transcript.turns[1].text == f"Hi, {session.identity.name}."


async def test_last_results_are_shown(app, open_store, wait_until):
    store = open_store()
    turns = [Turn(role="customer", text="Hello."), Turn(role="trainee", text="Hi.")]
    recorder = store.begin(Transcript(id="t", persona="ray", scenario="bread", identity="Ray", seed=1, turns=turns))
    grade = Grade(transcript="t", rubric="warmth", judge="built-in", status="scored", level=4, score=0.8)
    store.save_grades(recorder.session_id, [grade])
    recorder.save_phase("done")
    store.close()
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: "2 Nov · warmth 4" in app.screen.query_one("#card", Facts).words)


async def test_problems_in_files_are_one_key_away(app, rooms, wait_until, text_of, monkeypatch):
    library = rooms._shared[0]
    problems = [Problem("my/persona.yaml", "there is no feeling called 'thrust'", line=7, suggestion="trust")]
    broken = SimpleNamespace(personas=library.personas, problems=problems)
    monkeypatch.setattr(rooms, "_shared", (broken, rooms._shared[1]))
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: "a file has a problem" in text_of(app))
        await pilot.press("p")
        await wait_until(pilot, lambda: isinstance(app.screen, Read))
        await wait_until(pilot, lambda: "my/persona.yaml:7" in text_of(app))


async def test_without_a_store_the_app_works_and_says_so(app, tmp_path, wait_until, text_of):
    (tmp_path / "data").write_text("not a folder")
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: "not saved" in text_of(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, BriefingScreen))
        await wait_until(pilot, lambda: "Only here for a laugh" in text_of(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen))
        assert app.screen.recorder is None
        await wait_until(pilot, lambda: "This conversation is not saved" in text_of(app))


async def test_the_next_start_shows_what_this_one_knew(app, rooms, tmp_path, wait_until):
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: len(names(app)) == 2)
        await wait_until(pilot, app.glimpse_file.exists)
    record = json.loads(app.glimpse_file.read_text())
    assert [each["id"] for each in record["customers"]] == ["ray", "dana"]
    again = type(app)(rooms)
    assert [each.id for each in again.glimpse.customers] == ["ray", "dana"]


async def test_a_damaged_glimpse_is_ignored(rooms, app):
    app.glimpse_file.parent.mkdir(parents=True, exist_ok=True)
    for nonsense in ("{", "[]", '{"theme": 3}', "\x00", '{"circumstances": []}'):
        app.glimpse_file.write_text(nonsense)
        assert type(app)(rooms).glimpse.customers == ()


@pytest.mark.parametrize("size", [(20, 5), (10, 3), (40, 12), (220, 70)])
async def test_any_terminal_will_do(app, size, wait_until):
    async with app.run_test(size=size) as pilot:
        await wait_until(pilot, lambda: len(names(app)) == 2)
        await pilot.press("down", "i", "escape", "f1", "escape", "slash", "escape")
        await pilot.resize_terminal(80, 24)
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, BriefingScreen) and app.screen._persona)
        await pilot.resize_terminal(*size)
        await pilot.press("n", "escape", "escape")
        await wait_until(pilot, lambda: isinstance(app.screen, HomeScreen))
