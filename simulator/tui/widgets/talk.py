"""The conversation on the screen: few widgets, however long it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.segment import Segment
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

SHOWN_AT_LEAST = 30  # messages mounted at the end of a conversation
SHOWN_AT_MOST = 50  # beyond it the oldest are taken off while the end is in view
OLDER_AT_ONCE = 20

Who = Literal["customer", "trainee", "note"]
NAME_CELLS: dict[Who, int] = {"customer": 10, "trainee": 6, "note": 0}  # width of the column for the name


@dataclass(frozen=True)
class Said:
    """One message: who said it, under which name, the words, and the number of the turn (0 for a note)."""

    who: Who
    name: str
    text: str
    number: int = 0


class Line(Widget, can_focus=False):
    """One message: the name in the margin, the words beside it. Plain text, whatever is in it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"line--name"}
    DEFAULT_CSS = """
    Line {
        height: auto;
        width: 1fr;
        padding: 0 12 0 10;
        margin-bottom: 1;
        & > .line--name { color: $quiet; }
        &.-customer > .line--name { color: $accent; text-style: bold; }
        &.-trainee { padding: 0 0 0 18; }
        &.-trainee > .line--name { color: $primary; text-style: bold; }
        &.-note { padding: 0 2; text-align: center; color: $quiet; text-style: italic; }
        &.-marked { background: $block-cursor-background; color: $block-cursor-foreground; }
    }
    """

    def __init__(self, said: Said) -> None:
        super().__init__(classes=f"-{said.who}", markup=False)
        self.said = said

    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        # Textual lays everything out once more when the inside of a widget changes its size. Nothing here depends on that
        # second time, and it held up every key that was typed while a sentence came in.
        del layout
        return super()._size_updated(size, virtual_size, container_size, layout=False)

    def update(self, said: Said) -> None:
        """Show more of what is being said."""
        self.said = said
        self.clear_cached_dimensions()
        self.refresh(layout=True)

    def render(self) -> RenderResult:
        """Return the words."""
        return Content(self.said.text)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw the name into the margin of the first line: one widget a message, and selection takes the words alone."""
        strips = super().render_lines(crop)
        if crop.y == 0 and crop.x == 0 and strips and self.said.who != "note":
            padding = self.styles.padding
            beside = padding.top == 0  # else there is a line of its own for it
            indent = max(0, padding.left - NAME_CELLS[self.said.who]) if beside else padding.left
            room = padding.left - indent - 1 if beside else self.size.width
            name = Content(self.said.name).truncate(max(1, room), ellipsis=True).plain
            drawn = Strip([Segment(" " * indent + name, self.get_component_rich_style("line--name"))])
            strips[0] = Strip.join([drawn, strips[0].crop(drawn.cell_length)])
        return strips


class Talk(VerticalScroll):
    """All that was said, the last of it in view.

    Holds every message as data and mounts only the last few dozen; scrolling to the top brings older ones. It stays at
    the end while the trainee has not scrolled away from it.
    """

    HELP = """
    ## What was said

    Scroll with the wheel, page up and page down. The up and down arrows mark one message after the other;
    `enter` copies the marked one to the clipboard. Words can be selected with the mouse too, and copied with `ctrl+c`.
    Just type to answer.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "mark(-1)", "Message above", id="talk.up", show=False, tooltip="Mark the message above"),
        Binding("down", "mark(1)", "Message below", id="talk.down", show=False, tooltip="Mark the message below"),
        Binding("enter", "copy_marked", "Copy", id="talk.copy", tooltip="Copy the marked message to the clipboard"),
        Binding("end", "to_end", "To the end", id="talk.end", show=False, tooltip="Go to what was said last"),
        Binding("home", "to_start", "To the start", id="talk.start", show=False, tooltip="Go to the beginning"),
    ]

    class Typed(Message):
        """A character was typed here; it belongs into the prompt."""

        def __init__(self, character: str) -> None:
            super().__init__()
            self.character = character

    class Copied(Message):
        """The marked message should be copied."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.all: list[Said] = []
        self._first = 0  # index of the first message that is mounted
        self._marked: int | None = None
        self._bringing_older = False

    def on_mount(self) -> None:
        """Stay at the end."""
        self.anchor()

    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        # Textual lays everything out once more when the inside of a widget changes its size. Nothing here depends on that
        # second time, and it held up every key that was typed while a sentence came in.
        del layout
        return super()._size_updated(size, virtual_size, container_size, layout=False)

    def show(self, messages: Sequence[Said]) -> None:
        """Show these messages: what is already there stays, what differs is changed, added or taken away."""
        same = 0
        while same < min(len(self.all), len(messages)) and (self.all[same] is messages[same] or self.all[same] == messages[same]):
            same += 1
        lines = self.lines
        if not lines or same < self._first:
            # Nothing mounted, or something older than what is mounted changed: begin afresh at the end.
            for line in lines:
                line.remove()
            self.all = list(messages)
            self._first = max(0, len(self.all) - SHOWN_AT_LEAST)
            self.mount_all([Line(each) for each in self.all[self._first :]])
            return
        changed = list(messages[same:])
        # The message being said grows at the end: the common case, and the one that must be quick.
        while changed and same < len(self.all):
            lines[same - self._first].update(changed.pop(0))
            same += 1
        for line in lines[len(messages) - self._first :]:
            line.remove()
        self.all = list(messages)
        if changed:
            self.mount_all([Line(each) for each in changed])
        self._take_off_the_oldest()

    @property
    def lines(self) -> list[Line]:
        """The mounted messages that are not on their way out."""
        return [line for line in self.children if isinstance(line, Line) and not line._pruning]

    @property
    def at_end(self) -> bool:
        """Whether the last of it is in view."""
        return self.scroll_y >= self.max_scroll_y - 1

    def _take_off_the_oldest(self) -> None:
        lines = self.lines
        if len(lines) > SHOWN_AT_MOST and self.at_end:
            spare = len(lines) - SHOWN_AT_LEAST
            self.remove_children(lines[:spare])
            self._first += spare

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Bring older messages before the top is reached."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and new_value < self.size.height and self._first > 0 and not self._bringing_older:
            self._bringing_older = True
            self.call_next(self._bring_older)

    async def _bring_older(self, count: int = OLDER_AT_ONCE) -> None:
        try:
            start = max(0, self._first - count)
            height = self.virtual_size.height
            older = [Line(each) for each in self.all[start : self._first]]
            if not older:
                return
            self.app.delay_update(0.05)
            await self.mount_all(older, before=0 if self.lines else None)
            self._first = start
            self.call_after_refresh(self._hold_place, height)
        finally:
            self._bringing_older = False

    def _hold_place(self, height_before: int) -> None:
        grown = self.virtual_size.height - height_before
        if grown > 0 and not self.at_end:
            self.scroll_to(y=self.scroll_y + grown, animate=False, immediate=True)

    # Marking and copying

    def _mark(self, index: int | None) -> None:
        self._marked = index
        for at, line in enumerate(self.lines, self._first):
            line.set_class(at == index, "-marked")
            if at == index:
                self.scroll_to_widget(line, animate=False)

    def on_blur(self) -> None:
        """No mark without the focus."""
        self._mark(None)

    async def action_mark(self, step: int) -> None:
        """Mark the message above or below."""
        if not self.all:
            return
        index = len(self.all) - 1 if self._marked is None else min(max(self._marked + step, 0), len(self.all) - 1)
        if index < self._first:
            await self._bring_older()
        self._mark(index)

    def action_copy_marked(self) -> None:
        """Copy the marked message, or the last one."""
        if self.all:
            self.post_message(self.Copied(self.all[-1 if self._marked is None else self._marked].text))

    def action_to_end(self) -> None:
        """Go to what was said last."""
        self.scroll_end(animate=False)

    async def action_to_start(self) -> None:
        """Go to the beginning."""
        self.release_anchor()
        if self._first > 0:
            await self._bring_older(self._first)
        self.call_after_refresh(self.scroll_home, animate=False)

    def on_key(self, event: events.Key) -> None:
        """What is typed here belongs into the prompt."""
        if event.is_printable and event.character:
            event.stop()
            event.prevent_default()
            self.post_message(self.Typed(event.character))
