"""The conversation again, beside the debrief: one turn in its place, with the words a finding rests on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from simulator.domain.text import clean
from simulator.tui.screens.base import FinelineModal
from simulator.tui.widgets.findings import one_line
from simulator.tui.widgets.keybar import KeyBar
from simulator.tui.widgets.words import CUSTOMER, QUIET, TRAINEE, Words, signed, words

if TYPE_CHECKING:
    from simulator.domain.transcript import Transcript, Turn

_QUOTE_MARKS = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"'})


def marked(text: str, quotes: Sequence[str]) -> Content:
    """Return the text with the quoted words underlined and bold; quotes match whatever their case, spaces and quote marks."""
    content = Content(text)
    plain = text.translate(_QUOTE_MARKS)
    for quote in quotes:
        pieces = [re.escape(piece) for piece in clean(quote).translate(_QUOTE_MARKS).split()]
        found = re.search(r"\s+".join(pieces), plain, re.IGNORECASE) if pieces else None
        if found is not None:
            content = content.stylize("bold underline", found.start(), found.end())
    return content


class TurnList(OptionList):
    """The turns, one an option."""

    HELP = """
    **The conversation.** `↑` `↓` walk from turn to turn. The words a finding rests on are underlined; under a turn stands how
    it moved the customer. `esc` goes back to the debrief.
    """


class TurnsScreen(FinelineModal[None]):
    """All turns in a panel on the right (the whole width of a narrow terminal), opened at one of them."""

    CSS_PATH = "../styles/turns.tcss"
    HELP = TurnList.HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Back to the debrief", id="turns.back", key_display="esc", tooltip="Close this"),
        Binding("y", "copy", "Copy turn", id="turns.copy", tooltip="Copy the words of this turn"),
    ]

    def __init__(
        self,
        transcript: Transcript,
        customer: str,
        *,
        turn: int = 1,
        quotes: Mapping[int, Sequence[str]] | None = None,
        caption: str = "",
        feelings: Mapping[str, str] | None = None,
    ) -> None:
        """``turn`` counts from 1, ``quotes`` are by turn, ``feelings`` maps their ids to what they mean."""
        super().__init__()
        self.transcript = transcript
        self.customer = one_line(customer)
        self.turn = max(1, min(turn, len(transcript.turns)))
        self.quotes = quotes or {}
        self.caption = clean(caption)
        self.feelings = feelings or {}

    def compose(self) -> ComposeResult:
        """Lay out caption and turns."""
        with Vertical(id="turns"):
            if self.caption:
                yield Words(self.caption, id="caption")
            yield TurnList(
                *(Option(self._prompt(number, turn)) for number, turn in enumerate(self.transcript.turns, 1)), markup=False
            )
        yield KeyBar()

    def _prompt(self, number: int, turn: Turn) -> Content:
        you = turn.role == "trainee"
        who = ("You", f"bold {TRAINEE}") if you else (self.customer, f"bold {CUSTOMER}")
        lines = [words(who, (f"  turn {number}", QUIET)), marked(clean(turn.text), self.quotes.get(number, ()))]
        moved = [
            f"{'▲' if each.by > 0 else '▼'} {signed(each.by)} {one_line(self.feelings.get(each.feeling, each.feeling))}"
            for each in turn.moved
            if each.by
        ]
        if moved:
            lines.append(words(("\n".join(dict.fromkeys(moved)), QUIET)))
        return Content("\n").join([*lines, Content("")])

    def on_mount(self) -> None:
        """Open at the turn asked for, with what was said before it in sight."""
        turns = self.query_one(TurnList)
        turns.focus()
        if self.transcript.turns:
            turns.highlighted = self.turn - 1
            self.call_after_refresh(turns.scroll_to_highlight, top=False)

    def action_copy(self) -> None:
        """Copy the turn under the cursor."""
        at = self.query_one(TurnList).highlighted
        if at is not None:
            self.app.copy_to_clipboard(clean(self.transcript.turns[at].text))
            self.notify("Copied.", timeout=2)
