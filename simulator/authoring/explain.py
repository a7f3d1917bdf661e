"""A persona or rubric explained in a page of plain text: what moves it, what it does, and what can be reached."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from simulator.authoring.lint import RuleLint
from simulator.authoring.ranges import environment, reach, value_of
from simulator.authoring.yaml import Document
from simulator.domain.behaviour import Catalogue
from simulator.domain.condition import Condition
from simulator.domain.persona import Feeling, Identity, Move, Persona, Scenario
from simulator.domain.rubric import Criterion, Rubric

DIFFICULTY = {1: "gentle", 2: "testing", 3: "hard"}
_WIDTH = 96


def persona_page(persona: Persona, document: Document, origin: str, catalogue: Catalogue | None) -> str:
    """Return the page about a persona: the state, what moves it, the moves and endings in the order they are asked."""
    lint = RuleLint(document, persona, catalogue)
    lint.run()
    return "\n".join(_persona(persona, document.path, origin, lint.unreached)) + "\n"


def _fill(text: str) -> str:
    """Return a text as it reads of nobody in particular."""
    return Identity(name="the customer", pronouns="they/them", age=40).fill(text)


def _persona(persona: Persona, path: str, origin: str, unreached: dict[str, str]) -> Iterator[str]:
    yield f"{persona.name} · {persona.id}"
    yield from _wrap(persona.summary, 0)
    trains = ", ".join(persona.trains)
    yield f"{DIFFICULTY[persona.difficulty]} · trains {trains} · {persona.role}"
    yield f"{origin}: {path}"
    if persona.content_note:
        yield from _wrap(f"Note: {persona.content_note}", 0)
    yield ""
    people = ", ".join(f"{each.name} ({each.pronouns}, {each.age})" for each in persona.identities)
    yield from _wrap(f"Played as {people}", 0)
    yield from _wrap(f"Talks: {_fill(persona.voice.manner)}; at most {persona.voice.at_most} sentences a turn", 0)
    yield from _head("Situations")
    for scenario in persona.scenarios:
        yield from _scenario(persona, scenario)
    yield from _head("Feelings, 0–10, and what moves them")
    ranges = reach(persona).ranges
    for name, feeling in persona.state.items():
        yield from _feeling(persona, name, feeling, ranges[name])
    yield from _head("Endings, asked first, in this order")
    for ending in persona.endings:
        said = f" – {_fill(ending.means)}" if ending.means else ""
        yield from _wrap(f"{ending.id} ({ending.outcome}) when {ending.when}{said}", 2)
        yield from _unreached(ending.id, unreached)
    yield from _head("Moves: the first that holds and is not spent")
    for move in sorted(persona.moves, key=lambda each: not each.urgent):
        yield from _move(move)
        yield from _unreached(move.id, unreached)
    yield from _head("Survey")
    env = environment(persona, ranges)
    for rating, when in (("warmth", persona.survey.warmth), ("comfort", persona.survey.comfort)):
        low, high = value_of(when.tree, env)
        yield f"  {rating} = {when} (from {max(low, 0):g} to {min(high, 10):g})"
    yield f"  would return when {persona.survey.would_return}"


def _scenario(persona: Persona, scenario: Scenario) -> Iterator[str]:
    place, wants = _fill(scenario.place), _fill(scenario.wants)
    yield from _wrap(f"{scenario.id}: {place}; you are the {scenario.trainee}. They came {wants}.", 2)
    facts = persona.known(scenario)
    guarded = [fact for fact in facts if isinstance(fact.tell, Condition)]
    freely = sum(fact.tell == "freely" for fact in facts)
    yield f"    done when {scenario.done_when}; {len(facts)} facts, {freely} told freely"
    for fact in guarded:
        yield from _wrap(f"{fact.id} only when {fact.tell}", 4)


def _feeling(persona: Persona, name: str, feeling: Feeling, span: tuple[float, float]) -> Iterator[str]:
    drift = f", {feeling.drift:+g} each turn" if feeling.drift else ""
    can_be = f"can be {span[0]:g} to {span[1]:g}; {feeling.good} is good"
    yield from _wrap(f"{name}: {_fill(feeling.means)} (starts at {feeling.start:g}{drift}; {can_be})", 2)
    moved = [(behaviour, effects[name]) for behaviour, effects in persona.reactions.items() if effects.get(name)]
    moved += [(f"{move.id} (their own move)", move.feels[name]) for move in persona.moves if move.feels.get(name)]
    for sign, found in (("+", [each for each in moved if each[1] > 0]), ("–", [each for each in moved if each[1] < 0])):
        if found:
            found.sort(key=lambda each: -abs(each[1]))
            yield from _wrap(f"{sign} " + ", ".join(f"{what} {abs(by):g}" for what, by in found), 4)


def _move(move: Move) -> Iterator[str]:
    when = f" when {move.when}" if move.when is not None else ""
    notes = [f"{len(move.lines)} lines"]
    if move.at_most is not None:
        notes.append("once" if move.at_most == 1 else f"at most {move.at_most} times")
    if move.gap:
        notes.append(f"{move.gap} turns between")
    if move.cued:
        notes.append("only on a cue")
    if move.urgent:
        notes.append("urgent")
    yield from _wrap(f"{move.id}{when} – {_fill(move.intent)} ({'; '.join(notes)})", 2)


def _unreached(name: str, unreached: dict[str, str]) -> Iterable[str]:
    return _wrap(f"! {unreached[name]}", 4) if name in unreached else ()


def rubric_page(rubric: Rubric, path: str, origin: str) -> str:
    """Return the page about a rubric: its levels, criteria with what meets and breaks them, and its sources."""
    return "\n".join(_rubric(rubric, path, origin)) + "\n"


def _rubric(rubric: Rubric, path: str, origin: str) -> Iterator[str]:
    yield f"{rubric.title} · {rubric.id}"
    yield from _wrap(rubric.summary, 0)
    yield f"{origin}: {path}"
    yield from _head("Levels")
    begins = {1: 0.0} | dict(zip((2, 3, 4, 5), rubric.thresholds, strict=True))
    for level in range(1, 6):
        yield from _wrap(f"{level} (from {begins[level]:.0%} of the applicable weight): {rubric.levels[level]}", 2)
    yield from _head("Criteria")
    for criterion in rubric.criteria:
        yield from _criterion(criterion)
    if rubric.sources:
        yield from _head("Sources")
        for source in rubric.sources:
            yield from _wrap(source, 2)


def _criterion(criterion: Criterion) -> Iterator[str]:
    cap = f"; caps the level at {criterion.cap_when_not_met} when not met" if criterion.cap_when_not_met else ""
    yield from _wrap(f"{criterion.id}: {criterion.asks} (weight {criterion.weight:g}{cap})", 2)
    applies = criterion.applies
    if applies.customer:
        yield from _wrap(f"applies when the customer shows {', '.join(applies.customer)}", 4)
    if applies.trainee:
        yield from _wrap(f"applies when the trainee shows {', '.join(applies.trainee)}", 4)
    if applies.min_turns > 1:
        yield f"    applies from {applies.min_turns} turns of the trainee"
    if criterion.met_by:
        yield from _wrap(f"met by {', '.join(criterion.met_by)}", 4)
    if criterion.broken_by:
        yield from _wrap(f"broken by {', '.join(criterion.broken_by)}", 4)
    if not criterion.met_by and not criterion.broken_by:
        yield "    needs a reader: the built-in judge leaves it not judged"
    yield from (line for each in criterion.examples.met for line in _wrap(f"✓ {each}", 4))
    yield from (line for each in criterion.examples.not_met for line in _wrap(f"✗ {each}", 4))


def _head(title: str) -> Iterator[str]:
    yield ""
    yield title


def _wrap(text: str, indent: int) -> list[str]:
    first, rest = " " * indent, " " * (indent + 2 if indent else 0)
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False)
