"""One skill that the trainee rates themselves in: five numbers, and the words that go with the one chosen."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from simulator.tui.widgets.words import QUIET, words

# Each number takes five cells, " (3) ", at the right end of the first line.
_CELLS: Final = 5
_SCALE: Final = _CELLS * 5


class RatingLine(Widget, can_focus=True):
    """A rubric's title, the scale 1–5 and the anchor of the chosen level. ``level`` is ``None`` until one is chosen."""

    DEFAULT_CSS = """
    RatingLine {
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
    }
    """
    HELP = """
    **Your own rating.** Press `1` to `5`, or walk the scale with `←` and `→`; the words below say what each level means.
    `↑` `↓` go to another skill, `backspace` takes a rating back. Everything is kept as you press it.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(level), f"rate({level})", "Rate", show=False, id=f"rating.level_{level}", tooltip=f"Level {level}")
            for level in range(1, 6)
        ),
        # Here and not on the screen: a page that is too long to show binds the arrows too, and is nearer than the screen.
        Binding("up", "screen.walk(-1)", "Skill", show=False, id="rating.previous", tooltip="The skill above"),
        Binding("down", "screen.walk(1)", "Skill", show=False, id="rating.next", tooltip="The skill below"),
        Binding("left", "step(-1)", "Lower", show=False, id="rating.lower", tooltip="One level lower"),
        Binding("right", "step(1)", "Higher", show=False, id="rating.higher", tooltip="One level higher"),
        Binding("backspace,delete,0", "clear", "Take back", show=False, id="rating.clear", tooltip="Take this rating back"),
    ]

    level: reactive[int | None] = reactive(None, layout=True)

    class Rated(Message):
        """The trainee chose a level, or took it back."""

        def __init__(self, line: RatingLine) -> None:
            super().__init__()
            self.line = line

        @property
        def control(self) -> RatingLine:
            """The line rated."""
            return self.line

    def __init__(self, rubric_id: str, title: str, anchors: dict[int, str], level: int | None = None) -> None:
        super().__init__(id=f"rate-{rubric_id}")
        self.rubric_id = rubric_id
        self.skill = title
        self.anchors = anchors
        self.set_reactive(RatingLine.level, level)

    def render(self) -> Content:
        """Draw the title and scale on one line, the anchor below."""
        width = max(self.content_size.width, _SCALE + 4)
        title = Content(self.skill).truncate(width - _SCALE - 1, ellipsis=True)
        scale = [
            (f" ({number}) ", "bold $primary") if number == self.level else (f"  {number}  ", QUIET) for number in range(1, 6)
        ]
        room = " " * (width - title.cell_length - _SCALE)
        first = words(title.stylize("bold"), room, *scale)
        if self.level is not None:
            return words(first, "\n", self.anchors[self.level])
        hint = "Not rated: press 1 to 5, or ← → to read what each means" if self.has_focus else "Not rated"
        return words(first, "\n", (hint, QUIET))

    def on_focus(self) -> None:
        """Say how to rate."""
        self.refresh(layout=True)

    def on_blur(self) -> None:
        """Leave only the words."""
        self.refresh(layout=True)

    def on_click(self, event: events.Click) -> None:
        """Rate by pointing at a number."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y != 0:
            return
        place = offset.x - (max(self.content_size.width, _SCALE + 4) - _SCALE)
        if place >= 0:
            self.action_rate(min(place // _CELLS + 1, 5))

    def action_rate(self, level: int) -> None:
        """Choose a level."""
        self.level = level
        self.post_message(self.Rated(self))

    def action_step(self, by: int) -> None:
        """Go one level up or down; from unrated, to the middle."""
        self.action_rate(3 if self.level is None else max(1, min(5, self.level + by)))

    def action_clear(self) -> None:
        """Take the rating back."""
        self.level = None
        self.post_message(self.Rated(self))
