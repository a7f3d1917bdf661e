"""What the customer feels and remembers: a fold over the turns so far.

A reaction moves a feeling by the persona's number × the strength with which the behaviour was heard (only behaviours that
count as shown). The same kindness soothes less each time: a movement towards the end of a feeling that the trainee should
hope for is multiplied by :data:`FADES` per earlier turn that showed the behaviour, but never below :data:`FADES_TO`. Harm
does not wear off (Baumeister et al. 2001, "Bad is stronger than good").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from unicodedata import category

from simulator.conversation.questions import asks
from simulator.conversation.sentences import repeats, sentences, words
from simulator.domain.behaviour import Heard
from simulator.domain.persona import FEELING_MAX, FEELING_MIN, Persona, Scenario
from simulator.domain.transcript import Moved, Turn

FADES = 0.7
FADES_TO = 0.25
_DECIMALS = 3
_LONG_ENOUGH = 3  # words from which a sentence said twice is noticed

# Moves of the engine itself, beside those a persona names.
OPENING, ANSWERS, ASIDE, PROTESTS = "opening", "answers", "aside", "protests"


def _clamp(value: float) -> float:
    return round(min(max(value, FEELING_MIN), FEELING_MAX), _DECIMALS)


def _silent(text: str) -> bool:
    """Return whether a text says nothing at all: no letter, no digit, no picture."""
    return not any(char.isalnum() or category(char) == "So" for char in text)


# A turn later than any that a persona waits for.
_LATE = 100.0


class InnerState:
    """Feelings 0–10, and everything that conditions may ask about (:class:`simulator.domain.condition.Facts`)."""

    def __init__(self, persona: Persona, scenario: Scenario) -> None:
        self.persona = persona
        self.scenario = scenario
        self.feelings: dict[str, float] = {name: _clamp(each.start) for name, each in persona.state.items()}
        self.turn = 0
        self.customer_turns = 0
        self.asked = False
        self.task_done = False
        self.now: frozenset[str] = frozenset()
        self.shown: Counter[str] = Counter()
        self.made: Counter[str] = Counter()
        self.last_made: dict[str, int] = {}
        self.told: list[str] = []
        self.lines: set[str] = set()
        self.said: list[str] = []
        self.silent_turns = 0
        self.joined = False
        self._compared: dict[str, int] = {}

    def copy(self) -> InnerState:
        """Return a state that goes its own way from here."""
        other = copy(self)
        for name in ("feelings", "shown", "made", "last_made", "told", "lines", "said", "_compared"):
            setattr(other, name, getattr(self, name).copy())
        return other

    @classmethod
    def of(cls, persona: Persona, scenario: Scenario, turns: Iterable[Turn]) -> InnerState:
        """Return the state after these turns: their recorded feelings where they carry them, else worked out."""
        state = cls(persona, scenario)
        for turn in turns:
            state.live(turn)
        return state

    def live(self, turn: Turn, *, trust_record: bool = True) -> tuple[Moved, ...]:
        """Take in one turn of the record; return how feelings moved by the rules."""
        if turn.role == "trainee":
            return self._take_in(turn.text, turn.behaviours, turn.state if trust_record else None)
        moved = self.act(turn)
        if trust_record and turn.state:
            self._restore(turn.state)
        return moved

    def hear(self, text: str, heard: Sequence[Heard]) -> tuple[Moved, ...]:
        """Feel what the trainee just said; return how feelings moved, in the order it happened."""
        return self._take_in(text, heard, None)

    def _take_in(self, text: str, heard: Sequence[Heard], recorded: Mapping[str, float] | None) -> tuple[Moved, ...]:
        self.turn += 1
        self.asked = asks(text)
        self.silent_turns = self.silent_turns + 1 if _silent(text) else 0
        shown = [each for each in heard if each.shown]
        moved: list[Moved] = []
        for each in shown:
            for feeling, by in self.persona.reactions.get(each.id, {}).items():
                self._move(feeling, by * each.strength * self._fade(feeling, by, each.id), each.id, moved)
        for feeling, about in self.persona.state.items():
            if about.drift:
                self._move(feeling, about.drift, "time", moved)
        self.now = frozenset(each.id for each in shown)
        self.shown.update(self.now)
        if recorded:
            self._restore(recorded)
        self.task_done = self.task_done or self.scenario.done_when.holds(self)
        return tuple(moved)

    def _fade(self, feeling: str, by: float, behaviour: str) -> float:
        about = self.persona.state.get(feeling)
        if about is None or (by > 0) != (about.good == "high"):
            return 1.0
        return float(max(FADES ** self.shown[behaviour], FADES_TO))

    def _move(self, feeling: str, by: float, because: str, moved: list[Moved]) -> None:
        before = self.feelings.get(feeling)
        if before is None:
            return
        after = _clamp(before + by)
        if after != before:
            self.feelings[feeling] = after
            moved.append(Moved(feeling=feeling, by=round(after - before, _DECIMALS), to=after, because=because))

    def _restore(self, recorded: Mapping[str, float]) -> None:
        for feeling in self.feelings:
            if feeling in recorded:
                self.feelings[feeling] = _clamp(recorded[feeling])

    def act(self, turn: Turn) -> tuple[Moved, ...]:
        """Remember what the customer did and said; return how doing it moved them."""
        self.customer_turns += 1
        moved: list[Moved] = []
        if turn.move:
            self.made[turn.move] += 1
            self.last_made[turn.move] = self.customer_turns
            move = self.persona.by_move.get(turn.move)
            for feeling, by in move.feels.items() if move else ():
                self._move(feeling, by, turn.move, moved)
        for fact in (turn.fact, *turn.facts):
            if fact and fact not in self.told:
                self.told.append(fact)
        # Whether a move was said along with an answer or an aside: not twice in a row, or it becomes a tic.
        self.joined = turn.move in self.persona.by_move and bool(turn.fact or turn.also)
        self.lines.update(line for line in (turn.line, *turn.also) if line)
        self.said.extend(sentences(turn.text))
        return tuple(moved)

    def has_said(self, text: str) -> bool:
        """Return whether the customer has said ``text``, or a sentence of it, or nearly.

        What was compared once is not compared again, so that a long conversation costs no more than a short one.
        """
        done = self._compared.get(text, 0)
        if done < 0:
            return True
        new = self.said[done:]
        found = bool(new) and (
            repeats(text, new) or any(repeats(each, new) for each in sentences(text) if len(words(each)) >= _LONG_ENOUGH)
        )
        self._compared[text] = -1 if found else len(self.said)
        return found

    # -- what conditions may ask

    def value(self, name: str) -> float:
        """Return a feeling, or ``turn``, ``task_done`` or ``asked``; raise ``KeyError`` for anything else."""
        if name == "turn":
            return float(self.turn)
        if name == "task_done":
            return float(self.task_done)
        if name == "asked":
            return float(self.asked)
        return self.feelings[name]

    def call(self, function: str, argument: str) -> float:
        """Return ``said``, ``ever``, ``times`` (of a behaviour) or ``did`` (of a move)."""
        if function == "said":
            return float(argument in self.now)
        if function == "ever":
            return float(self.shown[argument] > 0)
        if function == "times":
            return float(self.shown[argument])
        return float(self.made[argument])

    def leaning(self, feelings: Mapping[str, float], *, parting: bool = False) -> Leaning:
        """Return the same memory with other feelings, to ask whether a condition would still hold.

        With ``parting`` it is asked as at a goodbye: what only says *not yet* (too few turns, something just said or asked that
        wants an answer first) no longer counts.
        """
        return Leaning(self, feelings, parting=parting)


class Leaning:
    """An inner state seen with some feelings replaced; clamped to 0–10."""

    def __init__(self, state: InnerState, feelings: Mapping[str, float], *, parting: bool = False) -> None:
        self._state = state
        self._feelings = feelings
        self._parting = parting

    def value(self, name: str) -> float:
        """Return the replaced feeling, or what the state itself says."""
        if self._parting and name in ("turn", "asked"):
            return _LATE if name == "turn" else 0.0
        return _clamp(self._feelings[name]) if name in self._feelings else self._state.value(name)

    def call(self, function: str, argument: str) -> float:
        """Return what the state itself says."""
        if self._parting and function == "said" and argument != "closes":
            return 0.0
        return self._state.call(function, argument)
