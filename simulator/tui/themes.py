"""Fineline's own colours, dark and light: quiet grounds, and colour only where it means something.

``accent`` is the customer, ``primary`` is you and what you can do, ``warning`` and ``error`` are what they say.
The text colours meet WCAG AA (4.5 : 1) on the grounds they stand on.
"""

from __future__ import annotations

from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

DARK = "fineline"
LIGHT = "fineline-light"


def _on_the_palette(name: str, primary: str, cursor: str, on_cursor: str) -> Theme:
    """Return Textual's theme of the terminal's own colours with a cursor on which all our text colours can be read."""
    theme = BUILTIN_THEMES[name]
    changed = {"block-cursor-background": cursor, "block-cursor-foreground": on_cursor, "block-cursor-text-style": "none",
               "block-cursor-blurred-background": "ansi_default", "border": primary}  # fmt: skip
    return replace(theme, primary=primary, variables={**theme.variables, **changed})


THEMES = (
    Theme(
        name=DARK,
        primary="#82b1d9",
        secondary="#7aa89f",
        accent="#e0b077",
        warning="#e6c384",
        error="#ec8f94",
        success="#98bb7c",
        foreground="#d5d9e0",
        background="#14171c",
        surface="#1a1e25",
        panel="#232932",
        dark=True,
        variables={
            "border": "#5f87ab",
            "border-blurred": "#343c48",
            "block-cursor-background": "#273544",
            "block-cursor-foreground": "#eef1f5",
            "block-cursor-text-style": "none",
            "block-cursor-blurred-background": "#232932",
            "block-cursor-blurred-foreground": "#d5d9e0",
            "footer-background": "#14171c",
            "quiet": "#98a1af",
        },
    ),
    Theme(
        name=LIGHT,
        primary="#2a5f8c",
        secondary="#3d716a",
        accent="#8a5212",
        warning="#7d5a00",
        error="#a8323a",
        success="#3f6b2a",
        foreground="#2a2d33",
        background="#faf8f4",
        surface="#f4f1ea",
        panel="#e9e4da",
        dark=False,
        variables={
            "border": "#5b86ab",
            "border-blurred": "#cfc8ba",
            "block-cursor-background": "#e1e9f0",
            "block-cursor-foreground": "#1b2026",
            "block-cursor-text-style": "none",
            "block-cursor-blurred-background": "#ebe6dc",
            "block-cursor-blurred-foreground": "#2a2d33",
            "footer-background": "#faf8f4",
            "quiet": "#5b6069",
        },
    ),
    _on_the_palette("ansi-dark", "ansi_cyan", "ansi_blue", "ansi_bright_white"),
    _on_the_palette("ansi-light", "ansi_blue", "ansi_cyan", "ansi_black"),
)


def fallbacks(*, ansi: bool) -> dict[str, str]:
    """Return the variables our stylesheets use beyond Textual's, for themes that do not define them.

    On the terminal's own palette nothing is greyed: which of its sixteen colours can be read on its ground is not known.
    """
    return {"quiet": "ansi_default" if ansi else "auto 65%"}


def other(theme: str, *, dark: bool) -> str:
    """Return the theme to change to for the other brightness: its sibling, or Fineline's own."""
    pairs = {DARK: LIGHT, LIGHT: DARK, "ansi-dark": "ansi-light", "ansi-light": "ansi-dark",
             "textual-dark": "textual-light", "textual-light": "textual-dark",
             "solarized-dark": "solarized-light", "solarized-light": "solarized-dark"}  # fmt: skip
    return pairs.get(theme, LIGHT if dark else DARK)
