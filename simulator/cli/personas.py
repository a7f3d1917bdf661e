"""``fineline personas``: list, show, check, begin, try and audit personas."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from simulator.cli import authored

app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="List, show, check, begin, try and audit personas."
)

Json = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the personas that can be met, gentlest first, and where each comes from."""
    from simulator.authoring.explain import DIFFICULTY
    from simulator.domain.text import clean

    library = authored.open_library()
    found = library.summaries()
    if as_json:
        authored.print_json([each.as_json() for each in found])
    else:
        width = max((len(each.id) for each in found), default=0)
        for each in found:
            facts = f"{DIFFICULTY[each.difficulty]}; {', '.join(each.trains)}; {each.origin}"
            print(clean(f"{each.id:<{width}}  {each.summary} ({facts})", keep_newlines=False))
    authored.say_problems(library)


@app.command()
def show(
    persona: Annotated[str, typer.Argument(help="A persona's id, or a path to a persona file.")],
    as_json: Json = False,
) -> None:
    """Explain a persona in a page: how it feels, what moves it, what it does, and what can be reached."""
    from simulator.authoring.explain import persona_page
    from simulator.authoring.yaml import load_yaml

    library = authored.open_library()
    entry = library.persona_entry(persona)
    if as_json:
        about = {"path": str(entry.path), "origin": entry.origin, "digest": entry.digest}
        authored.print_json(entry.value.model_dump(mode="json") | about)
        return
    document = load_yaml(entry.path)
    sys.stdout.write(persona_page(entry.value, document, entry.origin, authored.catalogue_of(library)))


@app.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders; left out: every persona of the library.", show_default=False)
    ] = None,
    as_json: Json = False,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail the check too.")] = False,
) -> None:
    """Find every mistake in persona files: what keeps them from being used, and what a trainer should look at.

    One problem a line, as file:line:column: message. Exit code 1 where there are errors, 0 for warnings alone.
    """
    authored.check(paths or [], ["persona"], as_json=as_json, strict=strict)


@app.command()
def schema() -> None:
    """Write the JSON Schema of persona files (draft 2020-12), for editors and other programs."""
    from simulator.authoring.schema import schema_text

    sys.stdout.write(schema_text("persona"))


@app.command()
def new(
    name: Annotated[
        str | None, typer.Argument(metavar="ID", help="The new persona's id, such as 'hurried-commuter'.", show_default=False)
    ] = None,
    called: Annotated[str | None, typer.Option("--name", help="What lists call the persona.")] = None,
    summary: Annotated[str | None, typer.Option(help="The persona in a line.")] = None,
    place: Annotated[str | None, typer.Option(help="Where they are met.")] = None,
    trainee: Annotated[str | None, typer.Option(help="The trainee's job.")] = None,
    wants: Annotated[str | None, typer.Option(help="What they came for: 'to return a kettle'.")] = None,
    trains: Annotated[str | None, typer.Option(help="Skills, separated by commas.")] = None,
    difficulty: Annotated[int, typer.Option(min=1, max=3, help="1 gentle, 2 testing, 3 hard.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file or folder; left out: ./personas/ID.yaml.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Take the id of a persona there is, to stand in its place.")] = False,
) -> None:
    """Begin a persona: a commented file that can be met at once. Asks what is not given, at a terminal."""
    from simulator.authoring.scaffold import PersonaIdea, check_skills, listed, persona_text

    name = authored.ask_id(name, list(authored.open_library().personas), "persona", replace=replace)
    plain = PersonaIdea(name)
    idea = PersonaIdea(
        name,
        name=called or "",
        summary=authored.ask("The persona in a line", plain.summary, summary),
        place=authored.ask("Where are they met", plain.place, place),
        trainee=authored.ask("What is the trainee's job", plain.trainee, trainee),
        wants=authored.ask("What did they come for", plain.wants, wants),
        trains=listed(authored.ask("Which skills does it train", ", ".join(plain.trains), trains, check_skills)),
        difficulty=difficulty,
    )
    authored.begin("persona", name, persona_text(idea), out)


@app.command()
def audit(
    persona: Annotated[str, typer.Argument(help="A persona's id, or a path to a persona file.")],
    voice: Annotated[Literal["builtin", "model"], typer.Option(help="Who finds the customer's words.")] = "builtin",
    plays: Annotated[int, typer.Option("-n", min=1, max=100, help="How often each trainee meets it in each scenario.")] = 1,
    seed: Annotated[int, typer.Option(help="The first seed; the same seed gives the same built-in audit.")] = 0,
    as_json: Json = False,
) -> None:
    """Let seven scripted trainees meet a persona, and report how it held: in role, consistent, no repeats, ends as it should.

    Exit code 1 where something is plainly wrong. With a model, what is said goes to the endpoint you chose.
    """
    from simulator.cli.auditing import audit_persona

    audit_persona(persona, voice=voice, plays=plays, seed=seed, as_json=as_json)


@app.command("try")
def try_(
    file: Annotated[Path, typer.Argument(help="A persona file.")],
    seed: Annotated[int, typer.Option(help="What is drawn: the scenario, the identity, the choice of lines.")] = 0,
) -> None:
    """Talk to a persona while you write it: the inner state beside the conversation, and every save of the file at once."""
    library = authored.open_library()
    from simulator.tui.trying import run

    raise typer.Exit(run(file, library, seed=seed))
