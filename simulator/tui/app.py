"""The app: what is open, where to go from there, and a clean end whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App

from simulator.tui.services import Services

if TYPE_CHECKING:
    from simulator.conversation.session import Session
    from simulator.tui.flow import Practice, Recorder


class FinelineApp(App[int]):
    """Fineline in the terminal."""

    TITLE = "Fineline"

    def __init__(self, services: Services | None = None) -> None:
        super().__init__()
        self.services = services or Services()

    # Navigation. Home lies at the bottom; a practice replaces its own screens as it goes on.

    def go_home(self) -> None:
        """Close everything above the home screen, and let it show what is new."""

    def open_briefing(
        self, persona_id: str, scenario_id: str | None = None, identity: str | None = None, seed: int | None = None
    ) -> None:
        """Show the briefing for a customer; what is not given is drawn."""

    def open_conversation(self, session: Session, recorder: Recorder | None) -> None:
        """Show a conversation, in place of what is above home."""

    def open_rating(self, practice: Practice) -> None:
        """Let the trainee rate themselves, in place of the conversation."""

    def open_debrief(self, practice: Practice) -> None:
        """Show the debrief, in place of the rating. With grades and no rating it is one from the history."""

    def open_models(self) -> None:
        """Choose voice and judge, on top of what is open. The screen dismisses itself with ``True`` if anything changed."""

    def open_history(self) -> None:
        """Show past sessions, on top of home."""

    def open_resume(self) -> None:
        """Show the sessions that were left in the middle, on top of home."""

    def resume(self, session_id: str) -> None:
        """Go on with a saved session where it stopped: conversation, rating or debrief."""


def run() -> int:
    """Open the app and return the exit code."""
    return FinelineApp().run() or 0
