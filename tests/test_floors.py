"""The house stands on its floors: imports go down only, and only the upper rooms touch terminal and environment."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "simulator"
UPPER = ("cli", "tui", "settings", "__main__.py")


def below() -> list[Path]:
    return [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in UPPER]


def touches(tree: ast.AST) -> list[str]:
    """Return what in a module prints, reads the environment or touches the terminal."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="print" | "input" as name)):
                found.append(f"{name}() in line {node.lineno}")
            case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "getenv" as name):
                found.append(f"os.{name} in line {node.lineno}")
            case ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr" | "stdin" as name):
                found.append(f"sys.{name} in line {node.lineno}")
    return found


def test_imports_go_down_only():
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_imports_the_command_line():
    importers = [
        path
        for path in PACKAGE.rglob("*.py")
        if "cli" not in path.relative_to(PACKAGE).parts
        and path.name != "__main__.py"
        and "simulator.cli" in path.read_text("utf-8")
    ]
    assert importers == []


def test_lower_rooms_neither_print_nor_read_the_environment():
    assert len(below()) > 20
    assert {str(path): found for path in below() if (found := touches(ast.parse(path.read_text("utf-8"))))} == {}


@pytest.mark.parametrize(
    "source", ["print('x')", "import os\nos.environ['HOME']", "import os\nos.getenv('HOME')", "import sys\nsys.stdout.write('x')"]
)
def test_the_look_below_sees_what_it_looks_for(source: str):
    assert len(touches(ast.parse(source))) == 1
