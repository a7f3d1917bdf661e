"""Choosing words of a turn with the keys: where they begin, and where they end."""

from __future__ import annotations

import re
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from simulator.tui.screens.base import FinelineModal
from simulator.tui.widgets.keybar import KeyBar
from simulator.tui.widgets.words import Words

_WORD = re.compile(r"\S+")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)]*$")


class SpanScreen(FinelineModal[str]):
    """Choose words of a text. Dismisses with them as they stand there, or with ``None``."""

    CSS_PATH = ["../styles/dialogs.tcss", "../styles/review.tcss"]
    HELP = """
    **The words that show it.** `←` `→` go from word to word, `↑` `↓` from sentence to sentence. `space` sets the beginning, and
    the arrows then take in more. `enter` marks what is chosen, `esc` marks nothing.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "Mark these words", id="span.take", tooltip="Mark the words that are chosen"),
        Binding("space", "begin", "Begin here", id="span.begin", tooltip="Set the beginning; arrows then take in more words"),
        Binding("left,h", "move(-1)", "Word before", id="span.left", show=False, tooltip="One word back"),
        Binding("right,l", "move(1)", "Word after", id="span.right", show=False, tooltip="One word on"),
        Binding("shift+left", "stretch(-1)", "Fewer words", id="span.fewer", show=False, tooltip="One word fewer"),
        Binding("shift+right", "stretch(1)", "More words", id="span.more", show=False, tooltip="One word more"),
        Binding("up,k", "sentence(-1)", "Sentence before", id="span.up", show=False, tooltip="To the sentence before"),
        Binding("down,j", "sentence(1)", "Sentence after", id="span.down", show=False, tooltip="To the sentence after"),
        Binding("home", "move(-9999)", "First word", id="span.home", show=False, tooltip="To the first word"),
        Binding("end", "move(9999)", "Last word", id="span.end", show=False, tooltip="To the last word"),
        Binding("escape", "dismiss", "Back", id="span.back", tooltip="Close this and mark nothing"),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text
        self._words = [(match.start(), match.end()) for match in _WORD.finditer(text)]
        self._at = 0
        self._begin: int | None = None

    def compose(self) -> ComposeResult:
        """Lay out title and words."""
        with Vertical(classes="dialog -wide"):
            yield Static(self._title, classes="dialog-title", markup=False)
            with VerticalScroll():
                yield Words(id="span")
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin at the first word."""
        self._show()

    @property
    def chosen(self) -> str:
        """The words chosen, as they stand in the text."""
        if not self._words:
            return ""
        first, last = self._ends
        return self._text[self._words[first][0] : self._words[last][1]]

    @property
    def _ends(self) -> tuple[int, int]:
        begin = self._at if self._begin is None else self._begin
        return min(begin, self._at), max(begin, self._at)

    def _show(self) -> None:
        content = Content(self._text)
        if self._words:
            first, last = self._ends
            content = content.stylize("bold reverse", self._words[first][0], self._words[last][1])
        self.query_one("#span", Words).update(content)

    def action_move(self, by: int) -> None:
        """Go from word to word; with a beginning set, take in more or fewer."""
        self._at = max(0, min(self._at + by, len(self._words) - 1))
        self._show()

    def action_stretch(self, by: int) -> None:
        """Take in one word more or fewer, from here if no beginning is set."""
        if self._begin is None:
            self._begin = self._at
        self.action_move(by)

    def action_sentence(self, by: int) -> None:
        """Go to the beginning of a sentence; with a beginning set, to the end of one."""
        ends = [at for at, (start, stop) in enumerate(self._words) if _SENTENCE_END.search(self._text[start:stop])]
        stops = [*ends, len(self._words) - 1] if self._begin is not None else [0, *(at + 1 for at in ends)]
        stops = [at for at in stops if 0 <= at < len(self._words)]
        found = [at for at in stops if (at > self._at if by > 0 else at < self._at)]
        if found:
            self._at = min(found) if by > 0 else max(found)
            self._show()

    def action_begin(self) -> None:
        """Set the beginning here, or let go of it."""
        self._begin = self._at if self._begin is None else None
        self._show()

    def action_take(self) -> None:
        """Choose these words."""
        self.dismiss(self.chosen or None)
