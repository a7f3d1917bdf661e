"""Small questions on top of a screen: choose one, say a number, yes or no, read this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from simulator.domain.text import clean
from simulator.tui.screens.base import FinelineModal
from simulator.tui.widgets.keybar import KeyBar

_CANCEL = Binding("escape", "dismiss", "Back", id="dialog.back", tooltip="Close this and change nothing")


@dataclass(frozen=True)
class Choice:
    """One thing to choose. ``key`` chooses it at once."""

    id: str
    title: str
    explained: str = ""
    key: str = ""


class ChoiceList(OptionList):
    """The choices; enter takes the one under the cursor."""

    HELP = "Move with the arrows, press enter to choose, or press the key shown beside a choice. Esc closes."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Choose", id="dialog.choose", tooltip="Take the choice under the cursor"),
    ]


class Choose(FinelineModal[str]):
    """Choose one of a few. Dismisses with its id, or ``None``."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [_CANCEL]

    def __init__(self, title: str, choices: Sequence[Choice], *, current: str | None = None, note: str = "") -> None:
        super().__init__()
        self._title = title
        self._choices = tuple(choices)
        self._current = current
        self._note = note

    def compose(self) -> ComposeResult:
        """Lay out title, choices and keys."""
        with Vertical(classes="dialog"):
            yield Static(clean(self._title), classes="dialog-title", markup=False)
            if self._note:
                yield Static(clean(self._note), classes="dialog-note", markup=False)
            yield ChoiceList(*(Option(self._row(each), id=each.id) for each in self._choices), markup=False)
        yield KeyBar()

    def _row(self, choice: Choice) -> Content:
        mark = "● " if choice.id == self._current else "  "
        parts: list[tuple[str, str]] = [] if self._current is None else [(mark, "$accent")]
        if choice.key:
            parts.append((f"{choice.key}  ", "bold $primary"))
        parts.append((clean(choice.title, keep_newlines=False), ""))
        if choice.explained:
            indent = " " * (len(mark) * (self._current is not None) + (3 if choice.key else 0))
            parts.append((f"\n{indent}{clean(choice.explained, keep_newlines=False)}", "$quiet"))
        return Content.assemble(*parts)

    def on_mount(self) -> None:
        """Begin at the present choice."""
        choices = self.query_one(ChoiceList)
        index = next((at for at, each in enumerate(self._choices) if each.id == self._current), 0)
        choices.highlighted = index
        choices.focus()

    def on_key(self, event: object) -> None:
        """Take a choice by its own key."""
        key = getattr(event, "key", "")
        found = next((each for each in self._choices if each.key and each.key == key), None)
        if found is not None:
            event.stop()  # type: ignore[attr-defined]
            self.dismiss(found.id)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


class Confirm(FinelineModal[bool]):
    """A question with two answers; the safe one comes first and is what esc means."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(False)", "No", id="confirm.no", tooltip="Change nothing")]

    def __init__(self, question: str, *, yes: str, no: str) -> None:
        super().__init__()
        self._question, self._yes, self._no = question, yes, no

    def compose(self) -> ComposeResult:
        """Lay out the question and both answers."""
        with Vertical(classes="dialog"):
            yield Static(clean(self._question), classes="dialog-title", markup=False)
            yield ChoiceList(Option(Content(self._no), id="no"), Option(Content(self._yes), id="yes"), markup=False)
        yield KeyBar()

    @on(OptionList.OptionSelected)
    def _answered(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id == "yes")


class AskNumber(FinelineModal[int]):
    """Ask for a whole number from 0. Dismisses with it, with -1 for "drawn", or with ``None``."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [_CANCEL]

    def __init__(self, title: str, note: str, *, current: int | None) -> None:
        super().__init__()
        self._title, self._note, self._current = title, note, current

    def compose(self) -> ComposeResult:
        """Lay out title, note and field."""
        with Vertical(classes="dialog"):
            yield Static(self._title, classes="dialog-title", markup=False)
            yield Static(self._note, classes="dialog-note", markup=False)
            shown = "" if self._current is None else str(self._current)
            yield Input(shown, placeholder="drawn", type="integer", max_length=10, compact=True)
        yield KeyBar()

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if not text:
            self.dismiss(-1)
        elif text.isdecimal():
            self.dismiss(int(text))
        else:
            self.notify("A whole number from 0, or nothing.", severity="warning")


class Read(FinelineModal[None]):
    """Something to read, longer than a notification."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Close", id="read.close", key_display="esc", tooltip="Close this"),
        Binding("y", "copy", "Copy", id="read.copy", tooltip="Copy the text to the clipboard"),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = clean(title), clean(text)

    def compose(self) -> ComposeResult:
        """Lay out title and text."""
        with Vertical(classes="dialog -wide"):
            yield Static(self._title, classes="dialog-title", markup=False)
            with VerticalScroll():
                yield Static(self._text, markup=False)
        yield KeyBar()

    def action_copy(self) -> None:
        """Copy the text."""
        self.app.copy_to_clipboard(self._text)
        self.notify("Copied.", timeout=2)


class AskText(FinelineModal[str]):
    """Ask for one line. Dismisses with it, or with ``None``; with ``""`` where it ``may_be_empty``."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [_CANCEL]

    def __init__(self, title: str, note: str, *, current: str, may_be_empty: bool = False) -> None:
        super().__init__()
        self._title, self._note, self._current = title, note, current
        self._may_be_empty = may_be_empty

    def compose(self) -> ComposeResult:
        """Lay out title, note and field."""
        with Vertical(classes="dialog -wide"):
            yield Static(clean(self._title), classes="dialog-title", markup=False)
            yield Static(clean(self._note), classes="dialog-note", markup=False)
            yield Input(self._current, compact=True, select_on_focus=False)
        yield KeyBar()

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        self.dismiss(text if text or self._may_be_empty else None)
