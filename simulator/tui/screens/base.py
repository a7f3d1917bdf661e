"""What all screens share: the app by its own type, and the classes by which stylesheets meet small terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen

if TYPE_CHECKING:
    from simulator.tui.app import FinelineApp
    from simulator.tui.services import Services

Result = TypeVar("Result")

# Stylesheets may use these classes of the screen: what a terminal of that many columns or rows (and more) can carry.
WIDTHS = [(0, "-tiny"), (50, "-narrow"), (76, "-normal"), (110, "-wide")]
HEIGHTS = [(0, "-low"), (14, "-short"), (22, "-tall")]


def _laid_bare(screen: Screen[Any]) -> bool:
    """Close what lies on top of a screen, and return whether the screen is open at all.

    Textual's ``dismiss`` closes whatever is on top. Of two keys that come in one go the second reaches a screen that the first
    has closed: it must not close the conversation beneath, let alone the last screen there is.
    """
    if screen not in screen.app.screen_stack:
        return False
    while screen.app.screen is not screen:
        screen.app.pop_screen()
    return True


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

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close this screen with a result; once it is closed, do nothing."""
        return super().dismiss(result) if _laid_bare(self) else AwaitComplete()


class FinelineModal(ModalScreen[Result], Generic[Result]):
    """A small screen on top of another."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    @property
    def fineline(self) -> FinelineApp:
        """The app, by its own type."""
        return self.app  # type: ignore[return-value]

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close this screen with a result; once it is closed, do nothing."""
        return super().dismiss(result) if _laid_bare(self) else AwaitComplete()
