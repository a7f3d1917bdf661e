"""The conversation: nothing between you and the customer."""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea
from textual.worker import Worker, WorkerError

from simulator.conversation.scene import BUILTIN
from simulator.conversation.session import Session, Speaking
from simulator.domain.errors import FinelineError
from simulator.tui.drafts import DraftKeeper
from simulator.tui.flow import Practice
from simulator.tui.screens.conversation_view import ConversationView
from simulator.tui.screens.dialogs import Choice, Choose
from simulator.tui.widgets.panel import Trouble
from simulator.tui.widgets.prompt import Prompt
from simulator.tui.widgets.talk import Talk

if TYPE_CHECKING:
    from simulator.conversation.scene import Voice
    from simulator.store.store import Phase
    from simulator.tui.flow import Recorder


class ConversationScreen(ConversationView):
    """Holds one conversation. The screen shows ``session.transcript``; everything in it is on disk before it is shown."""

    CSS_PATH = "../styles/conversation.tcss"
    AUTO_FOCUS = "#prompt"
    HELP = """
    `esc` pauses: go on, end and rate yourself, stop without being graded, or leave it for later. Stopping is always allowed
    and never held against you. `ctrl+e` ends the conversation and goes on to rating yourself. `tab` goes between what was said
    and what you type.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+e", "end", "End and rate", id="talk.finish", tooltip="End the conversation and rate yourself"),
        Binding("escape", "pause", "Pause or stop", id="talk.pause", tooltip="Pause, stop or leave for later"),
        Binding("ctrl+y", "copy", "Copy last", id="talk.copy-last", tooltip="Copy what was said last to the clipboard"),
        Binding("ctrl+s", "export", "Export", id="talk.export", show=False, tooltip="Copy or write out the whole conversation"),
        Binding("pageup", "scroll(-1)", "Scroll up", id="talk.page-up", show=False, tooltip="Read what was said earlier"),
        Binding("pagedown", "scroll(1)", "Scroll down", id="talk.page-down", show=False, tooltip="Back to the last words"),
    ]

    class Heard(Message):
        """The customer said one more sentence, or all of it."""

        def __init__(self, *, done: bool) -> None:
            super().__init__()
            self.done = done

    class Failed(Message):
        """The customer's voice failed."""

        def __init__(self, error: FinelineError) -> None:
            super().__init__()
            self.error = error

    def __init__(self, session: Session, recorder: Recorder | None, *, draft: str = "") -> None:
        super().__init__(session, recorder, draft=draft)
        self._drafts = DraftKeeper(recorder)
        self._left = False
        self._speech: Worker[None] | None = None

    @property
    def would_lose_words(self) -> bool:
        """Whether leaving now loses something that was said."""
        said = any(turn.role == "trainee" for turn in self.session.transcript.turns)
        return said and not self._left and (self.recorder is None or bool(self.recorder.problem))

    @property
    def practice(self) -> Practice:
        """What the rating and the debrief need."""
        session = self.session
        unsaved = not self._said_nothing and (self.recorder is None or bool(self.recorder.problem))
        return Practice(session.persona, session.scenario, session.identity, session.transcript, self.recorder, unsaved=unsaved)

    def on_mount(self) -> None:
        """Show what was said so far; the customer speaks if it is their turn."""
        # What has been loaded by now stays: going through all of it for garbage would hold up keys by 80 ms now and then.
        gc.freeze()
        self._show()
        self._remember()
        if self.recorder is None:
            reason = self.services.store_problem or "there is no place to keep it."
            self._say_banner(f"This conversation is not saved: {reason}")
        if self.session.ended:
            self._show_ended()
        elif self.session.owes_reply:
            self._let_speak()

    async def on_unmount(self) -> None:
        """Keep what is typed; a conversation in which nothing was said is not kept."""
        gc.unfreeze()
        if self._left:
            return
        self._left = True
        await self._drafts.close()
        recorder = self.recorder
        if recorder is not None and not self.session.ended and self._said_nothing and not self._draft.strip():
            await asyncio.to_thread(recorder.discard)
        elif recorder is not None:
            await asyncio.to_thread(recorder.release)

    # The customer

    def _let_speak(self) -> None:
        self._speaking, self._first_words = True, False
        self.trouble.hide()
        self._show_status()
        self._speech = self._speak()

    @work(group="speech", exclusive=True, exit_on_error=True)
    async def _speak(self) -> None:
        try:
            async for event in self.session.reply():
                self.post_message(self.Heard(done=not isinstance(event, Speaking)))
        except FinelineError as error:
            self.post_message(self.Failed(error))

    @on(Heard)
    def _heard(self, message: Heard) -> None:
        self._first_words = True
        if message.done:
            self._speaking = False
        self._show()
        if not message.done:
            return
        if self.session.ended:
            self._show_ended()
        elif self._queued:
            self._queued = False
            self._show_status()
            self._say(self.prompt.text)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self._speaking = self._queued = False
        self._show()
        name = self.name_shown
        title = f"{name} was cut off." if self._first_words else f"{name} has not answered."
        error = message.error
        typing = bool(self.prompt.text)
        how = "\nYour words stay here; press enter when you want to choose:" if typing else ""
        self.trouble.show(title, f"{error.message} {error.hint}".strip() + how, take_focus=not typing)

    @on(Trouble.Typed)
    def _typed_on(self, message: Trouble.Typed) -> None:
        self.prompt.focus()
        self.prompt.insert(message.character)

    def action_retry(self) -> None:
        """Ask the same voice again."""
        if not self._speaking:
            self._to_prompt()
            self._let_speak()

    @work(group="voice", exclusive=True)
    async def action_builtin(self) -> None:
        """Go on with the built-in voice for this conversation."""
        await self._change_voice(self.services.builtin_voice(), builtin=True)

    def action_models(self) -> None:
        """Choose another model."""

        def chosen(changed: bool | None) -> None:
            if changed:
                self.run_worker(self._change_voice(self.services.voice()), group="voice", exclusive=True)

        self.fineline.open_models(chosen)

    async def _change_voice(self, coming: Any, *, builtin: bool = False) -> None:
        try:
            voice: Voice = await coming
            # The same model reads what the trainee says: one that was left is sent no more of it.
            appraiser = None if builtin else await self.services.appraiser()
        except FinelineError as error:
            self.fineline.say_error(error)
            return
        self.session.voice = voice
        self.session.appraiser = appraiser
        self._show_top()
        if self.session.owes_reply and not self._speaking:
            self._to_prompt()
            self._let_speak()

    def _to_prompt(self) -> None:
        self.trouble.hide()
        self.prompt.focus()

    # The trainee

    @on(Prompt.Say)
    def _wants_to_say(self, message: Prompt.Say) -> None:
        if not message.text.strip() or self.session.ended:
            return
        if self.trouble.shown:
            self.notify(f"{self.name_shown} has not answered yet: decide above how to go on. Your words stay here.")
            self.trouble.focus()
        elif self._speaking:
            self._queued = True
            self._show_status()
        else:
            self._say(message.text)

    @work(group="hearing")
    async def _say(self, text: str) -> None:
        if self._speaking:
            return
        self._speaking, self._first_words = True, False
        prompt = self.prompt
        prompt.put("")
        try:
            await self.session.hear(text)
        except FinelineError as error:
            self._speaking = False
            self._give_back(text)
            self._show()
            self.fineline.say_error(error)
            return
        if not self.is_attached:
            return
        self._drafts.forget()
        self._drafts.note(prompt.text)
        self._remember()
        self.talk.anchor()
        self._show()
        self._let_speak()

    def _give_back(self, text: str) -> None:
        """Put what could not be said back before what has been typed since."""
        typed = self.prompt.text
        self.prompt.put(f"{text}\n{typed}" if typed else text)

    @on(TextArea.Changed, "#prompt")
    def _typing(self) -> None:
        self._draft = self.prompt.text
        self._drafts.note(self._draft)
        if self._queued:
            self._queued = False
            self._show_status()

    @on(Talk.Typed)
    def _typed_elsewhere(self, message: Talk.Typed) -> None:
        if not self.session.ended:
            self.prompt.focus()
            self.prompt.insert(message.character)

    # Pausing and ending

    def action_pause(self) -> None:
        """Hold back what is queued; otherwise pause."""
        if self._queued:
            self._queued = False
            self._show_status()
            return
        if self.session.ended:
            self.action_later()
            return
        choices = [
            Choice("resume", "Go on", key="g"),
            Choice("end", "End and rate yourself", "Then the debrief", key="e"),
            Choice("stop", "Stop without being graded", "Always all right; nothing is held against you", key="s"),
            Choice("later", "Leave it for later", "The home screen offers to go on", key="l"),
        ]
        if self.recorder is None:
            choices.pop()
            choices.append(Choice("export", "Write it out", "This conversation is not saved", key="w"))
        self.app.push_screen(Choose("Paused", choices), self._paused)

    def _paused(self, choice: str | None) -> None:
        if choice == "end":
            self.action_end()
        elif choice == "stop":
            self._stop()
        elif choice == "later":
            self.action_later()
        elif choice == "export":
            self.action_export()

    def action_later(self) -> None:
        """Leave; the home screen offers to go on."""
        self.fineline.go_home()

    @work(group="ending", exclusive=True)
    async def action_end(self) -> None:
        """End the conversation and rate yourself."""
        if self._said_nothing:
            self.notify("Nothing was said yet, so there is nothing to rate. Esc stops.")
            return
        await self._end("trainee_ended")
        self.action_rate()

    @work(group="ending", exclusive=True)
    async def _stop(self) -> None:
        if not self._said_nothing:
            await self._end("stopped")
            await self._save_phase("done")
        self.fineline.go_home()

    async def _end(self, how: str) -> None:
        if self._speech is not None:
            self._speech.cancel()
            with suppress(WorkerError):
                await self._speech.wait()
        self._speaking = self._queued = False
        await self.session.stop(how)

    @work(group="rating", exclusive=True)
    async def action_rate(self) -> None:
        """Go on to the self-rating."""
        await self._save_phase("rating")
        await self._drafts.close()
        self._left = True
        self.fineline.open_rating(self.practice)

    async def _save_phase(self, phase: Phase) -> None:
        if self.recorder is not None:
            await asyncio.to_thread(self.recorder.save_phase, phase)

    def check_action(self, action: str, parameters: tuple[Any, ...]) -> bool | None:
        """Offer only what makes sense now."""
        del parameters
        if action in ("end", "pause"):
            return not self.session.ended
        if action == "rate":
            return self.session.ended
        if action == "builtin":
            return self.session.voice.name != BUILTIN
        return True
