"""What a person is to rate: transcripts of a results file, in an order of their own, and nothing of what a machine found.

Of the results only transcripts' ids, rubrics' ids and keys are looked at. Transcripts are read again from where the run had them
and held on disk, a sitting's worth, so that memory does not grow with their number.
"""

from __future__ import annotations

import csv
import json
import random
import tempfile
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from simulator.batch.ledger import work_key
from simulator.batch.manifest import RunManifest
from simulator.batch.readers import Rejected
from simulator.batch.results import heads, records
from simulator.domain.errors import UsageError, nearest
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript

A_SITTING = 1000
"""How many transcripts that are still to rate are made ready at once; the next start makes the next ready."""


@dataclass(frozen=True, slots=True)
class RubricToRate:
    """A rubric, and the digest that results know it by."""

    rubric: Rubric
    digest: str


@dataclass(frozen=True, slots=True)
class Graded:
    """What a results file holds grades of: ids of transcripts and rubrics, in the order they were first seen."""

    transcripts: tuple[str, ...]
    rubrics: tuple[str, ...]


def graded_in(results: Path) -> Graded:
    """Return what a results file holds grades of. Raises :class:`UsageError` where there is none."""
    transcripts: dict[str, None] = {}
    rubrics: dict[str, None] = {}
    for transcript, rubric in heads(results):
        transcripts[transcript] = None
        rubrics[rubric] = None
    if not transcripts:
        raise UsageError(f"There are no grades in {results}.")
    return Graded(tuple(transcripts), tuple(rubrics))


def listed_in(path: Path, known: Collection[str]) -> list[str]:
    """Return the transcripts that the column ``transcript`` of a CSV names, each once, in its order.

    Raises :class:`UsageError` for a file without that column or without a transcript of the results, naming what is near.
    """
    known = frozenset(known)
    found: dict[str, None] = {}
    strange = ""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            columns = [each for each in rows.fieldnames or () if each]
            if "transcript" not in columns:
                near = nearest("transcript", columns)
                raise UsageError(
                    f"{path} has no column 'transcript'.",
                    hint=f"Is it {near!r}? Then call it so." if near else "RESULTS.disagreements.csv of a panel's run has one.",
                )
            for row in rows:
                name = row.get("transcript") or ""
                # A spreadsheet would have taken it for a formula.
                name = name[1:] if name not in known and name.startswith("'") else name
                if name in known:
                    found[name] = None
                elif name:
                    strange = strange or name
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a CSV in UTF-8"
        raise UsageError(f"{path} could not be read: {reason}.") from None
    if not found:
        there = f"none called {strange!r}, for instance" if strange else "it names none"
        raise UsageError(f"{path} names no transcript of these results ({there}).")
    return list(found)


def rubric_of_run(manifest: RunManifest | None, rubric: str) -> RubricToRate | None:
    """Return a rubric as the run had it, or ``None`` where its description does not say, or no longer as we understand it."""
    used = next((each for each in manifest.rubrics if each.id == rubric), None) if manifest is not None else None
    if used is None:
        return None
    try:
        return RubricToRate(Rubric.model_validate(used.definition), used.digest)
    except ValidationError:
        return None


def chosen(transcripts: Sequence[str], rater: str, *, sample: int | None, seed: int) -> list[str]:
    """Return the transcripts to rate in this rater's order.

    The sample depends on the seed alone, so that several raters rate the same ones; the order on seed and rater, so that
    what comes late, when people tire, is not the same for all.
    """
    picked = list(transcripts)
    if sample is not None and sample < len(picked):
        picked = random.Random(f"sample {seed}").sample(picked, sample)
    random.Random(f"order {seed} {rater}").shuffle(picked)
    return picked


class Shelf:
    """Transcripts held on disk in a file without a name, each read when it is wanted."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed by close()
        self._places: dict[str, tuple[int, int]] = {}

    def __contains__(self, transcript_id: str) -> bool:
        return transcript_id in self._places

    def __len__(self) -> int:
        return len(self._places)

    def put(self, transcript: Transcript) -> None:
        """Keep who says what in a transcript."""
        said = [{"role": turn.role, "text": turn.text} for turn in transcript.turns]
        data = json.dumps({"id": transcript.id, "identity": transcript.identity, "turns": said}).encode()
        self._places[transcript.id] = (self._file.seek(0, 2), len(data))
        self._file.write(data)

    def get(self, transcript_id: str) -> Transcript:
        """Return a transcript that is here."""
        at, size = self._places[transcript_id]
        self._file.seek(at)
        return Transcript.model_validate(json.loads(self._file.read(size)))

    def close(self) -> None:
        """Let go of everything."""
        self._file.close()


@dataclass(slots=True)
class Worklist:
    """The work of one sitting: ids in order, where their words are, and what could not be made ready."""

    items: list[str]
    shelf: Shelf
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    later: int = 0


def make_ready(
    order: Sequence[str],
    results: Path,
    transcripts: Iterable[Transcript | Rejected],
    *,
    rated: Collection[str] = (),
    prompts: Collection[str] = (),
    at_most: int = A_SITTING,
) -> Worklist:
    """Find the transcripts to rate, those already rated and up to ``at_most`` others, in their order.

    ``missing`` are not among ``transcripts``. ``changed`` are, with other words than those that were graded; they are left out,
    since ratings of them would be of something else. ``prompts`` are versions of prompts that the run's description names.
    Raises what reading them raises.
    """
    wanted: list[str] = []
    room = at_most
    for each in order:
        if each in rated or room > 0:
            wanted.append(each)
            room -= each not in rated
    checks = _checks(results, set(wanted), prompts)
    shelf, same, differs = Shelf(), set(), set()
    missing = set(wanted)
    for transcript in transcripts:
        if isinstance(transcript, Rejected) or transcript.id not in checks or transcript.id in same:
            continue
        check = checks[transcript.id]
        if check.made_of and not check.holds(transcript):
            if transcript.id in missing:
                shelf.put(transcript)
                differs.add(transcript.id)
        elif transcript.id in missing or transcript.id in differs:
            shelf.put(transcript)
            differs.discard(transcript.id)
            same.add(transcript.id)
        missing.discard(transcript.id)
        if len(same) == len(checks):
            break
    if not any(checks[each].made_of for each in same):
        # Not one key could be made again: how they were made is not known here, so they prove nothing.
        differs = set()
    return Worklist(
        items=[each for each in wanted if each in shelf and each not in differs],
        shelf=shelf,
        missing=[each for each in wanted if each in missing],
        changed=[each for each in wanted if each in differs],
        later=len(order) - len(wanted),
    )


@dataclass(slots=True)
class _Check:
    """What the keys of a transcript's grades were made of, by rubric: key, the rubric's digest, judge and prompts."""

    made_of: dict[str, tuple[str, str, str, tuple[str, ...]]] = field(default_factory=dict)

    def holds(self, transcript: Transcript) -> bool:
        """Return whether some key can be made again from these words."""
        return any(
            work_key(transcript, rubric, judge, prompt) == key
            for key, rubric, judge, prompts in self.made_of.values()
            for prompt in prompts
        )


def _checks(results: Path, wanted: Collection[str], prompts: Collection[str]) -> dict[str, _Check]:
    out = {each: _Check() for each in wanted}
    for _, record in records(results, only=out):
        transcript, versions = record["transcript"], record.get("versions")
        if record["status"] == "failed" or not isinstance(versions, dict):
            continue
        key, rubric = record.get("key"), versions.get("rubric")
        if isinstance(key, str) and isinstance(rubric, str):
            given = (versions.get("prompt"), versions.get("detector"), "", *prompts)
            of = tuple(dict.fromkeys(each for each in given if isinstance(each, str)))
            out[transcript].made_of.setdefault(record["rubric"], (key, rubric, record["judge"], of))
    return out
