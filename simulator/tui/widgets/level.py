"""Levels and stars, drawn: always with the number or the word beside them, never by colour or shape alone."""

from __future__ import annotations

from typing import Final

from textual.content import Content

from simulator.tui.widgets.words import FAINT, QUIET, words

LEVELS: Final = 5
STARS: Final = 5


def level_bar(level: int | None, style: str = "$primary") -> Content:
    """Return a level 1–5 as its number and five marks; a dash where there is none."""
    if level is None:
        return words(("– ", QUIET), ("▱" * LEVELS, FAINT))
    return words((f"{level} ", f"bold {style}"), ("▰" * level, style), ("▱" * (LEVELS - level), FAINT))


def stars(value: float, style: str = "$accent") -> Content:
    """Return a value 0–10 as five stars, with a half where there is one, and in figures."""
    figure = max(0, min(2 * STARS, int(value + 0.5)))
    full, half = divmod(figure, 2)
    return words(("★" * full + "½" * half, style), ("☆" * (STARS - full - half), FAINT), (f" {figure} of 10", QUIET))


def gap_words(level: int | None, said: int | None) -> str:
    """Return how a grade stands to what the trainee thought of themselves, in words."""
    if said is None:
        return ""
    if level is None or level == said:
        return f"you said {said}" + (", the same" if level == said else "")
    distance = abs(level - said)
    return f"you said {said}, graded {distance} {'higher' if level > said else 'lower'}"
