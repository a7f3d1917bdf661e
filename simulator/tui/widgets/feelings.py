"""How the customer felt, turn by turn: one small chart a feeling, and a cursor that walks the moments that moved them.

Drawn with braille dots, as steps: a feeling changes at a turn and holds until the next one that moves it. Four dots to a row
and two to a column let a change of half a point be seen in five rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
    from simulator.grading.debrief import FeelingCurve

ROWS: Final = 5
VALUE_MAX: Final = 10.0
_AXIS: Final = 5  # cells: " 10 ┤"
_GAP: Final = 3
_CHART_MIN: Final = 32
_CHART_MAX: Final = 60
_LABELS: Final = {0: " 10 ┤", ROWS // 2: "  5 ┤", ROWS - 1: "  0 ┤"}

_BRAILLE: Final = 0x2800
_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
# A feeling that moved less than this moved nobody: it rounds to nothing in the chart and in words.
_MOVED_FROM: Final = 0.25

Cell = tuple[str, str]


def steps(points: Sequence[tuple[int, float]], last: int, width: int) -> list[list[str]]:
    """Return the steps of a feeling (0–10) over turns 0 to ``last`` as :data:`ROWS` rows of ``width`` characters."""
    cells = [[0] * width for _ in range(ROWS)]
    across = width * 2
    before: int | None = None
    at = 0
    for x in range(across):
        while at + 1 < len(points) and _place(points[at + 1][0], last, across) <= x:
            at += 1
        height = _height(points[at][1], ROWS * 4)
        start = height if before is None else before
        for y in range(min(start, height), max(start, height) + 1):
            cells[y // 4][x // 2] |= _DOTS[y % 4][x % 2]
        before = height
    return [[chr(_BRAILLE + dots) if dots else " " for dots in row] for row in cells]


def _place(turn: int, last: int, across: int) -> int:
    return round(turn / max(last, 1) * (across - 1))


def _height(value: float, rows: int) -> int:
    return round((VALUE_MAX - max(0.0, min(VALUE_MAX, value))) / VALUE_MAX * (rows - 1))


def column(turn: int, last: int, width: int) -> int:
    """Return the column of a turn."""
    return _place(turn, last, width * 2) // 2


def row_of(value: float) -> int:
    """Return the row of a value, 0 at the top."""
    return _height(value, ROWS * 4) // 4


def better(curve: FeelingCurve, by: float) -> bool:
    """Return whether moving by so much brings the feeling nearer the end the trainee should hope for."""
    return (by > 0) == (curve.good == "high")


def came_of(curve: FeelingCurve, turn: int) -> float:
    """Return how far a turn moved the feeling in all: it may push it both ways."""
    return sum(moment.by for moment in curve.moments if moment.turn == turn)


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
        Binding("up,k", "walk(-1)", "Up", show=False, id="plot.up", tooltip="The feeling above"),
        Binding("down,j", "walk(1)", "Down", show=False, id="plot.down", tooltip="The feeling below"),
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
        self.curves = tuple(
            replace(curve, moments=tuple(each for each in curve.moments if abs(each.by) >= _MOVED_FROM)) for curve in curves
        )
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
        return sum(self._row_heights(width)) + self._caption_height

    def _row_heights(self, width: int) -> list[int]:
        """Return the lines of each row of charts: titles, charts, the turns that moved them, and a blank line."""
        beside, each_width = self._columns(width)
        heights = []
        for first in range(0, len(self.curves), beside):
            titles = [self._title(curve, each_width) for curve in self.curves[first : first + beside]]
            heights.append(max(map(len, titles)) + ROWS + 2)
        return heights

    def _title(self, curve: FeelingCurve, width: int) -> list[Content]:
        """Return where a feeling began and ended, and what it means, on one line or two."""
        ends = f"{curve.points[0][1]:.0f}→{curve.points[-1][1]:.0f}"
        means = _capital(clean(curve.means, keep_newlines=False))
        lines = words((ends, "bold"), f" {means}").wrap(max(width - 1, 1))
        return lines if len(lines) <= 2 else [lines[0], lines[1].truncate(max(width - 2, 1)).append("…")]

    def render(self) -> Content:
        """Draw charts and caption."""
        width = max(self.content_size.width, 1)
        beside, each_width = self._columns(width)
        lines: list[Content] = []
        for first, height in zip(range(0, len(self.curves), beside), self._row_heights(width), strict=True):
            charts = [self._chart(curve, each_width, height - 1) for curve in self.curves[first : first + beside]]
            lines += [Content(" " * _GAP).join(row) for row in zip(*charts, strict=True)]
            lines.append(Content(""))
        lines += self._caption(width)
        return Content("\n").join(lines)

    def _chart(self, curve: FeelingCurve, width: int, height: int) -> list[Content]:
        """Return one chart: title, rows and the turns that moved it below, ``height`` lines of ``width`` cells each."""
        plot = max(width - _AXIS, 1)
        cells: list[list[Cell]] = [[(char, "$accent") for char in row] for row in steps(curve.points, self.last, plot)]
        chosen = self.turn
        guide = column(chosen, self.last, plot) if chosen is not None else None
        if guide is not None:
            for row in cells:
                if row[guide][0] == " ":
                    row[guide] = ("┊", QUIET if self.has_focus else FAINT)
        feet: list[Cell] = [(" ", "")] * plot
        for moment in {each.turn: each for each in curve.moments}.values():  # where a turn moved it twice, to where it came
            x = column(moment.turn, self.last, plot)
            style = GOOD if better(curve, came_of(curve, moment.turn)) else BAD
            here = moment.turn == chosen
            cells[row_of(moment.to)][x] = ("◆" if here else "●", f"bold {style}")
        for moment in sorted(curve.moments, key=lambda each: each.turn != chosen):
            number = str(moment.turn)
            x = min(column(moment.turn, self.last, plot), plot - len(number))
            if x >= 0 and all(feet[place][0] == " " for place in range(max(x - 1, 0), min(x + len(number) + 1, plot))):
                feet[x : x + len(number)] = [(digit, "bold" if moment.turn == chosen else QUIET) for digit in number]
        title = self._title(curve, width)
        title = [Content("")] * (height - ROWS - 1 - len(title)) + title
        rows = [words(" ", line).truncate(width).pad_right(max(0, width - 1 - line.cell_length)) for line in title]
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
            good = better(curve, moment.by)
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
        _, width = self._columns(max(self.content_size.width, 1))
        charts_end = sum(self._row_heights(max(self.content_size.width, 1)))
        if offset.y >= charts_end:
            self.action_open()
            return
        x = offset.x % (width + _GAP) - _AXIS
        plot = max(width - _AXIS, 1)
        nearest = min(range(len(self.turns)), key=lambda place: abs(column(self.turns[place], self.last, plot) - x))
        if nearest == self.at:
            self.action_open()
        self.at = nearest
