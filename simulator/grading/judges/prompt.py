"""What a model judge is asked: the fixed part first, then the transcript, as data that cannot be broken out of.

The fixed part (how to answer, then the rubric) is the same for every transcript, so that endpoints can keep it in their caches.
Speakers' words are put on one line a turn, numbered, and their angle brackets are swapped for look-alikes: no words can close the
recording, open another, or begin a turn of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from simulator.domain.behaviour import Catalogue, Role
from simulator.domain.rubric import Criterion, Rubric
from simulator.domain.text import clean

TEMPLATES = Path(__file__).parent.parent / "prompts"
_FENCES = str.maketrans({"<": "‹", ">": "›"})
_UNFENCED = str.maketrans({"‹": "<", "›": ">"})


def fence(text: str) -> str:
    """Return a speaker's words as the judge reads them: one line, no angle brackets."""
    if "<" in text or ">" in text:  # seldom, and quicker to see than to swap
        text = text.translate(_FENCES)
    return text.strip() if text.isprintable() and "  " not in text else " ".join(text.split())


def unfence(text: str) -> str:
    """Undo :func:`fence` as far as comparing words needs it; both sides of a comparison go through it."""
    return text.translate(_UNFENCED) if "‹" in text or "›" in text else text


@dataclass(frozen=True, slots=True)
class Problem:
    """A criterion to ask about again, and why."""

    id: str
    why: str


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """Return the templates: sandboxed, and refusing names they were not given."""
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # plain text; words of speakers are fenced and never parsed as a template
        keep_trailing_newline=False,
    )


@cache
def version() -> str:
    """Return the hash of everything that is fixed in the prompts (12 hex digits)."""
    texts = [(TEMPLATES / f"{name}.jinja").read_bytes() for name in ("judge", "rubric", "transcript", "again")]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:12]


class Wording:
    """Puts criteria into words; the catalogue's titles and descriptions stand for behaviours where there is one."""

    def __init__(self, catalogue: Catalogue | None) -> None:
        self._known = {each.id: each for each in catalogue} if catalogue else {}

    def behaviour(self, behaviour_id: str) -> str:
        """Return a behaviour's title, or its id in words."""
        known = self._known.get(behaviour_id)
        return known.title.lower() if known is not None else behaviour_id.replace("_", " ").replace("-", " ")

    def glossary(self, criteria: Sequence[Criterion]) -> dict[str, str]:
        """Return title and description of each behaviour the criteria name and the catalogue knows, each once."""
        named: dict[str, None] = {}
        for each in criteria:
            for group in (each.applies.customer, each.applies.trainee, each.met_by, each.broken_by, each.unless):
                named.update(dict.fromkeys(group))
        return {self.behaviour(each): self._known[each].description for each in named if each in self._known}

    def applies(self, criterion: Criterion) -> str:
        """Say when a criterion applies; how many turns it takes is settled by code."""
        parts = []
        if criterion.applies.customer:
            signs = ", ".join(self.behaviour(each) for each in criterion.applies.customer)
            parts.append(f"only where the CUSTOMER does one of these, to the TRAINEE's next two turns: {signs}")
        if criterion.applies.trainee:
            signs = ", ".join(self.behaviour(each) for each in criterion.applies.trainee)
            parts.append(f"only where the TRAINEE{' then' if parts else ''} does one of these: {signs}; otherwise not_applicable")
        return "; and ".join(parts) or "always"


def fixed(rubrics: Sequence[Rubric], criteria: Sequence[Criterion], wording: Wording) -> str:
    """Return the part of the prompt that does not depend on the transcript: every criterion, asked about or not.

    ``criteria`` are those of all the rubrics, in order, under the ids by which they are asked.
    """
    parts = [environment().get_template("judge.jinja").render()]
    explained: set[str] = set()
    rest = iter(criteria)
    for rubric in rubrics:
        own = [next(rest) for _ in rubric.criteria]
        glossary = {title: words for title, words in wording.glossary(own).items() if title not in explained}
        explained.update(glossary)
        template = environment().get_template("rubric.jinja")
        parts.append(template.render(rubric=rubric, glossary=glossary, questions=_questions(own, wording)))
    return "\n\n".join(part.strip() for part in parts)


def _questions(criteria: Sequence[Criterion], wording: Wording) -> list[dict[str, Any]]:
    return [
        {
            "id": each.id,
            "asks": each.asks,
            "applies": wording.applies(each),
            "keep_from": keeps_from(each),
            "only_when_broken": only_when_broken(each),
            "met_by": [wording.behaviour(one) for one in each.met_by],
            "broken_by": [wording.behaviour(one) for one in each.broken_by],
            "unless": [wording.behaviour(one) for one in each.unless],
            "every_time": each.every_time,
            "by_the_end": each.by_the_end,
            "tolerates": each.tolerates,
            "examples_met": each.examples.met,
            "examples_not_met": each.examples.not_met,
        }
        for each in criteria
    ]


def lines(speakers: Sequence[Role], texts: Sequence[str]) -> str:
    """Return a recording, one line a turn. ``texts`` are the turns' words as the judge may read them, in order."""
    spoken = zip(speakers, texts, strict=True)
    return "\n".join([f"[{number}] {speaker.upper()}: {fence(text)}" for number, (speaker, text) in enumerate(spoken, 1)])


def recording(lines: str, ids: Sequence[str]) -> str:
    """Return the transcript part of the prompt: the recording, and the ids of the questions that are asked about it."""
    return environment().get_template("transcript.jinja").render(lines=lines, ids=", ".join(ids), count=len(ids)).strip()


def again(problems: Sequence[Problem]) -> str:
    """Return the request to look once more at the criteria that could not be used."""
    lines = "\n".join(f"- {each.id}: {fence(clean(each.why, keep_newlines=False))}" for each in problems)
    ids = ", ".join(each.id for each in problems)
    return environment().get_template("again.jinja").render(problems=lines, ids=ids).strip()


def keeps_from(criterion: Criterion) -> bool:
    """Return whether a criterion is met by the absence of something in the whole conversation: no words can show that.

    Where it applies on an occasion only, the trainee's answer to the occasion is what it rests on.
    """
    return bool(criterion.broken_by) and not criterion.met_by and not criterion.applies.customer and not criterion.applies.trainee


def only_when_broken(criterion: Criterion) -> bool:
    """Return whether a criterion applies only where it is broken, so that it can be not met or not applicable, never met."""
    applies = criterion.applies
    return (
        bool(applies.trainee) and not applies.customer and not criterion.met_by and {*applies.trainee} <= {*criterion.broken_by}
    )
