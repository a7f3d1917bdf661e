"""How the words of a persona read: repeats, lines too long, pronouns and names typed in, facts given away or never asked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simulator.authoring.lint import persona_lines
from simulator.authoring.yaml import Document, Location, problem
from simulator.domain.errors import Problem
from simulator.domain.persona import Fact, Line, Persona
from simulator.domain.text import fold

_PRONOUN = re.compile(r"\b(she|he|her|him|hers|his|herself|himself)\b", re.IGNORECASE)
_SLOT_FOR = {"she": "{they}", "he": "{they}", "him": "{them}", "her": "{them} or {their}", "his": "{their} or {theirs}",
             "hers": "{theirs}", "herself": "{themself}", "himself": "{themself}"}  # fmt: skip
_SLOT = re.compile(r"\{[^{}]*\}")
_SENTENCE_END = re.compile(r"(?:[.!?]+|…)[\"')\]’”]*(?=\s+[\"'(\[‘“]?[A-Z0-9{]|\s*$)")
_STOPS = re.compile(r"[.!?…]")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
# Names that are words too: a capital at the start of a sentence says nothing about them.
_ALSO_WORDS = frozenset(
    "will may mark grace joy hope rose art bill jack dawn june april august faith summer sunny frank chase drew guy max pat "
    "rich sky terry ray rob sue rusty star ivy lily daisy olive ruby amber pearl holly heather iris jade melody harmony "
    "patience prudence charity christian dean duke earl gene grant hunter lance miles nick page peg penny piper reed river "
    "robin rocky sandy scout skip sterling storm victor wade ward woody young kit bay angel".split()
)
_COMMON = frozenset(
    "a an and are as at be been but by for from had has have he her him his i i'd i'm i've if in is it it's its me my no not "
    "of on or our out she so that that's the their them there they this to up us was we were what when which who will with "
    "you your just about into all some name they them their are have do".split()
)
_GIVEN_AWAY = 0.8
_FACT_WORDS_MIN = 3


class LineLint:
    """Looks at the words of one persona."""

    def __init__(self, document: Document, persona: Persona) -> None:
        self.document = document
        self.persona = persona
        self.problems: list[Problem] = []

    def warn(self, location: Location, message: str, code: str, *, expected: str = "", offset: int | None = None) -> None:
        """Add a warning at a place."""
        place = self.document.place(location, offset=offset)
        self.problems.append(problem(self.document.path, message, place, code=code, expected=expected, severity="warning"))

    def run(self) -> list[Problem]:
        """Return everything found."""
        for line, column in self.document.cleaned:
            self.problems.append(
                problem(self.document.path, "control characters in this text are dropped", (line, column), code="control",
                        severity="warning")
            )  # fmt: skip
        lines = list(persona_lines(self.persona))
        folded = [words_of(line.text) for _, line in lines]
        self.repeats(lines, folded)
        self.lengths(lines)
        self.pronouns()
        self.names(lines)
        self.unasked()
        self.given_away(lines, folded)
        return self.problems

    def place_of(self, location: Location) -> tuple[str | int, ...]:
        """Return the place of a line's text, which may be a mapping's."""
        value = self.document.data
        for part in location:
            value = value[part]
        return (*location, "text") if isinstance(value, dict) else tuple(location)

    def repeats(self, lines: list[tuple[tuple[str | int, ...], Line]], folded: list[list[str]]) -> None:
        """Find lines that say the same: each is said once in a conversation, so the second is lost."""
        seen: dict[str, tuple[str | int, ...]] = {}
        for (location, _), found in zip(lines, folded, strict=True):
            if location[0] == "survey":
                continue
            words = " ".join(found)
            scenario = str(location[1]) if location[0] == "scenarios" else ""
            first = seen.get(words) or seen.get(f"{scenario}|{words}")
            if first is not None:
                where = self.document.place(first)[0]
                self.warn(self.place_of(location), f"this line repeats line {where}, and no line is said twice", "repeat")
            else:
                seen[f"{scenario}|{words}" if scenario else words] = location

    def lengths(self, lines: list[tuple[tuple[str | int, ...], Line]]) -> None:
        """Find lines of more sentences than the voice allows."""
        at_most = self.persona.voice.at_most
        for location, line in lines:
            if location[0] == "survey" or len(_STOPS.findall(line.text)) < at_most:
                continue
            count = sentences(line.text)
            if count > at_most:
                self.warn(self.place_of(location), f"this line has {count} sentences", "too-long",
                          expected=f"at most {at_most}, as voice.at_most says")  # fmt: skip

    def pronouns(self) -> None:
        """Find pronouns typed in where the persona is spoken of, which fit only some of its identities."""
        for location, text in self.about():
            for match in _PRONOUN.finditer(_SLOT.sub(lambda slot: "_" * len(slot[0]), text)):
                word = match[1]
                # Lists show these before anybody knows who will be played.
                unfilled = location[0] in ("summary", "content_note")
                expected = "words that fit all of them" if unfilled else _SLOT_FOR[word.casefold()]
                self.warn(location, f"{word!r} fits only some identities", "pronoun", expected=expected, offset=match.start())

    def about(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield the texts that speak of the persona."""
        persona = self.persona
        yield ("summary",), persona.summary
        yield ("content_note",), persona.content_note
        for name, feeling in persona.state.items():
            yield ("state", name, "means"), feeling.means
        for index, move in enumerate(persona.moves):
            yield ("moves", index, "intent"), move.intent
        for index, ending in enumerate(persona.endings):
            yield ("endings", index, "intent"), ending.intent
            yield ("endings", index, "means"), ending.means
        for index, scenario in enumerate(persona.scenarios):
            yield ("scenarios", index, "wants"), scenario.wants
        yield ("voice", "manner"), persona.voice.manner
        for index, habit in enumerate(persona.voice.habits):
            yield ("voice", "habits", index), habit

    def names(self, lines: list[tuple[tuple[str | int, ...], Line]]) -> None:
        """Find names of identities typed in: another identity would be called by them."""
        names = {identity.name for identity in self.persona.identities}
        words = {word for name in names for word in _WORD.findall(name) if len(word) > 1 and word[0].isupper()}
        pattern = re.compile(r"\b(" + "|".join(map(re.escape, sorted(words))) + r")\b") if words else None
        if pattern is None:
            return
        texts = [(location, line.text) for location, line in lines]
        texts += [each for each in self.about() if each[0][0] not in ("summary", "content_note")]
        texts.append((("about",), self.persona.about))
        texts += [((*location, "text"), fact.text) for location, fact in self.all_facts()]
        if pattern.search("\n".join(text for _, text in texts)) is None:
            return
        for location, text in texts:
            for match in pattern.finditer(text):
                before = text[: match.start()].rstrip(" \"'“‘(")
                starts = not before or before[-1] in ".!?…:"
                if match[1].casefold() in _ALSO_WORDS and starts:
                    continue
                where = self.place_of(location)
                self.warn(where, f"the name {match[1]!r} is typed in", "name", expected="{name}", offset=match.start())

    def all_facts(self) -> Iterator[tuple[tuple[str | int, ...], Fact]]:
        """Yield every fact with its place."""
        for index, scenario in enumerate(self.persona.scenarios):
            yield from ((("scenarios", index, "facts", number), fact) for number, fact in enumerate(scenario.facts))
        yield from ((("facts", number), fact) for number, fact in enumerate(self.persona.facts))

    def unasked(self) -> None:
        """Find facts that no question is written for."""
        for location, fact in self.all_facts():
            if fact.tell != "freely" and not fact.asked_by:
                self.warn((*location, "id"), f"no question asks for the fact {fact.id!r}", "no-question",
                          expected="'asked_by' with the questions it answers")  # fmt: skip

    def given_away(self, lines: list[tuple[tuple[str | int, ...], Line]], folded: list[list[str]]) -> None:
        """Find lines that hold nearly all the words of a fact which has to be asked for."""
        guarded = [
            (place, fact, frozenset(words_of(fact.text)) - _COMMON) for place, fact in self.all_facts() if fact.tell != "freely"
        ]
        guarded = [each for each in guarded if len(each[2]) >= _FACT_WORDS_MIN]
        by_word: dict[str, list[int]] = {}
        for number, (_, _, words) in enumerate(guarded):
            for word in words:
                by_word.setdefault(word, []).append(number)
        for (location, _), found in zip(lines, folded, strict=True):
            if "facts" in location or location[0] == "survey":
                continue
            shared: dict[int, int] = {}
            for word in by_word.keys() & found:
                for number in by_word[word]:
                    shared[number] = shared.get(number, 0) + 1
            for number, count in shared.items():
                place, fact, words = guarded[number]
                elsewhere = place[0] == location[0] == "scenarios" and place[1] != location[1]
                if count >= _GIVEN_AWAY * len(words) and not elsewhere:
                    when = "it has been asked for" if fact.tell == "asked" else f"{str(fact.tell)!r} holds"
                    self.warn(self.place_of(location), f"this line tells the fact {fact.id!r} before {when}", "gives-away")


def sentences(text: str) -> int:
    """Return how many sentences a line has; a trailing fragment counts as one."""
    text = text.strip()
    ends = list(_SENTENCE_END.finditer(text))
    return len(ends) + (0 if ends and ends[-1].end() == len(text) else 1)


def words_of(text: str) -> list[str]:
    """Return the words of a text as they are compared, without punctuation."""
    return _WORD.findall(text.casefold() if text.isascii() else fold(text))
