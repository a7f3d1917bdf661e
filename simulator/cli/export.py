"""``fineline export``: saved conversations as JSONL, or one as a Markdown debrief."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from simulator.domain.errors import UsageError

app = typer.Typer(rich_markup_mode=None)


@app.command()
def export(
    session: Annotated[str | None, typer.Argument(help="A session's id, or the beginning of it; left out: all of them.")] = None,
    persona: Annotated[str | None, typer.Option(help="Only conversations with this persona.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write here instead of standard output.")] = None,
    listing: Annotated[bool, typer.Option("--list", help="List the saved sessions instead.")] = False,
) -> None:
    """Write saved conversations as JSONL, one transcript a line, newest first.

    Each has its session's id in "session", the self-rating in "self_rating" and its grades in "grades".
    """
    import json

    from simulator import settings
    from simulator.files import write_atomically
    from simulator.store.store import Store

    store = Store.open(settings.data_folder())
    try:
        summaries = store.sessions(persona, limit=1_000_000)
        if session is not None:
            summaries = [each for each in summaries if each.id.startswith(session)]
            if not summaries:
                raise UsageError(f"There is no saved session {session!r}.", hint="See 'fineline export --list'.")
            if len(summaries) > 1:
                raise UsageError(f"{len(summaries)} saved sessions begin with {session!r}.", hint="Give more of the id.")
        if listing:
            for each in summaries:
                levels = " ".join(f"{rubric} {level}" for rubric, level in each.levels.items())
                when, state = f"{each.started_at:%Y-%m-%d %H:%M}", each.ending or each.phase
                print(f"{each.id[:12]}  {when}  {each.persona or '–'}  {state}  {levels}")
            return
        lines = []
        for each in summaries:
            record = store.transcript(each.id).as_record()
            rating = store.self_rating(each.id)
            record["session"] = each.id
            record["started_at"] = each.started_at.isoformat()
            record["self_rating"] = rating.model_dump() if rating else None
            record["grades"] = [grade.model_dump(mode="json") for grade in store.grades(each.id)]
            lines.append(json.dumps(record, ensure_ascii=False))
    finally:
        store.close()
    text = "".join(f"{line}\n" for line in lines)
    if out is None:
        sys.stdout.write(text)
    else:
        write_atomically(out, text)
        print(f"{len(lines)} conversations written to {out}", file=sys.stderr)
