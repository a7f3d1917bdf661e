"""Taking a debrief out of the app: Markdown for people, JSONL for programs, side by side in one folder."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulator.domain.errors import FinelineError
from simulator.files import write_atomically

if TYPE_CHECKING:
    from simulator.grading.debrief import Debrief

_MOST_NAMES: Final = 1000


def folder() -> Path:
    """Return where debriefs go: ``Fineline`` in the user's documents."""
    from platformdirs import user_documents_path

    return user_documents_path() / "Fineline"


def export(debrief: Debrief, into: Path, held_at: datetime) -> tuple[Path, Path]:
    """Write the debrief as Markdown and its transcript as JSONL into a folder, and return both paths.

    The names tell customer and time; where they are taken a number is added, so nothing is ever written over. Both files
    may be read by their owner alone. Raises :class:`FinelineError` where they cannot be written.
    """
    from simulator.grading.markdown import to_markdown

    stem = f"{debrief.persona}-{held_at:%Y-%m-%d-%H%M}"
    markdown = to_markdown(debrief)
    record = json.dumps(debrief.transcript.as_record(), ensure_ascii=False) + "\n"
    for number in range(1, _MOST_NAMES):
        name = stem if number == 1 else f"{stem}-{number}"
        page, lines = into / f"{name}.md", into / f"{name}.jsonl"
        if page.exists() or lines.exists():
            continue
        write_atomically(page, markdown, replace=False, mode=0o600)
        write_atomically(lines, record, replace=False, mode=0o600)
        return page, lines
    raise FinelineError(f"{into} holds too many debriefs of this name.", hint="Move some of them away.")
