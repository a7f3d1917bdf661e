"""What the command palette finds: everything this screen can do, and everybody there is to meet."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from simulator.domain.errors import FinelineError
from simulator.domain.text import clean

if TYPE_CHECKING:
    from simulator.tui.app import FinelineApp

# Commands of the app itself come from App.get_system_commands; moving a cursor is no command.
_SYSTEM = frozenset({"quit", "app.quit", "help", "app.help", "toggle_brightness", "app.toggle_brightness", "command_palette",
                     "app.command_palette", "help_quit"})  # fmt: skip


class ScreenCommands(Provider):
    """Everything the keys of this screen do, by name."""

    def _commands(self) -> list[tuple[str, str, Callable[[], None]]]:
        app = cast("FinelineApp", self.app)
        found: dict[str, tuple[str, str, Callable[[], None]]] = {}
        for node, binding, enabled, tooltip in self.screen.active_bindings.values():
            if not enabled or binding.id is None or binding.action in _SYSTEM or not binding.description:
                continue
            key = app.get_key_display(binding)
            explained = tooltip or binding.tooltip or binding.description
            action = partial(app.simulate_action, binding.action, node)
            found.setdefault(binding.action, (binding.description, f"{explained}  ({key})", action))
        return list(found.values())

    async def discover(self) -> Hits:
        """List everything."""
        for name, explained, command in self._commands():
            yield DiscoveryHit(name, command, help=explained)

    async def search(self, query: str) -> Hits:
        """Find by name."""
        matcher = self.matcher(query)
        for name, explained, command in self._commands():
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), command, help=explained)


class CustomerCommands(Provider):
    """Everybody there is to meet."""

    async def search(self, query: str) -> Hits:
        """Find customers by name and summary."""
        app = cast("FinelineApp", self.app)
        try:
            library = await app.services.library()
        except FinelineError:
            return
        matcher = self.matcher(query)
        for entry in library.personas.values():
            persona = entry.value
            text = f"Meet {clean(persona.name, keep_newlines=False)}: {clean(persona.summary, keep_newlines=False)}"
            score = matcher.match(text)
            if score > 0:
                # Content, not the matcher's own highlighting of a string: a persona's words are never markup.
                yield Hit(score, Content(text), partial(app.open_briefing, persona.id), text=text, help="Read the briefing")
