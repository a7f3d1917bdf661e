"""Graded conversations to make reports of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from simulator.batch.manifest import Cost, RubricUsed, RunManifest, save_manifest
from simulator.domain.grade import Usage
from simulator.domain.rubric import Criterion, Rubric

RUBRIC = Rubric(
    id="kindness",
    title="Kindness",
    summary="Is it kind?",
    levels={level: f"Anchor of {level}" for level in range(1, 6)},
    thresholds=(0.2, 0.4, 0.6, 0.8),
    criteria=(
        Criterion(id="greets", asks="Does the trainee greet?", weight=2),
        Criterion(id="clear", asks="Is it clear?", cap_when_not_met=3),
    ),
)
TURNS = [
    {"role": "customer", "text": "Hello there."},
    {"role": "trainee", "text": "Good morning, how lovely to see you."},
    {"role": "customer", "text": "My kettle broke."},
    {"role": "trainee", "text": "Let me see it."},
    {"role": "customer", "text": "Here."},
]


@pytest.fixture
def rubric() -> Rubric:
    return RUBRIC


def met(criterion: str, *quotes: tuple[int, str], verdict: str = "met", **more: Any) -> dict[str, Any]:
    evidence = [{"turn": turn, "quote": quote} for turn, quote in quotes]
    held = {"counted": True, "substantiated": True, "reason": f"About {criterion}."}
    return {"criterion": criterion, "verdict": verdict, "evidence": evidence, **held, **more}


@pytest.fixture
def finding() -> Callable[..., dict[str, Any]]:
    return met


@pytest.fixture
def record() -> Callable[..., dict[str, Any]]:
    def make(transcript: str, level: int | None = 3, **more: Any) -> dict[str, Any]:
        key = hashlib.blake2b(json.dumps([transcript, *map(str, more.values())]).encode(), digest_size=16).hexdigest()
        open_ = {"verdict": "not_applicable", "counted": False, "substantiated": None}
        return {
            "transcript": transcript, "rubric": "kindness", "judge": "j", "status": "scored" if level else "not_scored",
            "level": level, "reason": "2 of 3 points met.", "findings": [met("greets", (2, "Good morning")), met("clear", **open_)],
            "versions": {"rubric": RUBRIC.digest, "prompt": "p1"}, "key": key, **more,
        }  # fmt: skip

    return make


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Path]:
    """Write results, their transcripts and what the run says of itself."""

    def write(records: Iterable[Any], transcripts: Iterable[dict[str, Any]] = (), name: str = "r.jsonl", **more: Any) -> Path:
        results = tmp_path / name
        results.write_text("".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in records))
        talks = tmp_path / f"t-{name}"
        talks.write_text("".join(json.dumps({"turns": TURNS, **each}) + "\n" for each in transcripts))
        used = [RubricUsed(id=RUBRIC.id, digest=RUBRIC.digest, definition=RUBRIC.model_dump(mode="json"))]
        manifest = RunManifest(
            fineline="1.2", command=["grade", "my talks", "--out", name], sources=[talks.name], folder=str(tmp_path),
            rubrics=used, judge="j", endpoint="http://localhost:9/v1", prompt="p1", started="2026-11-20T10:00:00+00:00",
            finished="2026-11-21T10:00:00+00:00", usage=Usage(calls=3, input_tokens=1234, output_tokens=56),
            cost=Cost(total=0.42, input_price=2.0),
        )  # fmt: skip
        save_manifest(results, manifest.model_copy(update=more))
        return results

    return write
