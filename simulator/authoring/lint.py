"""What a persona that loads may still get wrong: rules that never come about, found from its conditions and feelings.

Errors are what cannot be meant (a condition no conversation can meet); warnings what a trainer should look at.
How lines read is looked at in :mod:`simulator.authoring.lint_lines`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from simulator.authoring.ranges import (
    Environment,
    Interval,
    Reach,
    always_holds,
    can_hold,
    environment,
    narrow,
    reach,
    value_of,
)
from simulator.authoring.yaml import Document, Location, problem
from simulator.domain.behaviour import Catalogue
from simulator.domain.condition import Arithmetic, Call, Condition, Name, Number
from simulator.domain.errors import Problem
from simulator.domain.persona import FEELING_MAX, FEELING_MIN, Line, Lines, Persona

_LARGE = 10


def persona_lines(persona: Persona) -> Iterator[tuple[tuple[str | int, ...], Line]]:
    """Yield every line a persona may say, with the place it stands in the file."""

    def each(lines: Lines, *location: str | int) -> Iterator[tuple[tuple[str | int, ...], Line]]:
        yield from (((*location, index), line) for index, line in enumerate(lines))

    for index, move in enumerate(persona.moves):
        yield from each(move.lines, "moves", index, "lines")
    for index, ending in enumerate(persona.endings):
        yield from each(ending.lines, "endings", index, "lines")
    for index, scenario in enumerate(persona.scenarios):
        yield from each(scenario.opening, "scenarios", index, "opening")
        for number, fact in enumerate(scenario.facts):
            yield from each(fact.lines, "scenarios", index, "facts", number, "lines")
        for name, lines in scenario.lines.items():
            yield from each(lines, "scenarios", index, "lines", name)
    for number, fact in enumerate(persona.facts):
        yield from each(fact.lines, "facts", number, "lines")
    for moment, lines in persona.asides.items():
        yield from each(lines, "asides", moment)
    for behaviour, lines in persona.openers.items():
        yield from each(lines, "openers", behaviour)
    yield from each(persona.unknown, "unknown")
    yield from each(persona.survey.comments, "survey", "comments")


class RuleLint:
    """Looks at the rules of one persona; :attr:`problems` grows."""

    def __init__(self, document: Document, persona: Persona, catalogue: Catalogue | None) -> None:
        self.document = document
        self.persona = persona
        self.catalogue = catalogue
        self.problems: list[Problem] = []
        trainee = frozenset(each.id for each in catalogue if "trainee" in each.speakers) if catalogue is not None else None
        self.trainee = trainee
        self.reach: Reach = reach(persona)
        whole = dict.fromkeys(persona.state, (FEELING_MIN, FEELING_MAX))
        self.widest = environment(persona, whole)
        self.env = environment(persona, self.reach.ranges, trainee)
        self.impossible: set[Location] = set()
        self.possible: dict[str, bool] = {}
        self.inside: dict[str, Environment | None] = {}
        self.unreached: dict[str, str] = {}
        """Moves and endings that never come, or only when others have run dry, by id, with the reason."""

    def report(
        self,
        severity: Literal["error", "warning"],
        location: Location,
        message: str,
        code: str,
        *,
        expected: str = "",
        key: bool = False,
    ) -> None:
        """Add a problem at a place."""
        place = self.document.place(location, key=key)
        self.problems.append(problem(self.document.path, message, place, code=code, expected=expected, severity=severity))

    def run(self) -> list[Problem]:
        """Return everything found."""
        self.conditions()
        self.endings()
        self.moves()
        self.feelings()
        self.reactions()
        self.survey()
        return self.problems

    def conditions(self) -> None:
        """Find conditions that can never hold."""
        for location, what, when, inside in self.each_condition():
            if not self.can_hold(when):
                message = f"{what}: {str(when)!r} can never hold"
                if not can_hold(when.tree, self.widest):
                    self.report("error", location, message, "never", expected=self.limits(when))
                else:
                    self.report("warning", location, f"{message}: {self.why(when)}", "never")
            elif inside is not None and not self.can_hold_inside(when, inside):
                self.report("warning", location, f"{what}: {str(when)!r} can never hold where it stands", "never")
            else:
                continue
            self.impossible.add(location)
            if len(location) == 3 and location[-1] == "when":
                rules = self.persona.moves if location[0] == "moves" else self.persona.endings
                self.unreached[rules[int(location[1])].id] = "never reached: its condition can never hold"

    def can_hold(self, when: Condition) -> bool:
        """Return whether a condition can hold; the same condition often decides many lines."""
        if when.source not in self.possible:
            self.possible[when.source] = can_hold(when.tree, self.env)
        return self.possible[when.source]

    def can_hold_inside(self, when: Condition, outer: Condition) -> bool:
        """Return whether a condition can hold where another does."""
        if not _related(when, outer):
            return True
        within = self.within(outer)
        return within is None or can_hold(when.tree, within)

    def within(self, when: Condition) -> Environment | None:
        """Return what holds where a condition does, ``None`` where it cannot."""
        if when.source not in self.inside:
            self.inside[when.source] = narrow(when.tree, self.env)
        return self.inside[when.source]

    def implies(self, one: Condition, other: Condition) -> bool:
        """Return whether a condition holds whenever another does; false where it cannot be told."""
        if not _related(one, other):
            return False
        within = self.within(one)
        return within is None or always_holds(other.tree, within)

    def each_condition(self) -> Iterator[tuple[tuple[str | int, ...], str, Condition, Condition | None]]:
        """Yield each condition: its place, what it decides, itself, and the condition it stands inside of."""
        persona = self.persona
        around: dict[tuple[str | int, ...], Condition] = {}
        for index, move in enumerate(persona.moves):
            if move.when is not None:
                around["moves", index] = move.when
                yield ("moves", index, "when"), f"the move {move.id!r}", move.when, None
        for index, ending in enumerate(persona.endings):
            around["endings", index] = ending.when
            yield ("endings", index, "when"), f"the ending {ending.id!r}", ending.when, None
        for index, scenario in enumerate(persona.scenarios):
            if "done_when" in scenario.model_fields_set:
                yield ("scenarios", index, "done_when"), "when it is done", scenario.done_when, None
            for number, fact in enumerate(scenario.facts):
                if isinstance(fact.tell, Condition):
                    yield ("scenarios", index, "facts", number, "tell"), f"the fact {fact.id!r}", fact.tell, None
        for number, fact in enumerate(persona.facts):
            if isinstance(fact.tell, Condition):
                yield ("facts", number, "tell"), f"the fact {fact.id!r}", fact.tell, None
        for location, line in persona_lines(persona):
            if line.when is not None:
                yield (*location, "when"), "this line", line.when, around.get(location[:2])

    def limits(self, when: Condition) -> str:
        """Return what the names of a condition can be, for a message."""
        feelings = [name for name in dict.fromkeys(name for name, _ in when.names) if name in self.persona.state]
        if not feelings:
            return ""
        return f"something {' and '.join(feelings)} can be, from {FEELING_MIN:g} to {FEELING_MAX:g}"

    def why(self, when: Condition) -> str:
        """Return why a condition that looks possible is not."""
        reasons = []
        for name in dict.fromkeys(name for name, _ in when.names):
            if name in self.persona.state:
                start = self.persona.state[name].start
                moved = {"raises": name in self.reach.rising, "lowers": name in self.reach.falling}
                still = " or ".join(each for each, is_moved in moved.items() if not is_moved)
                if still:
                    reasons.append(f"nothing {still} {name!r} from its start ({start:g})")
            elif name == "task_done" and self.env.get("task_done") == (0.0, 0.0):
                reasons.append("task_done never becomes true")
        if self.trainee is not None:
            asked = dict.fromkeys(name for function, name, _ in when.calls if function != "did")
            reasons.extend(f"{each!r} is not something a trainee does" for each in asked if each not in self.trainee)
        return ", ".join(reasons) or "its parts exclude each other"

    def endings(self) -> None:
        """Find endings that come at once, never, or only behind another."""
        endings = self.persona.endings
        first = self.first_turn()
        for index, ending in enumerate(endings):
            location = ("endings", index, "when")
            if location in self.impossible:
                continue
            if always_holds(ending.when.tree, self.env):
                self.report("error", location, f"the ending {ending.id!r} always holds, so nothing else can happen", "always")
                continue
            if always_holds(ending.when.tree, first):
                message = f"the ending {ending.id!r} holds from the start, whatever the trainee says"
                self.report("warning", location, message, "ends-at-once")
            for before in range(index):
                if ("endings", before, "when") in self.impossible:
                    continue
                if self.implies(ending.when, endings[before].when):
                    why = f"never reached: {endings[before].id!r} above it holds whenever it does"
                    self.unreachable(("endings", index, "id"), "ending", ending.id, why)
                    break
        if all(("endings", index, "when") in self.impossible for index in range(len(endings))):
            self.report("error", ("endings",), "no ending can be reached", "no-ending", key=True)

    def first_turn(self) -> Environment:
        """Return what holds when the trainee has spoken once, and nothing of note was heard."""
        known: dict[str, Interval] = {name: (feeling.start, feeling.start) for name, feeling in self.persona.state.items()}
        known |= {"turn": (1.0, 1.0), "task_done": (0.0, 0.0)}
        whens = [ending.when for ending in self.persona.endings]
        for function, argument, _ in (call for when in whens for call in when.calls):
            known[f"{function}({argument})"] = (0.0, 0.0) if function != "did" else (0.0, 1.0)
        return Environment(known)

    def moves(self) -> None:
        """Find moves that never get their turn. Urgent ones are asked first; then each in the order it stands."""
        moves = self.persona.moves
        order = sorted(range(len(moves)), key=lambda index: (not moves[index].urgent, index))
        for position, index in enumerate(order):
            move = moves[index]
            location = ("moves", index, "when")
            if location in self.impossible:
                continue
            if move.cued and not any(line.after for line in move.lines):
                why = "never reached: it waits for a cue, and none of its lines has 'after'"
                self.unreachable(("moves", index, "id"), "move", move.id, why)
                continue
            if move.when is not None and always_holds(move.when.tree, self.env):
                message = f"the condition of the move {move.id!r} always holds: leave it out"
                self.report("warning", location, message, "always")
                continue
            if move.when is None:
                continue
            for number, ending in enumerate(self.persona.endings):
                if ("endings", number, "when") not in self.impossible and self.implies(move.when, ending.when):
                    why = f"never reached: the ending {ending.id!r} holds whenever it does"
                    self.unreachable(("moves", index, "id"), "move", move.id, why)
                    break
            else:
                self.shadowed(move.when, index, order[:position])

    def shadowed(self, when: Condition, index: int, above: list[int]) -> None:
        """Report a move that waits until one above it has nothing left to say. Moves without a condition wait by design."""
        move = self.persona.moves[index]
        for each in above:
            other = self.persona.moves[each]
            limited = other.at_most is not None or other.gap or other.cued
            if limited or ("moves", each, "when") in self.impossible:
                continue
            if other.when is None or self.implies(when, other.when):
                because = "whose condition holds whenever this one's does" if other.when is not None else "which has no condition"
                why = f"reached only when every line of {other.id!r} above it is said, {because}"
                self.unreachable(("moves", index, "id"), "move", move.id, why, expected="the narrower move first")
                return

    def unreachable(self, location: Location, what: str, name: str, why: str, *, expected: str = "") -> None:
        """Report a move or ending that does not get its turn."""
        self.unreached[name] = why
        self.report("warning", location, f"the {what} {name!r} is {why}", "unreachable", expected=expected)

    def feelings(self) -> None:
        """Find feelings that nothing moves."""
        for name in self.persona.state:
            if name not in self.reach.rising and name not in self.reach.falling:
                self.report("warning", ("state", name), f"nothing moves the feeling {name!r}", "still-feeling", key=True)

    def reactions(self) -> None:
        """Find reactions that never come, or that sweep a feeling from end to end."""
        for behaviour, effects in self.persona.reactions.items():
            location = ("reactions", behaviour)
            if self.trainee is not None and behaviour not in self.trainee:
                message = f"{behaviour!r} is something the customer does, so this reaction never comes"
                self.report("warning", location, message, "wrong-speaker", key=True)
            if not effects:
                self.report("warning", location, f"the reaction to {behaviour!r} moves nothing", "no-effect", key=True)
            for feeling, by in effects.items():
                if abs(by) >= _LARGE:
                    message = f"{by:+g} moves {feeling!r} from one end to the other at once"
                    self.report("warning", (*location, feeling), message, "large-effect")

    def survey(self) -> None:
        """Find ratings that are no rating, and a would_return that is a number."""
        survey = self.persona.survey
        ratings: Mapping[str, Condition] = {"warmth": survey.warmth, "comfort": survey.comfort}
        for name, when in ratings.items():
            location = ("survey", name)
            low, high = value_of(when.tree, self.widest)
            if not isinstance(when.tree, Number | Name | Arithmetic):
                self.report("warning", location, f"'{name}' is true or false", "survey", expected="a number from 0 to 10")
            elif low < FEELING_MIN or high > FEELING_MAX:
                span = f"{low:g} to {high:g}"
                self.report("warning", location, f"'{name}' can be {span} and is cut off at 0 and 10", "survey")
        tree = survey.would_return.tree
        is_feeling = isinstance(tree, Name) and tree.name in self.persona.state
        counts = isinstance(tree, Call) and tree.function in ("times", "did")
        if is_feeling or counts or isinstance(tree, Arithmetic):
            self.report("warning", ("survey", "would_return"), "'would_return' is a number", "survey",
                        expected="a condition, such as 'trust >= 6'")  # fmt: skip


def _related(one: Condition, other: Condition) -> bool:
    """Return whether two conditions ask about anything in common; if not, neither can follow from the other."""
    asked = {name for name, _ in one.names} | {argument for _, argument, _ in one.calls}
    return any(name in asked for name, _ in other.names) or any(argument in asked for _, argument, _ in other.calls)
