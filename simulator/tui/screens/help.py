"""Help: what has the focus, and every key that works here."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Markdown

from simulator.tui.screens.base import FinelineModal
from simulator.tui.widgets.facts import Facts, Row
from simulator.tui.widgets.keybar import KeyBar


def explanations(screen: Screen[Any]) -> list[str]:
    """Return the help texts of the focused widget and what it is in, the nearest first. They are Markdown."""
    texts: list[str] = []
    node: Any = screen.focused or screen
    while node is not None:
        help_text = getattr(node, "HELP", None)
        if help_text and cleandoc(help_text) not in texts:
            texts.append(cleandoc(help_text))
        if node is screen:
            break
        node = node.parent
    return texts


def key_rows(screen: Screen[Any]) -> list[Row]:
    """Return the keys that work, with what they do; one row an action, our own before those of moving about."""
    by_action: dict[tuple[str, str], tuple[list[str], str]] = {}
    active = sorted(screen.active_bindings.values(), key=lambda each: (each.binding.id is None, not each.binding.show))
    for _, binding, enabled, tooltip in active:
        if binding.system or not enabled or not binding.description:
            continue
        keys, _ = by_action.setdefault((binding.action, binding.description), ([], tooltip or binding.tooltip))
        display = screen.app.get_key_display(binding)
        if display not in keys:
            keys.append(display)
    rows: list[Row] = []
    for (_, description), (keys, tooltip) in by_action.items():
        explained = tooltip if tooltip and tooltip != description else ""
        text = Content.assemble(description, (f"  {explained}" if explained else "", "$quiet"))
        rows.append((" ".join(keys[:2]), text))
    return rows


class HelpScreen(FinelineModal[None]):
    """Explains the focused widget of the screen below, then lists the keys."""

    CSS_PATH = ["../styles/dialogs.tcss", "../styles/help.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f1,enter", "dismiss", "Close", id="help.close", key_display="esc", tooltip="Close the help"),
        Binding("down,j", "scroll(1)", "Down", id="help.down", show=False, tooltip="Read on"),
        Binding("up,k", "scroll(-1)", "Up", id="help.up", show=False, tooltip="Read back"),
    ]

    def __init__(self, about: Screen[Any]) -> None:
        super().__init__()
        # Taken now, while the screen explained is the one on top.
        self._texts = explanations(about)
        self._rows = key_rows(about)

    def compose(self) -> ComposeResult:
        """Lay out explanation and keys."""
        with Vertical(classes="dialog -wide"), VerticalScroll():
            yield Markdown("\n\n".join(self._texts), open_links=False)
            yield Facts(self._rows, label_width=16, label_style="bold $primary")
        yield KeyBar()

    def action_scroll(self, lines: int) -> None:
        """Scroll the help."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
