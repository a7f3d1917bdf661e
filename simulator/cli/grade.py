"""``fineline grade``: saved transcripts against rubrics, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from simulator.domain.errors import UsageError

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_RUN = "The run"
_JUDGE = "Who judges"
_READING = "How files are read"

_EXAMPLES = """Examples:

\b
  fineline grade calls/*.jsonl --out grades.jsonl
  fineline grade calls.csv.gz --trainee Agent --judge model --dry-run
  fineline grade calls.csv.gz --trainee Agent --judge model --budget 20 -o grades.jsonl
  fineline grade calls.csv.gz --trainee Agent --judges builtin,gpt-4.1-mini --repeats 3 -o panel.jsonl
  fineline grade calls.csv.gz --trainee Agent --judge model --batch-api -o grades.jsonl
  fineline grade store: --rubric boundaries --out mine.jsonl
  zcat calls.jsonl.gz | fineline grade - | jq .level
"""


@app.command(epilog=_EXAMPLES)
def grade(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Files, folders, globs; - for standard input; store: for the conversations held in the app, store:ID for one.",
            show_default=False,
        ),
    ],
    rubric: Annotated[
        list[str] | None,
        typer.Option(
            "--rubric",
            "-r",
            help="A rubric's id or file, or 'all'; may be given more than once. Left out: warmth, boundaries, authenticity and "
            "service; for a conversation with a persona, those that suit it (a colleague is not served).",
            show_default=False,
        ),
    ] = None,
    judge: Annotated[
        Literal["builtin", "model"] | None,
        typer.Option(help="The built-in judge (the default), or a model.", rich_help_panel=_JUDGE, show_default=False),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="The judge's model, NAME or NAME@URL, where it is not the one in the settings.", rich_help_panel=_JUDGE
        ),
    ] = None,
    judges: Annotated[
        str | None,
        typer.Option(
            help="A panel: 'builtin' and models (NAME or NAME@URL), with commas between. What they disagree on is listed in "
            "FILE.disagreements.csv.",
            rich_help_panel=_JUDGE,
        ),
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=1, max=25, help="Ask each model so many times, and take the majority.", rich_help_panel=_JUDGE)
    ] = 1,
    one_call: Annotated[
        bool, typer.Option("--one-call", help="Ask about all rubrics in one call: cheaper.", rich_help_panel=_JUDGE)
    ] = False,
    batch_api: Annotated[
        bool,
        typer.Option(
            "--batch-api",
            help="Hand the work to the endpoint's Batch API: cheaper, and answered within a day. The same command collects it.",
            rich_help_panel=_JUDGE,
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write results here, and go on where an earlier run stopped.", rich_help_panel=_RUN),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what is left to do and what it will cost, and stop there.", rich_help_panel=_RUN),
    ] = False,
    budget: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="AMOUNT",
            help="Stop before the results cost more than this, earlier runs into the same file included. Prices are in the "
            "settings.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Begin a large run without being asked.", rich_help_panel=_RUN)
    ] = False,
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1024,
            help="At most so many requests at once to each server; fewer while it is busy. Left out: 64, or 8 on this computer.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(min=0.001, metavar="PER_SECOND", help="At most so many requests a second.", rich_help_panel=_RUN),
    ] = None,
    no_cache: Annotated[
        bool,
        typer.Option(
            "--no-cache",
            help="Ask a model again about what it has judged before (same words, rubric, model and prompt).",
            rich_help_panel=_RUN,
        ),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Begin anew instead of going on: what --out holds is lost.", rich_help_panel=_RUN)
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try what failed in an earlier run again.", rich_help_panel=_RUN)
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="With --out or --dry-run: write a summary to standard output as JSON.", rich_help_panel=_RUN),
    ] = False,
    trainee: Annotated[
        str | None,
        typer.Option(help="The speaker who is graded, as the files name them.", rich_help_panel=_READING),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first record that cannot be read.", rich_help_panel=_READING)
    ] = False,
    conversation_column: Annotated[
        str | None, typer.Option(help="CSV: the column that tells conversations apart.", rich_help_panel=_READING)
    ] = None,
    speaker_column: Annotated[
        str | None, typer.Option(help="CSV: the column that says who speaks.", rich_help_panel=_READING)
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="CSV: the column with the words.", rich_help_panel=_READING)] = None,
) -> None:
    """Grade transcripts: one JSON record per transcript and rubric, to a file or standard output.

    Reads what 'fineline import' reads. With --out every grade is on disk before it is counted, and the same command goes on where
    it stopped and asks for nothing twice. Beside FILE are then FILE.run.json (what was run, and what it cost), FILE.done (what is
    done) and FILE.rejected (what could not be read). Ctrl-C finishes what is under way; twice leaves at once.

    With a model, what it will take is counted first. Exit code 1 where anything was rejected or failed or the budget was spent.
    """
    if out is not None:
        _refuse_what_holds_no_results(out)
    if as_json and out is None and not dry_run:
        raise UsageError(
            "Without --out, standard output holds the results themselves.", hint="Give --out FILE, or leave --json out."
        )
    if again and retry_failed:
        raise UsageError("--again begins anew: there is nothing left for --retry-failed to try.")

    from simulator.batch.readers import Reading
    from simulator.batch.speakers import Sides
    from simulator.cli.grade_run import Grading, Order

    order = Order(
        paths=tuple(paths),
        reading=Reading(Sides(trainee), conversation_column, speaker_column, text_column),
        rubrics=tuple(rubric or ()),
        judge=judge,
        model=model,
        judges=judges,
        repeats=repeats,
        one_call=one_call,
        batch_api=batch_api,
        out=out,
        concurrency=concurrency,
        rate=rate,
        budget=budget,
        cache=not no_cache,
        dry_run=dry_run,
        yes=yes,
        as_json=as_json,
        strict=strict,
        again=again,
        retry_failed=retry_failed,
    )
    if code := Grading(order).do():
        raise typer.Exit(code)


def _refuse_what_holds_no_results(out: Path) -> None:
    """Refuse a folder, and a results file that is called like something results are made into afterwards."""
    if out.is_dir():
        raise UsageError(f"{out} is a folder.", hint="Give --out the name of a file.")
    then = {".csv": "export", ".parquet": "export", ".xlsx": "export", ".html": "report"}.get(out.suffix.casefold())
    if then is not None:
        results = out.with_suffix(".jsonl")
        made = out.with_suffix(".csv") if out.suffix.casefold() == ".xlsx" else out
        raise UsageError(
            f"Results are JSONL, so that a run that is cut off loses nothing; {out} would not be.",
            hint=f"Write to --out {results}, then: fineline {then} {results} --out {made}",
        )
