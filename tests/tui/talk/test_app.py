"""What belongs to the whole app: themes, keys, commands, help, settings."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import tomllib

import pytest
from textual.binding import Binding
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.widgets import OptionList

from simulator import tui
from simulator.domain.errors import FinelineError
from simulator.settings import Settings, config_file
from simulator.tui import themes
from simulator.tui.app import FinelineApp
from simulator.tui.screens.briefing import BriefingScreen
from simulator.tui.screens.help import HelpScreen
from simulator.tui.screens.home import HomeScreen
from simulator.tui.services import Services


def own_bindings():
    """Yield every class of the app with the bindings it declares itself."""
    for found in pkgutil.walk_packages(tui.__path__, "simulator.tui."):
        module = importlib.import_module(found.name)
        for _, each in inspect.getmembers(module, inspect.isclass):
            if issubclass(each, DOMNode) and each.__module__ == found.name and "BINDINGS" in vars(each):
                yield each, vars(each)["BINDINGS"]


def test_every_key_has_an_id_and_is_explained():
    seen = 0
    for owner, bindings in own_bindings():
        for binding in bindings:
            assert isinstance(binding, Binding), owner
            assert binding.id, (owner, binding.key)
            assert binding.tooltip, (owner, binding.key)
            assert binding.description, (owner, binding.key)
            seen += 1
    assert seen > 30


async def test_a_theme_is_remembered(app, rooms, wait_until):
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: app.screen._library is not None)
        await pilot.press("f2")
        await wait_until(pilot, config_file().exists)
        await wait_until(pilot, lambda: f'"{themes.LIGHT}"' in app.glimpse_file.read_text())
    assert tomllib.loads(config_file().read_text())["theme"] == themes.LIGHT
    again = FinelineApp(Services())
    assert again.theme == themes.LIGHT


@pytest.mark.parametrize("theme", [*(each.name for each in themes.THEMES), "textual-dark", "nord", "solarized-light"])
async def test_all_themes_can_be_worn(app, theme, wait_until, text_of):
    async with app.run_test() as pilot:
        app.theme = theme
        await wait_until(pilot, lambda: "Ray" in text_of(app))


@pytest.mark.parametrize("theme", [each for each in themes.THEMES if not each.ansi], ids=lambda each: each.name)
def test_text_can_be_read_on_its_ground(theme):
    from textual.color import Color

    def luminance(color):
        channels = [value / 255 for value in color.rgb]
        linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    texts = [theme.foreground, theme.primary, theme.accent, theme.warning, theme.error, theme.success, theme.variables["quiet"]]
    grounds = [theme.background, theme.surface, theme.variables["block-cursor-background"]]
    for text in texts:
        for ground in grounds:
            light, dark = sorted((luminance(Color.parse(text)), luminance(Color.parse(ground))), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


async def test_the_keymap_of_the_settings_holds(rooms, wait_until):
    rooms._opened["settings"] = Settings(keymap={"home.find": "ctrl+f", "no.such.key": "x"})
    app = FinelineApp(rooms)
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: app.screen._library is not None)
        await pilot.press("slash")
        assert app.screen.focused.id == "customers"
        await pilot.press("ctrl+f")
        assert app.screen.focused.id == "find"


async def test_settings_with_mistakes_are_said_and_left_alone(wait_until, text_of):
    path = config_file()
    path.parent.mkdir(parents=True)
    path.write_text('theem = "nord"\n')
    app = FinelineApp(Services())
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await wait_until(pilot, lambda: "setting 'theem'" in text_of(app))
        with pytest.raises(FinelineError):
            await app.services.change_settings(theme="nord")
    assert path.read_text() == 'theem = "nord"\n'


async def test_the_palette_finds_commands_and_customers(app, wait_until, text_of):
    async with app.run_test(size=(100, 40)) as pilot:
        await wait_until(pilot, lambda: app.screen._library is not None)
        await pilot.press("ctrl+p")
        await wait_until(pilot, lambda: isinstance(app.screen, CommandPalette) and "Past conversations" in text_of(app))
        await pilot.press(*"meet ray")
        await wait_until(pilot, lambda: "Meet Ray: Only here for a laugh" in text_of(app))
        await wait_until(pilot, lambda: app.screen.query_one(OptionList).option_count > 0)
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, BriefingScreen))


async def test_help_explains_what_has_the_focus(app, wait_until, text_of):
    async with app.run_test(size=(100, 40)) as pilot:
        await wait_until(pilot, lambda: app.screen._library is not None)
        await pilot.press("f1")
        await wait_until(pilot, lambda: isinstance(app.screen, HelpScreen) and "The people you can meet" in text_of(app))
        assert "Read the briefing for this customer" in text_of(app)
        await pilot.press("f1")
        await wait_until(pilot, lambda: isinstance(app.screen, HomeScreen))


async def test_notifications_are_never_markup(app, wait_until, text_of):
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        app.notify("[/x] is what they said", title="[red]")
        app.say_error(FinelineError("It [bold]broke[/y].", hint="[/z]"))
        await wait_until(pilot, lambda: "[/x] is what they said" in text_of(app) and "It [bold]broke[/y]." in text_of(app))
