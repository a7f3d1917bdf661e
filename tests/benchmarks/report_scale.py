"""How the report and the tables fare with the number of grades: time a grade, and the most memory that was resident.

Run by hand: ``python tests/benchmarks/report_scale.py [TRANSCRIPTS] [--tables]``. Made-up conversations, four rubrics each; the sizes
compared are a tenth of that number and all of it. Memory should hardly differ between the two.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUBRICS = {"warmth": 7, "boundaries": 9, "authenticity": 6, "service": 9}
TURNS = [
    {"role": ("customer", "trainee")[at % 2], "text": f"Turn {at} says something of about ten words, give or take a few."}
    for at in range(1, 15)
]


def make(folder: Path, transcripts: int) -> tuple[Path, Path]:
    """Write made-up transcripts and their grades; return both files."""
    talks, results = folder / f"t{transcripts}.jsonl", folder / f"r{transcripts}.jsonl"
    with talks.open("w") as talk, results.open("w") as result:
        for number in range(transcripts):
            name = f"talk-{number:08d}"
            talk.write(json.dumps({"id": name, "team": f"team {number % 7}", "turns": TURNS}) + "\n")
            for rubric, criteria in RUBRICS.items():
                key = hashlib.blake2b(f"{name} {rubric}".encode(), digest_size=16).hexdigest()
                result.write(json.dumps(grade(name, rubric, criteria, key), separators=(",", ":")) + "\n")
    return talks, results


def grade(name: str, rubric: str, criteria: int, key: str) -> dict[str, object]:
    """Return a made-up record as 'fineline grade' writes them."""
    lot = int(key[:8], 16)
    findings = []
    for at in range(criteria):
        verdict = ("met", "not_met", "not_applicable", "not_judged")[(lot >> at * 2) & 3]
        counted = verdict in ("met", "not_met")
        evidence = [{"turn": 2 + at % 6 * 2, "quote": TURNS[1 + at % 6 * 2]["text"]}] if counted else []
        findings.append({
            "criterion": f"question_{at}", "verdict": verdict, "evidence": evidence, "counted": counted,
            "reason": "What you said was heard as this, or not, as the case may be.", "substantiated": True if counted else None,
        })  # fmt: skip
    return {
        "transcript": name, "rubric": rubric, "judge": "made-up", "status": "scored", "level": 1 + lot % 5, "score": 0.5,
        "reason": "3 of 6 points met: level 2.", "kind": "", "findings": findings, "ratings": [],
        "usage": {"input_tokens": 0, "output_tokens": 0, "cached_tokens": 0, "calls": 0, "estimated": False},
        "versions": {"fineline": "0", "rubric": "0" * 16, "prompt": None, "detector": "made-up"}, "key": key,
    }  # fmt: skip


def run(*arguments: str) -> tuple[float, float]:
    """Run a command of ours; return CPU seconds and the most resident memory in MB."""
    script = (
        "import resource, sys; from simulator.cli.main import app\n"
        "try: app()\nexcept SystemExit as end: assert not end.code, end.code\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, float(done.stderr.splitlines()[-1])


def main() -> None:
    """Print a line for each command and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("transcripts", nargs="?", type=int, default=20_000)
    parser.add_argument("--tables", action="store_true", help="measure the tables too")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for number in (asked.transcripts // 10, asked.transcripts):
            begun = time.monotonic()
            talks, results = make(folder, number)
            print(f"{number:,} transcripts, {number * 4:,} grades, {results.stat().st_size / 1e6:,.0f} MB "
                  f"(made in {time.monotonic() - begun:.0f} s)", flush=True)  # fmt: skip
            common = ["--transcripts", str(talks)]
            commands = {"report": ["report", str(results), *common, "--by", "team", "--out", str(folder / "r.html")]}
            if asked.tables:
                for kind in ("csv", "parquet"):
                    commands[kind] = ["export", str(results), *common, "--with", "team", "--out", str(folder / f"r.{kind}")]
            for name, arguments in commands.items():
                cpu, memory = run(*arguments)
                print(f"  {name:8} {cpu / number / 4 * 1e6:6.0f} µs a grade  {memory:6.0f} MB", flush=True)
            talks.unlink()
            results.unlink()


if __name__ == "__main__":
    main()
