"""The way to the first frame is short: nothing heavy is on it."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = ("pydantic", "typer", "openai", "httpx2", "yaml", "numpy", "sqlalchemy", "alembic", "tokenizers", "tiktoken", "keyring",
         "jinja2", "wordllama", "textual_plot", "textual.widgets._text_area", "textual.widgets._markdown")  # fmt: skip

PROGRAM = """
import json, sys
from simulator.tui.app import FinelineApp
from simulator.tui.screens.home import HomeScreen

async def nothing(self):
    pass

def painted(self):
    shown = "".join(segment.text for strip in self._compositor.render_strips() for segment in strip)
    print(json.dumps({"modules": sorted(sys.modules), "shown": shown}), file=sys.__stdout__)
    self.app.exit(0)

FinelineApp._settle = nothing
HomeScreen._wake = painted
FinelineApp().run(headless=True)
"""


def test_nothing_heavy_is_imported_before_the_first_frame():
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    seen = json.loads(run.stdout)
    assert "Fineline" in seen["shown"]
    assert "Customers" in seen["shown"]
    assert "simulator.tui.screens.home" in seen["modules"]
    heavy = [name for name in seen["modules"] if name in HEAVY or name.split(".")[0] in HEAVY]
    assert heavy == []
