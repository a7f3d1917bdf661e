"""How fast the ear is: loading, one turn, many turns. Run: python tests/benchmarks/ear_speed.py [TRANSCRIPTS.jsonl]

Without a file it uses the catalogue's own examples in random order. Times are the best of five, on one core.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TOKENIZERS_PARALLELISM"):
    os.environ.setdefault(name, "1" if name != "TOKENIZERS_PARALLELISM" else "false")


def main() -> None:
    """Print the figures as JSON."""
    import numpy  # noqa: F401  (its import is every numpy program's, not the ear's)

    from simulator.authoring.library import Library, shipped_folders
    from simulator.domain.transcript import Transcript, Turn

    catalogue = Library(shipped_folders(), None).catalogue
    started = time.perf_counter()
    from simulator.language.detector import Detector

    detector = Detector.load(catalogue)
    loaded = time.perf_counter() - started
    detector.hear("Good morning!", "trainee")
    ready = time.perf_counter() - started
    if len(sys.argv) > 1:
        lines = Path(sys.argv[1]).read_text("utf-8").splitlines()
        transcripts = [
            Transcript(id=str(number), turns=[Turn(role=turn["role"], text=turn["text"]) for turn in json.loads(line)["turns"]])
            for number, line in enumerate(lines)
        ]
    else:
        texts = [text for each in catalogue for text in (*each.examples, *each.near_misses)] * 8
        random.Random(1).shuffle(texts)
        turns = [Turn(role="trainee" if number % 2 else "customer", text=text) for number, text in enumerate(texts)]
        transcripts = [Transcript(id=str(at), turns=turns[at : at + 16]) for at in range(0, len(turns), 16)]
    count = sum(len(transcript.turns) for transcript in transcripts)
    times = []
    for _ in range(5):
        started = time.process_time()
        detector.hear_many(transcripts)
        times.append(time.process_time() - started)
    some = [turn for transcript in transcripts for turn in transcript.turns][:300]
    singles = []
    for turn in some:
        started = time.process_time()
        detector.hear(turn.text, turn.role, some[:1])
        singles.append(time.process_time() - started)
    singles.sort()
    print(json.dumps({
        "load_ms": round(loaded * 1000), "load_and_first_turn_ms": round(ready * 1000), "turns": count,
        "turns_per_second": round(count / min(times)), "first_pass_turns_per_second": round(count / times[0]),
        "one_turn_ms": {"median": round(singles[150] * 1000, 2), "p95": round(singles[285] * 1000, 2)},
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
