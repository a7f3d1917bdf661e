"""What all screens share: the app by its own type, and the classes by which stylesheets meet small terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from textual.screen import ModalScreen, Screen

if TYPE_CHECKING:
    from simulator.tui.app import FinelineApp
    from simulator.tui.services import Services

Result = TypeVar("Result")

# Stylesheets may use these classes of the screen: what a terminal of that many columns or rows (and more) can carry.
WIDTHS = [(0, "-tiny"), (50, "-narrow"), (76, "-normal"), (110, "-wide")]
HEIGHTS = [(0, "-low"), (14, "-short"), (22, "-tall")]


class FinelineScreen(Screen[Result], Generic[Result]):
    """A whole screen of the app."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    @property
    def fineline(self) -> FinelineApp:
        """The app, by its own type: navigation lives there."""
        return self.app  # type: ignore[return-value]

    @property
    def services(self) -> Services:
        """The rooms below, loaded when first asked for."""
        return self.fineline.services


class FinelineModal(ModalScreen[Result], Generic[Result]):
    """A small screen on top of another."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    @property
    def fineline(self) -> FinelineApp:
        """The app, by its own type."""
        return self.app  # type: ignore[return-value]
