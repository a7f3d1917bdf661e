"""``fineline review``: a person rates the transcripts of a run, blind to the machine."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli import authored
from simulator.domain.errors import UsageError, unknown

if TYPE_CHECKING:
    from simulator.batch.manifest import RunManifest
    from simulator.batch.rating_file import RatingFile
    from simulator.batch.readers import Rejected
    from simulator.batch.review import Review
    from simulator.batch.sources import Source
    from simulator.batch.worklist import Graded, RubricToRate, Worklist
    from simulator.domain.transcript import Transcript

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_MANY = 5000  # transcripts from which looking takes a while
_STORE = "store:"
_NAMED = 5  # transcripts named in a message


@app.command()
def review(
    results: Annotated[Path, typer.Argument(help="Results of 'fineline grade': which transcripts, against which rubrics.")],
    rater: Annotated[str | None, typer.Option(help="Who rates, as agree and report name you; left out: your login name.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where ratings go; left out: beside RESULTS, with your name.")
    ] = None,
    transcripts: Annotated[
        list[str] | None,
        typer.Option("--transcripts", help="Where the transcripts are, if not where the run had them; may be given again."),
    ] = None,
    rubric: Annotated[
        list[str] | None, typer.Option("--rubric", "-r", help="Only this rubric (an id or a file); may be given again.")
    ] = None,
    only: Annotated[
        Path | None,
        typer.Option(
            "--only",
            metavar="CSV",
            help="Only transcripts that a CSV names, in its order; RESULTS.disagreements.csv has what a panel disagrees on.",
        ),
    ] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="Rate so many, drawn at random.")] = None,
    seed: Annotated[int, typer.Option(help="What is drawn, and in which order it comes; the same sample for every rater.")] = 0,
    blind_names: Annotated[
        bool, typer.Option("--blind-names", help="Show people without names, pronouns and gendered words.")
    ] = False,
    trainee: Annotated[
        str | None, typer.Option(help="With --transcripts: the speaker who is rated, as the files name them.")
    ] = None,
) -> None:
    """Rate transcripts yourself, one at a time, with the questions the judge had and without seeing what it found.

    Every key is on disk at once, and the same command goes on where you stopped. The ratings are results like a judge's: compare
    them with 'fineline agree RESULTS YOURS'.
    """
    from simulator.batch.manifest import load_manifest
    from simulator.batch.rating_file import RatingFile, rating_file_of
    from simulator.batch.review import Review
    from simulator.batch.worklist import graded_in
    from simulator.domain.text import clean
    from simulator.tui.review import has_terminal, run
    from simulator.tui.screens.review import ReviewScreen

    who = clean(rater if rater is not None else _login(), keep_newlines=False).strip()
    if not who:
        raise UsageError("Who is rating?", hint="Say it with --rater NAME.")
    graded = graded_in(results)
    manifest = load_manifest(results)
    rubrics = _rubrics(rubric or [], graded, manifest, results)
    path = out if out is not None else rating_file_of(results, who)
    if path.exists() and path.samefile(results):
        raise UsageError("Ratings cannot go into the results they are to be compared with.", hint="Choose another --out.")
    if not has_terminal():
        raise UsageError("Rating takes a terminal.", hint="Results can be compared without one: 'fineline agree'.")
    with closing(RatingFile(path, who)) as file:
        work = _make_ready(results, graded, transcripts or [], trainee, manifest, file, only=only, sample=sample, seed=seed)
        with closing(work.shelf):
            about = Review(work, rubrics, file, blind_names=blind_names)
            code = run(ReviewScreen(about, behaviours=_behaviours(), beginning=_beginning(work, about)))
    authored.say(f"{about.done} of {len(work.items) + work.later} conversations are finished. Ratings: {path}")
    if about.done:
        authored.say(f"Compare: fineline agree {results} {path}")
    raise typer.Exit(code)


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _rubrics(wanted: Sequence[str], graded: Graded, manifest: RunManifest | None, results: Path) -> list[RubricToRate]:
    """Return the rubrics as the run had them; those it does not know from the library."""
    from simulator.batch.worklist import RubricToRate, rubric_of_run

    library = authored.open_library()
    found = []
    for name in wanted or graded.rubrics:
        used = rubric_of_run(manifest, name)
        if used is None:
            if not Path(name).is_file() and name not in library.rubrics:
                raise unknown("rubric", name, {*graded.rubrics, *library.rubrics})
            rubric = library.rubric(name)
            used = RubricToRate(rubric, rubric.digest)
            if rubric.id in graded.rubrics:
                authored.say(f"{results} does not say how {rubric.id} was worded; it is asked as the library has it now.")
        found.append(used)
    return found


def _make_ready(
    results: Path,
    graded: Graded,
    told: list[str],
    trainee: str | None,
    manifest: RunManifest | None,
    file: RatingFile,
    *,
    only: Path | None,
    sample: int | None,
    seed: int,
) -> Worklist:
    from simulator.batch.sources import sources_of
    from simulator.batch.worklist import chosen, listed_in, make_ready

    sources = sources_of([results], told, trainee=trainee)
    if not sources:
        raise UsageError(f"{results} does not say where its transcripts are.", hint="Say it with --transcripts PATH.")
    named = listed_in(only, graded.transcripts) if only is not None else None
    if named is not None and sample is None:
        order = named  # what is most pressing comes first
    else:
        order = chosen(graded.transcripts if named is None else named, file.rater, sample=sample, seed=seed)
    prompts = [each for each in (manifest.prompt, manifest.detector) if each] if manifest is not None else []
    rated = {transcript for transcript, _ in file.grades}
    if len(graded.transcripts) > _MANY:
        authored.say(f"Looking for them among {len(graded.transcripts):,} transcripts …")
    work = make_ready(order, results, _transcripts(sources), rated=rated, prompts=prompts)
    if not work.items:
        raise UsageError(
            "All transcripts have changed since they were graded." if work.changed else "Not one of the transcripts was found.",
            hint=f"Looked in {', '.join(path for each in sources for path in each.paths)}; say where with --transcripts PATH.",
        )
    return work


def _transcripts(sources: Iterable[Source]) -> Iterator[Transcript | Rejected]:
    """Yield the transcripts of files, and the app's own sessions."""
    from simulator import settings
    from simulator.batch.readers import read
    from simulator.batch.sessions import saved_sessions

    for source in sources:
        files = [each for each in source.paths if not each.startswith(_STORE)]
        if files:
            yield from read(files, source.reading)
        for each in source.paths:
            if each.startswith(_STORE):
                yield from saved_sessions(settings.data_folder(), each.removeprefix(_STORE) or None)


def _beginning(work: Worklist, review: Review) -> list[str]:
    """Return what to know before one begins, and say it to standard error too, where it stays."""
    said = []
    if work.missing:
        said.append(f"{_count(work.missing)} not found, so left out: {_some(work.missing)}.")
    if work.changed:
        said.append(f"{_count(work.changed)} changed since graded, so left out: {_some(work.changed)}.")
    if review.outdated:
        said.append(f"{review.outdated} of your ratings were of other questions or words, and are asked for again.")
    for line in said:
        authored.say(line)
    return said


def _count(ids: Sequence[str]) -> str:
    return "1 transcript was" if len(ids) == 1 else f"{len(ids):,} transcripts were"


def _some(ids: Iterable[str]) -> str:
    named = list(ids)
    return ", ".join(named[:_NAMED]) + (" …" if len(named) > _NAMED else "")


def _behaviours() -> dict[str, str]:
    catalogue = authored.catalogue_of(authored.open_library())
    return {each.id: each.title for each in catalogue} if catalogue is not None else {}
