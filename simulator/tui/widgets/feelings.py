"""How the customer felt, turn by turn: one small chart a feeling, and a cursor that walks the moments that moved them.

Drawn with box characters, as steps: a feeling changes at a turn and holds until the next one that moves it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from simulator.domain.text import clean
from simulator.tui.widgets.rows import walk
from simulator.tui.widgets.words import BAD, FAINT, GOOD, QUIET, signed, words

if TYPE_CHECKING:
    from simulator.grading.debrief import FeelingCurve, Moment

ROWS: Final = 5
VALUE_MAX: Final = 10.0
_AXIS: Final = 5  # cells: " 10 ┤"
_GAP: Final = 3
_CHART_MIN: Final = 32
_CHART_MAX: Final = 60
_LABELS: Final = {0: " 10 ┤", ROWS // 2: "  5 ┤", ROWS - 1: "  0 ┤"}

Cell = tuple[str, str]


def steps(points: Sequence[tuple[int, float]], last: int, width: int) -> list[list[str]]:
    """Return the steps of a feeling (0–10) over turns 0 to ``last`` as :data:`ROWS` rows of ``width`` characters."""
    grid = [[" "] * width for _ in range(ROWS)]
    before: int | None = None
    at = 0
    for x in range(width):
        while at + 1 < len(points) and column(points[at + 1][0], last, width) <= x:
            at += 1
        row = row_of(points[at][1])
        if before is None or row == before:
            grid[row][x] = "─"
        else:
            up = row < before
            grid[before][x] = "╯" if up else "╮"
            grid[row][x] = "╭" if up else "╰"
            for between in range(min(row, before) + 1, max(row, before)):
                grid[between][x] = "│"
        before = row
    return grid


def column(turn: int, last: int, width: int) -> int:
    """Return the column of a turn."""
    return round(turn / max(last, 1) * (width - 1))


def row_of(value: float) -> int:
    """Return the row of a value, 0 at the top."""
    return round((VALUE_MAX - max(0.0, min(VALUE_MAX, value))) / VALUE_MAX * (ROWS - 1))


def better(curve: FeelingCurve, moment: Moment) -> bool:
    """Return whether the moment moved the feeling to the end the trainee should hope for."""
    return (moment.by > 0) == (curve.good == "high")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


class FeelingsPlot(Widget, can_focus=True):
    """The charts, and below them the moment under the cursor in words. Enter opens its turn."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    FeelingsPlot {
        height: auto;
        padding: 0 1 0 2;
        text-wrap: nowrap;
        &:focus { border-left: outer $primary; padding: 0 1; }
    }
    """
    HELP = """
    **How the customer felt.** One chart a feeling, from 0 to 10, over the turns. A dot marks each turn that moved it:
    `▲` up, `▼` down, said to be better or worse for the conversation. `←` `→` walk from moment to moment, `enter` shows the turn.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "moment(-1)", "Moment before", key_display="←", show=False, id="plot.previous",
                tooltip="The moment before this one"),
        Binding("right,l", "moment(1)", "Next moment", key_display="← →", id="plot.next",
                tooltip="Walk the moments that moved the customer"),
        Binding("enter", "open", "See the turn", id="plot.open", tooltip="Show the turn in the conversation"),
        Binding("up,k", "walk(-1)", "Up", show=False, id="plot.up"),
        Binding("down,j", "walk(1)", "Down", show=False, id="plot.down"),
    ]  # fmt: skip

    at: reactive[int] = reactive(0)

    class Opened(Message):
        """A moment was chosen."""

        def __init__(self, turn: int, caption: str) -> None:
            super().__init__()
            self.turn = turn
            self.caption = caption

    def __init__(self, curves: Sequence[FeelingCurve], last_turn: int, customer: str) -> None:
        super().__init__()
        self.curves = tuple(curves)
        self.last = max(last_turn, 1)
        self.customer = customer
        self.turns = sorted({moment.turn for curve in self.curves for moment in curve.moments})

    @property
    def turn(self) -> int | None:
        """The turn under the cursor, counted from 1; ``None`` where nothing moved."""
        return self.turns[self.at] if self.turns else None

    # Layout: as many charts beside each other as fit, the caption below at a height that does not change.

    def _columns(self, width: int) -> tuple[int, int]:
        """Return how many charts go side by side, and how wide each is."""
        beside = max(1, min(len(self.curves) or 1, (width + _GAP) // (_CHART_MIN + _GAP)))
        return beside, max(_AXIS + 4, min(_CHART_MAX, (width - _GAP * (beside - 1)) // beside))

    @property
    def _caption_height(self) -> int:
        most = max((sum(m.turn == turn for c in self.curves for m in c.moments) for turn in self.turns), default=0)
        return 1 + most

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the lines that charts and caption take at this width."""
        del container, viewport
        beside, _ = self._columns(width)
        return -(-len(self.curves) // beside) * (ROWS + 3) + self._caption_height

    def render(self) -> Content:
        """Draw charts and caption."""
        width = max(self.content_size.width, 1)
        beside, each_width = self._columns(width)
        lines: list[Content] = []
        for first in range(0, len(self.curves), beside):
            charts = [self._chart(curve, each_width) for curve in self.curves[first : first + beside]]
            for row in zip(*charts, strict=True):
                lines.append(Content(" " * _GAP).join(row))
            lines.append(Content(""))
        lines += self._caption(width)
        return Content("\n").join(lines)

    def _chart(self, curve: FeelingCurve, width: int) -> list[Content]:
        """Return one chart: title, rows and the turns that moved it below, each exactly ``width`` cells."""
        plot = max(width - _AXIS, 1)
        cells: list[list[Cell]] = [[(char, "$accent") for char in row] for row in steps(curve.points, self.last, plot)]
        chosen = self.turn
        guide = column(chosen, self.last, plot) if chosen is not None else None
        if guide is not None:
            for row in cells:
                if row[guide][0] == " ":
                    row[guide] = ("┊", QUIET if self.has_focus else FAINT)
        feet: list[Cell] = [(" ", "")] * plot
        for moment in curve.moments:
            x = column(moment.turn, self.last, plot)
            style = GOOD if better(curve, moment) else BAD
            here = moment.turn == chosen
            cells[row_of(moment.to)][x] = ("◆" if here else "●", f"bold {style}")
        for moment in sorted(curve.moments, key=lambda each: each.turn != chosen):
            number = str(moment.turn)
            x = min(column(moment.turn, self.last, plot), plot - len(number))
            if x >= 0 and all(feet[place][0] == " " for place in range(max(x - 1, 0), min(x + len(number) + 1, plot))):
                feet[x : x + len(number)] = [(digit, "bold" if moment.turn == chosen else QUIET) for digit in number]
        ends = f" {curve.points[0][1]:.0f} → {curve.points[-1][1]:.0f}"
        means = Content(_capital(clean(curve.means, keep_newlines=False))).truncate(max(width - len(ends) - 1, 1), ellipsis=True)
        title = words(" ", means, (ends, "bold"))
        rows = [title.truncate(width).pad_right(max(0, width - title.cell_length))]
        rows += [words((_LABELS.get(place, "    │"), FAINT), *row) for place, row in enumerate(cells)]
        return [*rows, words(" " * _AXIS, *feet)]

    def _caption(self, width: int) -> list[Content]:
        turn = self.turn
        if turn is None:
            return [words((" Nothing moved how they felt.", QUIET))]
        moved = [(curve, moment) for curve in self.curves for moment in curve.moments if moment.turn == turn]
        first = moved[0][1]
        who = "you" if first.role == "trainee" else self.customer
        quote = clean(first.quote, keep_newlines=False)
        lines = [words((f" turn {turn}", "bold"), (f" · {who} ", QUIET), f"“{quote}”").truncate(width, ellipsis=True)]
        for curve, moment in moved:
            good = better(curve, moment)
            sign = "▲" if moment.by > 0 else "▼"
            lines.append(
                words(
                    (f" {sign} {signed(moment.by)}", GOOD if good else BAD),
                    (f" {'better' if good else 'worse'}", GOOD if good else BAD),
                    f"  {clean(curve.means, keep_newlines=False)}",
                    (f" · {clean(moment.because_words, keep_newlines=False)}", QUIET),
                ).truncate(width, ellipsis=True)
            )
        lines += [Content("")] * (self._caption_height - len(lines))
        return lines

    # Keys and mouse

    def action_moment(self, by: int) -> None:
        """Walk to the next moment, and stop at the ends."""
        if self.turns:
            self.at = max(0, min(len(self.turns) - 1, self.at + by))

    def action_walk(self, by: int) -> None:
        """Leave the charts."""
        walk(self, by)

    def action_open(self) -> None:
        """Show the turn under the cursor."""
        if self.turn is not None:
            caption = self._caption(10_000)[1:]
            self.post_message(self.Opened(self.turn, "\n".join(line.plain.strip() for line in caption if line)))

    def on_click(self, event: events.Click) -> None:
        """Choose the moment nearest to the mouse; a second click on it opens it."""
        self.focus()
        offset = event.get_content_offset(self)
        if offset is None or not self.turns:
            return
        beside, width = self._columns(max(self.content_size.width, 1))
        charts_end = -(-len(self.curves) // beside) * (ROWS + 3)
        if offset.y >= charts_end:
            self.action_open()
            return
        x = offset.x % (width + _GAP) - _AXIS
        plot = max(width - _AXIS, 1)
        nearest = min(range(len(self.turns)), key=lambda place: abs(column(self.turns[place], self.last, plot) - x))
        if nearest == self.at:
            self.action_open()
        self.at = nearest
