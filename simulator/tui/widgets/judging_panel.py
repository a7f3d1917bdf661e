"""The wait for the grade: which rubric is being read, by whom, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from textual.content import Content
from textual.widget import Widget

from simulator.tui.widgets.findings import one_line
from simulator.tui.widgets.words import DOUBT, FAINT, GOOD, QUIET, words

if TYPE_CHECKING:
    from simulator.tui.judging import Reading

_MARKS: Final = {"waiting": ("·", FAINT), "reading": ("▸", "bold $primary"), "graded": ("✓", GOOD), "failed": ("?", DOUBT)}


class JudgingPanel(Widget):
    """One line a rubric, still but for the seconds."""

    DEFAULT_CSS = """
    JudgingPanel { height: auto; padding: 1 3; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.judge = ""
        self.readings: Sequence[Reading] = ()

    def on_mount(self) -> None:
        """Count the seconds while there is something to wait for."""
        self.set_interval(0.5, self._tick)

    def _tick(self) -> None:
        if self.display and self.readings:
            self.refresh()

    def follow(self, judge: str, readings: Sequence[Reading]) -> None:
        """Show these readings by this judge."""
        self.judge = one_line(judge)
        self.readings = readings
        self.refresh(layout=True)

    def render(self) -> Content:
        """Draw a line for each rubric."""
        if not self.readings:
            return words(("Opening what is needed to read the conversation…", QUIET))
        lines = [words("The judge is reading the conversation.", (f"  judge: {self.judge}", QUIET)), Content("")]
        titles = [Content(one_line(each.rubric.title)).truncate(30, ellipsis=True) for each in self.readings]
        width = max(title.cell_length for title in titles) + 2
        for reading, title in zip(self.readings, titles, strict=True):
            mark, style = _MARKS[reading.state]
            said = {"waiting": "waits", "reading": "reading…"}.get(reading.state, reading.said)
            seconds = f"  {reading.seconds:.0f} s" if reading.seconds >= 1 else ""
            lines.append(words((f"{mark} ", style), title.pad_right(width - title.cell_length), (said + seconds, QUIET)))
        lines += [Content(""), words(("Esc stops; what is graded so far is kept, and the rest can be graded later.", QUIET))]
        return Content("\n").join(lines)
