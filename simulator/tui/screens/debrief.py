"""The debrief: how it went, with the words it rests on, and what to try next time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.worker import Worker

from simulator.domain.errors import FinelineError
from simulator.tui.judging import Reading, judge_each
from simulator.tui.screens.base import FinelineScreen
from simulator.tui.screens.dialogs import Choice, Choose, Confirm, Read
from simulator.tui.screens.turns import TurnsScreen
from simulator.tui.skills import rubrics_for
from simulator.tui.widgets.debrief_page import DebriefPage
from simulator.tui.widgets.feelings import FeelingsPlot
from simulator.tui.widgets.findings import FindingLine, OutcomeLine, PendingLine, SuggestionLine, one_line, standing
from simulator.tui.widgets.judging_panel import JudgingPanel
from simulator.tui.widgets.keybar import KeyBar
from simulator.tui.widgets.rows import Row
from simulator.tui.widgets.topbar import TopBar

if TYPE_CHECKING:
    from simulator.domain.grade import Grade
    from simulator.domain.rubric import Rubric
    from simulator.grading.debrief import Debrief
    from simulator.grading.judges.protocol import Judge
    from simulator.tui.flow import Practice


class DebriefScreen(FinelineScreen[None]):
    """Judges what has not been judged yet, then shows it. What is graded is kept at once, each rubric by itself."""

    CSS_PATH = "../styles/debrief.tcss"
    HELP = """
    ## The debrief

    What happened, with the words it rests on. Levels are sums over the findings, and each finding quotes the conversation:
    what cannot be quoted does not count. Walk with the arrows, open with `enter`; `w` shows how a level was worked out.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "again", "Try again", id="debrief.again", tooltip="Meet the same customer again, the same way or anew"),
        Binding("w", "working", "Scoring", id="debrief.working", tooltip="Show how each level was worked out"),
        Binding("e", "export", "Export", id="debrief.export", tooltip="Write the debrief and the transcript to files"),
        Binding("escape", "stop", "Stop the judge", id="debrief.stop", tooltip="Keep what is graded, and grade the rest later"),
        Binding("escape", "back", "Home", id="debrief.back", tooltip="Go home; all is kept"),
        Binding("r", "judge_again", "Grade again", id="debrief.judge", tooltip="Ask the judge again for what is not graded"),
        Binding("b", "judge_builtin", "Built-in judge", id="debrief.builtin",
                tooltip="Let the built-in judge grade what is not graded"),
        Binding("c", "conversation", "Conversation", id="debrief.conversation", tooltip="Read the whole conversation"),
        Binding("y", "copy", "Copy", id="debrief.copy", tooltip="Copy the debrief as text"),
    ]  # fmt: skip

    def __init__(self, practice: Practice) -> None:
        super().__init__()
        self.practice = practice
        self.debrief: Debrief | None = None
        self._rubrics: list[Rubric] = []
        self._why: dict[str, str] = {}
        self._judging: Worker[None] | None = None

    @property
    def would_lose_words(self) -> bool:
        """Whether leaving now loses what was said in the conversation."""
        return self.practice.would_be_lost

    # Opening

    def compose(self) -> ComposeResult:
        """Lay out the line at the top, the wait, and room for the page."""
        yield TopBar([("Debrief", "bold $foreground"), (self._about, "")], id="top")
        yield JudgingPanel(id="judging")
        yield Vertical(id="holder")
        yield KeyBar()

    @property
    def _about(self) -> str:
        practice = self.practice
        return one_line(f"{practice.identity.name} · {practice.identity.fill(practice.scenario.place)}")

    def on_mount(self) -> None:
        """Judge if need be, and show."""
        self._judging = self._open()

    @work(group="judging")
    async def _open(self) -> None:
        library = await self.services.library()
        self._rubrics = await asyncio.to_thread(rubrics_for, self.practice.persona, library)
        self.refresh_bindings()
        if self.practice.grades:
            await self._lay_out()
            return
        await self._judge(self._rubrics, builtin=False)

    # Judging

    @property
    def judging(self) -> bool:
        """Whether a judge is at work."""
        return self._judging is not None and not self._judging.is_finished

    @property
    def unsettled(self) -> list[Rubric]:
        """The rubrics that have no grade, or one that failed."""
        settled = {each.rubric for each in self.practice.grades or () if each.status != "failed"}
        return [each for each in self._rubrics if each.id not in settled]

    async def _judge(self, rubrics: Sequence[Rubric], *, builtin: bool) -> None:
        panel = self.query_one(JudgingPanel)
        for page in self.query(DebriefPage):
            page.display = False
        panel.display = True
        self.refresh_bindings()
        try:
            judge: Judge = await (self.services.builtin_judge() if builtin else self.services.judge())
            readings = [Reading(each) for each in rubrics]
            panel.follow(judge.name, readings)
            await judge_each(self.practice.transcript, readings, judge, self._keep)
            self._why.clear()
        except FinelineError as error:
            self._why = {each.id: str(error) for each in rubrics}
        await self._lay_out()

    async def _keep(self, grade: Grade) -> None:
        """Hold a grade, in place of an earlier one against the same rubric, here and on disk."""
        others = [each for each in self.practice.grades or () if each.rubric != grade.rubric]
        self.practice.grades = [*others, grade]
        session_id = self.practice.session_id
        store = await self.services.store()
        if store is not None and session_id is not None:
            try:
                await asyncio.to_thread(store.save_grades, session_id, [grade])
            except FinelineError as error:
                self.fineline.say_error(error)

    async def _lay_out(self) -> None:
        """Show the debrief of what is graded."""
        from simulator.grading.debrief import build

        practice = self.practice
        library = await self.services.library()
        try:
            encoder = await self.services.encoder()
        except FinelineError:
            encoder = None  # suggestions are then chosen by shared words
        self.debrief = await asyncio.to_thread(
            build,
            practice.persona,
            practice.scenario,
            practice.identity,
            practice.transcript,
            self._rubrics,
            practice.grades or [],
            practice.self_rating,
            catalogue=library.catalogue,
            encoder=encoder,
        )
        graded = {each.rubric for each in practice.grades or ()}
        pending = [each for each in self._rubrics if each.id not in graded]
        if not pending and practice.recorder is not None:
            await asyncio.to_thread(practice.recorder.save_phase, "done")
        await self._show(self.debrief, pending)

    async def _show(self, debrief: Debrief, pending: Sequence[Rubric]) -> None:
        holder = self.query_one("#holder")
        await holder.remove_children()
        page = DebriefPage(debrief, pending, self._why, role=self.practice.persona.role)
        await holder.mount(page)
        self.query_one(JudgingPanel).display = False
        judges = list(dict.fromkeys(each.judge for each in self.practice.grades or ()))
        if judges:
            self.query_one(TopBar).show(right=[(one_line(f"judge: {', '.join(judges)}"), "")])
        rows = page.query(Row)
        if rows:
            rows.first().focus(scroll_visible=False)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what makes sense just now."""
        del parameters
        if action in ("judge_again", "judge_builtin"):
            return not self.judging_shown and bool(self._rubrics) and bool(self.unsettled)
        if action in ("stop", "back"):
            stoppable = self.judging_shown and bool(self._rubrics)
            return stoppable if action == "stop" else not stoppable
        if action in ("again", "working", "export", "copy", "conversation"):
            return self.debrief is not None and not self.judging_shown
        return True

    @property
    def judging_shown(self) -> bool:
        """Whether the wait is what is shown."""
        return bool(self.query_one(JudgingPanel).display) if self.is_mounted else True

    def action_judge_again(self) -> None:
        """Ask the judge of the settings for what is not graded."""
        self._start_judging(self.unsettled, builtin=False)

    def action_judge_builtin(self) -> None:
        """Ask the built-in judge for what is not graded."""
        self._start_judging(self.unsettled, builtin=True)

    def _start_judging(self, rubrics: Sequence[Rubric], *, builtin: bool) -> None:
        if rubrics and not self.judging:
            self._judging = self.run_worker(self._judge(rubrics, builtin=builtin), group="judging")

    def action_stop(self) -> None:
        """Stop the judge and show what there is."""
        if self._judging is not None:
            self._judging.cancel()
            self._judging = None
        self._why = {each.id: "you stopped the judge" for each in self.unsettled}
        self.run_worker(self._lay_out(), group="page", exclusive=True)

    def action_back(self) -> None:
        """Go home; where nothing is kept, ask first."""
        if not self.would_lose_words:
            self.fineline.go_home()
            return
        question = "This practice could not be saved, and e exports it. Leave all the same?"
        self.app.push_screen(Confirm(question, yes="Leave", no="Stay"), lambda leave: self.fineline.go_home() if leave else None)

    # Opening rows

    @on(Row.Opened)
    def _row_opened(self, event: Row.Opened) -> None:
        row = event.row
        if isinstance(row, FindingLine):
            finding = row.finding
            quotes: dict[int, list[str]] = {}
            for each in finding.evidence:
                quotes.setdefault(each.turn, []).append(each.quote)
            caption = f"{finding.mark} {one_line(finding.asks)}\n{standing(finding)}"
            if finding.reason:
                caption += f" · {one_line(finding.reason)}"
            self._open_turn(finding.turn or next(iter(quotes), 1), caption, quotes)
        elif isinstance(row, SuggestionLine):
            suggestion = row.suggestion
            better = f"Try: “{one_line(suggestion.try_instead)}”" if suggestion.try_instead else ""
            caption = "\n".join(each for each in (one_line(suggestion.why), better) if each)
            self._open_turn(suggestion.turn, caption, {suggestion.turn: [suggestion.said]})
        elif isinstance(row, OutcomeLine):
            self.action_working()
        elif isinstance(row, PendingLine):
            self._start_judging([row.rubric], builtin=False)

    @on(FeelingsPlot.Opened)
    def _moment_opened(self, event: FeelingsPlot.Opened) -> None:
        self._open_turn(event.turn, event.caption, {})

    def _open_turn(self, turn: int, caption: str, quotes: Mapping[int, Sequence[str]]) -> None:
        if self.debrief is None:
            return
        feelings = {each.id: each.means for each in self.debrief.feelings}
        screen = TurnsScreen(
            self.debrief.transcript, self.debrief.name, turn=turn, quotes=quotes, caption=caption, feelings=feelings
        )
        self.app.push_screen(screen)

    def action_conversation(self) -> None:
        """Show the whole conversation from its beginning."""
        self._open_turn(1, "", {})

    def action_working(self) -> None:
        """Show the sums: of the rubric that has the focus first."""
        if self.debrief is None or not self.debrief.outcomes:
            return
        focused = self.focused
        here = ""
        if isinstance(focused, OutcomeLine):
            here = focused.outcome.rubric
        elif isinstance(focused, FindingLine):
            here = focused.finding.rubric
        outcomes = sorted(self.debrief.outcomes, key=lambda each: each.rubric != here)
        text = "\n\n".join(f"{each.title}, judged by {each.grade.judge}\n\n{each.arithmetic}" for each in outcomes)
        text += "\n\nEach met criterion brings its points, over those of all that could be judged; nothing else counts."
        self.app.push_screen(Read("How it was worked out", text))

    # Taking it elsewhere

    @work(group="again")
    async def action_again(self) -> None:
        """Meet the same customer again."""
        practice = self.practice
        name = one_line(practice.identity.name)
        seed = practice.transcript.seed
        choice = await self.app.push_screen_wait(
            Choose(
                f"Meet {name} again",
                [
                    Choice("same", "The same way", f"The same beginning and the same chances (seed {seed})", key="s"),
                    Choice("new", "Another day", f"{name} may take it differently", key="n"),
                ],
            )
        )
        if choice is not None:
            self.fineline.open_briefing(
                practice.persona.id, practice.scenario.id, practice.identity.name, seed if choice == "same" else None
            )

    @work(group="export", exclusive=True)
    async def action_export(self) -> None:
        """Write Markdown and JSONL, and say where."""
        if self.debrief is None:
            return
        from simulator.tui import export

        held_at = await self._held_at()
        try:
            page, lines = await asyncio.to_thread(export.export, self.debrief, export.folder(), held_at)
        except FinelineError as error:
            self.fineline.say_error(error)
            return
        self.practice.unsaved = False
        self.notify(f"{page}\n{lines.name} beside it", title="Exported", timeout=10, markup=False)

    async def _held_at(self) -> datetime:
        store, session_id = await self.services.store(), self.practice.session_id
        if store is not None and session_id is not None:
            try:
                return (await asyncio.to_thread(store.summary, session_id)).started_at.astimezone()
            except FinelineError:
                pass  # discarded meanwhile: the time of the export is the next best name
        return datetime.now().astimezone()

    def action_copy(self) -> None:
        """Copy the debrief as Markdown."""
        if self.debrief is not None:
            from simulator.grading.markdown import to_markdown

            self.app.copy_to_clipboard(to_markdown(self.debrief))
            self.notify("The debrief is copied, as text.", timeout=3)
