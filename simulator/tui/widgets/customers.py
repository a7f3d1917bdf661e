"""The customers on the home screen: the list, the field that searches it, and what is told about one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList

from simulator.domain.text import clean
from simulator.tui.glimpse import Customer
from simulator.tui.widgets.facts import Row

if TYPE_CHECKING:
    from simulator.authoring.library import Library
    from simulator.domain.persona import Persona
    from simulator.store.store import SessionSummary

DIFFICULTY = {1: "gentle", 2: "testing", 3: "hard"}


def dots(difficulty: int) -> str:
    """Return the difficulty as three dots."""
    return "●" * difficulty + "○" * (3 - difficulty)


def one_line(text: str) -> str:
    """Return text from a file, safe to show on one line."""
    return clean(text, keep_newlines=False)


def sentence(text: str) -> str:
    """Return a phrase from a file as a sentence."""
    text = one_line(text).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def customers_of(library: Library) -> tuple[Customer, ...]:
    """Return what the list says about everybody in the library: customers first, gentlest first."""
    personas = sorted(
        (entry.value for entry in library.personas.values()),
        key=lambda each: (each.role != "customer", each.difficulty, each.name.casefold()),
    )
    return tuple(
        Customer(
            id=persona.id,
            name=one_line(persona.name),
            summary=one_line(persona.summary),
            difficulty=persona.difficulty,
            trains=tuple(persona.trains),
        )
        for persona in personas
    )


def haystack_of(customer: Customer, persona: Persona | None) -> str:
    """Return the words that a customer is found by, case folded; all of the persona's where the library has been read."""
    words = [customer.name, customer.summary, *customer.trains, customer.id]
    if persona is not None:
        words += (f"{scene.place} {scene.trainee} {scene.trade}" for scene in persona.scenarios)
        words += [*(identity.name for identity in persona.identities), persona.content_note]
    return " ".join(words).casefold()


def list_row(customer: Customer, times: int) -> Content:
    """Return a row of the list; ``times`` is how often they were met."""
    return Content.assemble(
        (dots(customer.difficulty), "$accent"),
        "  ",
        (customer.name, "bold"),
        (f"  met {times}×" if times else "", "$quiet"),
        (f"\n     {customer.summary}", "$quiet"),
    )


@dataclass
class Draw:
    """What the trainee chose for a customer; ``None`` is drawn when the conversation begins."""

    scenario: str | None = None
    identity: str | None = None


class CustomerList(OptionList):
    """The customers there are."""

    HELP = (
        "The people you can meet. Move with the arrows and press enter to read the briefing; nothing starts yet.\n\n"
        "The dots say how demanding somebody is: one gentle, two testing, three hard. "
        "Press / to find somebody by any word, f to see only those who train one skill."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Meet", id="home.meet", tooltip="Read the briefing for this customer"),
        Binding("j", "cursor_down", "Down", id="home.down", show=False, tooltip="Next customer"),
        Binding("k", "cursor_up", "Up", id="home.up", show=False, tooltip="Previous customer"),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to meet somebody once there is somebody."""
        del parameters
        return bool(self.options) if action == "select" else True


class FindInput(Input):
    """Find customers by any word of theirs."""

    HELP = "Type any word: a name, a skill, a place. Enter or the down arrow goes to the list, esc shows everybody again."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "screen.clear_find", "Show all", id="home.find-clear", tooltip="Show everybody again"),
        Binding("down,enter", "screen.to_list", "To the list", id="home.find-done", key_display="enter",
                tooltip="Go to the customers found"),
    ]  # fmt: skip


def card_rows(persona: Persona, draw: Draw, seed: int | None, met: Sequence[SessionSummary], *, roomy: bool) -> list[Row]:
    """Return what the home screen tells about a customer; ``met`` are past sessions, newest first."""
    scene = (persona.scenario(draw.scenario) if draw.scenario else None) or persona.scenarios[0]
    identity = persona.identity(draw.identity) if draw.identity else None
    shown = identity or persona.identities[0]
    called = one_line(shown.name if identity else persona.name)
    rows: list[Row] = [
        ("", Content.styled(called, "bold $accent")),
        ("", one_line(shown.fill(persona.summary))),
        ("", ""),
        ("", sentence(f"{shown.fill(scene.place)}. You: {shown.fill(scene.trainee)}")),
    ]
    if roomy:
        rows.append(("", sentence(f"{called} wants {shown.fill(scene.wants)}")))
    rows += [
        ("", ""),
        ("Practises", " · ".join(persona.trains)),
        ("Difficulty", Content.assemble((dots(persona.difficulty), "$accent"), f" {DIFFICULTY[persona.difficulty]}")),
    ]
    if persona.content_note:
        rows.append(("Note", Content.styled(clean(persona.content_note), "$warning")))
    rows.append(("Last time", _last(met)))
    rows.append(("", ""))
    if len(persona.identities) > 1:
        who = f"{shown.name}, {shown.age}" if identity else f"drawn, one of {len(persona.identities)}"
        rows.append(("Who", _changeable(who, "i")))
    if len(persona.scenarios) > 1:
        where = scene.place if draw.scenario else f"drawn, one of {len(persona.scenarios)}"
        rows.append(("Where", _changeable(where, "s")))
    rows.append(("Seed", _changeable("drawn" if seed is None else str(seed), "n")))
    return rows


def _changeable(text: str, key: str) -> Content:
    return Content.assemble(one_line(text), (f"  {key}", "bold $primary"))


def _last(met: Sequence[SessionSummary]) -> str:
    graded = next((each for each in met if each.levels), None)
    if graded is None:
        return "not graded yet" if met else "not met yet"
    levels = " · ".join(f"{rubric} {level}" for rubric, level in graded.levels.items())
    day = graded.started_at.astimezone()
    return f"{day.day} {day:%b} · {levels}"
