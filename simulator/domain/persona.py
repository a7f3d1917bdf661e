"""Personas: who the customer is, the situations they are met in, and the rules by which they feel and act."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from simulator.domain import condition as conditions
from simulator.domain.base import Authored, Id, Prose

Skill = Literal["warmth", "boundaries", "authenticity", "service", "substantiation"]

FEELING_MIN, FEELING_MAX = 0.0, 10.0


def _condition(value: Any) -> Any:
    if isinstance(value, conditions.Condition):
        return value
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError("a condition is written as text, such as 'trust >= 6'")
    return conditions.parse(value)


When = Annotated[
    conditions.Condition,
    BeforeValidator(_condition),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(
        {"type": ["string", "number", "boolean"], "description": "A condition, such as 'trust >= 6 and said(solves)'"}
    ),
]
"""A condition of :mod:`simulator.domain.condition`, written as text in YAML."""


class Pronouns(Authored):
    """The forms a text needs, and whether verbs take the plural."""

    they: str
    them: str
    their: str
    theirs: str
    themself: str
    plural: bool = False


PRONOUNS = {
    "she/her": Pronouns(they="she", them="her", their="her", theirs="hers", themself="herself"),
    "he/him": Pronouns(they="he", them="him", their="his", theirs="his", themself="himself"),
    "they/them": Pronouns(they="they", them="them", their="their", theirs="theirs", themself="themself", plural=True),
}

_SLOT = re.compile(r"\{([A-Za-z_]+)\}")


class Identity(Authored):
    """Who plays the persona: any of them may be drawn, and none changes what the persona feels or does."""

    name: Prose
    pronouns: Literal["she/her", "he/him", "they/them"]
    age: int = Field(ge=18, le=110, description="Years; personas are adults")
    slots: dict[Id, Prose] = Field(
        default_factory=dict, description="Words of this identity's own that texts may use, such as {partner}"
    )

    def words(self) -> dict[str, str]:
        """Return what each slot of a text becomes: ``name``, ``they``, ``them``, ``are``, ``s`` … and the identity's own."""
        forms = PRONOUNS[self.pronouns]
        plural = forms.plural
        return {
            "name": self.name,
            "age": str(self.age),
            "they": forms.they,
            "them": forms.them,
            "their": forms.their,
            "theirs": forms.theirs,
            "themself": forms.themself,
            "s": "" if plural else "s",
            "es": "" if plural else "es",
            "are": "are" if plural else "is",
            "were": "were" if plural else "was",
            "have": "have" if plural else "has",
            "do": "do" if plural else "does",
            **self.slots,
        }

    def fill(self, text: str) -> str:
        """Fill the slots of an authored text; ``{They}`` begins with a capital. Unknown slots stay as they are."""
        words = self.words()

        def word(match: re.Match[str]) -> str:
            key = match[1]
            if key in words:
                return words[key]
            if key[0].isupper() and key[0].lower() + key[1:] in words:
                filled = words[key[0].lower() + key[1:]]
                return filled[:1].upper() + filled[1:]
            return match[0]

        return _SLOT.sub(word, text)


COMMON_SLOTS = frozenset(Identity(name="A", pronouns="they/them", age=18).words())


class Line(Authored):
    """Words the customer may say. Written as plain text, or as a mapping when it fits only some moments."""

    text: Prose
    after: tuple[Prose, ...] = Field(
        default=(), description="Things a trainee may just have said that this line answers well; they steer the choice"
    )
    when: When | None = Field(default=None, description="Only said while this holds")


def _line(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


Lines = tuple[Annotated[Line, BeforeValidator(_line, json_schema_input_type=str | Line)], ...]


class Fact(Authored):
    """Something the customer knows. ``tell`` says when: ``asked``, ``freely``, or a condition (and then when asked)."""

    id: Id
    text: Prose = Field(description="The fact, for the model's prompt and as a last resort for the built-in voice")
    tell: Literal["asked", "freely"] | When = "asked"
    asked_by: tuple[Prose, ...] = Field(default=(), description="Questions this fact answers, as a trainee would put them")
    lines: Lines = Field(default=(), description="The fact as the customer would say it, in more than one way if possible")


class Scenario(Authored):
    """A situation the persona is met in."""

    id: Id
    place: Prose
    trainee: Prose = Field(description="The trainee's job, such as 'returns assistant'")
    wants: Prose = Field(description="What the customer came for, beginning with 'to', such as 'to return a hose'")
    trade: str = Field(default="", max_length=80)
    goal: str = Field(default="", max_length=500, description="What a good outcome looks like, told to the trainee")
    knows: tuple[Prose, ...] = Field(default=(), description="What the trainee may offer, as told in the briefing")
    opening: Lines = Field(default=(), description="How the customer begins")
    shows: tuple[Id, ...] = Field(
        default=(), description="Behaviours the customer shows by how they begin, as a move's 'shows' says for that move"
    )
    facts: tuple[Fact, ...] = ()
    done_when: When = Field(
        default_factory=lambda: conditions.parse("ever(solves)"),
        description="When what the customer came for has been done; from then on task_done is true",
    )
    lines: dict[Id, Lines] = Field(
        default_factory=dict, description="More lines for a move or ending, said in this scenario only"
    )


class Feeling(Authored):
    """One number of the inner state, 0–10."""

    start: float = Field(ge=FEELING_MIN, le=FEELING_MAX)
    means: Prose = Field(description="What it says about the customer, with slots: 'how far {they} trust{s} you'")
    drift: float = Field(default=0, ge=-2, le=2, description="How much it moves by itself each turn")
    good: Literal["high", "low"] = Field(default="high", description="Which end the trainee should hope for")


class Move(Authored):
    """What the customer may do next."""

    id: Id
    when: When | None = Field(default=None, description="Left out: always possible")
    at_most: int | None = Field(default=None, ge=1, le=100, description="How often in one conversation")
    gap: int = Field(default=0, ge=0, le=50, description="How many of the customer's turns must pass before it comes again")
    urgent: bool = Field(default=False, description="Comes even when the trainee just asked something the customer can answer")
    joins: bool = Field(
        default=False, description="The built-in voice may add one of its lines after an answer or an aside, in the same turn"
    )
    cued: bool = Field(
        default=False, description="Comes only when the ``after`` of one of its lines is like the words just heard"
    )
    intent: Prose = Field(description="What the customer does, for the model: 'asks what time you finish'")
    shows: tuple[Id, ...] = Field(
        default=(),
        description="Behaviours the customer shows by this move, however it is worded: what a rubric then asks of the trainee",
    )
    feels: dict[Id, float] = Field(default_factory=dict, description="How making this move changes how the customer feels")
    lines: Lines = Field(min_length=1)
    good_replies: tuple[Prose, ...] = Field(
        default=(), description="What a good trainee might answer; shown in the debrief, never in the conversation"
    )


class Ending(Authored):
    """How the conversation ends from the customer's side."""

    id: Id
    when: When
    means: str = Field(default="", max_length=300, description="What happened, told to the trainee: '{Name} left content'")
    outcome: Literal["good", "mixed", "bad"] = "mixed"
    intent: str = Field(default="", max_length=300, description="What the customer does, for the model")
    lines: Lines = Field(min_length=1)


class Survey(Authored):
    """The customer's own rating, worked out from the inner state they ended with. Each value is 0–10 but the last."""

    warmth: When
    comfort: When
    would_return: When = Field(description="A condition: true or false")
    comments: Lines = Field(
        default=(), description="What the customer says about it in their own words; the first whose condition holds"
    )


# Small moments that every conversation has, whatever the move: what was heard is in the comment.
Moment = Literal[
    "greeting",  # a greeting, at the start
    "thanked",  # thanks
    "accepts",  # an offer or a question for permission the customer says yes to ("shall I swap it?")
    "declines",  # an offer the customer has no use for ("would you like a loyalty card?")
    "either",  # a choice of two things nobody told them to mind about ("eat in or take away?")
    "pays",  # a price ("that's 3.40")
    "shrugs",  # "why?", "how so?" about what they just said
    "agrees",  # a tag or a check ("all right?", "it's lovely, isn't it?")
    "again",  # a question already answered: said before the answer
    "told",  # the same, when there is no other way left of putting it
    "unclear",  # something that makes no sense to them
    "silence",  # nothing at all
    "filler",  # nothing in particular, with nothing left to say
    "protest",  # a goodbye before they have what they came for
    "farewell",  # a goodbye
]


def _sentences(value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+)\s*(?:sentences?)?\s*", value)
        if match is None:
            raise ValueError("write a number of sentences, such as '2 sentences'")
        return int(match[1])
    return value


_SentenceCount = (
    Annotated[int, Field(ge=1, le=8)] | Annotated[str, Field(pattern=r"^\s*[1-8]\s*(sentences?)?\s*$", examples=["2 sentences"])]
)


class Style(Authored):
    """How the persona talks."""

    manner: Prose
    habits: tuple[Prose, ...] = ()
    at_most: Annotated[
        int,
        Field(ge=1, le=8, description="Sentences a turn, such as '2 sentences'"),
        BeforeValidator(_sentences, json_schema_input_type=_SentenceCount),
    ] = 2


class Persona(Authored):
    """A customer or colleague, as a trainer wrote them."""

    id: Id
    name: Prose
    summary: Prose
    difficulty: int = Field(default=1, ge=1, le=3, description="1 gentle, 2 testing, 3 hard")
    trains: tuple[Skill, ...] = Field(min_length=1)
    role: Literal["customer", "colleague", "manager"] = "customer"
    content_note: str = Field(default="", max_length=400)
    about: str = Field(default="", max_length=2000, description="Who they are, for the model; slots allowed")
    identities: tuple[Identity, ...] = Field(min_length=1)
    voice: Style
    scenarios: tuple[Scenario, ...] = Field(min_length=1)
    state: dict[Id, Feeling] = Field(min_length=1, max_length=12)
    reactions: dict[Id, dict[Id, float]] = Field(description="behaviour → how each feeling moves")
    moves: tuple[Move, ...] = Field(min_length=1)
    endings: tuple[Ending, ...] = Field(min_length=1)
    survey: Survey
    unknown: Lines = Field(default=(), description="What the customer says when asked something nobody told them")
    facts: tuple[Fact, ...] = Field(default=(), description="What the customer knows in every scenario")
    asides: dict[Moment, Lines] = Field(
        default_factory=dict, description="What the customer says in small moments; plain words are used for those left out"
    )
    openers: dict[Id, Lines] = Field(
        default_factory=dict,
        description="behaviour → a few words that show it was heard, said before a move that does not itself answer it",
    )
    advice: tuple[Prose, ...] = Field(default=(), description="What this persona teaches, for the briefing afterwards")

    def known(self, scenario: Scenario) -> tuple[Fact, ...]:
        """Return what the customer knows in a scenario: its own facts first, then those of every scenario."""
        own = {fact.id for fact in scenario.facts}
        return scenario.facts + tuple(fact for fact in self.facts if fact.id not in own)

    @cached_property
    def by_move(self) -> dict[str, Move]:
        """Moves by id."""
        return {move.id: move for move in self.moves}

    @cached_property
    def by_ending(self) -> dict[str, Ending]:
        """Endings by id."""
        return {ending.id: ending for ending in self.endings}

    def scenario(self, scenario_id: str) -> Scenario | None:
        """Return the scenario with this id, or ``None``."""
        return next((each for each in self.scenarios if each.id == scenario_id), None)

    def identity(self, name: str) -> Identity | None:
        """Return the identity with this name (case aside), or ``None``."""
        return next((each for each in self.identities if each.name.casefold() == name.casefold()), None)
