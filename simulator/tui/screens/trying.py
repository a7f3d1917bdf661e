"""Trying a persona while it is written: the conversation, and beside it what goes on inside the customer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content

from simulator.conversation.replay import replay
from simulator.conversation.session import Session
from simulator.tui.screens.conversation import ConversationScreen
from simulator.tui.widgets.inside import Inside
from simulator.tui.widgets.keybar import KeyBar
from simulator.tui.widgets.panel import Ended, Trouble
from simulator.tui.widgets.prompt import Prompt
from simulator.tui.widgets.talk import Talk
from simulator.tui.widgets.topbar import TopBar
from simulator.tui.widgets.words import Words

if TYPE_CHECKING:
    from simulator.domain.persona import Persona
    from simulator.tui.watching import Look, WatchedFile

LOOK_EVERY_S = 0.05


class TryScreen(ConversationScreen):
    """A conversation with a persona file, which follows the file as it is saved. Nothing of it is kept."""

    HELP = """
    Change the file in your editor and save it: the conversation goes on with what it says now, and every feeling is worked out
    anew. While the file has mistakes they are shown at the top, and the last good version stays in use. `ctrl+r` begins again.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "again", "Begin again", id="try.again", priority=True, tooltip="Begin again with the next seed"),
        Binding("escape", "pause", "Close", id="talk.pause", tooltip="Close; nothing of this is kept"),
    ]

    def __init__(self, session: Session, file: WatchedFile[Persona], begin: Callable[[Persona, int], Session]) -> None:
        super().__init__(session, None)
        self._file = file
        self._begin = begin
        self._coming: Persona | None = None
        self._looking = False
        self.reloads = 0

    def compose(self) -> ComposeResult:
        """Lay out the conversation on the left and the inner state on the right."""
        yield TopBar(id="top")
        yield Words(id="file")
        yield Words(id="banner")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield Talk(id="talk")
                with Vertical(id="foot"):
                    yield Words(id="status")
                    yield Trouble(id="trouble")
                    yield Ended(id="ended")
                    yield Prompt(id="prompt")
            yield Inside(id="inside")
        yield KeyBar()

    def on_mount(self) -> None:
        """Keep an eye on the file."""
        self.set_interval(LOOK_EVERY_S, self._glance)

    @property
    def would_lose_words(self) -> bool:
        """Nothing of a trial is kept, so nothing is lost."""
        return False

    def _say_banner(self, text: str) -> None:
        """That nothing is kept goes without saying here."""

    def _show(self) -> None:
        super()._show()
        self.query_one("#inside", Inside).show(self.session)
        if not self._speaking and self._coming is not None:
            persona, self._coming = self._coming, None
            self._change(persona)

    def _show_ended(self) -> None:
        self._show()
        self.prompt.display = False
        self.query_one("#inside", Inside).focus()
        self.refresh_bindings()

    # The file

    async def _glance(self) -> None:
        if self._looking or not self._file.changed():
            return
        self._looking = True
        try:
            look = await asyncio.to_thread(self._file.look)
        finally:
            self._looking = False
        if self.is_attached:
            self._take(look)

    def _take(self, look: Look[Persona]) -> None:
        note = self.query_one("#file", Words)
        note.set_class(look.value is None, "-shown")
        if look.value is None:
            note.update(Content("\n".join((*look.problems, "The last good version stays in use."))))
        elif self._speaking:
            self._coming = look.value
        else:
            self._change(look.value)

    def _change(self, persona: Persona) -> None:
        self.reloads += 1
        if persona == self.session.persona:
            return
        changed = replay(self.session, persona)
        if changed is None:
            self.notify("The scenario or the identity is gone from the file, so the conversation began anew.")
            self._start(self._begin(persona, self.session.seed))
        else:
            self.notify("Reloaded.", timeout=2)
            self._start(changed)

    def _start(self, session: Session) -> None:
        self.session = session
        self._looks = []
        self.prompt.display = not session.ended
        self._show()
        self._remember()
        self.refresh_bindings()
        if not session.ended:
            self.prompt.focus()
            if session.owes_reply:
                self._let_speak()

    # Keys

    def action_again(self) -> None:
        """Begin again with the next seed."""
        if not self._speaking:
            self._start(self._begin(self.session.persona, self.session.seed + 1))

    def action_pause(self) -> None:
        """Hold back what is queued; otherwise close."""
        if self._queued:
            super().action_pause()
        else:
            self.app.exit(0)

    def action_later(self) -> None:
        """Close: there is no home here."""
        self.app.exit(0)

    def check_action(self, action: str, parameters: tuple[Any, ...]) -> bool | None:
        """A trial is not rated, and can be closed at any time."""
        if action in ("end", "rate"):
            return False
        return True if action == "pause" else super().check_action(action, parameters)
