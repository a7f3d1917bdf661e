"""Where the trainee types what they would say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from simulator.tui.widgets.area import Area


class Prompt(Area):
    """Enter says it; ctrl+j or shift+enter begins a new line; up on the first line brings back what was said before."""

    HELP = """
    ## What would you say?

    Type it as you would say it, and press `enter`. `ctrl+j` or `shift+enter` begins a new line.
    With the cursor on the first line, `up` brings back what you said earlier, to say it again or better.

    You can type while the customer is speaking: `enter` then waits until they have finished.
    What you type is saved as you type it.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "say", "Say it", id="prompt.say", tooltip="Say it to the customer"),
        Binding("ctrl+j,shift+enter", "new_line", "New line", id="prompt.new-line", key_display="ctrl+j",
                show=False, tooltip="Begin a new line"),
        # The area's own end-of-line and redo keys make room: ctrl+e ends a conversation, ctrl+y copies (and yanks nothing).
        Binding("ctrl+e", "screen.end", "End and rate", id="talk.finish", tooltip="End the conversation and rate yourself"),
        Binding("ctrl+y", "screen.copy", "Copy", id="talk.copy-last", show=False, tooltip="Copy what was said last"),
        Binding("pageup", "screen.scroll(-1)", "Scroll up", id="talk.page-up", show=False, tooltip="Read what was said earlier"),
        Binding("pagedown", "screen.scroll(1)", "Scroll down", id="talk.page-down", show=False, tooltip="Back to the last words"),
        Binding("ctrl+shift+z", "redo", "Redo", id="prompt.redo", show=False, tooltip="Do again what was undone"),
    ]  # fmt: skip

    class Say(Message):
        """The trainee wants to say this."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, text: str = "", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(
            text, id=id, placeholder="Type what you would say", highlight_cursor_line=False, tab_behavior="focus", compact=True
        )
        self._said: list[str] = []
        self._recalled: int | None = None
        self._set_aside = ""
        self._lines = 0

    def remember(self, said: Sequence[str]) -> None:
        """Take what the trainee has said so far, oldest first, for the up key."""
        self._said = list(said)
        self._recalled = None

    def fit(self) -> None:
        """Take as many lines as the text needs, within what the stylesheet allows.

        In place of ``height: auto``, with which every key would lay out the whole screen.
        """
        lines = max(1, self.wrapped_document.height)
        if lines != self._lines:
            self._lines = lines
            self.styles.height = lines + self.gutter.height

    def on_text_area_changed(self) -> None:
        """Grow and shrink with the text."""
        self.fit()

    def on_resize(self) -> None:
        """Another width breaks lines elsewhere; another stylesheet may have taken the border away."""
        self._lines = 0
        self.fit()

    def put(self, text: str) -> None:
        """Replace what is typed, cursor at the end."""
        self.text = text
        self.move_cursor(self.document.end)

    def on_mount(self) -> None:
        """Begin at the end of what was left typed."""
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        # Textual calls the handler of each class in turn: the area's own follows unless it is told not to.
        if event.key == "enter":
            event.prevent_default()  # not a line break here: the binding says it
        elif event.is_printable:
            self._recalled = None

    def action_say(self) -> None:
        """Say it."""
        self.post_message(self.Say(self.text))

    def action_new_line(self) -> None:
        """Begin a new line."""
        start, end = self.selection
        self._replace_via_keyboard("\n", start, end)

    def action_cursor_up(self, select: bool = False) -> None:
        """Go up a line; on the first one, back through what was said."""
        if not select and self._on_edge(first=True) and self._recall(-1):
            return
        super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Go down a line; on the last one, forward again through what was said."""
        if not select and self._recalled is not None and self._on_edge(first=False) and self._recall(1):
            return
        super().action_cursor_down(select)

    def _on_edge(self, *, first: bool) -> bool:
        navigator = self.navigator
        at = self.cursor_location
        return navigator.is_first_wrapped_line(at) if first else navigator.is_last_wrapped_line(at)

    def _recall(self, step: int) -> bool:
        if not self._said:
            return False
        if self._recalled is None:
            if step > 0:
                return False
            self._set_aside = self.text
            index = len(self._said) - 1
        else:
            index = self._recalled + step
        if index < 0:
            return True
        if index >= len(self._said):
            self._recalled = None
            self.put(self._set_aside)
            return True
        self._recalled = index
        self.put(self._said[index])
        return True
