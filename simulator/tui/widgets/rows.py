"""Rows of a page: each can be walked to with the arrows, and opened with enter or a click."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from simulator.tui.widgets.words import Words


def walk(widget: Widget, by: int) -> None:
    """Move the focus to the next (or last) thing on the page that can have it, and stop at the ends."""
    screen = widget.screen
    chain = [each for each in screen.focus_chain if not each.has_class("-off-walk")]
    if widget not in chain:
        return
    place = chain.index(widget) + by
    if 0 <= place < len(chain):
        chain[place].focus()
    elif (page := next((each for each in widget.ancestors if isinstance(each, Widget) and each.is_scrollable), None)) is not None:
        (page.scroll_end if by > 0 else page.scroll_home)(animate=False)


class Row(Horizontal, can_focus=True):
    """A leading column and the words beside it. Posts :class:`Row.Opened` when it is chosen."""

    DEFAULT_CSS = """
    Row {
        height: auto;
        padding: 0 1 0 2;
        &:hover { background: $surface; }
        &:focus {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            border-left: outer $primary;
            padding: 0 1;
        }
        &:focus:ansi { background: transparent; color: $foreground; }
        & > .lead { width: auto; }
        & > .body { width: 1fr; height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="row.open", tooltip="Open what this rests on"),
        Binding("up,k", "walk(-1)", "Up", show=False, id="row.up", tooltip="The row above"),
        Binding("down,j", "walk(1)", "Down", show=False, id="row.down", tooltip="The row below"),
    ]

    class Opened(Message):
        """The row was chosen."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

        @property
        def control(self) -> Row:
            """The row chosen."""
            return self.row

    def __init__(self, lead: Content, body: list[Content], *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self._lead = lead
        self._body = body

    def compose(self) -> ComposeResult:
        """Lay out the lead at the left and the lines of the body under each other."""
        yield Words(self._lead, classes="lead")
        with Vertical(classes="body"):
            for line in self._body:
                yield Words(line)

    def action_open(self) -> None:
        """Open it."""
        self.post_message(self.Opened(self))

    def action_walk(self, by: int) -> None:
        """Go to the row above or below."""
        walk(self, by)

    def on_click(self, event: events.Click) -> None:
        """Open it by pointing."""
        event.stop()
        self.focus()
        self.action_open()
