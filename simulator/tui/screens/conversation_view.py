"""What a conversation looks like: who it is with, what was said, what is going on; and copying it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from simulator.conversation.scene import BUILTIN
from simulator.conversation.session import Session
from simulator.domain.text import clean
from simulator.tui.screens.base import FinelineScreen
from simulator.tui.widgets.keybar import KeyBar
from simulator.tui.widgets.panel import Ended, Trouble
from simulator.tui.widgets.prompt import Prompt
from simulator.tui.widgets.talk import Said, Talk
from simulator.tui.widgets.topbar import Part, TopBar

if TYPE_CHECKING:
    from simulator.domain.transcript import Turn
    from simulator.tui.flow import Recorder


class ConversationView(FinelineScreen[None]):
    """Shows ``session.transcript``, and where the conversation stands; what happens in it is for those who inherit from this."""

    def __init__(self, session: Session, recorder: Recorder | None, *, draft: str = "") -> None:
        super().__init__()
        self.session = session
        self.recorder = recorder
        self._draft = clean(draft)
        self._speaking = False
        self._first_words = False
        self._queued = False
        self._looks: list[tuple[Turn, Said]] = []
        self._status: list[tuple[str, str]] = []

    # Layout

    def compose(self) -> ComposeResult:
        """Lay out head, talk, prompt and keys."""
        yield TopBar(id="top")
        yield Static(id="banner", markup=False)
        yield Talk(id="talk")
        with Vertical(id="foot"):
            yield Static(id="status", markup=False)
            yield Trouble(id="trouble")
            yield Ended(id="ended")
            yield Prompt(self._draft, id="prompt")
        yield KeyBar()

    @property
    def name_shown(self) -> str:
        """The customer's name, safe to show."""
        return clean(self.session.identity.name, keep_newlines=False)

    @property
    def talk(self) -> Talk:
        """What was said."""
        return self.query_one("#talk", Talk)

    @property
    def prompt(self) -> Prompt:
        """What is being typed."""
        return self.query_one("#prompt", Prompt)

    @property
    def trouble(self) -> Trouble:
        """The panel of a failed voice."""
        return self.query_one("#trouble", Trouble)

    @property
    def _said_nothing(self) -> bool:
        return not any(turn.role == "trainee" for turn in self.session.transcript.turns)

    # Showing

    def _show(self) -> None:
        self.talk.show(self._messages())
        self._show_top()
        self._show_status()
        if self.recorder is not None:
            problem = self.recorder.problem
            self._say_banner(f"Not saved yet: {problem} The conversation goes on; ctrl+s exports it." if problem else "")

    def _messages(self) -> list[Said]:
        turns = self.session.transcript.turns
        # Turns are replaced, never changed: one that is still the same object looks the same. In a conversation of hundreds
        # of turns this is the difference between keeping up with a stream and not.
        known = self._looks[: len(turns)]
        for at, turn in enumerate(turns):
            if at >= len(known):
                known.append((turn, self._look(turn, at + 1)))
            elif known[at][0] is not turn:
                known[at] = (turn, self._look(turn, at + 1))
        self._looks = known
        messages = [said for _, said in known]
        if self.session.ended:
            messages.append(Said("note", "", self._ending_words()))
        return messages

    def _look(self, turn: Turn, number: int) -> Said:
        return Said(turn.role, self.name_shown if turn.role == "customer" else "You", clean(turn.text), number)

    def _ending_words(self) -> str:
        ending = self.session.persona.by_ending.get(self.session.transcript.ending or "")
        if ending is None:
            return "You ended the conversation."
        return clean(self.session.identity.fill(ending.means)) or f"{self.name_shown} ended the conversation."

    def _show_top(self) -> None:
        session = self.session
        turns = sum(turn.role == "trainee" for turn in session.transcript.turns)
        left: list[Part] = [(self.name_shown, "bold $accent"), (clean(session.scenario.place, keep_newlines=False), "")]
        right: list[Part] = [(self._voice_words(), "$foreground"), (f"turn {turns}", ""), (f"seed {session.seed}", "")]
        self.query_one("#top", TopBar).show(left=left, right=right)

    def _voice_words(self) -> str:
        name = self.session.voice.name
        if name == BUILTIN:
            return "built-in voice"
        chosen = self.services.voice_words
        return clean(chosen if name in chosen else name, keep_newlines=False)

    def _show_status(self) -> None:
        parts: list[tuple[str, str]] = []
        if self._speaking:
            doing = "is speaking" if self._first_words else "is thinking…"
            parts = [("▍ ", "$accent"), (f"{self.name_shown} {doing}", "$quiet")]
        if self._queued:
            parts.append((f"{'   ' if parts else ''}said when {self.name_shown} has finished · esc to hold back", "$primary"))
        if parts != self._status:
            self._status = parts
            self.query_one("#status", Static).update(Content.assemble(*parts), layout=False)

    def _say_banner(self, text: str) -> None:
        banner = self.query_one("#banner", Static)
        if text or banner.has_class("-shown"):
            banner.set_class(bool(text), "-shown")
            banner.update(Content(clean(text)))

    def _remember(self) -> None:
        self.prompt.remember([turn.text for turn in self.session.transcript.turns if turn.role == "trainee"])

    def _show_ended(self) -> None:
        self._show()
        self.prompt.display = False
        survey = self.session.transcript.survey
        comment = clean(survey.comment) if survey is not None else ""
        self.query_one("#ended", Ended).show(self._ending_words(), f"“{comment}”" if comment else "")
        self.refresh_bindings()

    # Copying and writing out

    @on(Talk.Copied)
    def _copy_marked(self, message: Talk.Copied) -> None:
        self._copy(message.text)

    def action_copy(self) -> None:
        """Copy what was said last."""
        turns = self.session.transcript.turns
        if turns:
            self._copy(clean(turns[-1].text))

    def _copy(self, text: str) -> None:
        self.app.copy_to_clipboard(text)
        self.notify("Copied.", timeout=2)

    def action_export(self) -> None:
        """Copy or write out the whole conversation."""
        from simulator.tui.writing_out import write_out

        write_out(self.fineline, self.session.transcript, self.name_shown)

    def action_scroll(self, pages: int) -> None:
        """Scroll what was said, wherever the focus is."""
        if pages < 0:
            self.talk.scroll_page_up(animate=False)
        else:
            self.talk.scroll_page_down(animate=False)
