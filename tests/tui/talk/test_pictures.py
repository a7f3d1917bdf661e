"""How the screens look: kept as pictures, at two sizes, in the dark and in the light."""

from __future__ import annotations

import pytest

from simulator.models.errors import ModelError
from simulator.tui import themes
from simulator.tui.screens.briefing import BriefingScreen
from simulator.tui.screens.conversation import ConversationScreen
from simulator.tui.screens.dialogs import Choose
from simulator.tui.screens.help import HelpScreen
from simulator.tui.widgets.talk import Line

SIZES = [(80, 24), (120, 40)]
BOTH = pytest.mark.parametrize("theme", [themes.DARK, themes.LIGHT])
SIZED = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])


@pytest.fixture
def dressed(app):
    """Return the app in a theme, with a cursor that stands still."""

    def dress(theme=themes.DARK):
        app.theme = theme
        return app

    return dress


def steady(app):
    app.screen.prompt.cursor_blink = False
    app.clear_notifications()


@BOTH
@SIZED
def test_home(dressed, snap_compare, wait_until, text_of, size, theme):
    async def ready(pilot):
        await wait_until(pilot, lambda: pilot.app.screen._library is not None)
        await pilot.press("down")
        await wait_until(pilot, lambda: "●●○ testing" in text_of(pilot.app))

    assert snap_compare(dressed(theme), terminal_size=size, run_before=ready)


@BOTH
@SIZED
def test_briefing(dressed, snap_compare, wait_until, text_of, size, theme):
    async def ready(pilot):
        pilot.app.open_briefing("dana", "hose", "Dana", 41)
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, BriefingScreen) and "Dana, 42" in text_of(pilot.app))

    assert snap_compare(dressed(theme), terminal_size=size, run_before=ready)


@BOTH
@SIZED
def test_conversation(dressed, voice, begun, snap_compare, wait_until, text_of, size, theme):
    voice.replies.append(["You are kind.", "Not everybody looks up when somebody comes in with a wet hose under the arm."])

    async def ready(pilot):
        app = pilot.app
        app.open_conversation(*await begun())
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen) and app.screen.query(Line))
        await wait_until(pilot, lambda: not app.screen._speaking)
        app.screen.prompt.insert("Oh dear, that is a nuisance on a Saturday. Let's see where it leaks, and get you your money.")
        await pilot.press("enter")
        await wait_until(pilot, lambda: len(app.screen.query(Line)) == 3 and not app.screen._speaking)
        app.screen.prompt.insert("Is it the joint?")
        steady(app)

    assert snap_compare(dressed(theme), terminal_size=size, run_before=ready)


def test_paused(dressed, begun, snap_compare, wait_until):
    async def ready(pilot):
        app = pilot.app
        app.open_conversation(*await begun())
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen) and app.screen.query(Line))
        await wait_until(pilot, lambda: not app.screen._speaking)
        steady(app)
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(app.screen, Choose))

    assert snap_compare(dressed(), terminal_size=(80, 24), run_before=ready)


@BOTH
def test_trouble(dressed, voice, begun, snap_compare, wait_until, theme):
    hint = "Look whether it is running, or choose another model."
    voice.replies[:] = [["Hello."], [ModelError("timeout", "The model did not answer within 20 seconds.", hint=hint)]]

    async def ready(pilot):
        app = pilot.app
        app.open_conversation(*await begun())
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen) and app.screen.query(Line))
        await wait_until(pilot, lambda: not app.screen._speaking)
        await pilot.press(*"Hi", "enter")
        await wait_until(pilot, lambda: app.screen.trouble.shown)
        app.screen.prompt.insert("And then?")
        steady(app)
        app.screen.trouble.focus()

    assert snap_compare(dressed(theme), terminal_size=(80, 24), run_before=ready)


def test_help(dressed, snap_compare, wait_until, text_of):
    async def ready(pilot):
        await wait_until(pilot, lambda: pilot.app.screen._library is not None)
        await pilot.press("f1")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen) and "The dots say" in text_of(pilot.app))
        await wait_until(pilot, lambda: "Meet" in text_of(pilot.app))

    assert snap_compare(dressed(), terminal_size=(80, 24), run_before=ready)


def test_tiny(dressed, voice, begun, snap_compare, wait_until):
    async def ready(pilot):
        app = pilot.app
        app.open_conversation(*await begun())
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen) and app.screen.query(Line))
        await wait_until(pilot, lambda: not app.screen._speaking)
        steady(app)

    assert snap_compare(dressed(), terminal_size=(30, 10), run_before=ready)
