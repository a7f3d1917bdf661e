"""Two small questions of the models screen: a key for a server, and the address of another one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from simulator.domain.errors import FinelineError
from simulator.tui.screens.base import FinelineModal
from simulator.tui.widgets.findings import one_line
from simulator.tui.widgets.keybar import KeyBar
from simulator.tui.widgets.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

_CANCEL = Binding("escape", "dismiss", "Back", id="models.dialog_back", tooltip="Close this and change nothing")


class AskKey(FinelineModal[bool]):
    """Take a key and give it to the keyring of this computer. Dismisses with ``True`` when something changed."""

    CSS_PATH = "../styles/dialogs.tcss"
    HELP = """
    **A key.** Paste it as the provider shows it. It goes into the keyring of this computer, never into a file, and to no other
    server than this one. `ctrl+r` removes it from there.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        _CANCEL,
        Binding(
            "ctrl+r", "forget", "Remove the key", id="models.forget_key", tooltip="Delete this server's key from the keyring"
        ),
    ]

    def __init__(self, server: str, keep: Callable[[str], None], forget: Callable[[], bool]) -> None:
        """``keep`` and ``forget`` block for as long as the keyring takes; ``keep`` raises :class:`FinelineError`."""
        super().__init__()
        self._server = one_line(server)
        self._keep = keep
        self._forget = forget

    def compose(self) -> ComposeResult:
        """Lay out what it is for, the masked field, and what happens to it."""
        with Vertical(classes="dialog"):
            yield Words(f"Key for {self._server}", classes="dialog-title")
            yield Input(password=True, placeholder="paste the key, then enter", id="key", compact=True)
            note = "It is kept in this computer's keyring and never in a file. OPENAI_API_KEY, where it is set, comes first."
            yield Words(note, classes="dialog-note", id="said")
        yield KeyBar()

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self._store(event.value.strip())
        else:
            self.dismiss(None)

    @work(exclusive=True, group="key")
    async def _store(self, key: str) -> None:
        self.query_one("#said", Words).update("Asking the keyring…")
        try:
            await asyncio.to_thread(self._keep, key)
        except FinelineError as error:
            self.query_one("#said", Words).update(one_line(str(error)))
            return
        self.dismiss(True)

    @work(exclusive=True, group="key")
    async def action_forget(self) -> None:
        """Delete the key from the keyring."""
        if await asyncio.to_thread(self._forget):
            self.dismiss(True)
        else:
            self.query_one("#said", Words).update("The keyring has no key for this server.")


class AskAddress(FinelineModal[str]):
    """Ask for the address of a server. Dismisses with it as a base URL, or with ``None``."""

    CSS_PATH = "../styles/dialogs.tcss"
    HELP = "**Another server.** Any that speaks as OpenAI's does, such as `http://localhost:11434/v1` or `https://openrouter.ai/api/v1`."
    BINDINGS: ClassVar[list[BindingType]] = [_CANCEL]

    def compose(self) -> ComposeResult:
        """Lay out the field."""
        with Vertical(classes="dialog"):
            yield Words("Another server", classes="dialog-title")
            yield Input(placeholder="http://localhost:11434/v1", id="address", compact=True, max_length=500)
            yield Words("Any server that speaks as OpenAI's does.", classes="dialog-note", id="said")
        yield KeyBar()

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        from simulator.models.endpoint import normalise

        if not event.value.strip():
            self.dismiss(None)
            return
        try:
            self.dismiss(normalise(event.value))
        except FinelineError as error:
            self.query_one("#said", Words).update(one_line(str(error)))
