"""How the screens look: pictures that a person has looked at and found good."""

from __future__ import annotations

import pytest
from textual.widgets import OptionList

from simulator.domain.grade import SelfRating
from simulator.models.discovery import Found, Trial
from simulator.models.endpoint import Endpoint
from simulator.models.errors import ModelError
from simulator.tui.screens.debrief import DebriefScreen
from simulator.tui.screens.history import HistoryScreen
from simulator.tui.screens.models import ModelsScreen
from simulator.tui.screens.rating import RatingScreen
from simulator.tui.screens.turns import TurnsScreen
from simulator.tui.widgets.debrief_page import DebriefPage
from simulator.tui.widgets.rating_line import RatingLine

SIZES = [(80, 24), (120, 40)]
each_size = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])


def on(screen: type, ready, wait_until, *keys: str, theme: str = "fineline"):
    """Return what to do before the picture: wait for the screen, press keys, wait for calm."""

    async def before(pilot):
        pilot.app.theme = theme
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, screen) and ready(pilot.app))
        for key in keys:
            await pilot.press(key)
        await pilot.wait_for_scheduled_animations()
        await pilot.pause()

    return before


def opening(app, open_it):
    """Open a screen as soon as the app is there."""
    app.call_later(open_it)
    return app


@each_size
def test_rating(snap_compare, app, practice, wait_until, size):
    def ready(app):
        return bool(app.screen.query(RatingLine))

    before = on(RatingScreen, ready, wait_until, "3", "down", "5", "down")
    assert snap_compare(opening(app, lambda: app.open_rating(practice)), terminal_size=size, run_before=before)


def debrief_ready(app):
    return bool(app.screen.query(DebriefPage)) and app.focused is not None


@each_size
def test_debrief(snap_compare, app, practice, grades, wait_until, size):
    practice.grades = grades
    practice.self_rating = SelfRating(levels={"boundaries": 4, "warmth": 2}, note="Leave the eyes out of it.")
    before = on(DebriefScreen, debrief_ready, wait_until)
    assert snap_compare(opening(app, lambda: app.open_debrief(practice)), terminal_size=size, run_before=before)


@each_size
def test_debrief_in_daylight_at_the_plot(snap_compare, app, practice, grades, wait_until, size):
    practice.grades = grades
    keys = ["down"] * 6 + ["right"]
    before = on(DebriefScreen, debrief_ready, wait_until, *keys, theme="fineline-light")
    assert snap_compare(opening(app, lambda: app.open_debrief(practice)), terminal_size=size, run_before=before)


@each_size
def test_turns(snap_compare, app, practice, grades, wait_until, size):
    practice.grades = grades

    async def before(pilot):
        await on(DebriefScreen, debrief_ready, wait_until, *["down"] * 7, "enter")(pilot)
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, TurnsScreen))
        await wait_until(pilot, lambda: pilot.app.screen.query_one(OptionList).highlighted is not None)

    assert snap_compare(opening(app, lambda: app.open_debrief(practice)), terminal_size=size, run_before=before)


@each_size
def test_history(snap_compare, app, practice, grades, store, transcript, wait_until, size):
    store.save_grades(practice.session_id, grades)
    practice.recorder.save_phase("done")
    store.begin(transcript.model_copy(update={"identity": "Ned", "ending": None, "turns": transcript.turns[:2]}))

    def ready(app):
        return app.screen.query_one("#both").display and app.focused is not None

    before = on(HistoryScreen, ready, wait_until)
    assert snap_compare(opening(app, app.open_history), terminal_size=size, run_before=before)


@each_size
def test_models(snap_compare, app, wait_until, size):
    tried = Trial(
        Endpoint("http://127.0.0.1:11434/v1", "small:3b", label="Ollama"),
        "Morning! I am after a kettle.",
        1.4,
        structured_problem=ModelError("malformed", "It did not keep to the form.", hint="Choose a larger one to judge."),
    )

    async def look(url):
        hosted = Endpoint("https://api.openai.com/v1", "gpt-4.1-mini", label="OpenAI")
        return [
            Found(hosted, problem=ModelError("unauthorised", "The server did not take the key.", hint="Check it.")),
            Found(tried.endpoint, ("small:3b", "large:70b", "[/x] odd")),
        ]

    async def attempt(endpoint):
        return tried

    async def before(pilot):
        screen = ModelsScreen(look, attempt)
        pilot.app.push_screen(screen)
        await wait_until(pilot, lambda: screen._found)
        await pilot.press("down", "down", "enter")
        await wait_until(pilot, lambda: screen._trials)

    assert snap_compare(app, terminal_size=size, run_before=before)
