"""The ``fineline`` command: the app when nothing follows it, and otherwise the command line.

Kept apart so that the app's first paint waits for nothing it does not show.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Open the app, or run a command."""
    if len(sys.argv) == 1:
        from simulator.tui.app import run

        sys.exit(run())
    from simulator.cli.main import main as command_line

    command_line()


if __name__ == "__main__":
    main()
