"""Trying a rubric while it is written: conversations graded with it, anew at every save."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets.option_list import Option

from simulator.domain.text import clean
from simulator.grading.debrief import finding_row
from simulator.grading.grade import grade
from simulator.tui.screens.base import FinelineScreen
from simulator.tui.screens.trying import LOOK_EVERY_S
from simulator.tui.screens.turns import TurnList, marked
from simulator.tui.widgets.findings import ORDER, FindingLine, one_line
from simulator.tui.widgets.keybar import KeyBar
from simulator.tui.widgets.level import level_bar
from simulator.tui.widgets.rows import Row
from simulator.tui.widgets.topbar import TopBar
from simulator.tui.widgets.words import CUSTOMER, DOUBT, QUIET, TRAINEE, Words, words

if TYPE_CHECKING:
    from simulator.domain.grade import Grade
    from simulator.domain.rubric import Rubric
    from simulator.domain.transcript import Transcript
    from simulator.grading.judges.protocol import Judge
    from simulator.tui.watching import Look, WatchedFile


@dataclass
class Sample:
    """A conversation the rubric is tried on, what it is called, and its grade with the rubric as it is now."""

    name: str
    transcript: Transcript
    grade: Grade | None = None


class RubricTryScreen(FinelineScreen[None]):
    """One conversation at a time: its findings, and the turns they rest on; above, the levels of all of them."""

    HELP = """
    ## Trying a rubric

    The conversations are graded with the file as it is saved now: change it in your editor and save, and levels and findings
    follow. `→` and `←` go to the next and the last conversation, the arrows up and down walk over the findings, and `enter`
    shows the words a finding rests on. While the file has mistakes they stand at the top, and the last good version is in use.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,n", "turn_to(1)", "Next", id="rubric.next", key_display="→", tooltip="The next conversation"),
        Binding("left,p", "turn_to(-1)", "Last", id="rubric.last", key_display="←", tooltip="The conversation before"),
        Binding("w", "working", "Scoring", id="rubric.working", tooltip="Show how the level was worked out"),
        Binding("tab", "app.focus_next", "Turns", id="rubric.turns", show=False, tooltip="Go to the turns and back"),
        Binding("escape", "close", "Close", id="rubric.close", tooltip="Close; nothing of this is kept"),
    ]

    def __init__(
        self,
        rubric: Rubric,
        file: WatchedFile[Rubric],
        judge: Judge,
        conversations: Callable[[], AsyncIterator[tuple[str, Transcript]]],
    ) -> None:
        super().__init__()
        self.rubric = rubric
        self.samples: list[Sample] = []
        self.at = 0
        self.reloads = 0
        self._file = file
        self._judge = judge
        self._conversations = conversations
        self._looking = False
        self._all_there = False

    def compose(self) -> ComposeResult:
        """Lay out the levels of all conversations, and below them one conversation with its findings."""
        yield TopBar(id="top")
        yield Words(id="file")
        yield Words(id="levels")
        with Horizontal(id="body"):
            yield VerticalScroll(id="findings", can_focus=False)
            with Vertical(id="said"):
                yield TurnList(markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """Hold the conversations, and keep an eye on the file."""
        self._show_head()
        self.set_interval(LOOK_EVERY_S, self._glance)
        self._gather()

    @work(group="gathering")
    async def _gather(self) -> None:
        async for name, transcript in self._conversations():
            sample = Sample(name, transcript)
            sample.grade = await grade(transcript, self.rubric, self._judge)
            self.samples.append(sample)
            self._show_head()
            if len(self.samples) == 1:
                await self._show_sample()
        self._all_there = True
        self._show_head()

    # The file

    async def _glance(self) -> None:
        if self._looking or not self._file.changed():
            return
        self._looking = True
        try:
            look = await asyncio.to_thread(self._file.look)
            if self.is_attached:
                await self._take(look)
        finally:
            self._looking = False

    async def _take(self, look: Look[Rubric]) -> None:
        note = self.query_one("#file", Words)
        note.set_class(look.value is None, "-shown")
        if look.value is None:
            note.update(Content("\n".join((*look.problems, "The last good version stays in use."))))
            return
        self.reloads += 1
        if look.value == self.rubric:
            return
        self.rubric = look.value
        # The one in sight first.
        for sample in sorted(self.samples, key=lambda each: each is not self.sample):
            sample.grade = await grade(sample.transcript, self.rubric, self._judge)
            if sample is self.sample:
                await self._show_sample(keep=True)
        self._show_head()
        self.notify("Reloaded.", timeout=2)

    # What is shown

    @property
    def sample(self) -> Sample | None:
        """The conversation in sight."""
        return self.samples[self.at] if self.samples else None

    def _show_head(self) -> None:
        waiting = "" if self._all_there else "  …"
        self.query_one("#top", TopBar).show(
            left=[("Trying", "bold $foreground"), (one_line(str(self._file.path)), "")], right=[(self._judge.name, "")]
        )
        parts: list[str | Content | tuple[str, str]] = []
        for number, each in enumerate(self.samples):
            level = each.grade.level if each.grade is not None else None
            style = "bold reverse" if number == self.at else ("" if level is not None else QUIET)
            parts += [(f" {one_line(each.name)} {level if level is not None else '–'} ", style), " "]
        self.query_one("#levels", Words).update(
            words(*parts, (waiting, QUIET)) if parts else words(("Holding conversations …", QUIET))
        )

    async def _show_sample(self, *, keep: bool = False) -> None:
        """Show the conversation in sight; with ``keep`` stay where the focus and the turns are."""
        sample = self.sample
        if sample is None or sample.grade is None:
            return
        made = sample.grade
        rows = [row for finding in made.findings if (row := finding_row(self.rubric, finding)) is not None]
        rows.sort(key=lambda each: ORDER[each.mark])
        page = self.query_one("#findings", VerticalScroll)
        focused = self.focused.finding.criterion if isinstance(self.focused, FindingLine) else None
        with self.app.batch_update():
            await page.remove_children()
            lines = [FindingLine(row) for row in rows]
            await page.mount(self._level_line(made), *lines)
            self._show_turns(sample)
        chosen = next((line for line in lines if keep and line.finding.criterion == focused), None)
        if chosen is not None or not isinstance(self.focused, TurnList):
            (chosen or lines[0]).focus(scroll_visible=keep)
        if not keep:
            page.scroll_home(animate=False)

    def _level_line(self, made: Grade) -> Words:
        if made.level is None:
            return Words(words(("Not scored: ", DOUBT), one_line(made.reason)), classes="level")
        anchor = one_line(self.rubric.levels[made.level])
        return Words(words(level_bar(made.level), "   ", anchor), classes="level")

    def _show_turns(self, sample: Sample, quotes: dict[int, list[str]] | None = None, turn: int | None = None) -> None:
        turns = self.query_one(TurnList)
        at = turns.highlighted
        turns.clear_options()
        for number, each in enumerate(sample.transcript.turns, 1):
            you = each.role == "trainee"
            who = ("Trainee", f"bold {TRAINEE}") if you else ("Customer", f"bold {CUSTOMER}")
            text = marked(clean(each.text), (quotes or {}).get(number, ()))
            turns.add_option(Option(Content("\n").join([words(who, (f"  turn {number}", QUIET)), text, Content("")])))
        if turn is not None:
            turns.highlighted = turn - 1
            self.call_after_refresh(turns.scroll_to_highlight, top=False)
        elif at is not None and at < turns.option_count:
            turns.highlighted = at

    def on_row_opened(self, event: Row.Opened) -> None:
        """Show the words a finding rests on."""
        if isinstance(event.row, FindingLine) and self.sample is not None:
            found = event.row.finding
            quotes: dict[int, list[str]] = {}
            for each in found.evidence:
                quotes.setdefault(each.turn, []).append(each.quote)
            self._show_turns(self.sample, quotes, found.turn)

    # Keys

    async def action_turn_to(self, by: int) -> None:
        """Go to another conversation."""
        if self.samples:
            self.at = (self.at + by) % len(self.samples)
            self._show_head()
            await self._show_sample()

    def action_working(self) -> None:
        """Show the sum."""
        from simulator.grading.score import explain
        from simulator.tui.screens.dialogs import Read

        if self.sample is not None and self.sample.grade is not None:
            text = explain(self.rubric, self.sample.grade.findings)
            self.app.push_screen(Read(f"{self.rubric.title}, {self.sample.name}: how it was worked out", text))

    def action_close(self) -> None:
        """Close: there is no home here."""
        self.app.exit(0)
