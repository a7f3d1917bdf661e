"""Names in files that must lead somewhere: feelings, behaviours, moves, slots and ids.

Works on the data as it was read, not on the models, so that a misspelt name is reported beside a missing key and not only
after it has been put right.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from simulator.authoring.messages import show
from simulator.authoring.yaml import Document, Location, problem
from simulator.domain import condition as conditions
from simulator.domain.errors import Problem, nearest
from simulator.domain.persona import COMMON_SLOTS
from simulator.domain.text import fold

_RESERVED_ENDINGS = {"trainee_ended", "stopped", "out_of_lines"}
_SLOT = re.compile(r"\{([^{}]*)\}")
_SLOT_NAME = re.compile(r"[A-Za-z_]+")
_LISTED_MAX = 12

# Texts that people write for others to read, by key: they may hold slots. Ids, conditions and numbers are not texts.
_CONDITIONS = frozenset({"when", "done_when", "tell"})
_NOT_TEXTS = frozenset({"id", "when", "done_when", "trains", "role", "outcome", "good", "trade", "pronouns", "tell"})


def items(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the mappings of a list with their indexes; nothing where it is no list."""
    if isinstance(value, list):
        yield from ((index, each) for index, each in enumerate(value) if isinstance(each, Mapping))


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping itself, and an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any, location: tuple[str | int, ...], key: str, found: list[tuple[tuple[str | int, ...], str, str]]) -> None:
    """Collect the texts below a value that are conditions or hold slots: where each stands, the key nearest above, itself."""
    if isinstance(value, dict):
        for name, below in value.items():
            if isinstance(below, str):
                if "{" in below or name in _CONDITIONS or location == ("survey",):
                    found.append(((*location, name), name, below))
            elif isinstance(below, dict | list):
                _texts(below, (*location, name), str(name), found)
    else:
        for index, below in enumerate(value):
            if isinstance(below, str):
                if "{" in below:
                    found.append(((*location, index), key, below))
            elif isinstance(below, dict | list):
                _texts(below, (*location, index), key, found)


class Names:
    """Collects the problems of one document; ``behaviours`` are the known ones, or ``None`` where they are not known."""

    def __init__(self, document: Document, behaviours: Collection[str] | None) -> None:
        self.document = document
        self.data = document.data
        self.behaviours = behaviours
        self.problems: list[Problem] = []

    def report(
        self,
        location: Location,
        message: str,
        *,
        key: bool = False,
        offset: int | None = None,
        code: str = "name",
        expected: str = "",
        suggestion: str = "",
    ) -> None:
        """Add a problem at a place."""
        place = self.document.place(location, key=key, offset=offset)
        self.problems.append(problem(self.document.path, message, place, code=code, expected=expected, suggestion=suggestion))

    def known(
        self, word: Any, choices: Collection[str], location: Location, what: str, *, key: bool = False, offset: int | None = None
    ) -> None:
        """Report a word that is not one of the choices."""
        if word in choices:
            return
        near = nearest(str(word), choices)
        message = f"there is no {what} {show(word)}"
        expected = "" if near and len(choices) > _LISTED_MAX else listed(choices)
        self.report(location, message, key=key, offset=offset, suggestion=near, expected=expected)

    def behaviour(self, word: Any, location: Location, *, key: bool = False, offset: int | None = None) -> None:
        """Report a behaviour that the catalogue does not have."""
        if self.behaviours is not None and isinstance(word, str):
            self.known(word, self.behaviours, location, "behaviour", key=key, offset=offset)

    def unique(self, found: list[tuple[str, Location]], what: str) -> None:
        """Report ids that stand twice."""
        seen: dict[str, int] = {}
        for each, location in found:
            if each in seen:
                self.report(location, f"the {what} {show(each)} stands twice (first on line {seen[each]})", code="duplicate")
            else:
                seen[each] = self.document.place(location)[0]

    def ids(self, value: Any, location: tuple[str | int, ...], key: str = "id") -> list[tuple[str, Location]]:
        """Return the ids of a list of mappings, with their places."""
        return [(each[key], (*location, index, key)) for index, each in items(value) if isinstance(each.get(key), str)]


def listed(choices: Collection[str]) -> str:
    """Return the choices as one line, unless they are too many to read."""
    names = sorted(choices)
    if not names:
        return ""
    return "one of " + ", ".join(names[:_LISTED_MAX]) + (", …" if len(names) > _LISTED_MAX else "")


def persona_names(document: Document, behaviours: Collection[str] | None) -> list[Problem]:
    """Return the names in a persona that lead nowhere, and the ids that stand twice."""
    names = _PersonaNames(document, behaviours)
    names.check()
    return names.problems


class _PersonaNames(Names):
    def __init__(self, document: Document, behaviours: Collection[str] | None) -> None:
        super().__init__(document, behaviours)
        data = document.data
        self.feelings = [str(each) for each in mapping(data.get("state"))]
        self.moves = {name for name, _ in self.ids(data.get("moves"), ("moves",))}
        self.endings = {name for name, _ in self.ids(data.get("endings"), ("endings",))}

    def check(self) -> None:
        data = self.data
        for name in self.feelings:
            if name in conditions.VARIABLES or name in conditions.FUNCTIONS or name in conditions.WORDS:
                self.report(("state", name), f"a feeling cannot be called {name!r}: conditions use the word otherwise", key=True)
        for behaviour, effects in mapping(data.get("reactions")).items():
            self.behaviour(behaviour, ("reactions", behaviour), key=True)
            self.feeling_keys(effects, ("reactions", behaviour))
        for behaviour in mapping(data.get("openers")):
            self.behaviour(behaviour, ("openers", behaviour), key=True)
        for index, move in items(data.get("moves")):
            self.feeling_keys(move.get("feels"), ("moves", index, "feels"))
        for part in ("moves", "scenarios"):
            for index, each in items(data.get(part)):
                shows = each.get("shows")
                for number, behaviour in enumerate(shows if isinstance(shows, list) else ()):
                    self.behaviour(behaviour, (part, index, "shows", number))
        self.unique(self.ids(data.get("moves"), ("moves",)) + self.ids(data.get("endings"), ("endings",)), "move or ending")
        self.unique(self.ids(data.get("scenarios"), ("scenarios",)), "scenario")
        self.unique(self.ids(data.get("facts"), ("facts",)), "fact")
        identities = self.ids(data.get("identities"), ("identities",), "name")
        self.unique([(fold(name), place) for name, place in identities], "identity")
        for name, place in self.ids(data.get("endings"), ("endings",)):
            if name in _RESERVED_ENDINGS:
                self.report(place, f"an ending cannot be called {name!r}: transcripts use it for other endings", code="reserved")
        for index, scenario in items(data.get("scenarios")):
            self.unique(self.ids(scenario.get("facts"), ("scenarios", index, "facts")), "fact")
            for name in mapping(scenario.get("lines")):
                self.known(name, self.moves | self.endings, ("scenarios", index, "lines", name), "move or ending", key=True)
            for source, offset in self.condition_names(scenario.get("done_when")):
                if source == "task_done":
                    where = ("scenarios", index, "done_when")
                    self.report(where, "'done_when' says when task_done becomes true, so it cannot ask for it", offset=offset)
        texts: list[tuple[tuple[str | int, ...], str, str]] = []
        _texts(data, (), "", texts)
        self.conditions(texts)
        self.slots(texts)

    def feeling_keys(self, effects: Any, location: tuple[str | int, ...]) -> None:
        for feeling in mapping(effects):
            self.known(feeling, self.feelings, (*location, feeling), "feeling", key=True)

    def condition_names(self, source: Any) -> tuple[tuple[str, int], ...]:
        parsed = _parsed(source)
        return parsed.names if parsed else ()

    def conditions(self, texts: list[tuple[tuple[str | int, ...], str, str]]) -> None:
        for location, key, value in texts:
            is_condition = location[-1] in _CONDITIONS or (location[0] == "survey" and len(location) == 2)
            if not is_condition or (key == "tell" and value in ("asked", "freely")):
                continue
            parsed = _parsed(value)
            if parsed is None:
                continue
            for name, offset in parsed.names:
                self.variable(name, location, offset, tell=key == "tell")
            for function, argument, offset in parsed.calls:
                if function == "did":
                    self.known(argument, self.moves, location, "move", offset=offset)
                else:
                    self.behaviour(argument, location, offset=offset)

    def variable(self, name: str, location: Location, offset: int, *, tell: bool) -> None:
        known = {*self.feelings, *conditions.VARIABLES}
        if name in known:
            return
        if name in conditions.FUNCTIONS:
            self.report(location, f"{name!r} asks about something: write {name}(…)", offset=offset)
        elif self.behaviours is not None and name in self.behaviours:
            self.report(location, f"{name!r} is a behaviour", offset=offset, expected=f"said({name}) or ever({name})")
        elif name in self.moves:
            self.report(location, f"{name!r} is a move", offset=offset, expected=f"did({name})")
        elif "-" in name and set(name.split("-")) & known:
            spaced = name.replace("-", " - ")
            self.report(location, f"{name!r} is read as one name", offset=offset, suggestion=spaced)
        else:
            self.known(name, {*known, "freely"} if tell else known, location, "feeling", offset=offset)

    def slots(self, texts: list[tuple[tuple[str | int, ...], str, str]]) -> None:
        own: list[tuple[str, set[str]]] = []
        for index, identity in items(self.data.get("identities")):
            names = {str(each) for each in mapping(identity.get("slots"))}
            own.append((str(identity.get("name", index + 1)), names))
            for name in names:
                where = ("identities", index, "slots", name)
                if not _SLOT_NAME.fullmatch(name):
                    self.report(where, f"the slot {name!r} cannot be used in a text", key=True, expected="letters and _ only")
                elif name in COMMON_SLOTS and name not in ("name", "age"):
                    self.report(where, f"the slot {name!r} follows from the pronouns and cannot be set", key=True)
        everywhere = COMMON_SLOTS.union(*(names for _, names in own)) if own else COMMON_SLOTS
        for location, key, value in texts:
            if key in _NOT_TEXTS or (location[0] == "survey" and len(location) == 2):
                continue
            for match in _SLOT.finditer(value):
                self.slot(match, location, everywhere, own)

    def slot(
        self, match: re.Match[str], location: Location, everywhere: Collection[str], own: list[tuple[str, set[str]]]
    ) -> None:
        word = match[1]
        name = word[:1].lower() + word[1:]
        if word in COMMON_SLOTS or name in COMMON_SLOTS:
            return
        if word in everywhere or name in everywhere:
            without = [who for who, names in own if word not in names and name not in names]
            if without:
                message = f"the slot {{{word}}} is not set for {', '.join(without)}"
                self.report(location, message, offset=match.start(), code="slot")
            return
        near = nearest(word.strip(), everywhere)
        expected = "" if near else listed({f"{{{each}}}" for each in everywhere})
        suggestion = f"{{{near}}}" if near else ""
        message = f"there is no slot {{{word}}}"
        self.report(location, message, offset=match.start(), code="slot", expected=expected, suggestion=suggestion)


def _parsed(source: Any) -> conditions.Condition | None:
    """Return a condition, or ``None`` for what is none or cannot be read (the models report that)."""
    if not isinstance(source, str):
        return None
    try:
        return conditions.parse(source)
    except conditions.ConditionError:
        return None


def rubric_names(document: Document, behaviours: Collection[str] | None) -> list[Problem]:
    """Return the names in a rubric that lead nowhere, ids that stand twice, and levels and thresholds that do not fit."""
    names = Names(document, behaviours)
    data = document.data
    names.unique(names.ids(data.get("criteria"), ("criteria",)), "criterion")
    for index, criterion in items(data.get("criteria")):
        at = ("criteria", index)
        lists = [(*at, "met_by"), (*at, "broken_by"), (*at, "unless"), (*at, "applies", "customer"), (*at, "applies", "trainee")]
        for where in lists:
            holder = mapping(criterion.get("applies")) if "applies" in where else criterion
            words = holder.get(str(where[-1]))
            for number, word in enumerate(words if isinstance(words, list) else ()):
                names.behaviour(word, (*where, number))
        met, broken = criterion.get("met_by"), criterion.get("broken_by")
        if isinstance(met, list) and isinstance(broken, list):
            for number, word in enumerate(broken):
                if word in met:
                    message = f"{show(word)} both meets and breaks this criterion"
                    names.report((*at, "broken_by", number), message, code="conflict")
    _levels(names)
    _thresholds(names)
    return names.problems


def _levels(names: Names) -> None:
    levels = names.data.get("levels")
    if not isinstance(levels, Mapping):
        return
    missing = [str(each) for each in range(1, 6) if each not in levels and str(each) not in levels]
    for each in levels:
        if str(each) not in {"1", "2", "3", "4", "5"}:
            message = f"there is no level {show(each)}"
            names.report(("levels", each), message, key=True, expected="levels 1, 2, 3, 4 and 5", code="levels")
    if missing:
        word = "levels" if len(missing) > 1 else "level"
        names.report(("levels",), f"'levels' lacks {word} {', '.join(missing)}", key=True, code="levels")


def _thresholds(names: Names) -> None:
    thresholds = names.data.get("thresholds")
    if not isinstance(thresholds, list):
        return
    if len(thresholds) != 4:
        names.report(("thresholds",), f"'thresholds' holds {len(thresholds)} numbers", code="thresholds",
                     expected="4: the shares from which levels 2, 3, 4 and 5 begin")  # fmt: skip
    before = 0.0
    for index, each in enumerate(thresholds):
        if isinstance(each, bool) or not isinstance(each, int | float):
            continue
        if not 0 < each <= 1:
            message = f"the threshold {each} is no share"
            names.report(("thresholds", index), message, expected="more than 0, at most 1", code="thresholds")
        elif each < before:
            names.report(("thresholds", index), f"the threshold {each} is below the one before ({before:g})", code="thresholds",
                         expected="thresholds that rise")  # fmt: skip
        else:
            before = each


def catalogue_names(document: Document, behaviours: Collection[str] | None) -> list[Problem]:
    """Return ids that stand twice in a catalogue of behaviours, and ``after`` that leads nowhere."""
    names = Names(document, behaviours)
    names.unique(names.ids(document.data.get("behaviours"), ("behaviours",)), "behaviour")
    for index, behaviour in items(document.data.get("behaviours")):
        after = behaviour.get("after")
        for number, word in enumerate(after if isinstance(after, list) else ()):
            names.behaviour(word, ("behaviours", index, "after", number))
    return names.problems
