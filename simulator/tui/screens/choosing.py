"""The questions before a conversation: who plays, where, and which seed. ``None`` means drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simulator.tui.screens.dialogs import AskNumber, Choice, Choose

if TYPE_CHECKING:
    from textual.app import App

    from simulator.domain.persona import Persona

_DRAWN = "*"


def ask_identity(app: App[Any], persona: Persona, current: str | None, chosen: Callable[[str | None], None]) -> None:
    """Ask who plays the customer; ``chosen`` gets a name, or ``None`` for drawn, and is not called on esc."""
    choices = [Choice(_DRAWN, "drawn", "whoever the seed says")]
    choices += [Choice(each.name, each.name, f"{each.pronouns}, {each.age}") for each in persona.identities]
    note = "It changes nothing about what they feel or do."
    _ask(app, Choose("Who plays this customer?", choices, current=current or _DRAWN, note=note), chosen)


def ask_scenario(app: App[Any], persona: Persona, current: str | None, chosen: Callable[[str | None], None]) -> None:
    """Ask where to meet; ``chosen`` gets a scenario's id, or ``None`` for drawn, and is not called on esc."""
    choices = [Choice(_DRAWN, "drawn", "wherever the seed says")]
    choices += [Choice(each.id, each.place, f"{each.trainee}; {each.wants}") for each in persona.scenarios]
    _ask(app, Choose("Where do you meet?", choices, current=current or _DRAWN), chosen)


def _ask(app: App[Any], dialog: Choose, chosen: Callable[[str | None], None]) -> None:
    app.push_screen(dialog, lambda answer: chosen(None if answer == _DRAWN else answer) if answer is not None else None)


def ask_seed(app: App[Any], current: int | None, chosen: Callable[[int | None], None]) -> None:
    """Ask for a seed; ``chosen`` gets it, or ``None`` for drawn, and is not called on esc."""
    note = "The same seed draws the same identity and scene, and the built-in voice answers the same way. Empty: drawn."

    def given(number: int | None) -> None:
        if number is not None:
            chosen(None if number < 0 else number)

    app.push_screen(AskNumber("Seed", note, current=current), given)
