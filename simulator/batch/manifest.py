"""What a grading run was: everything needed to reproduce it, kept beside its results as ``NAME.run.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from simulator.batch.records import whole_text
from simulator.domain.base import Record
from simulator.domain.errors import FinelineError
from simulator.domain.grade import Usage
from simulator.files import write_atomically


class RubricUsed(Record):
    """A rubric as it was at the time: its digest and its whole definition."""

    id: str
    digest: str
    definition: dict[str, Any]


class Cost(Record):
    """What the run cost in money, by kind of token; prices are per million tokens."""

    currency: str = "USD"
    input_price: float | None = None
    cached_price: float | None = None
    output_price: float | None = None
    total: float | None = Field(default=None, description="None where no price is known")


class RunManifest(Record):
    """One run: its sources, judge, rubrics and outcome. Times are ISO 8601 in UTC. Never a key."""

    fineline: str
    command: list[str] = Field(default_factory=list, description="The arguments, as given")
    sources: list[str] = Field(default_factory=list, description="Paths as given; relative ones from ``folder``")
    folder: str | None = None
    reading: dict[str, str | None] = Field(default_factory=dict, description="Trainee's name and CSV columns, where given")
    rubrics: list[RubricUsed] = Field(default_factory=list)
    judge: str = ""
    endpoint: str | None = Field(default=None, description="The judge's base URL, or None for the built-in judge")
    prompt: str | None = None
    detector: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    started: str | None = None
    finished: str | None = None
    counts: dict[str, int] = Field(default_factory=dict, description="Of the last run: see Tally.counts")
    usage: Usage = Field(default_factory=Usage)
    cost: Cost = Field(default_factory=Cost)
    runs: int = Field(
        default=1, description="How many runs made the results; usage and cost are of all of them, counts of the last"
    )
    judgements: int = Field(default=0, description="How many grades the usage is of: those that were not taken from a cache")
    results_bytes: int = Field(default=0, description="The size of the results file when this was written")


def manifest_path(results: Path) -> Path:
    """Return where the manifest of a results file is."""
    return results.parent / f"{results.name}.run.json"


def save_manifest(results: Path, manifest: RunManifest) -> None:
    """Write the manifest beside its results."""
    try:
        text = manifest.model_dump_json(indent=2)
    except ValueError:  # names of files that are no Unicode text
        text = json.dumps(whole_text(manifest.model_dump(mode="python")), indent=2, ensure_ascii=False)
    write_atomically(manifest_path(results), f"{text}\n")


def load_manifest(results: Path) -> RunManifest | None:
    """Return the manifest of a results file, ``None`` where there is none; raise :class:`FinelineError` where it is damaged."""
    path = manifest_path(results)
    try:
        return RunManifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a run's description"
        raise FinelineError(f"{path} could not be read: {reason}.", hint="Delete it to go on without it.") from None
