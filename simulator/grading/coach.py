"""Better lines worded by a model, for the very moment, where there is a model; the authored ones stay wherever it fails.

What the model writes is checked before anyone sees it: a short line that the trainee could say, no label, stage direction or
explanation, and nothing that either speaker has said already.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import BaseModel

from simulator.domain.text import clean, fold
from simulator.grading.debrief import Debrief
from simulator.grading.judges.prompt import environment, fence, unfence
from simulator.grading.suggest import SAME_WORDS, Suggestion, overlap
from simulator.models.errors import ModelError

if TYPE_CHECKING:
    from simulator.models.chat import LanguageModel

MOST_WORDS = 45
FEWEST_WORDS = 3
TURNS_BEFORE = 3
MAX_TOKENS = 500
# Labels, stage directions, lists, and a model speaking of itself or to the trainee.
_NOT_SPOKEN = re.compile(
    r"^\s*(?:\w+(?: \w+)?:\s|[-*#\[(]|\d+[.)]\s)|[*\[\]{}<>\n]"
    r"|\b(?:as an ai|language model|the trainee|the customer|you could say|instead, (?:say|try))\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r'^["“”\'‘](.*)["“”\'’]$', re.DOTALL)


class Worded(BaseModel):
    """One line for one moment."""

    moment: int
    line: str


class Lines(BaseModel):
    """A model's whole answer."""

    lines: list[Worded]


async def reword(debrief: Debrief, model: LanguageModel) -> Debrief:
    """Return the debrief with better lines worded by ``model`` where it gave usable ones; never raises for its failure."""
    asked = [each for each in debrief.suggestions if not each.keep]
    if not asked:
        return debrief
    messages = [{"role": "user", "content": _prompt(debrief, asked)}]
    try:
        answer = await model.structured(messages, Lines, max_tokens=MAX_TOKENS)
    except ModelError:
        return debrief
    given = {each.moment: each.line for each in reversed(answer.value.lines)}
    spoken = [turn.text for turn in debrief.transcript.turns]
    reworded: dict[int, Suggestion] = {}
    for number, suggestion in enumerate(asked, 1):
        line = usable(given.get(number, ""), [*spoken, *(each.try_instead for each in reworded.values())])
        if line:
            reworded[id(suggestion)] = replace(suggestion, try_instead=line, source="model")
    return debrief.with_suggestions([reworded.get(id(each), each) for each in debrief.suggestions])


def usable(line: str, spoken: Sequence[str]) -> str:
    """Return the line as it can be shown, or ``""`` where it is no line for the trainee to say."""
    line = unfence(clean(line)).strip()
    if match := _QUOTED.match(line):
        line = match[1].strip()
    words = line.split()
    if not FEWEST_WORDS <= len(words) <= MOST_WORDS or _NOT_SPOKEN.search(line):
        return ""
    if any(fold(line) == fold(each) or overlap(line, each) >= SAME_WORDS for each in spoken):
        return ""
    return line


def _prompt(debrief: Debrief, asked: Sequence[Suggestion]) -> str:
    turns = debrief.transcript.turns
    moments = []
    for each in asked:
        start = max(0, each.turn - 1 - TURNS_BEFORE)
        before = [{"speaker": turn.role.upper(), "text": fence(turn.text)} for turn in turns[start : each.turn - 1]]
        said = fence(turns[each.turn - 1].text)
        moments.append({"before": before, "said": said, "why": fence(each.why), "example": fence(each.try_instead)})
    template = environment().get_template("coach.jinja")
    return template.render(trainee=fence(debrief.trainee), place=fence(debrief.place), moments=moments).strip()
