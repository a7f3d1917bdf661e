"""``fineline behaviours``: list and show behaviours, and hear them in transcripts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli import authored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.domain.transcript import Transcript
    from simulator.language.detector import Detector

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="List and show behaviours, and hear them in transcripts.",
)

Json = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]
_AT_ONCE = 500  # transcripts heard together


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the behaviours that personas and rubrics may name."""
    from simulator.domain.text import clean

    catalogue = authored.open_library().catalogue
    if as_json:
        authored.print_json(
            [each.model_dump(mode="json", include={"id", "title", "description", "speakers", "after"}) for each in catalogue]
        )
        return
    width = max(len(each.id) for each in catalogue)
    for each in catalogue:
        print(clean(f"{each.id:<{width}}  {each.description} ({' or '.join(each.speakers)})", keep_newlines=False))


@app.command()
def show(
    behaviour: Annotated[str, typer.Argument(help="A behaviour's id.")],
    as_json: Json = False,
) -> None:
    """Show one behaviour: what it is, turns that show it, and turns that only look like it."""
    from simulator.domain.errors import unknown
    from simulator.domain.text import clean

    catalogue = authored.open_library().catalogue
    found = catalogue.get(behaviour)
    if found is None:
        raise unknown("behaviour", behaviour, catalogue.ids)
    if as_json:
        authored.print_json(found.model_dump(mode="json"))
        return
    lines = [f"{found.title} ({found.id})", found.description, f"Who can show it: {', '.join(found.speakers)}"]
    if found.after:
        lines.append(f"Only in answer to: {', '.join(found.after)}")
    lines += ["", "Shows it:", *(f"  {text}" for text in found.examples)]
    if found.near_misses:
        lines += ["", "Only looks like it:", *(f"  {text}" for text in found.near_misses)]
    print(clean("\n".join(lines)))


@app.command()
def detect(
    files: Annotated[list[str], typer.Argument(help="Transcript files, folders or globs; - for standard input.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the records here rather than to standard output.")
    ] = None,
) -> None:
    """Hear the behaviours in every turn of transcripts: one JSON record a turn, with strengths and quotes.

    Turns count from 1. A record: {"transcript", "turn", "role", "behaviours": [{"id", "strength", "quote"}]}.
    """
    from simulator.batch.readers import Rejected, read
    from simulator.domain.errors import EXIT_FAILURE, FinelineError
    from simulator.language.detector import Detector

    detector = Detector.load(authored.open_library().catalogue)
    rejected = 0

    def records() -> Iterator[str]:
        nonlocal rejected
        waiting: list[Transcript] = []
        for each in read(files, stdin=sys.stdin.buffer):
            if isinstance(each, Rejected):
                rejected += 1
                authored.say(f"{each.path}:{each.line}: {each.reason}")
                continue
            waiting.append(each)
            if len(waiting) == _AT_ONCE:
                yield from _records(detector, waiting)
                waiting = []
        yield from _records(detector, waiting)

    if out is None:
        for line in records():
            sys.stdout.write(line)
    else:
        try:
            with out.open("w", encoding="utf-8") as file:
                file.writelines(records())
        except OSError as error:
            raise FinelineError(f"{out} could not be written: {error.strerror or error}.") from None
    if rejected:
        authored.say(f"{rejected} records could not be read.")
        raise typer.Exit(EXIT_FAILURE)


def _records(detector: Detector, transcripts: list[Transcript]) -> Iterator[str]:
    for transcript, turns in zip(transcripts, detector.hear_many(transcripts), strict=True):
        for number, (turn, heard) in enumerate(zip(transcript.turns, turns, strict=True), 1):
            record: dict[str, Any] = {
                "transcript": transcript.id,
                "turn": number,
                "role": turn.role,
                "behaviours": [{"id": each.id, "strength": each.strength, "quote": each.quote} for each in heard],
            }
            yield json.dumps(record, ensure_ascii=False) + "\n"
