"""How long a start takes, as ratios in one run: python tests/benchmarks/startup.py [--runs 7]

- first paint of the app (its name on the screen) against a minimal Textual app's (its word on the screen); at most 1.3
- ``fineline --help`` against ``python -c "import typer"``; at most 2

The commands of a pair take turns, so that a machine that slows down slows both. Medians are compared.
"""

from __future__ import annotations

import argparse
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from fcntl import ioctl
from pathlib import Path

MINIMAL = """
from textual.app import App
from textual.widgets import Static
class Minimal(App):
    def compose(self):
        yield Static("Hello there")
Minimal().run()
"""


def first_paint_ms(command: list[str], word: bytes, folder: Path) -> float:
    """Return the milliseconds from starting ``command`` in an 80×24 terminal until ``word`` has been written to it."""
    environment = {**os.environ, "TERM": "xterm-256color"}
    environment |= {f"FINELINE_{name}": str(folder / name.lower()) for name in ("DATA", "CONFIG", "CACHE")}
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        environment.pop(name, None)
    begun = time.perf_counter()
    process, terminal = pty.fork()
    if process == 0:
        os.execvpe(command[0], command, environment)
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seen = b""
    try:
        while time.perf_counter() - begun < 30:
            if select.select([terminal], [], [], 0.5)[0]:
                seen += os.read(terminal, 65536)
                if word in seen:
                    return (time.perf_counter() - begun) * 1000
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(terminal)
    raise SystemExit(f"{command} never showed {word!r}")


def run_ms(command: list[str]) -> float:
    """Return the milliseconds a command takes to end."""
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    """Measure and print the two ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    python = sys.executable
    ours: list[float] = []
    theirs: list[float] = []
    helps: list[float] = []
    typers: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        minimal = Path(scratch) / "minimal.py"
        minimal.write_text(MINIMAL)
        for count in range(runs + 1):
            times = (
                first_paint_ms([python, "-m", "simulator"], b"Fineline", Path(scratch)),
                first_paint_ms([python, str(minimal)], b"Hello", Path(scratch)),
                run_ms([python, "-m", "simulator", "--help"]),
                run_ms([python, "-c", "import typer"]),
            )
            if count:  # the first round warms the disk
                for series, value in zip((ours, theirs, helps, typers), times, strict=True):
                    series.append(value)
    for title, a, b, limit in (("first paint / minimal app", ours, theirs, 1.3), ("--help / import typer", helps, typers, 2.0)):
        x, y = statistics.median(a), statistics.median(b)
        print(f"{title}: {x:.0f} ms / {y:.0f} ms = {x / y:.2f} (at most {limit})")


if __name__ == "__main__":
    main()
