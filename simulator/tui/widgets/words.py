"""Text on the screen that is never markup: what people and models wrote is shown as they wrote it."""

from __future__ import annotations

from typing import Any

from textual.content import Content, ContentType
from textual.widgets import Static

# Styles for parts of a text, by what they mean. Readable (4.5 : 1) on the grounds of every theme that has contrast itself.
QUIET = "$quiet"
FAINT = "$foreground 45%"
STRONG = "bold"
GOOD = "$text-success"
BAD = "$text-error"
DOUBT = "$text-warning"
CUSTOMER = "$text-accent"
TRAINEE = "$text-primary"


def words(*parts: str | Content | tuple[str, str]) -> Content:
    """Join plain strings and ``(text, style)`` pairs. Nothing in them is read as markup."""
    return Content.assemble(*parts)


def signed(value: float) -> str:
    """Return a number with its sign to one decimal, with a minus sign that is one."""
    return f"{value:+.1f}".removesuffix(".0").replace("-", "−")


class Words(Static):
    """A :class:`Static` for words from anywhere: square brackets are square brackets."""

    def __init__(self, content: ContentType = "", **options: Any) -> None:
        super().__init__(content, markup=False, **options)
