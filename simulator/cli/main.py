"""The command line: what commands there are, and how their errors reach people.

Commands are found here by name and imported only when called, so that ``--help`` and completion stay quick.
"""

from __future__ import annotations

import errno
import io
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from simulator import __version__
from simulator.domain.errors import EXIT_FAILURE, EXIT_INTERRUPTED, EXIT_USAGE, FinelineError, nearest

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


@dataclass(frozen=True)
class Entry:
    """Where a command lives (``module`` has a Typer called ``app``) and the line that ``--help`` shows for it."""

    module: str
    help: str


COMMANDS = {
    "personas": Entry("simulator.cli.personas", "List, show, check, begin, try and audit personas."),
    "rubrics": Entry("simulator.cli.rubrics", "List, show, check, begin, try and audit rubrics."),
    "behaviours": Entry("simulator.cli.behaviours", "List and show behaviours, and hear them in transcripts."),
    "validate": Entry("simulator.cli.validate", "Hold what the built-in ear hears against human labels."),
    "simulate": Entry("simulator.cli.simulate", "Hold a conversation without a screen."),
    "grade": Entry("simulator.cli.grade", "Grade saved transcripts, thousands of them, resumably."),
    "audit": Entry("simulator.cli.audit", "Test whether grades depend on who the people are."),
    "review": Entry("simulator.cli.review", "Rate transcripts yourself, blind to the machine's grade."),
    "agree": Entry("simulator.cli.agree", "Say how far raters agree, people and machines."),
    "report": Entry("simulator.cli.report", "Make one page of results to read, print and defend."),
    "models": Entry("simulator.cli.models", "Look for language models, try them and choose."),
    "import": Entry("simulator.cli.importing", "Turn transcripts of any known format into JSONL."),
    "export": Entry("simulator.cli.export", "Write conversations or results to files of other kinds."),
    "doctor": Entry("simulator.cli.doctor", "Say whether everything is in place, and what to do."),
}


class LazyGroup(TyperGroup):
    """A group that imports a command's module when the command is called, not when its name is listed."""

    _listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of :data:`COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command, or ``None``."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if self._listing:
            return TyperCommand(cmd_name, help=entry.help)
        command = typer.main.get_command(import_module(entry.module).app)
        command.name = cmd_name
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help without importing what it lists."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, offering the nearest name where there is none."""
        name = args[0]
        if not name.startswith("-") and name not in COMMANDS:
            near = nearest(name, COMMANDS)
            hint = f"Did you mean {near!r}?" if near else "See 'fineline --help'."
            print(f"There is no command {name!r}. {hint}", file=sys.stderr)
            raise typer.Exit(EXIT_USAGE)
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=LazyGroup,
    name="fineline",
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"fineline {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def fineline(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Practise serving customers with simulated people, and see with evidence how it went.

    Without a command the app opens. Exit codes: 0 done, 1 it went wrong or problems were found, 2 wrong usage, 130
    interrupted.
    """
    if context.invoked_subcommand is None:
        from simulator.tui.app import run

        raise typer.Exit(run())


def say_error(error: FinelineError) -> None:
    """Write what went wrong, and what can be done, to standard error."""
    from simulator.domain.text import clean

    print(clean(error.message), file=sys.stderr)
    if error.hint:
        print(clean(error.hint), file=sys.stderr)


def main() -> None:
    """Run a command; end with its exit code, and never with a traceback for what people did or met."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names of files may be no Unicode text; written so, they are JSON's own way to spell them.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            app()
        finally:
            # What still waits is written here, where its failing can be said, and not by Python after everything.
            if sys.stdout is not None and not sys.stdout.closed:
                sys.stdout.flush()
    except FinelineError as error:
        say_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of a pipe left: point the output elsewhere, so that Python's own flush at exit stays quiet.
        sys.stdout = None
        sys.exit(EXIT_INTERRUPTED)
    except OSError as error:
        # Files are named by those who write them; what has no name is standard output.
        if error.filename is not None or error.errno not in _NO_ROOM:
            raise
        sys.stdout = None
        print(f"Standard output could not be written: {error.strerror}.", file=sys.stderr)
        sys.exit(EXIT_FAILURE)
