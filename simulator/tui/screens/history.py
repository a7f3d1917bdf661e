"""What has been practised: past conversations, the unfinished among them, and how they went."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from simulator.domain.errors import FinelineError
from simulator.tui.screens.base import FinelineScreen
from simulator.tui.screens.dialogs import Confirm
from simulator.tui.widgets.findings import one_line
from simulator.tui.widgets.keybar import KeyBar
from simulator.tui.widgets.level import level_bar
from simulator.tui.widgets.topbar import TopBar
from simulator.tui.widgets.words import BAD, DOUBT, GOOD, QUIET, Words, words

if TYPE_CHECKING:
    from simulator.authoring.library import Library
    from simulator.domain.persona import Persona
    from simulator.store.store import SessionSummary

SHOWN: Final = 200
_UNFINISHED: Final = {"conversation": "unfinished", "rating": "not rated yet", "debrief": "not graded yet"}
_CLOSED: Final = {"trainee_ended": "you ended it", "stopped": "you stopped it"}
_MARKS: Final = {"good": ("✓ ", GOOD), "mixed": ("– ", QUIET), "bad": ("✗ ", BAD)}
_DATE_CELLS: Final = 14


def when(moment: datetime, now: datetime) -> str:
    """Return a local time as people write it: with the year only where it is not this one."""
    local = moment.astimezone(now.tzinfo)
    if local.year == now.year:
        return f"{local.day:>2} {local:%b %H:%M}"
    return f"{local.day:>2} {local:%b %Y}"


def ending_words(summary: SessionSummary, persona: Persona | None) -> Content:
    """Return how a conversation ended, or what is still to be done."""
    if summary.phase in _UNFINISHED:
        return words(("▸ ", f"bold {DOUBT}"), (_UNFINISHED[summary.phase], DOUBT))
    ending = persona.by_ending.get(summary.ending or "") if persona is not None else None
    if persona is None or ending is None:
        known = _CLOSED.get(summary.ending or "", (summary.ending or "not brought to an end").replace("_", " "))
        return words((one_line(known), QUIET))
    identity = persona.identity(summary.identity or "") or persona.identities[0]
    said = identity.fill(ending.means) or ending.id.replace("_", " ")
    return words(_MARKS[ending.outcome], (one_line(said), QUIET))


class SessionList(OptionList):
    """The conversations, newest first."""

    HELP = """
    **Past conversations**, newest first. `enter` opens the debrief again, or goes on with one that was left in the middle.
    `d` deletes one with everything that was said in it, after asking.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Open", id="history.open", tooltip="Open the debrief, or go on where it stopped"),
        Binding("k", "cursor_up", "Up", show=False, id="history.up", tooltip="The conversation above"),
        Binding("j", "cursor_down", "Down", show=False, id="history.down", tooltip="The conversation below"),
    ]


class HistoryScreen(FinelineScreen[None]):
    """Sessions in a list; beside it, where there is room, the one under the cursor."""

    CSS_PATH = "../styles/history.tcss"
    AUTO_FOCUS = ""
    HELP = SessionList.HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "d,delete", "delete", "Delete", key_display="d", id="history.delete", tooltip="Delete this conversation for good"
        ),
        Binding("a", "again", "Meet again", id="history.again", tooltip="Meet this customer again"),
        Binding("escape,q", "back", "Home", key_display="esc", id="history.back", tooltip="Go back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.sessions: list[SessionSummary] = []
        self._library: Library | None = None

    def compose(self) -> ComposeResult:
        """Lay out the list and the place beside it."""
        yield TopBar([("History", "bold $foreground")], id="top")
        with Horizontal(id="both"):
            yield SessionList(id="sessions", markup=False)
            with VerticalScroll(id="beside", can_focus=False):
                yield Words(id="about")
        yield Words("Reading what was kept…", id="note")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the sessions."""
        self.query_one("#both").display = False
        self._read()

    def on_screen_resume(self) -> None:
        """Show what changed meanwhile."""
        if self._library is not None:
            self._read()

    @work(group="history", exclusive=True)
    async def _read(self) -> None:
        store = await self.services.store()
        if store is None:
            self._say(f"Nothing is kept on this computer. {self.services.store_problem}")
            return
        try:
            sessions = await asyncio.to_thread(store.sessions, limit=SHOWN)
        except FinelineError as error:
            self._say(str(error))
            return
        self._library = await self.services.library()
        self.sessions = [each for each in sessions if each.turns or each.draft]
        await asyncio.to_thread(lambda: self._library and self._library.personas)
        self._show()

    def _say(self, text: str) -> None:
        self.query_one("#both").display = False
        note = self.query_one("#note", Words)
        note.update(one_line(text))
        note.display = True

    def _show(self) -> None:
        if not self.sessions:
            self._say("Nothing yet. Meet somebody first; every conversation is kept here from its first words.")
            self.refresh_bindings()
            return
        self.query_one("#note").display = False
        self.query_one("#both").display = True
        listed = self.query_one(SessionList)
        before = listed.highlighted or 0
        now = datetime.now().astimezone()
        listed.clear_options()
        for place, each in enumerate(self.sessions):
            if place:
                listed.add_option(None)
            listed.add_option(Option(self._row(each, now), id=each.id))
        listed.highlighted = min(before, len(self.sessions) - 1)
        listed.focus()
        count = f"{len(self.sessions)} conversations" if len(self.sessions) != 1 else "1 conversation"
        self.query_one(TopBar).show(right=[(count if len(self.sessions) < SHOWN else f"the last {SHOWN}", "")])
        self.refresh_bindings()

    def _persona(self, summary: SessionSummary) -> Persona | None:
        entry = self._library.personas.get(summary.persona or "") if self._library is not None else None
        return entry.value if entry is not None else None

    def _who(self, summary: SessionSummary) -> str:
        return one_line(summary.identity or summary.persona or "somebody")

    def _skill(self, rubric: str) -> str:
        entry = self._library.rubrics.get(rubric) if self._library is not None else None
        return one_line(entry.value.title if entry is not None else rubric)

    def _row(self, summary: SessionSummary, now: datetime) -> Content:
        persona = self._persona(summary)
        about = persona.summary if persona is not None else summary.persona or ""
        identity = persona.identity(summary.identity or "") if persona is not None else None
        about = identity.fill(about) if identity is not None else about
        first = words(
            (f"{when(summary.started_at, now):<{_DATE_CELLS}}", QUIET),
            (self._who(summary), "bold"),
            (f" · {one_line(about)}", QUIET),
        )
        levels = " · ".join(f"{self._skill(rubric)} {level}" for rubric, level in summary.levels.items())
        second = words(" " * _DATE_CELLS, (f"{levels}   " if levels else "", "$primary"), ending_words(summary, persona))
        return Content("\n").join([first, second])

    @property
    def chosen(self) -> SessionSummary | None:
        """The session under the cursor."""
        at = self.query_one(SessionList).highlighted
        return self.sessions[at] if at is not None and at < len(self.sessions) else None

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        summary = self.chosen
        if summary is None:
            return
        persona = self._persona(summary)
        scenario = persona.scenario(summary.scenario or "") if persona is not None else None
        lines = [words((self._who(summary), "bold"))]
        if persona is not None and scenario is not None:
            identity = persona.identity(summary.identity or "") or persona.identities[0]
            lines.append(words((one_line(identity.fill(scenario.place)), QUIET)))
        lines += [Content(""), ending_words(summary, persona)]
        turns = "1 turn" if summary.turns == 1 else f"{summary.turns} turns"
        lines += [words((turns + (f" · seed {summary.seed}" if summary.seed is not None else ""), QUIET)), Content("")]
        for rubric, level in summary.levels.items():
            lines.append(words(level_bar(level), f"  {self._skill(rubric)}"))
            entry = self._library.rubrics.get(rubric) if self._library is not None else None
            if entry is not None:
                lines += [words((one_line(entry.value.levels.get(level, "")), QUIET)), Content("")]
        if not summary.levels:
            lines.append(words(("No levels yet.", QUIET)))
        self.query_one("#about", Words).update(Content("\n").join(lines))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what there is something to do it to."""
        del parameters
        return bool(self.sessions) if action in ("delete", "again") else True

    @on(OptionList.OptionSelected)
    def _open(self, event: OptionList.OptionSelected) -> None:
        if event.option_id is not None:
            self.fineline.resume(event.option_id)

    @work(group="delete")
    async def action_delete(self) -> None:
        """Ask, then delete the conversation with all that belongs to it."""
        summary = self.chosen
        if summary is None:
            return
        moment = when(summary.started_at, datetime.now().astimezone()).strip()
        question = f"Delete the conversation with {self._who(summary)} of {moment}? Its words, rating and grades are gone then."
        if not await self.app.push_screen_wait(Confirm(question, yes="Delete it", no="Keep it")):
            return
        store = await self.services.store()
        if store is None:
            return
        try:
            await asyncio.to_thread(store.discard, summary.id)
        except FinelineError as error:
            self.fineline.say_error(error)
            return
        self.sessions = [each for each in self.sessions if each.id != summary.id]
        self._show()

    def action_again(self) -> None:
        """Meet the customer of this conversation again."""
        summary = self.chosen
        if summary is not None and summary.persona and self._persona(summary) is not None:
            self.fineline.open_briefing(summary.persona, summary.scenario, summary.identity)

    def action_back(self) -> None:
        """Go home."""
        self.fineline.go_home()
