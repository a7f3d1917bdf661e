"""Rate yourself: before the grade is shown, what did you think of it?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus
from textual.widgets import TextArea

from simulator.domain.errors import FinelineError
from simulator.domain.text import clean
from simulator.tui.screens.base import FinelineScreen
from simulator.tui.skills import rubrics_for
from simulator.tui.widgets.area import Area
from simulator.tui.widgets.facts import Facts
from simulator.tui.widgets.keybar import KeyBar
from simulator.tui.widgets.rating_line import RatingLine
from simulator.tui.widgets.topbar import TopBar
from simulator.tui.widgets.words import QUIET, Words, words

if TYPE_CHECKING:
    from simulator.domain.grade import SelfRating
    from simulator.tui.flow import Practice

NOTE_MAX = 2000  # characters


class Note(Area):
    """What the trainee would do differently, in their own words."""

    HELP = """
    **What would you do differently?** As much or as little as you like; it is kept with the debrief and read by nobody else.
    `ctrl+s` shows the debrief, `shift+tab` goes back to the ratings.
    """

    def action_cursor_up(self, select: bool = False) -> None:
        """Go up, and from the first line back to the ratings."""
        if self.cursor_location[0] == 0 and not select and isinstance(self.screen, RatingScreen):
            self.screen.action_walk(-1)
        else:
            super().action_cursor_up(select)

    def on_text_area_changed(self) -> None:
        """Hold the note to its longest."""
        if len(self.text) > NOTE_MAX:
            self.load_text(self.text[:NOTE_MAX])
            self.move_cursor(self.document.end)


class RatingScreen(FinelineScreen[None]):
    """One line a skill, and a note. Each key is on disk at once; leaving it unfinished is allowed."""

    CSS_PATH = "../styles/rating.tcss"
    HELP = """
    ## Rate yourself

    Before you see the grade: how do you think it went? One line for each skill, from 1 to 5. The debrief sets your rating
    beside the evidence, and the gap is often the most useful thing in it. You may leave any of it out.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "walk(1)", "Next", id="rating.enter", tooltip="Go to the next line"),
        Binding("ctrl+s", "done", "See the debrief", id="rating.done", tooltip="Keep this and see how it went"),
        Binding("escape", "skip", "Skip the rest", id="rating.skip", tooltip="See how it went without rating the rest"),
    ]

    def __init__(self, practice: Practice) -> None:
        super().__init__()
        self.practice = practice
        self._unsaved = False
        self._saving = asyncio.Lock()
        self._told = False
        self._leaving = False

    @property
    def would_lose_words(self) -> bool:
        """Whether leaving now loses what was said in the conversation."""
        return self.practice.would_be_lost

    def compose(self) -> ComposeResult:
        """Lay out the lines (once the rubrics are read) and the note."""
        practice = self.practice
        about = f"{practice.identity.name} · {practice.identity.fill(practice.scenario.place)}"
        yield TopBar([("How do you think it went?", "bold $foreground")], [(clean(about, keep_newlines=False), "")])
        note = Note(
            practice.self_rating.note if practice.self_rating else "",
            id="note",
            tab_behavior="focus",
            placeholder="What would you do differently? (optional)",
        )
        note.border_title = "Next time"
        with Horizontal():
            with VerticalScroll(id="rating", can_focus=False):
                yield Words("The debrief sets it beside what the conversation shows.", classes="quiet")
                yield Vertical(id="lines")
                yield note
            yield Facts(label_width=5, id="anchors")
        yield KeyBar()

    def on_mount(self) -> None:
        """Show the skills when they are read."""
        self._show()

    @work(group="rating")
    async def _show(self) -> None:
        if self.practice.recorder is not None:
            await asyncio.to_thread(self.practice.recorder.save_phase, "rating")
        rubrics = await asyncio.to_thread(rubrics_for, self.practice.persona, await self.services.library())
        before = self.practice.self_rating
        said = before.levels if before else {}
        levels = {key: level for key, level in said.items() if 1 <= level <= 5}
        await self.query_one("#lines").mount(
            *(
                RatingLine(each.id, clean(each.title, keep_newlines=False), {n: clean(each.levels[n]) for n in each.levels},
                           levels.get(each.id))
                for each in rubrics
            )
        )  # fmt: skip
        lines = self.query(RatingLine)
        (lines.first() if lines else self.query_one(Note)).focus()

    @on(DescendantFocus)
    @on(RatingLine.Rated)
    def _lay_out_anchors(self) -> None:
        """Where there is room, show all five anchors of the skill in hand."""
        line = self.focused
        anchors = self.query_one("#anchors", Facts)
        if not isinstance(line, RatingLine):
            anchors.show(())
            return
        rows: list[tuple[str, Content | str]] = [("", words((line.skill, "bold"))), ("", "")]
        for level, anchor in sorted(line.anchors.items()):
            chosen = level == line.level
            rows += [(f"({level})" if chosen else f" {level}", words((anchor, "" if chosen else QUIET))), ("", "")]
        anchors.show(rows)

    @property
    def rating(self) -> SelfRating | None:
        """What has been rated and written so far; ``None`` if nothing was."""
        from simulator.domain.grade import SelfRating

        levels = {line.rubric_id: line.level for line in self.query(RatingLine) if line.level is not None}
        note = clean(self.query_one(Note).text).strip()
        return SelfRating(levels=levels, note=note) if levels or note else None

    @on(RatingLine.Rated)
    @on(TextArea.Changed)
    def _changed(self) -> None:
        self._unsaved = True
        self._keep()

    @work(group="keep")
    async def _keep(self) -> None:
        await self._save()

    async def _save(self) -> None:
        """Write what is newest; changes that come while the disk is busy are written once, after it."""
        async with self._saving:
            if not self._unsaved:
                return
            self._unsaved = False
            self.practice.self_rating = rating = self.rating
            session_id = self.practice.session_id
            store = await self.services.store()
            if store is None or session_id is None:
                return
            from simulator.domain.grade import SelfRating

            try:
                await asyncio.to_thread(store.save_self_rating, session_id, rating or SelfRating())
            except FinelineError as error:
                if not self._told:
                    self._told = True
                    self.notify(str(error), title="Your rating is not kept", severity="warning", markup=False)

    def action_walk(self, by: int) -> None:
        """Go to the line above or below; behind the last line comes the note."""
        stops = [*self.query(RatingLine), self.query_one(Note)]
        if self.focused in stops:
            place = stops.index(self.focused) + by
            if 0 <= place < len(stops):
                stops[place].focus()

    def action_skip(self) -> None:
        """Go on with what is rated so far, perhaps nothing."""
        self.action_done()

    @work(group="done")
    async def action_done(self) -> None:
        """Keep what there is and go on to the debrief."""
        if self._leaving:
            return
        self._leaving = True
        await self._save()
        if self.practice.recorder is not None:
            await asyncio.to_thread(self.practice.recorder.save_phase, "debrief")
        self.fineline.open_debrief(self.practice)
