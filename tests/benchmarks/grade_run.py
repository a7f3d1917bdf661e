"""What a grading run adds around its judge: time a transcript, memory at many, and the start with much already done.

    python tests/benchmarks/grade_run.py                   # 20,000 transcripts against four rubrics
    python tests/benchmarks/grade_run.py -n 1000000        # a million, by a judge that answers at once: memory
    python tests/benchmarks/grade_run.py --builtin -n 2000 # by the built-in judge
    python tests/benchmarks/grade_run.py --start 200000    # how soon a run with so many transcripts done goes on

Prints seconds of this machine and, what travels further, ratios: the run's own time over the judge's, and memory at N over
memory at N/10.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from simulator.authoring.library import Library, shipped_folders
from simulator.batch.intake import Intake
from simulator.batch.ledger import Ledger, work_keys
from simulator.batch.runner import Work, run
from simulator.batch.tally import Tally
from simulator.domain.grade import Evidence, Finding, Usage
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.judges.protocol import Judge, Judgement

RUBRICS = ("warmth", "boundaries", "authenticity", "service")
CUSTOMER = (
    "I have been waiting for nine days and nobody has called me back about the {}.",
    "Order number {}, and please do not read the script to me again.",
    "Well, that is the first useful thing anybody has said to me, thank you for looking at {}.",
    "How long will it take this time? My card was charged twice for {}.",
)
TRAINEE = (
    "I am sorry about that, nine days is far too long. Let me look at {} right now.",
    "Thank you for your patience. I can see {} here, and I will send a new one today by courier.",
    "Per our policy {} cannot be changed at this time. Is there anything else I can help you with today?",
    "I can't promise Friday, since the carrier decides that; I will write to you on Thursday about {}.",
)


def lines(count: int, seed: int = 1) -> Iterator[str]:
    """Yield JSONL records of 12 to 20 turns and about 400 words."""
    rng = random.Random(seed)
    for number in range(count):
        turns = []
        for at in range(rng.randrange(12, 21)):
            said = rng.choice(TRAINEE if at % 2 else CUSTOMER), rng.choice(TRAINEE if at % 2 else CUSTOMER)
            turns.append({"role": "trainee" if at % 2 else "customer", "text": " ".join(said).replace("{}", f"{number}-{at}")})
        yield json.dumps({"id": f"t{number:07d}", "turns": turns}) + "\n"


class Instant:
    """A judge that answers at once: what a run takes with it, the run itself takes."""

    name = "instant"

    def __init__(self) -> None:
        self.first_at: float | None = None

    async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
        """Return every question met, with a quote."""
        self.first_at = self.first_at or time.perf_counter()
        if self.name == "waiting":
            await asyncio.sleep(0)
        evidence = (Evidence(turn=2, quote=transcript.turns[1].text[:60]),)
        found = tuple(
            Finding(criterion=each.id, verdict="met", evidence=evidence, counted=True, substantiated=True)
            for each in rubric.criteria
        )
        return Judgement(findings=found, usage=Usage(input_tokens=900, output_tokens=300, calls=1))


class Quiet:
    """Watches and says nothing."""

    def rejected(self, record: object) -> None: ...
    def progressed(self, tally: Tally) -> None: ...
    def waiting(self, reason: str, seconds: float) -> None: ...
    def saved(self, tally: Tally) -> None: ...


def resident_mb() -> float:
    """Return the memory that is in use now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def peak_mb() -> float:
    """Return the most memory that was ever in use."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


async def graded(source: Path, out: Path, work: Work, *, until: Instant | None = None) -> float:
    """Grade a file, or as much of it as comes before a judge is first asked; return the CPU seconds it took."""
    begun = time.process_time()
    stop = asyncio.Event()
    with Ledger(out) as ledger:
        intake = Intake([str(source)], work=b"".join(work.parts()), done=ledger.mark)

        def records() -> Iterator[object]:
            for record in intake:
                yield record
                if until is not None and until.first_at is not None:
                    stop.set()

        await run(records(), work, ledger, Quiet(), stop=stop, place=intake.place)  # type: ignore[arg-type]
    return time.process_time() - begun


def around_the_judge(count: int, folder: Path, rubrics: list[Rubric], judge: Judge, *, concurrency: int) -> None:
    """Print what a run takes, and how much of it is the judge's."""
    source = folder / "t.jsonl"
    with source.open("w") as file:
        file.writelines(lines(count // 10))
    work = Work(rubrics, judge, concurrency=concurrency)
    asyncio.run(graded(source, folder / "small.jsonl", work))
    before = resident_mb()
    with source.open("w") as file:
        file.writelines(lines(count))
    seconds = asyncio.run(graded(source, folder / "g.jsonl", work))
    alone = time.process_time()
    sample = [Transcript.model_validate_json(line) for line in lines(min(count, 2000))]

    async def judge_alone() -> None:
        for transcript in sample:
            for rubric in rubrics:
                await judge.judge(transcript, rubric)

    begun = time.process_time()
    asyncio.run(judge_alone())
    alone = (time.process_time() - begun) / len(sample) * count
    name = f"{judge.name}, {concurrency} at once"
    print(
        f"{name}: {count:,} transcripts, {count * len(rubrics):,} grades in {seconds:.1f} s of CPU: {count / seconds:,.0f} transcripts/s"
    )
    print(
        f"  the run itself: {(seconds - alone) / (count * len(rubrics)) * 1e6:,.0f} µs a grade; run / judge = {seconds / alone:.2f}"
    )
    print(
        f"  memory: {before:,.0f} MB at {count // 10:,}, {resident_mb():,.0f} MB at {count:,} (peak {peak_mb():,.0f} MB): ×{resident_mb() / before:.2f}"
    )


def start(done: int, folder: Path, rubrics: list[Rubric]) -> None:
    """Print how soon a run goes on of which so many transcripts are done."""
    source, out = folder / "t.jsonl", folder / "g.jsonl"
    with source.open("w") as file:
        file.writelines(lines(done + 1000))
    judge = Instant()
    work = Work(rubrics, judge)
    print(f"preparing {done:,} transcripts …")
    with Ledger(out) as ledger:
        intake = Intake([str(source)], work=b"".join(work.parts()))
        parts = work.parts()
        record = {"transcript": "t", "rubric": "r", "judge": "instant", "status": "scored", "findings": ["x" * 1500]}
        for number, transcript in enumerate(intake):
            if number == done:
                break
            assert isinstance(transcript, Transcript)
            place = intake.place()
            ledger.add((key, record) for key in work_keys(transcript, parts))
        assert place is not None
        plain = out.with_name("g.jsonl.done").stat().st_size
        ledger.set_mark(place.source, place.lines, place.transcripts)
    for marked in (True, False):
        if not marked:
            index = out.with_name("g.jsonl.done")
            index.write_bytes(index.read_bytes()[:plain] if plain > 16 else index.read_bytes()[:-24])
        judge.first_at = None
        begun = time.perf_counter()
        asyncio.run(graded(source, out, work, until=judge))
        first = (judge.first_at or begun) - begun
        opened = time.perf_counter()
        with Ledger(out) as ledger:
            opened = time.perf_counter() - opened
            known = len(ledger.done)
        how = "with a mark in the source" if marked else "looking at every transcript again"
        print(f"{how}: first judgement after {first:.2f} s; {known:,} keys read in {opened:.2f} s; {resident_mb():,.0f} MB")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=20_000, help="transcripts")
    parser.add_argument("--builtin", action="store_true", help="with the built-in judge")
    parser.add_argument("--start", type=int, metavar="DONE", help="measure the start instead")
    parser.add_argument("--concurrency", type=int, default=64)
    asked = parser.parse_args()
    library = Library(shipped_folders())
    rubrics = [library.rubric(each) for each in RUBRICS]
    with tempfile.TemporaryDirectory() as folder:
        if asked.start:
            start(asked.start, Path(folder), rubrics)
        elif asked.builtin:
            from simulator.grading.judges.builtin import BuiltinJudge
            from simulator.language.detector import Detector

            around_the_judge(asked.n, Path(folder), rubrics, BuiltinJudge(Detector.load(library.catalogue)), concurrency=1)
        else:
            judge = Instant()
            around_the_judge(asked.n, Path(folder), rubrics, judge, concurrency=1)
            Instant.name = "waiting"
            for each in ("g.jsonl", "g.jsonl.done", "small.jsonl", "small.jsonl.done"):
                (Path(folder) / each).unlink()
            around_the_judge(asked.n, Path(folder), rubrics, judge, concurrency=asked.concurrency)


if __name__ == "__main__":
    main()
