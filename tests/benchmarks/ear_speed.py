"""How fast the ear is: loading, one turn, many turns. Run: python tests/benchmarks/ear_speed.py [TRANSCRIPTS.jsonl]

Without a file it uses the catalogue's own examples in random order. Times are processor time, the best of five, on one core.
The ear remembers sentences, so there are two figures for many turns: where no sentence is said twice (each gets two more words,
drawn from all that are said), and where all were said before.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.domain.transcript import Transcript

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TOKENIZERS_PARALLELISM"):
    os.environ.setdefault(name, "1" if name != "TOKENIZERS_PARALLELISM" else "false")


def main() -> None:
    """Print the figures as JSON."""
    import numpy  # noqa: F401  (its import is every numpy program's, not the ear's)

    from simulator.authoring.library import Library, shipped_folders
    from simulator.domain.transcript import Transcript, Turn

    catalogue = Library(shipped_folders(), None).catalogue
    started = time.process_time()
    from simulator.language.detector import Detector

    detector = Detector.load(catalogue)
    loaded = time.process_time() - started
    detector.hear("Good morning!", "trainee")
    ready = time.process_time() - started
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
    words = sum(len(turn.text.split()) for transcript in transcripts for turn in transcript.turns)

    def best(passes: list[list[Transcript]]) -> float:
        times = []
        for each in passes:
            started = time.process_time()
            detector.hear_many(each)
            times.append(time.process_time() - started)
        return min(times)

    again = best([transcripts] * 5)
    new = best([varied(transcripts, random.Random(seed)) for seed in range(5)])
    some = [turn for transcript in transcripts for turn in transcript.turns][:300]
    singles = []
    for turn in some:
        started = time.process_time()
        detector.hear(turn.text, turn.role, some[:1])
        singles.append(time.process_time() - started)
    singles.sort()
    print(json.dumps({
        "load_ms": round(loaded * 1000), "load_and_first_turn_ms": round(ready * 1000), "turns": count,
        "words_a_turn": round(words / count, 1),
        "turns_per_second": {"no sentence twice": round(count / new), "all said before": round(count / again)},
        "one_turn_ms": {"median": round(singles[150] * 1000, 2), "p95": round(singles[285] * 1000, 2)},
    }, indent=1))  # fmt: skip


def varied(transcripts: list[Transcript], rng: random.Random) -> list[Transcript]:
    """Return transcripts in which each sentence has two more words, drawn from all that are said."""
    turns = [turn for transcript in transcripts for turn in transcript.turns]
    vocabulary = sorted({word for turn in turns for word in re.findall(r"[a-z']{2,}", turn.text)})

    def longer(text: str) -> str:
        sentences = re.split(r"(?<=[.?!])\s+", text)
        for number, sentence in enumerate(sentences):
            words = sentence.split(" ")
            for _ in range(2):
                words.insert(rng.randrange(len(words)), rng.choice(vocabulary))
            sentences[number] = " ".join(words)
        return " ".join(sentences)

    return [
        each.model_copy(update={"turns": [turn.model_copy(update={"text": longer(turn.text)}) for turn in each.turns]})
        for each in transcripts
    ]


if __name__ == "__main__":
    main()
