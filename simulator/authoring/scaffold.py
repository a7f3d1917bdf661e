"""The beginnings of new files: valid, commented and ready to be met, so that a trainer changes instead of starting blank."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from simulator.authoring.reading import Kind, judge
from simulator.authoring.schema import modeline, schema_beside, schema_text
from simulator.authoring.yaml import parse_yaml
from simulator.domain.behaviour import Catalogue
from simulator.domain.errors import AuthoringError, UsageError, nearest
from simulator.domain.persona import Skill
from simulator.domain.text import clean
from simulator.files import write_atomically

SKILLS: tuple[str, ...] = get_args(Skill)
_ID = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_ID_MAX = 64


@dataclass(frozen=True, slots=True)
class PersonaIdea:
    """What a new persona begins from; every text has a plain default."""

    id: str
    name: str = ""
    summary: str = "A customer with something to return"
    place: str = "the returns desk of a hardware shop, mid-morning"
    trainee: str = "returns assistant"
    wants: str = "to return a kettle that stopped working"
    trains: Sequence[str] = ("warmth", "service")
    difficulty: int = 1


@dataclass(frozen=True, slots=True)
class RubricIdea:
    """What a new rubric begins from."""

    id: str
    title: str = ""
    summary: str = "What this skill is, in a sentence."
    behaviours: Sequence[str] = field(default=("acknowledges_feeling",))


def check_id(word: str) -> str:
    """Return the id itself; raises :class:`UsageError` for one that files and command lines could not use."""
    if _ID.fullmatch(word) and len(word) <= _ID_MAX:
        return word
    slug = re.sub(r"[^a-z0-9]+", "-", word.casefold()).strip("-")[:_ID_MAX].strip("-")
    hint = f"Did you mean {slug!r}?" if slug[:1].isalpha() else "Begin with a letter."
    raise UsageError(f"{word!r} cannot be an id: use lower-case letters and digits, joined by - or _.", hint=hint)


def listed(answer: str) -> list[str]:
    """Return the words of an answer that separates them by commas."""
    return [each.strip() for each in answer.split(",") if each.strip()]


def check_skills(answer: str) -> None:
    """Raise :class:`UsageError`, naming the nearest, where a list of skills holds one there is not."""
    for skill in listed(answer):
        if skill not in SKILLS:
            near = nearest(skill, SKILLS)
            raise UsageError(
                f"There is no skill {skill!r}.", hint=f"Did you mean {near!r}?" if near else f"Skills: {', '.join(SKILLS)}."
            )


def check_behaviours(answer: str, catalogue: Catalogue | None) -> None:
    """Raise :class:`UsageError`, naming the nearest, where a list of behaviours holds one that the catalogue does not."""
    for behaviour in listed(answer):
        if catalogue is not None and behaviour not in catalogue.ids:
            near = nearest(behaviour, catalogue.ids)
            hint = f"Did you mean {near!r}?" if near else "See 'fineline behaviours list'."
            raise UsageError(f"There is no behaviour {behaviour!r}.", hint=hint)


def persona_text(idea: PersonaIdea) -> str:
    """Return the YAML of a new persona that loads and checks without a warning.

    Raises :class:`UsageError` for an id or skill that cannot be, and :class:`AuthoringError` for texts that cannot.
    """
    check_id(idea.id)
    check_skills(", ".join(idea.trains))
    words = {
        "modeline": modeline("persona"),
        "id": idea.id,
        "name": _quote(idea.name or idea.id.replace("-", " ").replace("_", " ").capitalize()),
        "summary": _quote(idea.summary),
        "difficulty": str(idea.difficulty),
        "trains": ", ".join(idea.trains),
        "place": _quote(idea.place),
        "trainee": _quote(idea.trainee),
        "wants": _quote(idea.wants if idea.wants.startswith("to ") else f"to {idea.wants}"),
    }
    return _valid("persona", _fill(_PERSONA, words))


def rubric_text(idea: RubricIdea, catalogue: Catalogue | None = None) -> str:
    """Return the YAML of a new rubric; raises as :func:`persona_text`. ``catalogue`` gives its first criterion's examples."""
    check_id(idea.id)
    check_behaviours(", ".join(idea.behaviours), catalogue)
    first = catalogue.get(idea.behaviours[0]) if catalogue is not None else None
    met = first.examples[0] if first is not None else "I'm sorry, that sounds really frustrating."
    words = {
        "modeline": modeline("rubric"),
        "id": idea.id,
        "title": _quote(idea.title or idea.id.replace("-", " ").replace("_", " ").capitalize()),
        "summary": _quote(idea.summary),
        "behaviours": ", ".join(idea.behaviours),
        "asks": _quote(f"Does the trainee show it ({', '.join(idea.behaviours).replace('_', ' ')})?"),
        "met": _quote(met),
    }
    return _valid("rubric", _fill(_RUBRIC, words))


def write_new(path: Path, text: str, kind: Kind) -> list[Path]:
    """Write a new file, and beside it the schema its first line names, if there is none; return what was written.

    Never overwrites: raises :class:`FinelineError` where the file exists or cannot be written.
    """
    write_atomically(path, text, replace=False)
    written = [path]
    schema = schema_beside(path, kind)
    if not schema.exists():
        write_atomically(schema, schema_text(kind))
        written.append(schema)
    return written


def _valid(kind: Kind, text: str) -> str:
    """Return the text if it loads, which depends on what people gave for its parts."""
    document = parse_yaml(text, f"new {kind}")
    found = judge(document, Path(f"new {kind}"), None, kind=kind)
    if found.problems:
        raise AuthoringError(found.problems)
    return text


def _quote(text: str) -> str:
    """Return a text in double quotes; JSON's are YAML's."""
    return json.dumps(" ".join(clean(text).split()), ensure_ascii=False)


def _fill(template: str, words: dict[str, str]) -> str:
    return re.sub(r"<<(\w+)>>", lambda match: words[match[1]], template)


_PERSONA = """\
<<modeline>>
# A persona: who the customer is, what moves them, and what they do. Check it with
#   fineline personas check <<id>>.yaml
id: <<id>>
name: <<name>>
summary: <<summary>>
difficulty: <<difficulty>>                      # 1 gentle, 2 testing, 3 hard
trains: [<<trains>>]      # warmth, boundaries, authenticity, service, substantiation
# content_note: Say here what some trainees may want to know before they begin.

# Any of them may be drawn. Texts about the customer use {name} {they} {them} {their}, and verbs {s} {are} {have}:
# "how far {they} trust{s} you". Nothing the customer feels or does depends on who plays it.
identities:
  - {name: Elena, pronouns: she/her, age: 34}
  - {name: Kwame, pronouns: he/him, age: 51}
  - {name: Robin, pronouns: they/them, age: 27}

voice:
  manner: friendly, a little hurried
  habits: ["says 'right' before getting on with it"]
  at_most: 2 sentences             # a turn

scenarios:
  - id: first
    place: <<place>>
    trainee: <<trainee>>
    wants: <<wants>>
    goal: "Whatever {they} came for is settled, and {they} would come back."   # told to the trainee
    opening:
      - "Hello. I hope you can help me with something."
      - "Morning. Have you got a minute?"
    # What the customer knows. tell: asked, freely, or a condition such as "trust >= 6" (and then when asked).
    facts:
      - id: when
        text: "it was last week, on the Tuesday"
        asked_by: ["When was this?", "How long ago did you get it?", "What day was it?"]
        lines: ["Last week, the Tuesday.", "It'll have been Tuesday of last week."]
      - id: tried
        text: "switching it off and on again did nothing"
        asked_by: ["What have you tried?", "Have you tried anything yet?"]
        lines: ["I've had it off and on again, and nothing.", "Everything I could think of, and it made no difference."]
      - id: hurry
        tell: "trust >= 6"
        text: "the bus home leaves in twenty minutes"
        asked_by: ["Are you in a hurry?", "Is there any rush?", "Do you have a bit of time?"]
        lines: ["My bus goes in twenty minutes, if I'm honest."]

# How the customer feels, as numbers 0–10.
state:
  trust:    {start: 5, means: "how far {they} trust{s} you"}
  patience: {start: 6, drift: -0.2, means: "how long {they} will wait"}

# What you do → how they feel. The behaviours are listed by: fineline behaviours list
reactions:
  acknowledges_feeling: {trust: +1.5, patience: +1}
  apologises:           {trust: +0.5}
  asks_about_need:      {trust: +0.5, patience: +0.5}
  takes_ownership:      {trust: +1.5}
  offers_solution:      {trust: +1, patience: +1}
  solves:               {trust: +2, patience: +2}
  stock_phrase:         {trust: -1}
  curt:                 {trust: -1, patience: -1}
  dismisses_feeling:    {trust: -2, patience: -1}
  hostile:              {trust: -4, patience: -3}

# What the customer does: the first whose condition holds and whose limit is not spent. Narrow ones first.
moves:
  - id: hurt
    when: "said(hostile) or said(dismisses_feeling)"
    urgent: true                   # comes even when a question was asked
    at_most: 2
    intent: "is taken aback and says so"
    lines: ["There's no need for that.", "I only asked.", "Well. That's me told."]
    good_replies: ["You're right, and I'm sorry. Let me start again."]
  - id: warms_up
    when: "said(acknowledges_feeling) or said(takes_ownership)"
    at_most: 3
    intent: "is relieved to be taken seriously"
    lines: ["Thank you, that helps already.", "I was dreading this, to tell you the truth.", "You're the first who's asked."]
  - id: accepts
    when: "said(offers_solution) or said(solves)"
    at_most: 3
    intent: "takes up what was offered"
    lines: ["That would do nicely.", "Yes, let's do that.", "Perfect, go ahead."]
  - id: presses
    when: "patience < 3"
    at_most: 2
    intent: "wants to know when this will be settled"
    lines: ["Is this going to take much longer?", "I can't stand here all day, I'm afraid."]
  - id: explains                   # no condition: always possible, so it stands last and has the most lines
    intent: "says a little more about what brought {them} here"
    lines:
      - "I'd only had it a few days."
      - "It's not the money so much as the bother."
      - "My neighbour has the same one and swears by it."
      - "I nearly didn't come in at all."
      - "I kept all the packaging, just in case."
      - "These things always happen when you need them most."
      - "I looked on your website first, but I gave up."
      - "I'd rather sort it out face to face."

# Asked before any move, in this order. Write one that is good, one that is mixed and one that is bad.
endings:
  - id: leaves_happy
    when: "task_done and trust >= 6"
    outcome: good
    means: "{Name} left content."
    lines: ["That's wonderful, thank you. Have a good day!"]
  - id: leaves_served
    when: "task_done and turn >= 4"
    outcome: mixed
    means: "{Name} got what {they} came for, and not much more."
    lines: ["Right, that's that, then. Goodbye."]
  - id: walks_out
    when: "trust <= 1 or patience <= 0"
    outcome: bad
    means: "{Name} gave up and left."
    lines: ["I'll try somewhere else. Goodbye."]

# The customer's own rating. The first two are numbers 0–10, the last is a condition.
survey: {warmth: trust, comfort: "(trust + patience) / 2", would_return: "trust >= 6"}

# Said when asked something no fact answers.
unknown: ["I couldn't tell you, sorry.", "I've no idea, I'm afraid.", "You'd know that better than me."]
"""

_RUBRIC = """\
<<modeline>>
# A rubric: yes/no criteria that add up, by weight, to an anchored level. Check it with
#   fineline rubrics check <<id>>.yaml
id: <<id>>
title: <<title>>
summary: <<summary>>
sources:                           # where the criteria and levels come from: a study, a handbook, your house rules
  - "Our own practice, written down."

levels:                            # what a reader would see at each
  1: "Does the opposite of what is meant."
  2: "Shows little of it."
  3: "Shows it where it is easy."
  4: "Shows it throughout."
  5: "Shows it throughout, and where it is hard."
thresholds: [0.25, 0.5, 0.75, 0.9] # shares of the applicable weight from which levels 2, 3, 4 and 5 begin

criteria:
  # Met when the trainee shows a 'met_by' behaviour, not met when they show a 'broken_by' one.
  # The behaviours are listed by: fineline behaviours list
  - id: shows-it
    asks: <<asks>>
    # applies: {customer: [voices_feeling], min_turns: 2}
    met_by: [<<behaviours>>]
    weight: 3
    examples: {met: [<<met>>], not_met: ["Next, please."]}
    advice: "Say what to do instead, to the trainee."
  - id: stays-civil
    asks: "Does the trainee stay civil throughout?"
    broken_by: [hostile, condescends]
    cap_when_not_met: 2            # however good the rest
    examples: {met: ["I can see why you'd ask."], not_met: ["Are you always this slow?"]}
    advice: "Say what you can do, and leave out what you think of them."
"""
