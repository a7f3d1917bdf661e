"""The command line as a whole: names, help, errors, and what it does not import."""

from __future__ import annotations

import errno
import io
import subprocess
import sys

import pytest
import typer.main
from typer.testing import CliRunner

from simulator import __version__
from simulator.cli import main
from simulator.domain.errors import FinelineError

runner = CliRunner()


def test_the_version():
    result = runner.invoke(main.app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"fineline {__version__}\n")


def test_help_lists_every_command():
    result = runner.invoke(main.app, ["--help"])
    assert result.exit_code == 0
    assert all(f"  {name} " in result.stdout for name in main.COMMANDS)


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_is_there_and_explains_itself(name: str):
    result = runner.invoke(main.app, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert f"fineline {name}" in result.output


def test_an_unknown_command_is_answered_with_the_nearest():
    result = runner.invoke(main.app, ["persona"])
    assert result.exit_code == 2
    assert "Did you mean 'personas'?" in result.output


def test_help_imports_nothing_heavy():
    script = (
        "import sys; sys.argv = ['fineline', '--help']\n"
        "from simulator.__main__ import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'textual', 'openai', 'pydantic', 'rich', 'numpy', 'sqlalchemy', 'yaml', 'wordllama', 'tiktoken'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_an_error_is_one_message_with_its_hint_and_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    class OddError(FinelineError):
        exit_code = 7

    def fail() -> None:
        raise OddError("It is \x1b[31mbroken\x1b[0m.", hint="Mend it.")

    monkeypatch.setattr(main, "app", fail)
    with pytest.raises(SystemExit) as caught:
        main.main()
    assert caught.value.code == 7
    assert capsys.readouterr().err == "It is broken.\nMend it.\n"


def test_an_interrupt_ends_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "app", interrupt)
    with pytest.raises(SystemExit) as caught:
        main.main()
    assert caught.value.code == 130
    assert "Traceback" not in capsys.readouterr().err


def test_summaries_in_help_say_what_the_commands_say():
    for name, entry in main.COMMANDS.items():
        command = typer.main.get_command(__import__(entry.module, fromlist=["app"]).app)
        assert command.help, name


@pytest.mark.parametrize("late", [False, True])
def test_a_full_disk_behind_standard_output_is_said(
    late: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    def write() -> None:
        if not late:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(main, "app", write)
    monkeypatch.setattr("sys.stdout", Full())
    with pytest.raises(SystemExit) as left:
        main.main()
    assert left.value.code == 1
    assert capsys.readouterr().err == "Standard output could not be written: No space left on device.\n"
