"""Talks written down with what is heard in them, and an ear that hears just that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

import pytest
import yaml

from simulator.domain.behaviour import Catalogue, Heard, Role
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript, Turn

ROOT = Path(__file__).parents[2]

Line = tuple[str, ...]
Talk = Callable[..., Transcript]


class WrittenEar:
    """Hears what is written beside each turn."""

    version = "written-1"

    def hear_all(self, transcript: Transcript) -> Sequence[tuple[Heard, ...]]:
        return [turn.behaviours or self.hear(turn.text, turn.role) for turn in transcript.turns]

    def hear_many(
        self, transcripts: Iterable[Transcript], faint: Collection[str] | None = None
    ) -> Sequence[Sequence[tuple[Heard, ...]]]:
        return [self.hear_all(each) for each in transcripts]

    def hear(self, text: str, role: Role) -> tuple[Heard, ...]:
        return (Heard(id="stock_phrase", strength=0.9, quote=text),) if "inconvenience" in text else ()


@pytest.fixture
def ear() -> WrittenEar:
    return WrittenEar()


@pytest.fixture
def talk() -> Talk:
    """Make a transcript of ("c" or "t", words, behaviour, …): "behaviour?" is heard too faintly to count, "behaviour~" just so."""

    def make(*lines: Line) -> Transcript:
        turns = []
        for who, text, *shown in lines:
            heard = tuple(
                Heard(id=each.rstrip("?~"), strength={"?": 0.3, "~": 0.55}.get(each[-1], 0.9), quote=text.split(",")[0])
                for each in shown
            )
            turns.append(Turn(role="customer" if who == "c" else "trainee", text=text, behaviours=heard))
        return Transcript(id="talk", turns=turns)

    return make


@pytest.fixture(scope="session")
def rubrics() -> dict[str, Rubric]:
    """The rubrics that ship."""
    paths = [path for path in sorted((ROOT / "rubrics").glob("*.yaml")) if path.stem != "behaviours"]
    return {rubric.id: rubric for rubric in (Rubric.model_validate(yaml.safe_load(path.read_text("utf-8"))) for path in paths)}


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The behaviours that ship."""
    return Catalogue.model_validate(yaml.safe_load((ROOT / "rubrics" / "behaviours.yaml").read_text("utf-8")))
