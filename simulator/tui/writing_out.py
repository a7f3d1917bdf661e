"""Taking a conversation out of the app: to the clipboard, or to a file of one's choice."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.domain.errors import FinelineError
from simulator.domain.text import clean
from simulator.tui.screens.dialogs import AskText, Choice, Choose

if TYPE_CHECKING:
    from simulator.domain.transcript import Transcript
    from simulator.tui.app import FinelineApp


def as_text(transcript: Transcript, customer: str) -> str:
    """Return what was said as plain text, a paragraph a turn."""
    names = {"customer": customer, "trainee": "You"}
    return "\n\n".join(f"{names[turn.role]}: {clean(turn.text)}" for turn in transcript.turns)


def write_out(app: FinelineApp, transcript: Transcript, customer: str) -> None:
    """Ask where the conversation should go, and take it there."""
    choices = [
        Choice("copy", "Copy everything that was said", key="c"),
        Choice("file", "Save the transcript to a file", "One JSON line, which fineline grade and export read too", key="f"),
    ]

    def chosen(choice: str | None) -> None:
        if choice == "copy":
            app.copy_to_clipboard(as_text(transcript, customer))
            app.notify("Copied.", timeout=2)
        elif choice == "file":
            name = re.sub(r"[^\w-]+", "-", customer).strip("-").lower() or "conversation"
            path = Path.home() / f"fineline-{name}-{transcript.seed}.jsonl"
            app.push_screen(AskText("Save where?", "A file that exists is not overwritten.", current=str(path)), given)

    def given(path: str | None) -> None:
        if path:
            app.run_worker(_save(app, transcript, Path(path).expanduser()), group="export")

    app.push_screen(Choose("Take this conversation out", choices), chosen)


async def _save(app: FinelineApp, transcript: Transcript, path: Path) -> None:
    from simulator.files import write_atomically

    line = json.dumps(transcript.as_record(), ensure_ascii=False) + "\n"
    try:
        await asyncio.to_thread(write_atomically, path, line, replace=False, mode=0o600)
    except FinelineError as error:
        app.say_error(error)
        return
    app.notify(str(path), title="Saved")
