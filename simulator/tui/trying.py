"""``fineline personas try`` and ``fineline rubrics try``: the app around one file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from simulator.domain.errors import AuthoringError, UsageError, nearest
from simulator.tui import leaving
from simulator.tui.app import FinelineApp, _say_fault
from simulator.tui.screens.trying import TryScreen
from simulator.tui.watching import WatchedFile

if TYPE_CHECKING:
    from simulator.authoring.library import Library
    from simulator.conversation.scene import Voice
    from simulator.conversation.session import Detector, Session
    from simulator.domain.persona import Persona
    from simulator.tui.services import Services

_STYLES = Path(__file__).parent / "styles"


class TryApp(FinelineApp):
    """The app with one screen: there is no home to go to, and the file is all there is."""

    # A default screen's own stylesheets are not read by Textual.
    CSS_PATH = [_STYLES / "app.tcss", _STYLES / "conversation.tcss", _STYLES / "trying.tcss", _STYLES / "rubric_trying.tcss"]

    def __init__(self, screen: Screen[Any], services: Services | None = None) -> None:
        super().__init__(services)
        self._only = screen

    def get_default_screen(self) -> Screen[Any]:
        """The trial is all there is."""
        return self._only


def try_screen(path: Path, library: Library, detector: Detector, voice: Voice, *, seed: int = 0) -> TryScreen:
    """Return the screen for a file. Raises :class:`UsageError` where there is none, :class:`AuthoringError` for a broken one."""
    from simulator.authoring import reading
    from simulator.conversation.session import Session

    there_is(path, "personas")
    file = WatchedFile(path, "persona", library.behaviour_ids)
    persona = file.look().value
    if persona is None:
        raise AuthoringError(reading.read(path, library.behaviour_ids, kind="persona").problems)

    def begin(who: Persona, number: int) -> Session:
        return Session.begin(who, None, None, number, voice=voice, detector=detector)

    return TryScreen(begin(persona, seed), file, begin)


def there_is(path: Path, group: str) -> None:
    """Raise :class:`UsageError`, naming the nearest, where there is no such file; ``group`` is the command that begins one."""
    if not path.is_file():
        near = nearest(path.name, (each.name for each in path.parent.glob("*.y*ml"))) if path.parent.is_dir() else ""
        hint = f"Did you mean {path.parent / near}?" if near else f"Begin one with 'fineline {group} new'."
        raise UsageError(f"There is no file {str(path)!r}.", hint=hint)


def run(path: Path, library: Library, *, seed: int = 0) -> int:
    """Open the app on a file with the built-in voice; return the exit code as :func:`simulator.tui.app.run`."""
    from simulator.conversation.voices.builtin import BuiltinVoice
    from simulator.language.detector import Detector

    detector = Detector.load(library.catalogue)
    screen = try_screen(path, library, detector, BuiltinVoice(detector.encoder), seed=seed)
    return show(
        TryApp(screen), "A persona is tried in a terminal.", "Without one: 'fineline personas audit', or 'fineline simulate'."
    )


def show(app: TryApp, refusal: str, hint: str) -> int:
    """Run the app; return its exit code. Raises :class:`UsageError` (``refusal``, ``hint``) where there is no terminal."""
    if not (sys.__stdin__ is not None and sys.__stdin__.isatty() and sys.__stderr__ is not None and sys.__stderr__.isatty()):
        raise UsageError(refusal, hint=hint)
    with leaving.signals_end_politely(app.leave):
        code = app.run()
    leaving.switch_off_pixels()
    if app.fault is not None or app.fault_unknown:
        return _say_fault(app)
    return code or 0
