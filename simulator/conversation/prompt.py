"""The prompt of the model voice: who speaks, what they feel and know, what they do next, and the recent turns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from jinja2 import PackageLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from simulator.conversation.scene import Scene
from simulator.domain.persona import Feeling, Line
from simulator.domain.text import clean
from simulator.domain.transcript import Turn
from simulator.language import tokens

# What recent turns may take of the prompt, in tokens; the rest of it is about 500.
HISTORY_TOKENS = 1200
LABEL = "Staff"
_SILENT = "(nothing)"
_BANDS = ((2.0, "not at all"), (4.0, "a little"), (6.0, "somewhat"), (8.0, "quite a lot"), (10.1, "very much"))
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    # What people typed reaches these templates as values only; it is never read as a template.
    return ImmutableSandboxedEnvironment(
        loader=PackageLoader("simulator.conversation", "prompts"), undefined=StrictUndefined, autoescape=False, trim_blocks=True
    )


def _template(name: str) -> Template:
    return _environment().get_template(f"{name}.jinja")


def prepare() -> None:
    """Read the templates, so that the first reply need not."""
    for name in ("system", "turn"):
        _template(name)


def label(scene: Scene) -> str:
    """Return what the trainee is called in the prompt."""
    return LABEL if scene.persona.role == "customer" else "Colleague"


def messages(
    scene: Scene, examples: Sequence[Line], reminder: str = "", history_tokens: int = HISTORY_TOKENS
) -> list[dict[str, str]]:
    """Return the chat messages that ask for the customer's next words.

    The customer is the ``assistant`` of the chat, and their lines so far its replies, which is what holds a small model in the
    role; each message of the trainee carries a speaker's label. The system message stays the same all through a conversation,
    so that an endpoint can keep what it has read of it. Facts that may not be told now are nowhere in it.
    """
    recent = _recent(scene, history_tokens)
    chat = [{"role": "system", "content": system(scene)}]
    heard = _SILENT
    name = scene.identity.name
    for turn in recent:
        text = clean(turn.text, keep_newlines=False)
        if turn.role == "trainee":
            heard = text if heard == _SILENT else f"{heard} {text}"
        else:
            chat.append({"role": "user", "content": f"{label(scene)}: {heard}\n{name}:"})
            chat.append({"role": "assistant", "content": text})
            heard = _SILENT
    chat.append({"role": "user", "content": _turn(scene, heard, examples, reminder, len(scene.turns) - len(recent))})
    return chat


def system(scene: Scene) -> str:
    """Return the part of the prompt that stays the same all through a conversation."""
    persona, identity, at_most = scene.persona, scene.identity, scene.persona.voice.at_most
    article = "an" if persona.role[0] in "aeiou" else "a"
    return _template("system").render(
        name=identity.name,
        age=identity.age,
        them=identity.words()["them"],
        manner=persona.voice.manner,
        role=persona.role,
        a_role=f"{article} {persona.role}",
        place=identity.fill(scene.scenario.place),
        about=identity.fill(persona.about),
        wants=identity.fill(scene.scenario.wants),
        other=scene.scenario.trainee,
        habits=[identity.fill(habit).rstrip(".") for habit in persona.voice.habits],
        at_most=f"{_NUMBERS[at_most]} sentence{'s' if at_most > 1 else ''}",
    )


def _turn(scene: Scene, heard: str, examples: Sequence[Line], reminder: str, left_out: int) -> str:
    decision, identity = scene.decision, scene.identity
    told = {fact.id for fact in decision.facts}
    return _template("turn").render(
        name=identity.name,
        a_role=f"the {scene.persona.role}",
        other=scene.scenario.trainee,
        earlier=_earlier(scene) if left_out else "",
        feelings=feelings(scene),
        facts=[identity.fill(fact.text) for fact in scene.facts if fact.id not in told],
        must_tell=[identity.fill(fact.text) for fact in decision.facts],
        unknown=decision.kind == "aside" and scene.state.asked and not decision.facts,
        intent="" if decision.kind == "answer" else identity.fill(decision.intent).rstrip("."),
        examples=[identity.fill(line.text) for line in examples],
        reminder=reminder,
        label=label(scene),
        heard=heard,
    )


def feelings(scene: Scene) -> str:
    """Return the inner state in words: ``how far she trusts you: a little; …``."""

    def said(name: str, about: Feeling) -> str:
        value = scene.state.feelings[name]
        return f"{scene.identity.fill(about.means).rstrip('.')}: {next(word for top, word in _BANDS if value < top)}"

    return "; ".join(said(name, about) for name, about in scene.persona.state.items())


def _recent(scene: Scene, budget: int) -> list[Turn]:
    """Return the last turns that fit a budget of tokens: always the last two, and never a reply without what it answers."""
    # Building the exact counter takes a third of a second; a short conversation fits by any count.
    short = sum(len(turn.text) for turn in scene.turns) + 8 * len(scene.turns) < budget
    count = tokens.estimate if short else tokens.count
    kept: list[Turn] = []
    for turn in reversed(scene.turns):
        budget -= count(turn.text) + 8
        if budget < 0 and len(kept) >= 2:
            break
        kept.append(turn)
    kept.reverse()
    while len(kept) > 2 and len(kept) < len(scene.turns) and kept[0].role == "customer":
        kept.pop(0)
    return kept


def _earlier(scene: Scene) -> str:
    """Return what came before the recent turns: facts told, what the trainee has done, whether the matter is settled."""
    facts = {fact.id: fact for fact in scene.persona.known(scene.scenario)}
    told = [scene.identity.fill(facts[each].text) for each in scene.state.told if each in facts]
    done = [behaviour.replace("_", " ") for behaviour, _ in scene.state.shown.most_common(6)]
    parts = [
        f"{scene.state.turn} exchanges so far",
        f"already told: {'; '.join(told)}" if told else "",
        f"the {scene.scenario.trainee} {', '.join(done)}" if done else "",
        "the matter is settled" if scene.state.task_done else "the matter is not settled yet",
    ]
    return ". ".join(part for part in parts if part)
