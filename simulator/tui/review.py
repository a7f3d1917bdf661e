"""``fineline review``: the app around one screen, on which a person rates."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import SystemCommand, get_system_commands_provider
from textual.command import Provider
from textual.screen import Screen

from simulator.domain.errors import UsageError
from simulator.tui import leaving
from simulator.tui.app import FinelineApp, _commands, _say_fault
from simulator.tui.screens.review import ReviewScreen

if TYPE_CHECKING:
    from simulator.tui.services import Services

_STYLES = Path(__file__).parent / "styles"


class ReviewApp(FinelineApp):
    """The app with the review alone: no customers to meet, no models to choose, and nothing of a machine's grade."""

    # A default screen's own stylesheets are not read by Textual.
    CSS_PATH = [_STYLES / "app.tcss", _STYLES / "review.tcss"]
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {get_system_commands_provider, _commands}

    def __init__(self, screen: ReviewScreen, services: Services | None = None) -> None:
        super().__init__(services)
        self._only = screen

    def get_default_screen(self) -> Screen[Any]:
        """The review is all there is."""
        return self._only

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer what the app itself can do here."""
        return (each for each in super().get_system_commands(screen) if each.title != "Choose models")

    async def action_quit(self) -> None:
        """Leave, after asking where the disk did not take everything."""
        if not self._only.would_lose_words:
            self.exit(0)
            return
        from simulator.tui.screens.dialogs import Confirm

        question = "Some of your ratings could not be saved. Leave all the same?"
        self.push_screen(Confirm(question, yes="Leave without them", no="Stay"), lambda leave: self.exit(0) if leave else None)


def has_terminal() -> bool:
    """Return whether there is a terminal to open a screen in."""
    return sys.__stdin__ is not None and sys.__stdin__.isatty() and sys.__stderr__ is not None and sys.__stderr__.isatty()


def run(screen: ReviewScreen) -> int:
    """Open the app on a review; return the exit code as :func:`simulator.tui.app.run`.

    Raises :class:`UsageError` without a terminal.
    """
    if not has_terminal():
        raise UsageError("Rating takes a terminal.", hint="Run it in one; results can be compared without: 'fineline agree'.")
    app = ReviewApp(screen)
    with leaving.signals_end_politely(app.leave):
        code = app.run()
    leaving.switch_off_pixels()
    if app.fault is not None or app.fault_unknown:
        return _say_fault(app)
    return code or 0
