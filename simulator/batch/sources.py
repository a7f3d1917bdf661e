"""Where the transcripts of results are: as the description of the run says, or as somebody tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simulator.batch.intake import STANDARD_INPUT, STORE, Intake, Sessions
from simulator.batch.manifest import RunManifest, load_manifest
from simulator.batch.readers import Reading, Rejected
from simulator.batch.speakers import Sides
from simulator.domain.transcript import Transcript


@dataclass(frozen=True)
class Source:
    """Paths of transcripts (``store:`` for the app's own sessions), how they are read, and the results made from them."""

    paths: tuple[str, ...]
    reading: Reading = field(default_factory=Reading)
    results: Path | None = None

    def transcripts(self, sessions: Sessions | None = None) -> Iterator[Transcript | Rejected]:
        """Yield the transcripts, one at a time; ``sessions`` gives the app's own.

        Raises what :class:`simulator.batch.intake.Intake` raises.
        """
        yield from Intake(self.paths, self.reading, sessions=sessions, results=self.results)


def sources_of(results: Sequence[Path], told: Sequence[str] = (), *, trainee: str | None = None) -> list[Source]:
    """Return where the transcripts of results files are; what was ``told`` goes before what the runs' descriptions say.

    Standard input is gone, so it is left out. Raises :class:`simulator.domain.errors.FinelineError` for a damaged description.
    """
    manifests = [(path, manifest) for path in results if (manifest := load_manifest(path)) is not None]
    if told:
        reading = next((reading_of(each) for _, each in manifests), Reading())
        return [Source(tuple(told), Reading(Sides(trainee), *_columns(reading)) if trainee else reading, results[0])]
    found = [
        Source(paths, reading_of(manifest), path)
        for path, manifest in manifests
        if (paths := tuple(_place(manifest, each) for each in manifest.sources if each != STANDARD_INPUT))
    ]
    return list({(each.paths, each.reading): each for each in found}.values())


def reading_of(manifest: RunManifest) -> Reading:
    """Return how a run read its transcripts."""
    said = manifest.reading
    return Reading(Sides(said.get("trainee")), *(said.get(f"{name}_column") for name in ("conversation", "speaker", "text")))


def _columns(reading: Reading) -> tuple[str | None, str | None, str | None]:
    return reading.conversation_column, reading.speaker_column, reading.text_column


def _place(manifest: RunManifest, source: str) -> str:
    """Return a source so that it can be opened from here."""
    if source.startswith(STORE) or not manifest.folder or Path(source).is_absolute():
        return source
    there = Path(manifest.folder) / source
    # A run that was moved together with its transcripts is found from here as well.
    return source if not there.exists() and Path(source).exists() else str(there)
