"""The scripted trainees that personas are audited with: what each says, whoever the customer is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pydantic import Field

from simulator.authoring.yaml import load_yaml
from simulator.domain.base import Authored, Id, Prose
from simulator.domain.transcript import Transcript, Turn

STYLES_FILE = Path(__file__).parent / "styles.yaml"


class Style(Authored):
    """A way of serving: lines said in turn, and answers to what the customer shows, which go first."""

    id: Id
    title: Prose
    lines: tuple[Prose, ...] = Field(min_length=1)
    answers: dict[Id, tuple[Prose, ...]] = Field(default_factory=dict)

    def speak(self, transcript: Transcript, farewells: tuple[str, ...] = ()) -> Iterator[str]:
        """Yield what this trainee says, looking at the transcript before each line; every line comes once."""
        answers = {behaviour: list(lines) for behaviour, lines in self.answers.items()}
        lines = list(self.lines)
        said: set[str] = set()
        while lines:
            answer = self._answer(answers, transcript.turns[-1:], said)
            line = answer if answer is not None else lines.pop(0)
            said.add(line)
            yield line
        yield from farewells

    @staticmethod
    def _answer(answers: dict[str, list[str]], last: list[Turn], said: set[str]) -> str | None:
        shown = {each for turn in last for each in turn.shows}
        shown |= {each.id for turn in last for each in turn.behaviours if each.shown}
        for behaviour, lines in answers.items():
            fresh = [line for line in lines if line not in said] if behaviour in shown else []
            if fresh:
                return fresh[0]
        return None


class Styles(Authored):
    """All styles, and the goodbyes that end each script."""

    styles: tuple[Style, ...] = Field(min_length=1)
    farewells: tuple[Prose, ...] = ()


@cache
def styles() -> Styles:
    """Return the styles that ship."""
    return Styles.model_validate(load_yaml(STYLES_FILE).data)
