"""The app: what is open, where to go from there, and a clean end whatever happens.

Everything on the way to the first frame is imported here, and nothing else: see ``tests/tui/test_first_paint.py``.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from textual.app import App, SystemCommand, get_system_commands_provider
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.screen import Screen

from simulator.domain.errors import FinelineError
from simulator.tui import glimpse, leaving, themes
from simulator.tui.screens.home import HomeScreen
from simulator.tui.services import Services

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.theme import Theme

    from simulator.conversation.session import Session
    from simulator.tui.flow import Practice, Recorder

_STYLES = Path(__file__).parent / "styles"
_KEY_NAMES = {"escape": "esc", "question_mark": "?", "slash": "/", "pageup": "page up", "pagedown": "page down"}


def _commands() -> type[Provider]:
    from simulator.tui.palette import ScreenCommands

    return ScreenCommands


def _customers() -> type[Provider]:
    from simulator.tui.palette import CustomerCommands

    return CustomerCommands


class FinelineApp(App[int]):
    """Fineline in the terminal."""

    TITLE = "Fineline"
    # Home is the default screen, whose own stylesheet Textual does not read.
    CSS_PATH = [_STYLES / "app.tcss", _STYLES / "home.tcss"]
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {
        get_system_commands_provider, _commands, _customers,
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", id="help", tooltip="Explain what has the focus, and every key that works here"),
        Binding("f2", "toggle_brightness", "Light or dark", id="brightness", show=False, tooltip="Change between light and dark"),
        Binding("ctrl+q", "quit", "Leave", id="leave", show=False, priority=True, tooltip="Leave Fineline; all is saved"),
    ]

    def __init__(self, services: Services | None = None) -> None:
        super().__init__()
        self.services = services or Services()
        self.fault: BaseException | None = None
        self.fault_unknown = False
        self._loop_running: asyncio.AbstractEventLoop | None = None
        self._theme_kept = ""
        self.glimpse_file = glimpse.cache_file()
        self.glimpse = glimpse.read(self.glimpse_file)
        for theme in themes.THEMES:
            self.register_theme(theme)
        self.theme = self.glimpse.theme if self.glimpse.theme in self.available_themes else themes.DARK

    def get_default_screen(self) -> Screen[Any]:
        """Home lies at the bottom of the stack."""
        return HomeScreen()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return our own variables, for themes that do not know them."""
        return themes.fallbacks(ansi=self.current_theme.ansi)

    def on_mount(self) -> None:
        """Read what the first frame did not need, once it has been painted."""
        self._loop_running = asyncio.get_running_loop()
        self._theme_kept = self.theme
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        self.call_after_refresh(self.run_worker, self._settle, group="settings")

    async def _settle(self) -> None:
        settings = await self.services.settings()
        if self.services.settings_problem:
            self.notify(self.services.settings_problem, title="Settings", severity="warning", timeout=12)
        if settings.theme in self.available_themes:
            self._theme_kept = settings.theme
            self.theme = settings.theme
        if settings.keymap:
            self.set_keymap(settings.keymap)

    async def on_unmount(self) -> None:
        """Close connections and the store."""
        await self.services.aclose()

    # Navigation. Home lies at the bottom; a practice replaces its own screens as it goes on.

    def _show(self, screen: Screen[Any]) -> None:
        while len(self.screen_stack) > 2:
            self.pop_screen()
        if len(self.screen_stack) == 2:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def go_home(self) -> None:
        """Close everything above the home screen, and let it show what is new."""
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def open_briefing(
        self, persona_id: str, scenario_id: str | None = None, identity: str | None = None, seed: int | None = None
    ) -> None:
        """Show the briefing for a customer; what is not given is drawn."""
        from simulator.tui.screens.briefing import BriefingScreen

        self._show(BriefingScreen(persona_id, scenario_id, identity, seed))

    def open_conversation(self, session: Session, recorder: Recorder | None, *, draft: str = "") -> None:
        """Show a conversation, in place of what is above home."""
        from simulator.tui.screens.conversation import ConversationScreen

        self._show(ConversationScreen(session, recorder, draft=draft))

    def open_rating(self, practice: Practice) -> None:
        """Let the trainee rate themselves, in place of the conversation."""
        from simulator.tui.screens.rating import RatingScreen

        self._show(RatingScreen(practice))

    def open_debrief(self, practice: Practice) -> None:
        """Show the debrief, in place of the rating. With grades it is one from the history, and nothing is judged again."""
        from simulator.tui.screens.debrief import DebriefScreen

        self._show(DebriefScreen(practice))

    def open_models(self, then: Callable[[bool | None], None] | None = None) -> None:
        """Choose voice and judge, on top of what is open. The screen dismisses itself with ``True`` if anything changed."""
        from simulator.tui.screens.models import ModelsScreen

        self.push_screen(ModelsScreen(), then)

    def open_history(self) -> None:
        """Show past sessions, on top of home."""
        from simulator.tui.screens.history import HistoryScreen

        self._show(HistoryScreen())

    def open_resume(self) -> None:
        """Ask which of the sessions that were left in the middle to go on with."""
        self.run_worker(self._open_resume(), group="resume", exclusive=True)

    async def _open_resume(self) -> None:
        from simulator.tui.taking_up import ask_which

        try:
            await ask_which(self)
        except FinelineError as error:
            self.say_error(error)

    def resume(self, session_id: str) -> None:
        """Go on with a saved session where it stopped: conversation, rating or debrief."""
        self.run_worker(self._resume(session_id), group="resume", exclusive=True)

    async def _resume(self, session_id: str) -> None:
        from simulator.tui.taking_up import take_up

        try:
            await take_up(self, session_id)
        except FinelineError as error:
            self.say_error(error)

    # Saying things

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: Literal["information", "warning", "error"] = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a message that passes. Unlike Textual's own, its words are never markup unless asked."""
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def say_error(self, error: FinelineError) -> None:
        """Show what went wrong and what can be done."""
        from simulator.domain.text import clean

        self.notify(clean(f"{error.message}\n{error.hint}".strip()), severity="error", timeout=12)

    # Commands

    def get_key_display(self, binding: Binding) -> str:
        """Name keys as their caps and manuals do: ``ctrl+e``, ``esc``, ``?``."""
        if binding.key_display:
            return binding.key_display
        return _KEY_NAMES.get(binding.key, binding.key)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer what the app itself can do."""
        yield SystemCommand("Theme", "Choose the colours, the terminal's own among them", self.action_change_theme)
        yield SystemCommand("Light or dark", "Change between light and dark", self.action_toggle_brightness)
        yield SystemCommand("Help", "Explain what has the focus, and every key that works here", self.action_help)
        yield SystemCommand("Choose models", "Say who speaks for the customer and who judges", self.open_models)
        yield SystemCommand("Save a screenshot", "Write the screen to an SVG picture", lambda: self.save_picture(screen))
        yield SystemCommand("Leave", "Leave Fineline; all is saved", self.action_quit)

    def save_picture(self, screen: Screen[Any]) -> None:
        """Write the screen as SVG where Textual keeps its pictures, and say where."""
        del screen
        path = self.save_screenshot()
        self.notify(path, title="Saved")

    def action_help(self) -> None:
        """Explain the focused widget and the keys."""
        from simulator.tui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
        else:
            self.push_screen(HelpScreen(self.screen))

    def action_toggle_brightness(self) -> None:
        """Change between light and dark."""
        self.theme = themes.other(self.theme, dark=self.current_theme.dark)

    def _theme_changed(self, theme: Theme) -> None:
        if theme.name != self._theme_kept:
            self._theme_kept = theme.name
            self.run_worker(self._keep_theme(theme.name), group="settings")

    async def _keep_theme(self, name: str) -> None:
        try:
            await self.services.change_settings(theme=name)
        except FinelineError as error:
            self.say_error(error)
        home = self.screen_stack[0]
        if isinstance(home, HomeScreen):
            home.keep_glimpse()

    # Leaving

    def action_help_quit(self) -> None:
        """Ctrl+C: no hasty end; the second one leaves."""
        if getattr(self, "_asked_to_leave", False):
            self.run_worker(self.action_quit(), group="quit")
            return
        self._asked_to_leave = True
        self.set_timer(3, self._forget_asking)
        self.notify("Press ctrl+c again to leave. What was said is saved.", timeout=3)

    def _forget_asking(self) -> None:
        self._asked_to_leave = False

    async def action_quit(self) -> None:
        """Leave, after asking where something would be lost."""
        unsaved = next((screen for screen in self.screen_stack if getattr(screen, "would_lose_words", False)), None)
        if unsaved is None:
            self.exit(0)
            return
        from simulator.tui.screens.dialogs import Confirm

        question = "This conversation could not be saved. Leave all the same?"
        self.push_screen(Confirm(question, yes="Leave", no="Stay"), lambda leave: self.exit(0) if leave else None)

    def leave(self, code: int) -> None:
        """End with this exit code; called by signal handlers, at any moment."""
        if self._loop_running is None:
            raise SystemExit(code)
        self._loop_running.call_soon_threadsafe(lambda: self.exit(code, return_code=code))

    def _fatal_error(self) -> None:
        # In place of Textual's traceback with the values of variables, which may be what somebody said.
        self.fault = self._exception
        self._close_messages_no_wait()

    def panic(self, *renderables: Any) -> None:
        """End because something broke where there is no exception to keep."""
        self.fault_unknown = True
        self._return_code = 1
        self._close_messages_no_wait()

    def simulate_action(self, action: str, node: DOMNode) -> None:
        """Run a binding's action as if its key had been pressed."""
        self.run_worker(self.run_action(action, node), group="command")


def run() -> int:
    """Open the app and return the exit code: 0, 1 after a fault of our own, 143, 129 or 130 after a signal."""
    if not (sys.__stdin__ is not None and sys.__stdin__.isatty() and sys.__stderr__ is not None and sys.__stderr__.isatty()):
        print("fineline needs a terminal to open its app in. See 'fineline --help' for what works without one.", file=sys.stderr)  # noqa: T201
        return 2
    app = FinelineApp()
    with leaving.signals_end_politely(app.leave):
        code = app.run()
    leaving.switch_off_pixels()
    if app.fault is not None or app.fault_unknown:
        return _say_fault(app)
    return code or 0


def _say_fault(app: FinelineApp) -> int:
    from simulator.settings import data_folder

    folder = data_folder()
    log = leaving.write_fault(folder, app.fault) if app.fault is not None else None
    kept = f"What was said is kept in {folder} and will be offered at the next start."
    details = f" Details for the makers: {log}." if log is not None else ""
    print(f"Fineline had to stop: a fault of its own. {kept}{details}", file=sys.stderr)  # noqa: T201
    return 1
