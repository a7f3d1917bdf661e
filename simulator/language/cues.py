"""Cues: small word patterns that show a behaviour, or show that it is not one. They are data, in ``data/cues/*.txt``.

A line is ``behaviour  strength  pattern``. A strength 0–1 says how sure the cue alone makes us; ``veto`` takes the behaviour
off a sentence however it came there; ``veto-turn`` off the whole turn. A pattern is words separated by spaces, matched on the
plain words of one sentence (see :mod:`simulator.language.reading`):

====================  =========================================================================
``refund``            this word
``refund~``           its inflections too: refunds, refunded, refunding
``a|b``               either; ``all_set`` is two words in a row
``@praise``           any word of a class (a line ``@praise = lovely great …``)
``[really]``          may be there or not
``..``  ``...``       up to two, up to five words in between, not across a comma for ``..``
``!not``              the next word is none of these (takes ``|`` and ``@`` as above)
``^``  ``$``          the sentence begins, ends here (a final mark and "please", "then" are allowed)
``?``                 the sentence asks (written last)
====================  =========================================================================

For speed every cue is filed under one of its own words: only cues whose word is in the sentence are tried at all. Where many
sentences are looked through at once, :meth:`Cues.gates` says more: what must be there before a cue is worth trying.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from itertools import product

Gate = frozenset[tuple[str, ...]]  # runs of one to three words of which one must be in the sentence; "^" is its beginning
VETO = -1.0
VETO_TURN = -2.0
_FILLERS = (
    "well oh ok so and but right now yes no ah aw aww haha hi hello hey sorry um er uh then anyway look honestly "
    "name sir , … ! :)"
)
_OPENING = f"^ (?:(?:{'|'.join(re.escape(word) for word in _FILLERS.split())}) )*"
_LONGEST_RUN = 3
_MOST_PAIRS = 64  # neighbours that are spelt out for a gate; more of them would cost more than they spare
_GAPS = {"..": r"(?:[^ ,?!…]+ ){0,2}?", "...": r"(?:\S+ ){0,5}?"}
_ENDING = r"(?:(?:please|then|now|though|too|,|name|sir|love|mate|you know|[?!…]|:\)|;\)) )*$"


@dataclass(frozen=True)
class Cue:
    """A pattern and what it shows."""

    behaviour: str
    strength: float
    source: str
    expression: str = field(repr=False)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The compiled pattern (made when it is first needed: most never are)."""
        return re.compile(self.expression)


class CueError(ValueError):
    """A line of a cue file that cannot be read."""


class Cues:
    """All cues, filed by word."""

    def __init__(self, lines: Iterator[str] | list[str]) -> None:
        self.classes: dict[str, tuple[str, ...]] = {}
        self.by_word: dict[str, list[int]] = {}
        self.always: list[int] = []
        self.cues: list[Cue] = []
        self._needs: list[frozenset[str] | None] = []
        for line in lines:
            self._read(line)

    @classmethod
    def load(cls, *, scales: bool = False) -> Cues:
        """Read the shipped cue files; with ``scales`` also those that only the scales use."""
        folder = files("simulator.language").joinpath("data")
        entries = sorted(folder.joinpath("cues").iterdir(), key=lambda each: each.name)
        if scales:
            entries.append(folder.joinpath("scales", "cues.txt"))
        return cls([line for entry in entries for line in entry.read_text("utf-8").splitlines()])

    @property
    def vocabulary(self) -> set[str]:
        """Every word that a cue is filed under or a class holds."""
        return set(self.by_word) | {word for words in self.classes.values() for phrase in words for word in phrase.split()}

    def find(self, words: tuple[str, ...], line: str) -> list[Cue]:
        """Return the cues that match a sentence, each once."""
        present = set(words)
        found = {}
        by_word, cues, needs = self.by_word, self.cues, self._needs
        for word in present & by_word.keys():
            for number in by_word[word]:
                need = needs[number]
                if (need is None or not need.isdisjoint(present)) and number not in found:
                    found[number] = cues[number].pattern.search(line) is not None
        for number in self.always:
            found[number] = cues[number].pattern.search(line) is not None
        return [cues[number] for number in sorted(found) if found[number]]

    def gates(self, cue: Cue) -> tuple[list[Gate], bool]:
        """Return what a sentence must have for the cue to match, one run out of each gate, and whether that is all it takes."""
        elements = cue.source.split()
        while len(elements) > 1 and elements[-1] in _GAPS:
            del elements[-1]
        while len(elements) > 1 and elements[0] in _GAPS:
            del elements[0]
        gates: list[Gate] = []
        certain = len(elements) <= 2
        before: list[tuple[str, ...]] | None = None  # what the element right before may be
        for number, element in enumerate(elements):
            here: list[tuple[str, ...]] | None = None
            if element == "^^":
                here = [("^",)]
            elif element == "?":
                gates.append(frozenset({("?",)}))
                certain = certain and len(elements) == 1
            elif element[0] == "[" and before is not None:
                certain = False
                # It may be there or not: what comes next is a neighbour of it, or of what came before it.
                here = [*before, *(tuple(word.split()) for word in self._alternatives(element[1:-1]))]
            elif element in _GAPS or element in "^$" or element[0] == "[" or (element[0] == "!" and len(element) > 1):
                certain = False
                # What must not come next stands nowhere itself.
                here = before if element[0] == "!" else None
            elif "$" not in (words := self._alternatives(element)):
                here = [tuple(word.split()) for word in words]
                if before is not None and len(before) * len(here) <= _MOST_PAIRS:
                    gates.append(frozenset((one[-1], other[0]) for one, other in product(before, here)))
                else:
                    certain = certain and number == 0
                if max(map(len, here)) > 1 or before is None or len(before) * len(here) > _MOST_PAIRS:
                    gates.append(frozenset(run[:_LONGEST_RUN] for run in here))
                longest = _LONGEST_RUN if len(elements) == 1 else 1
                certain = certain and max(map(len, here)) <= longest
            else:
                certain = False
            before = here
        return gates, certain and bool(gates)

    def _read(self, line: str) -> None:
        line = line.split("#", 1)[0].strip()
        if not line:
            return
        if line.startswith("@") and "=" in line:
            name, _, members = line.partition("=")
            self.classes[name.strip()[1:]] = tuple(word for each in members.split() for word in self._members(each))
            return
        try:
            behaviour, strength, pattern = line.split(None, 2)
            value = {"veto": VETO, "veto-turn": VETO_TURN}.get(strength)
            value = float(strength) if value is None else value
        except ValueError:
            raise CueError(f"not a cue: {line!r}") from None
        expression, required = self._compile(pattern)
        number = len(self.cues)
        self.cues.append(Cue(behaviour, value, pattern, expression))
        required.sort(key=_cost)
        # The word it is filed under, and one more that must be there too: both spare most of the searching.
        self._needs.append(frozenset(required[1]) if len(required) > 1 else None)
        if not required:
            self.always.append(number)
            return
        for anchor in dict.fromkeys(required[0]):
            self.by_word.setdefault(anchor, []).append(number)

    def _members(self, element: str) -> list[str]:
        if element.startswith("@") and len(element) > 1:
            try:
                return list(self.classes[element[1:]])
            except KeyError:
                raise CueError(f"no class {element}") from None
        if element.endswith("~"):
            return _inflections(element[:-1])
        return [element.replace("_", " ")]

    def _alternatives(self, element: str) -> list[str]:
        return [word for each in element.split("|") if each for word in self._members(each)]

    def _compile(self, pattern: str) -> tuple[str, list[list[str]]]:
        out = ["(?<= )"]
        required: list[list[str]] = []
        for element in pattern.split():
            if element == "^":
                out = [_OPENING]
            elif element == "^^":
                out = ["^ "]
            elif element == "$":
                out.append(_ENDING)
            elif element == "?":
                out.append(r"(?:\S+ )*\? ")
                required.append(["?"])
            elif element in _GAPS:
                out.append(_GAPS[element])
            elif element[0] == "!" and len(element) > 1:
                out.append(f"(?!{_either(self._alternatives(element[1:]))} )")
            elif element[0] == "[":
                out.append(f"(?:{_one_of(self._alternatives(element[1:-1]))})?")
            else:
                words = self._alternatives(element)
                out.append(_one_of(words))
                if "$" not in words:
                    required.append([word.split()[0] for word in words])
        return "".join(out), required


_COMMON = frozenset(
    "i you the a an to it is that's that your we of and in for on i'm are do can have be so this not with me my just it's , ! "
    "there was at all what how no will would could if they here get go up out good one like now".split()
)


def _cost(words: list[str]) -> float:
    return len(words) + 50 * sum(word in _COMMON for word in words)


def _either(words: list[str]) -> str:
    return f"(?:{'|'.join(re.escape(word).replace(chr(92) + ' ', ' ') for word in words)})"


def _one_of(words: list[str]) -> str:
    plain = [word for word in words if word != "$"]
    if len(plain) == len(words):
        return f"{_either(plain)} "
    return f"(?:{_either(plain)} |(?={_ENDING}))"


def _inflections(word: str) -> list[str]:
    """Return the forms a regular verb or noun may take; some that do not exist are harmless."""
    forms = [word, word + "s"]
    if word.endswith("e"):
        forms += [word + "d", word[:-1] + "ing"]
    elif word.endswith("y") and word[-2] not in "aeou":
        forms += [word[:-1] + "ies", word[:-1] + "ied", word + "ing"]
    else:
        forms += [word + "ed", word + "ing", word + "es"]
        if word[-1] not in "aeiouwxy" and word[-2] in "aeiou" and (len(word) < 4 or word[-3] not in "aeiou"):
            forms += [word + word[-1] + "ed", word + word[-1] + "ing"]
    return forms
