"""Whether the built-in detector hears the examples of rubrics and catalogues as their authors meant them.

Up here, as it brings together files (authoring) and hearing (language), which know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.authoring.reading import read
from simulator.authoring.yaml import Document, Location, problem
from simulator.domain.behaviour import Behaviour, Catalogue, Heard, Role
from simulator.domain.errors import Problem
from simulator.domain.rubric import Criterion, Rubric
from simulator.domain.transcript import Transcript, Turn

if TYPE_CHECKING:
    from simulator.language.detector import Detector


@dataclass(frozen=True, slots=True)
class _Example:
    """A turn that somebody wrote as an example: what must be heard in it (any of these), and what must not."""

    document: Document
    location: Location
    text: str
    role: Role
    wanted: frozenset[str]
    unwanted: frozenset[str]
    excused: frozenset[str]
    """What is unwanted does no harm where one of these is heard too."""
    before: Turn | None


def misheard(paths: Sequence[Path], known: Catalogue | None) -> list[Problem]:
    """Return a warning for each example in these files that the built-in detector hears the other way.

    Only files that can be used are looked at; what else is wrong with them is the check's to say.
    """
    readings = [read(path, None) for path in paths]
    catalogue = _with_own(known, [each.value for each in readings if isinstance(each.value, Catalogue)])
    if catalogue is None:
        return []
    examples: list[_Example] = []
    for each in readings:
        if each.document is not None and isinstance(each.value, Catalogue):
            examples += _of_catalogue(each.document, each.value, catalogue)
        elif each.document is not None and isinstance(each.value, Rubric):
            examples += _of_rubric(each.document, each.value, catalogue)
    if not examples:
        return []

    from simulator.language.detector import Detector

    return _listen(examples, Detector.load(catalogue))


def _with_own(known: Catalogue | None, own: Sequence[Catalogue]) -> Catalogue | None:
    behaviours = {each.id: each for catalogue in ([known] if known is not None else []) + list(own) for each in catalogue}
    return Catalogue(behaviours=tuple(behaviours.values())) if behaviours else None


def _of_catalogue(document: Document, own: Catalogue, catalogue: Catalogue) -> list[_Example]:
    found = []
    for index, behaviour in enumerate(own.behaviours):
        this = frozenset({behaviour.id})
        before = _turn_showing(behaviour.after, _other(behaviour.speakers[0]), catalogue)
        for side, texts in (("examples", behaviour.examples), ("near_misses", behaviour.near_misses)):
            wanted, unwanted = (this, frozenset[str]()) if side == "examples" else (frozenset[str](), this)
            for number, text in enumerate(texts):
                where = ("behaviours", index, side, number)
                found.append(_Example(document, where, text, behaviour.speakers[0], wanted, unwanted, frozenset(), before))
    return found


def _of_rubric(document: Document, rubric: Rubric, catalogue: Catalogue) -> list[_Example]:
    """Return the examples of criteria that name behaviours; the others need a reader."""
    found = []
    for index, criterion in enumerate(rubric.criteria):
        before = _turn_showing(criterion.applies.customer, "customer", catalogue)
        for side, texts in (("met", criterion.examples.met), ("not_met", criterion.examples.not_met)):
            unwanted, excused = _against(criterion, side)
            for number, text in enumerate(texts):
                where = ("criteria", index, "examples", side, number)
                found.append(_Example(document, where, text, "trainee", frozenset(), unwanted, excused, before))
    return found


def _against(criterion: Criterion, side: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return what speaks against an example being on its side, and what outweighs that."""
    met, broken, unless = frozenset(criterion.met_by), frozenset(criterion.broken_by), frozenset(criterion.unless)
    return (broken, met) if side == "met" else (met, broken | unless)


def _turn_showing(behaviours: Sequence[str], role: Role, catalogue: Catalogue) -> Turn | None:
    """Return a turn that shows one of these behaviours, for examples that only mean something after it."""
    for name in behaviours:
        behaviour: Behaviour | None = catalogue.get(name)
        if behaviour is not None:
            text = behaviour.examples[0]
            return Turn(role=role, text=text, behaviours=(Heard(id=name, strength=1, quote=text),))
    return None


def _other(role: Role) -> Role:
    return "customer" if role == "trainee" else "trainee"


def _listen(examples: Sequence[_Example], detector: Detector) -> list[Problem]:
    transcripts = []
    for number, each in enumerate(examples):
        turns = ([each.before] if each.before is not None else []) + [Turn(role=each.role, text=each.text)]
        transcripts.append(Transcript(id=str(number), turns=turns))
    problems = []
    for each, heard in zip(examples, detector.hear_many(transcripts), strict=True):
        shown = {every.id for every in heard[-1] if every.shown}
        wrong = sorted(shown & each.unwanted)
        if each.wanted and not shown & each.wanted:
            instead = f"as {', '.join(sorted(shown))}" if shown else "as nothing in the catalogue"
            message = f"the built-in detector hears this example {instead}"
            expected = ", ".join(sorted(each.wanted))
        elif wrong and not shown & each.excused:
            message, expected = f"the built-in detector hears this as {', '.join(wrong)}, the other side of the line", ""
        else:
            continue
        place = each.document.place(each.location)
        problems.append(problem(each.document.path, message, place, code="misheard", expected=expected, severity="warning"))
    return problems
