"""``fineline rubrics``: list, show, check and begin rubrics."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli import authored
from simulator.domain.errors import UsageError

app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="List, show, check, begin, try and audit rubrics."
)

Json = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the rubrics and where each comes from."""
    from simulator.domain.text import clean

    library = authored.open_library()
    found = library.rubric_summaries()
    if as_json:
        authored.print_json([each.as_json() for each in found])
    else:
        width = max((len(each.id) for each in found), default=0)
        for each in found:
            about = f"{each.summary or each.title} ({each.criteria} criteria; {each.origin})"
            print(clean(f"{each.id:<{width}}  {about}", keep_newlines=False))
    authored.say_problems(library)


@app.command()
def show(
    rubric: Annotated[str, typer.Argument(help="A rubric's id, or a path to a rubric file.")],
    as_json: Json = False,
) -> None:
    """Explain a rubric in a page: its levels, its criteria, and what meets and breaks them."""
    from simulator.authoring.explain import rubric_page

    library = authored.open_library()
    entry = library.rubric_entry(rubric)
    if as_json:
        about = {"path": str(entry.path), "origin": entry.origin, "digest": entry.digest}
        authored.print_json(entry.value.model_dump(mode="json") | about)
        return
    sys.stdout.write(rubric_page(entry.value, str(entry.path), entry.origin))


@app.command()
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files and folders; left out: every rubric and catalogue of the library.", show_default=False),
    ] = None,
    as_json: Json = False,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail the check too.")] = False,
    examples: Annotated[
        bool, typer.Option("--examples/--no-examples", help="Try whether the built-in detector hears the examples as meant.")
    ] = True,
) -> None:
    """Find every mistake in rubrics and behaviour catalogues.

    One problem a line, as file:line:column: message. Exit code 1 where there are errors, 0 for warnings alone.
    """
    from simulator.cli.examples import misheard

    further = misheard if examples else None
    authored.check(paths or [], ["rubric", "behaviours"], as_json=as_json, strict=strict, further=further)


@app.command()
def schema(
    behaviours: Annotated[bool, typer.Option("--behaviours", help="The schema of behaviour catalogues instead.")] = False,
) -> None:
    """Write the JSON Schema of rubric files (draft 2020-12), for editors and other programs."""
    from simulator.authoring.schema import schema_text

    sys.stdout.write(schema_text("behaviours" if behaviours else "rubric"))


@app.command()
def new(
    name: Annotated[
        str | None, typer.Argument(metavar="ID", help="The new rubric's id, such as 'listening'.", show_default=False)
    ] = None,
    title: Annotated[str | None, typer.Option(help="What debriefs call the skill.")] = None,
    summary: Annotated[str | None, typer.Option(help="The skill in a sentence.")] = None,
    behaviours: Annotated[str | None, typer.Option(help="Behaviours that show it, separated by commas.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file or folder; left out: ./rubrics/ID.yaml.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Take the id of a rubric there is, to stand in its place.")] = False,
) -> None:
    """Begin a rubric: a commented file that grades at once. Asks what is not given, at a terminal."""
    from simulator.authoring.scaffold import RubricIdea, check_behaviours, listed, rubric_text

    library = authored.open_library()
    name = authored.ask_id(name, list(library.rubrics), "rubric", replace=replace)
    plain = RubricIdea(name)
    catalogue = authored.catalogue_of(library)
    idea = RubricIdea(
        name,
        title=authored.ask("What is the skill called", name.replace("-", " ").replace("_", " ").capitalize(), title),
        summary=authored.ask("The skill in a sentence", plain.summary, summary),
        behaviours=listed(
            authored.ask(
                "Which behaviours show it",
                ", ".join(plain.behaviours),
                behaviours,
                lambda answer: check_behaviours(answer, catalogue),
            )
        )
        or list(plain.behaviours),
    )
    authored.begin("rubric", name, rubric_text(idea, catalogue), out)


@app.command()
def audit(
    rubric: Annotated[str, typer.Argument(help="A rubric's id, or a path to a rubric file.")],
    persona: Annotated[
        list[str] | None,
        typer.Option("--persona", "-p", help="Whom the trainees meet; may be given more than once. Left out: all who train it."),
    ] = None,
    plays: Annotated[int, typer.Option("-n", min=1, max=100, help="How often each trainee meets each in each scenario.")] = 1,
    seed: Annotated[int, typer.Option(help="The first seed; the same seed gives the same audit.")] = 0,
    as_json: Json = False,
) -> None:
    """Let seven scripted trainees be graded, and report how levels and criteria tell them apart, and what adds nothing."""
    from simulator.cli.rubric_auditing import audit_rubric

    audit_rubric(rubric, persona or [], plays=plays, seed=seed, as_json=as_json)


@app.command("try")
def try_(
    file: Annotated[Path, typer.Argument(help="A rubric file.")],
    persona: Annotated[
        str | None, typer.Option("--persona", "-p", help="Whom the scripted trainees meet; left out: one who trains the skill.")
    ] = None,
    transcripts: Annotated[
        list[str] | None, typer.Option("--transcripts", "-t", help="Conversations of your own instead: files, folders, globs.")
    ] = None,
    trainee: Annotated[str | None, typer.Option(help="The speaker who is graded in them, as the files name them.")] = None,
) -> None:
    """See conversations graded with a rubric while you write it: levels, findings and their words, anew at every save."""
    from itertools import islice

    from simulator.batch.readers import Reading, Rejected, read
    from simulator.batch.speakers import Sides
    from simulator.tui.rubric_trying import MOST, run_rubric

    found = read(transcripts, Reading(Sides(trainee))) if transcripts else iter(())
    own = list(islice((each for each in found if not isinstance(each, Rejected)), MOST))
    if transcripts and not own:
        raise UsageError("None of these conversations can be read.", hint="See what is wrong with 'fineline import'.")
    raise typer.Exit(run_rubric(file, authored.open_library(), persona=persona, transcripts=own))
