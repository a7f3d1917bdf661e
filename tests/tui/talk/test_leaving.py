"""However the app is left, the terminal is as it was before and nothing that was said is lost."""

from __future__ import annotations

import errno
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

import pytest

from simulator.tui import leaving
from simulator.tui.screens.conversation import ConversationScreen
from simulator.tui.screens.home import HomeScreen

PROGRAM = "import sys; from simulator.__main__ import main; sys.argv = ['fineline']; main()"
BROKEN = """
import sys
from simulator.tui.screens.home import HomeScreen
from simulator.__main__ import main
sys.argv = ['fineline']

def broken(self):
    secret = "what I said to the customer"
    raise KeyError(secret)

HomeScreen.action_find = broken
main()
"""


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, program: str) -> None:
        self.master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", program], stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        self.output = b""

    def read_until(self, words: bytes, seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while words not in self.output:
            if time.monotonic() > until:
                raise AssertionError(f"{words!r} never came: …{self.output[-2000:]!r}")
            self._read(0.05)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return False
        try:
            self.output += os.read(self.master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return False
        return True

    def wait(self, seconds: float = 20) -> int:
        until = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < until:
            self._read(0.05)
        while self._read(0.05):
            pass
        return self.process.wait(timeout=1)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)


@pytest.fixture
def terminal():
    opened = []

    def run(program: str) -> Terminal:
        opened.append(Terminal(program))
        return opened[-1]

    yield run
    for each in opened:
        each.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal(terminal, number):
    app = terminal(PROGRAM)
    app.read_until(b"Customers")
    os.kill(app.process.pid, number)
    assert app.wait() == 128 + number
    after = app.output.rpartition(b"Customers")[2]
    for restored in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1003l", b"\x1b[?1016l", b"\x1b[?2004l", b"\x1b[<u"):
        assert restored in after
    assert termios.tcgetattr(app.slave) == app.before
    assert b"Traceback" not in app.output


def test_a_terminal_that_is_gone_ends_the_app(terminal):
    app = terminal(PROGRAM)
    app.read_until(b"Customers")
    os.close(app.slave)
    os.close(app.master)
    app.slave, app.master = os.pipe()
    os.kill(app.process.pid, signal.SIGHUP)
    assert app.process.wait(timeout=15) == 129


def test_a_fault_ends_in_one_line_and_a_log_without_words(terminal, tmp_path):
    app = terminal(BROKEN)
    app.read_until(b"Customers")
    os.write(app.master, b"/")
    assert app.wait() == 1
    after = app.output.rpartition(b"\x1b[?1049l")[2].decode()
    assert "Fineline had to stop" in after
    assert str(tmp_path / "data") in after
    assert "Traceback" not in app.output.decode(errors="replace")
    log = (tmp_path / "data" / "fineline.log").read_text()
    assert "KeyError" in log
    assert "in broken" in log
    assert "what I said" not in log
    assert "what I said" not in after
    assert termios.tcgetattr(app.slave) == app.before


def test_without_a_terminal_it_says_so():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False
    )
    assert run.returncode == 2
    assert "needs a terminal" in run.stderr


def test_an_app_that_hangs_is_ended_all_the_same(terminal, monkeypatch):
    hangs = f"""
import time
from simulator.tui import leaving
from simulator.tui.screens.home import HomeScreen
leaving._PATIENCE_S = 0.3
HomeScreen.action_find = lambda self: time.sleep(30)
{PROGRAM}
"""
    app = terminal(hangs)
    app.read_until(b"Customers")
    os.write(app.master, b"/")
    time.sleep(0.3)
    os.kill(app.process.pid, signal.SIGTERM)
    assert app.wait(seconds=10) == 143
    assert b"\x1b[?1049l" in app.output
    assert termios.tcgetattr(app.slave) == app.before


def test_faults_in_a_folder_that_cannot_be_written_are_no_second_fault(tmp_path):
    (tmp_path / "file").write_text("")
    assert leaving.write_fault(tmp_path / "file", ValueError("secret")) is None


async def test_ctrl_c_asks_before_it_leaves(app, wait_until):
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, HomeScreen))
        await pilot.press("ctrl+c")
        await wait_until(pilot, lambda: app._notifications)
        assert app.is_running
        await pilot.press("ctrl+c")
        await wait_until(pilot, lambda: app._exit)
    assert app.return_value == 0


async def test_ctrl_c_copies_what_is_selected_in_the_prompt(app, begun, wait_until):
    async with app.run_test() as pilot:
        session, recorder = await begun()
        app.open_conversation(session, recorder)
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen) and app.screen.focused)
        await pilot.press(*"abc", "f7", "ctrl+c")
        assert app.clipboard == "abc"
        assert app.is_running
