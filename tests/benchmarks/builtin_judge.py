"""How fast whole transcripts are graded by the built-in judge, and in how much memory.

Run: python tests/benchmarks/builtin_judge.py TRANSCRIPTS.jsonl [TRAINEE]

Grades the file with the four usual rubrics from end to end (reading, hearing, judging, writing), as it is and once more with two
words of the file's own put at random into each sentence: then no sentence is said twice, and nothing that is remembered helps.
Times are processor seconds of one core, starting up (a run over one transcript) apart.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

_SENTENCES = re.compile(r"(?<=[.?!])\s+")
_TEXT_KEYS = ("text", "content", "value")


def main() -> None:
    """Print the figures as JSON."""
    source = Path(sys.argv[1])
    trainee = sys.argv[2] if len(sys.argv) > 2 else None
    lines = source.read_text("utf-8").splitlines()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = folder / "first.jsonl"
        first.write_text(lines[0] + "\n", "utf-8")
        own_words = folder / "no sentence twice.jsonl"
        own_words.write_text("\n".join(distinct(lines)) + "\n", "utf-8")
        start, _ = min(graded(first, trainee, folder) for _ in range(3))
        figures: dict[str, object] = {"transcripts": len(lines), "start_s": round(start, 2)}
        for label, file in (("as it is", source), ("no sentence twice", own_words)):
            seconds, peak = graded(file, trainee, folder)
            figures[label] = {
                "transcripts_per_second": round(len(lines) / (seconds - start)),
                "with_start": round(len(lines) / seconds),
                "ms_a_transcript": round((seconds - start) / len(lines) * 1000, 3),
                "peak_mb": round(peak / 1024),
            }
    print(json.dumps(figures, indent=1))


def graded(file: Path, trainee: str | None, folder: Path) -> tuple[float, int]:
    """Grade a file; return processor seconds and the largest resident memory in kB."""
    command = [sys.executable, "-m", "simulator", "grade", str(file), "--judge", "builtin", "--again", "--out"]
    command += [str(folder / "out.jsonl"), *(["--trainee", trainee] if trainee else [])]
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    with subprocess.Popen(command, env=os.environ | threads, stderr=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"grading {file.name} failed: {subprocess.list2cmdline(command)}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss


def distinct(lines: list[str]) -> list[str]:
    """Return transcripts in which each sentence has two more words, drawn from all that are said."""
    rng = random.Random(1)
    records = [json.loads(line) for line in lines]
    turns = [turn for record in records for turn in record.get("turns") or record.get("messages") or record["conversations"]]
    keys = [next(key for key in _TEXT_KEYS if isinstance(turn.get(key), str)) for turn in turns]
    vocabulary = sorted({word for turn, key in zip(turns, keys, strict=True) for word in re.findall(r"[a-z']{2,}", turn[key])})
    for turn, key in zip(turns, keys, strict=True):
        sentences = _SENTENCES.split(turn[key])
        for number, sentence in enumerate(sentences):
            words = sentence.split(" ")
            for _ in range(2):
                words.insert(rng.randrange(len(words)), rng.choice(vocabulary))
            sentences[number] = " ".join(words)
        turn[key] = " ".join(sentences)
    return [json.dumps(record, ensure_ascii=False) for record in records]


if __name__ == "__main__":
    main()
