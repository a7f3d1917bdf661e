"""``fineline simulate``: a conversation without a screen."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from simulator.domain.errors import FinelineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.authoring.library import Library
    from simulator.conversation.scene import Voice
    from simulator.domain.transcript import Transcript, Turn

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_MOST_BYTES = 4_000_000


@app.command()
def simulate(
    persona: Annotated[str, typer.Argument(help="A persona's id, or a path to a persona file.")],
    trainee: Annotated[
        str, typer.Option("--trainee", help="A file with the trainee's lines, one a line; - reads standard input.")
    ],
    voice: Annotated[Literal["builtin", "model"], typer.Option(help="Who finds the customer's words.")] = "builtin",
    seed: Annotated[int, typer.Option(help="The same seed gives the same built-in conversation.")] = 0,
    identity: Annotated[str | None, typer.Option(help="Who plays the persona, by name; left out: drawn from the seed.")] = None,
    scenario: Annotated[str | None, typer.Option(help="The situation, by id; left out: drawn from the seed.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the transcript here instead of standard output.")] = None,
    show: Annotated[bool, typer.Option("--show", help="Show the conversation on standard error as it goes.")] = False,
) -> None:
    """Hold a conversation with the trainee's lines from a file, and write its transcript as one line of JSON.

    Blank lines are passed over. The conversation ends when the customer ends it, or as "out_of_lines". When a model fails
    twice in a row the command fails, and what was said until then is written with "ending": null.
    """
    import asyncio

    from simulator import settings
    from simulator.authoring.library import Library

    configured = settings.load()
    library = Library(settings.library_folders(configured), settings.cache_folder())
    if configured.voice == "builtin" and voice == "model":
        endpoint = settings.voice_endpoint(configured.model_copy(update={"voice": "auto"}))
    else:
        endpoint = settings.voice_endpoint(configured) if voice == "model" else None
    if voice == "model" and endpoint is None:
        raise UsageError(
            "There is no language model to speak with.",
            hint="Set OPENAI_API_KEY or OPENAI_BASE_URL, or choose one with 'fineline models'; or use --voice builtin.",
        )
    who = library.persona(persona)
    lines = _lines(trainee)

    from simulator.conversation.appraisal import ModelAppraiser
    from simulator.conversation.session import Session
    from simulator.conversation.simulate import run
    from simulator.conversation.voices.builtin import BuiltinVoice
    from simulator.language.detector import Detector

    detector = Detector.load(library.catalogue)

    async def hold() -> Transcript:
        builtin = BuiltinVoice(detector.encoder)
        chat = None
        appraiser = None
        speaks: Voice = builtin
        if endpoint is not None:
            from simulator.conversation.voices.model import ModelVoice
            from simulator.models.chat import ChatModel

            chat = ChatModel(endpoint)
            speaks = ModelVoice(chat, builtin)
            appraiser = ModelAppraiser(chat, library.catalogue)
        try:
            session = Session.begin(
                who, scenario, identity, seed, voice=speaks, detector=detector, appraiser=appraiser,
                persona_digest=_digest(library, persona), salt="\n".join(lines),
            )  # fmt: skip
            try:
                return await run(session, lines, show=_show(session.identity.name) if show else None)
            except FinelineError:
                _write(session.transcript, out)
                raise
        finally:
            if chat is not None:
                await chat.aclose()

    _write(asyncio.run(hold()), out)


def _digest(library: Library, persona: str) -> str:
    from simulator.authoring.library import digest
    from simulator.authoring.yaml import load_yaml

    entry = library.personas.get(persona)
    return entry.digest if entry is not None else digest(load_yaml(Path(persona)).data)


def _lines(source: str) -> list[str]:
    from simulator.conversation.session import cleaned

    if source == "-":
        data = sys.stdin.buffer.read(_MOST_BYTES + 1)
        name = "standard input"
    else:
        name = source
        try:
            with Path(source).open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except OSError as error:
            raise UsageError(f"The trainee's lines cannot be read from {source!r}: {error.strerror}.") from None
    if len(data) > _MOST_BYTES:
        raise UsageError(f"{name} is larger than {_MOST_BYTES // 1_000_000} MB.", hint="Give the trainee's lines, one a line.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UsageError(f"{name}:{line}: this is not UTF-8 text.", hint="Save the file as UTF-8.") from None
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                lines.append(cleaned(line))
            except UsageError as error:
                raise UsageError(f"{name}:{number}: {error.message}", hint=error.hint) from None
    return lines


def _show(customer: str) -> Callable[[Turn], None]:
    def write(turn: Turn) -> None:
        who = "You" if turn.role == "trainee" else customer
        print(f"{who}: {turn.text}", file=sys.stderr, flush=True)

    return write


def _write(transcript: Transcript, out: Path | None) -> None:
    import json

    from simulator.files import write_atomically

    record = json.dumps(transcript.as_record(), ensure_ascii=False) + "\n"
    if out is None:
        sys.stdout.write(record)
        sys.stdout.flush()
    else:
        write_atomically(out, record)
