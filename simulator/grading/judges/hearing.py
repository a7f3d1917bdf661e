"""A transcript with what was heard in it, indexed the way criteria ask for it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

from simulator.domain.behaviour import Heard, Role
from simulator.domain.grade import Evidence
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.evidence import excerpt
from simulator.language.reading import understands

ANSWER_TURNS = 2
# From this strength of an occasion, leaving it unanswered is held against the trainee.
CLEAR = 0.7
# Jokes are many and their words are new each time. Between two jokes of the customer's, who plays on, a faint sign is enough
# to hear that the trainee joked back, unless the same turn holds something that is no joke.
PLAYED_BACK = 0.2
FAINT = frozenset({"banters"})  # of all others only what is shown matters
NO_JOKE = frozenset(
    "hostile sarcasm backhanded_remark passive_aggression condescends curt dismisses_feeling accuses makes_advance "
    "makes_innuendo reciprocates_advance compliments_appearance shows_intimate_interest names_a_limit_coldly".split()
)
_NOWHERE: Mapping[int, Heard] = {}


class Hears(Protocol):
    """The part of the behaviour detector that the judge needs."""

    @property
    def version(self) -> str:
        """The version results are recorded with."""
        ...

    def hear_all(self, transcript: Transcript) -> Sequence[tuple[Heard, ...]]:
        """Return what is heard in each turn."""
        ...

    def hear_many(
        self, transcripts: Iterable[Transcript], faint: Collection[str] | None = None
    ) -> Sequence[Sequence[tuple[Heard, ...]]]:
        """Return what is heard in each turn of each transcript; with ``faint``, faint signs of these behaviours only."""
        ...

    def hear(self, text: str, role: Role) -> tuple[Heard, ...]:
        """Return what is heard in some words by themselves."""
        ...


class Alone(dict[str, frozenset[str]]):
    """What words of the trainee's show by themselves. The same are asked about again and again: a bounded number is kept."""

    _MOST = 5_000

    def __init__(self, ear: Hears) -> None:
        super().__init__()
        self._ear = ear

    def __missing__(self, words: str) -> frozenset[str]:
        shown = frozenset(each.id for each in self._ear.hear(words, "trainee") if each.shown)
        if len(self) >= self._MOST:
            self.clear()
        self[words] = shown
        return shown

    def prepare(self, words: Iterable[str]) -> None:
        """Listen to all of these at once, which is many times quicker than to one after the other."""
        new = [each for each in dict.fromkeys(words) if each not in self]
        if not new:
            return
        if len(self) + len(new) > self._MOST:
            self.clear()
        # Nobody speaks between them, so each is heard as if it stood alone.
        turns = [Turn(role="trainee", text=each) for each in new]
        for each, heard in zip(new, self._ear.hear_many([Transcript(id="alone", turns=turns)], ())[0], strict=True):
            self[each] = frozenset(sign.id for sign in heard)


class Occasion(NamedTuple):
    """Something that called for a criterion (turn ``at``, or 0 for the conversation), and the trainee's turns to look at."""

    at: int
    because: str
    turns: tuple[int, ...]
    clear: bool = True


class Hearing:
    """A transcript with what was heard in it, indexed the way criteria ask for it. Made once for all rubrics."""

    def __init__(
        self,
        transcript: Transcript,
        ear: Hears,
        heard_in_turns: Sequence[tuple[Heard, ...]] | None = None,
        alone: Alone | None = None,
    ) -> None:
        """``heard_in_turns`` is what ``ear`` hears in each turn, where it was asked already, and ``alone`` how it hears words."""
        if heard_in_turns is None:
            heard_in_turns = ear.hear_all(transcript)
        self.transcript = transcript
        self._alone = alone if alone is not None else Alone(ear)
        self._beginnings: dict[int, Evidence | None] = {}
        self._quotes: dict[tuple[int, str], Evidence] = {}
        self._found: dict[tuple[str, ...], list[Mapping[int, Heard]]] = {}
        self._called: dict[tuple[Role, tuple[str, ...]], list[Occasion]] = {}
        turns: dict[Role, list[int]] = {"trainee": [], "customer": []}
        # Who shows what, and in which turns: most behaviours are never shown, and then nothing has to be looked through.
        self._shows: dict[Role, dict[str, dict[int, Heard]]] = {"trainee": {}, "customer": {}}
        maybe: dict[int, Heard] = {}
        for number, (turn, heard) in enumerate(zip(transcript.turns, heard_in_turns, strict=True), 1):
            turns[turn.role].append(number)
            shows = self._shows[turn.role]
            if turn.role == "trainee" and not any(each.shown and each.id in NO_JOKE for each in heard):
                maybe.update((number, each) for each in heard if each.id == "banters" and each.strength >= PLAYED_BACK)
            for each in heard:
                if each.shown:
                    shows.setdefault(each.id, {})[number] = each
            if turn.role == "customer":
                # What a persona's author says a move shows holds however it was worded.
                for behaviour in turn.shows:
                    shows.setdefault(behaviour, {})[number] = Heard(id=behaviour, strength=1, quote=turn.text)
        jokes = self._shows["customer"].get("banters", _NOWHERE)
        for number, sign in maybe.items():
            if all(number + side in jokes and jokes[number + side].strength >= CLEAR for side in (-1, 1)):
                self._shows["trainee"].setdefault("banters", {})[number] = sign
        self.trainee = tuple(turns["trainee"])
        self.understood = all(self._understood(numbers) for numbers in turns.values())

    def _understood(self, numbers: Sequence[int]) -> bool:
        """Return whether what one speaker said, taken together, is English; too few words to tell are given the benefit."""
        words = " ".join(self.transcript.turns[number - 1].text for number in numbers)
        return understands(words) or not any(char.isalpha() for char in words)

    def shows_any(self, role: Role, behaviours: frozenset[str]) -> bool:
        """Return whether a speaker shows any of ``behaviours`` anywhere."""
        return not behaviours.isdisjoint(self._shows[role])

    def shown_by(self, role: Role, behaviours: Sequence[str]) -> list[tuple[int, Heard]]:
        """Return the turns in which a speaker shows one of ``behaviours``, in order, each with the clearest of them."""
        shows = self._shows[role]
        clearest: dict[int, Heard] = {}
        for behaviour in behaviours:
            for number, heard in shows.get(behaviour, _NOWHERE).items():
                if number not in clearest or heard.strength > clearest[number].strength:
                    clearest[number] = heard
        return sorted(clearest.items())

    def rest_from(self, number: int) -> tuple[int, ...]:
        """Return all of the trainee's turns from turn ``number`` on."""
        return self.trainee[bisect_left(self.trainee, number) :]

    def called_for(self, role: Role, behaviours: tuple[str, ...]) -> list[Occasion]:
        """Return the occasions that a speaker's behaviours made, in order: those that the trainee had a turn left to answer."""
        found = self._called.get((role, behaviours))
        if found is None:
            called = ((number, heard, self.answers_to(number)) for number, heard in self.shown_by(role, behaviours))
            found = [Occasion(number, heard.id, turns, heard.strength >= CLEAR) for number, heard, turns in called if turns]
            self._called[role, behaviours] = found
        return found

    @cached_property
    def longest(self) -> int:
        """The number of the trainee's longest turn, the first of several; 0 where they said nothing."""
        turns = self.transcript.turns
        return max(self.trainee, key=lambda number: len(turns[number - 1].text), default=0)

    def beginning(self, number: int) -> Evidence | None:
        """Return the beginning of a turn as evidence; ``None`` where there are no words in it."""
        if number not in self._beginnings:
            quote = excerpt(self.transcript.turns[number - 1].text)
            self._beginnings[number] = Evidence(turn=number, quote=quote) if quote else None
        return self._beginnings[number]

    def quoted(self, number: int, sign: Heard) -> Evidence:
        """Return the words of a sign as evidence; several criteria rest on the same."""
        found = self._quotes.get((number, sign.quote))
        if found is None:
            quote = sign.quote or excerpt(self.transcript.turns[number - 1].text)
            found = self._quotes[number, sign.quote] = Evidence(turn=number, quote=quote)
        return found

    def answers_to(self, number: int) -> tuple[int, ...]:
        """Return the trainee's turns that answer turn ``number`` (itself the first, when it is theirs)."""
        at = bisect_left(self.trainee, number)
        return self.trainee[at : at + ANSWER_TURNS]

    def in_turns(
        self, numbers: Sequence[int], behaviours: tuple[str, ...], unless: tuple[str, ...] = ()
    ) -> tuple[tuple[int, Heard], ...]:
        """Return, for each of the trainee's turns that shows one of ``behaviours``, the strongest sign, in order.

        A sign does not count where the same words also show one of ``unless``.
        """
        found = self._signs(behaviours)
        if not found:
            return ()
        against = self._signs(unless) if unless else ()
        strongest: dict[int, Heard] = {}
        for signs in found:
            # An answer is one or two turns, a conversation many: look through the fewer.
            for number in numbers if len(numbers) <= len(signs) else [each for each in signs if each in numbers]:
                sign = signs.get(number)
                if sign is None:
                    continue
                best = strongest.get(number)
                if best is not None and best.strength >= sign.strength:
                    continue
                if against and (void := [each[number] for each in against if number in each]) and self._voided(sign, void):
                    continue
                strongest[number] = sign
        return tuple(sorted(strongest.items())) if len(strongest) > 1 else tuple(strongest.items())

    def _signs(self, behaviours: tuple[str, ...]) -> list[Mapping[int, Heard]]:
        """Return the trainee's signs of those of ``behaviours`` that they show, each by its turn; asked again and again."""
        found = self._found.get(behaviours)
        if found is None:
            shows = self._shows["trainee"]
            found = self._found[behaviours] = [shows[each] for each in behaviours if each in shows]
        return found

    def _voided(self, sign: Heard, voiding: Sequence[Heard]) -> bool:
        """Return whether the words of ``sign`` also show one of ``voiding``, which was heard somewhere in its turn."""
        if any(sign.quote in each.quote or each.quote in sign.quote for each in voiding):
            return True
        # A behaviour is quoted where it is clearest; it may be in these words too.
        shown = self._alone[sign.quote]
        return any(each.id in shown for each in voiding)
