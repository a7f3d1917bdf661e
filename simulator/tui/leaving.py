"""Leaving in good order: signals and faults give the terminal back, say one line, and lose nothing."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

EXIT_BY_SIGNAL = 128  # plus the signal's number, as shells do
_PATIENCE_S = 3.0
_PATIENCE_WITHOUT_TERMINAL_S = 1.0  # after SIGHUP output goes nowhere, and waiting for it is in vain

# Everything Textual switches on, off again: mouse, focus reports, paste brackets, in-band resizes, kitty keys,
# synchronised output, alternate screen; line wrap, cursor and plain colours back on.
RESTORE = (
    "\x1b[?2026l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l\x1b[?1004l\x1b[?2004l\x1b[?2048l\x1b[<u"
    "\x1b[?1049l\x1b[?7h\x1b[?25h\x1b[0m"
)


@contextmanager
def signals_end_politely(leave: Callable[[int], None]) -> Iterator[None]:
    """Within the block, SIGTERM, SIGHUP and SIGINT call ``leave`` with the exit code (143, 129, 130).

    Should the app not be gone after a few seconds (an event loop that hangs, a terminal that is gone and takes no more
    output), the terminal is restored from here and the process ends: every turn is on disk already.
    """
    terminal = _terminal_attributes()

    def insist(code: int) -> None:
        _restore(terminal)
        os._exit(code)

    def received(number: int, _frame: FrameType | None) -> None:
        code = EXIT_BY_SIGNAL + number
        gone = code - EXIT_BY_SIGNAL == getattr(signal, "SIGHUP", None)
        watchdog = threading.Timer(_PATIENCE_WITHOUT_TERMINAL_S if gone else _PATIENCE_S, insist, (code,))
        watchdog.daemon = True
        watchdog.start()
        leave(code)

    before: dict[int, Any] = {}
    for name in ("SIGTERM", "SIGHUP", "SIGINT"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None:
            with suppress(ValueError):  # only the main thread may; elsewhere (tests, a web server) the host decides
                before[number] = signal.signal(number, received)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def switch_off_pixels() -> None:
    """Switch off mouse reports in pixels, which Textual 8 switches on where it can and leaves on."""
    if sys.__stderr__ is not None:
        with suppress(OSError, ValueError):
            sys.__stderr__.write("\x1b[?1016l")
            sys.__stderr__.flush()


def _terminal_attributes() -> list[Any] | None:
    if sys.platform == "win32":
        return None
    import termios

    try:
        return termios.tcgetattr(sys.__stdin__.fileno()) if sys.__stdin__ is not None else None
    except (termios.error, OSError, ValueError):
        return None


def _restore(attributes: list[Any] | None) -> None:
    with suppress(Exception):  # the terminal may be gone; nothing is left to do about it
        os.write(2, RESTORE.encode())
        if attributes is not None and sys.platform != "win32" and sys.__stdin__ is not None:
            import termios

            termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, attributes)


def write_fault(folder: Path, error: BaseException) -> Path | None:
    """Append where ``error`` came from to ``fineline.log`` in ``folder``, and return the file, or ``None`` without one.

    Files, lines, functions and types of exceptions, never a message or a value: those may hold what somebody typed, or a key.
    """
    lines: list[str] = []
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        lines.append(type(each).__name__)
        lines += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(each.__traceback__)]
        each = getattr(each, "error", None) or each.__cause__ or each.__context__
    path = folder / "fineline.log"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace") as file:
            file.write("\n".join(lines) + "\n\n")
    except OSError:
        return None
    return path
