"""Past conversations: listed, opened again, gone on with, and deleted only when meant."""

from __future__ import annotations

import pytest
from textual.widgets import OptionList

from simulator.tui.screens.dialogs import Confirm
from simulator.tui.screens.history import HistoryScreen


async def open_history(app, pilot, wait_until):
    app.open_history()
    await wait_until(pilot, lambda: isinstance(app.screen, HistoryScreen) and app.screen.query_one("#note").display is False)


@pytest.fixture
def done(practice, store, grades):
    """A conversation that is over and graded; its id."""
    store.save_grades(practice.session_id, grades)
    practice.recorder.save_phase("done")
    return practice.session_id


async def test_a_conversation_is_listed_with_how_it_went(app, done, wait_until, shown):
    async with app.run_test(size=(80, 24)) as pilot:
        await open_history(app, pilot, wait_until)
        text = shown(app)
        assert "22 Nov 2025" in text or "22 Nov 14:03" in text
        assert "Sam · Hopes for more than a refund" in text
        assert "Boundaries 3" in text
        assert "✓ Sam left content" in text


async def test_enter_opens_it_again(app, done, wait_until):
    async with app.run_test() as pilot:
        await open_history(app, pilot, wait_until)
        await pilot.press("enter")
        assert app.travels == [("resume", done)]


async def test_an_unfinished_one_is_marked_and_gone_on_with(app, practice, wait_until, shown):
    async with app.run_test(size=(80, 24)) as pilot:
        await open_history(app, pilot, wait_until)
        assert "▸ unfinished" in shown(app)
        await pilot.press("enter")
        assert app.travels == [("resume", practice.session_id)]


async def test_deleting_asks_and_keeps_by_default(app, done, store, wait_until):
    async with app.run_test() as pilot:
        await open_history(app, pilot, wait_until)
        await pilot.press("d")
        await wait_until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, HistoryScreen))
        assert len(store.sessions()) == 1
        await pilot.press("d")
        await wait_until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: store.sessions() == [])
        await wait_until(pilot, lambda: app.screen.query_one("#note").display)


async def test_nothing_kept_yet_is_said(app, wait_until, shown):
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_history()
        await wait_until(pilot, lambda: "Meet somebody first" in shown(app))
        await pilot.press("d", "a", "escape")
        assert app.travels == [("home",)]


async def test_a_store_that_cannot_be_used_is_said(app, rooms, wait_until, shown):
    rooms.kept, rooms.store_problem = None, "The disk is full."
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_history()
        await wait_until(pilot, lambda: "The disk is full." in shown(app))


async def test_a_customer_who_is_gone_is_still_listed(app, store, transcript, wait_until, shown):
    store.begin(transcript.model_copy(update={"persona": "gone", "identity": "Kim [/x]", "ending": "walked_out"}), phase="done")
    async with app.run_test(size=(120, 40)) as pilot:
        await open_history(app, pilot, wait_until)
        assert "Kim [/x] · gone" in shown(app)
        assert "walked out" in shown(app)


async def test_the_customer_can_be_met_again_from_here(app, done, wait_until):
    async with app.run_test() as pilot:
        await open_history(app, pilot, wait_until)
        await pilot.press("a")
        assert app.travels == [("briefing", "sam-hopes", "kettle", "Sam")]


async def test_any_terminal_will_do(app, done, wait_until):
    async with app.run_test(size=(1, 1)) as pilot:
        await open_history(app, pilot, wait_until)
        await pilot.press("down")
        for size in [(12, 4), (30, 10), (250, 70), (80, 24)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert app.screen.query_one(OptionList).highlighted == 0
