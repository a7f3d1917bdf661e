"""A calm box where the prompt is, when something has to be decided first. Its keys are in the line at the foot."""

from __future__ import annotations

from time import monotonic
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from simulator.domain.text import clean

# A key within this time was on its way before the box could be read.
TOO_SOON_S = 0.4


class Panel(Widget, can_focus=True):
    """A title and a few words, focused while it is shown."""

    DEFAULT_CSS = """
    Panel {
        display: none;
        height: auto;
        padding: 0 2;
        border: round $border;
        &.-shown { display: block; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._content = Content("")
        self._shown_at = 0.0

    def show(self, title: str, text: str, *, take_focus: bool = True) -> None:
        """Show it, and take the focus unless somebody is in the middle of typing."""
        parts: list[tuple[str, str]] = [(clean(title), "bold")]
        if text:
            parts.append((f"\n{clean(text)}", ""))
        parts += [("\n", ""), *self._key_hints()]
        self._content = Content.assemble(*parts)
        self.clear_cached_dimensions()
        self.add_class("-shown")
        self.refresh(layout=True)
        self._shown_at = monotonic()
        if take_focus:
            self.focus()

    def _key_hints(self) -> list[tuple[str, str]]:
        hints: list[tuple[str, str]] = []
        for key, bindings in self._bindings.key_to_bindings.items():
            for binding in bindings:
                if binding.show and self.check_action(binding.action, ()):
                    shown = self.app.get_key_display(binding) or key
                    hints += [("   " if hints else "", ""), (shown, "bold $primary"), (f" {binding.tooltip}", "$quiet")]
        return hints

    def hide(self) -> None:
        """Take it away."""
        self.remove_class("-shown")

    @property
    def shown(self) -> bool:
        """Whether it is on the screen."""
        return self.has_class("-shown")

    @property
    def words(self) -> str:
        """What it says."""
        return self._content.plain

    def render(self) -> Content:
        """Return title, words and keys."""
        return self._content


class Trouble(Panel):
    """The customer's voice failed: try again, go on without the model, or change it."""

    HELP = """
    ## The model did not answer

    Nothing is lost: what you said is kept, and the customer will answer it. `r` asks the same model again, `b` goes on with
    the built-in voice for this conversation, `m` lets you choose another model. `tab` goes to what you were typing.
    """
    DEFAULT_CSS = """
    Trouble { border: round $warning; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "screen.retry", "Try again", id="trouble.retry", tooltip="try again"),
        Binding("b", "screen.builtin", "Built-in voice", id="trouble.builtin", tooltip="go on with the built-in voice"),
        Binding("m", "screen.models", "Change model", id="trouble.models", tooltip="change model"),
    ]

    class Typed(Message):
        """Somebody went on typing what they wanted to say."""

        def __init__(self, character: str) -> None:
            super().__init__()
            self.character = character

    def on_key(self, event: events.Key) -> None:
        """Let letters that are no answer, or came too soon to be one, go where they were meant to go."""
        meant_for_it = event.key in self._bindings.key_to_bindings and monotonic() - self._shown_at > TOO_SOON_S
        if event.character is not None and event.is_printable and not meant_for_it:
            event.stop()
            event.prevent_default()
            self.post_message(self.Typed(event.character))


class Ended(Panel):
    """The conversation is over."""

    HELP = """
    ## It is over

    `enter` lets you rate yourself before you see how it went. `l` leaves that for later: it is offered on the home screen.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.rate", "Rate yourself", id="ended.rate", tooltip="rate yourself, then the debrief"),
        Binding("l", "screen.later", "Later", id="ended.later", tooltip="leave it for later"),
    ]
