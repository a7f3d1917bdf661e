"""The line at the foot of a screen: which keys do what just now."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget


class KeyBar(Widget, can_focus=False):
    """The shown bindings, as many as fit, in one widget: it costs nothing while somebody types.

    A click presses the key; resting the mouse on it explains it. Help is never left out.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeyBar {
        dock: bottom;
        height: 1;
        padding: 0 2;
        background: $footer-background;
        color: $quiet;
    }
    """
    GAP = "   "

    def __init__(self) -> None:
        super().__init__()
        self._places: list[tuple[int, int, str, str]] = []  # from, to (cells), key, tooltip

    def on_mount(self) -> None:
        """Follow the screen's bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            self.refresh()

    def render(self) -> Content:
        """Lay the keys out for the width there is."""
        shown: dict[str, tuple[str, str, str, str]] = {}
        for _, binding, enabled, tooltip in self.screen.active_bindings.values():
            if binding.show and enabled and binding.description:
                shown.setdefault(
                    binding.action,
                    (self.app.get_key_display(binding), binding.description, binding.key, tooltip or binding.tooltip),
                )
        help_entry = next((entry for action, entry in shown.items() if action in ("help", "app.help")), None)
        entries = [entry for entry in shown.values() if entry is not help_entry]
        entries.sort(key=lambda entry: entry[2] != "enter")  # the main thing first; the rest in the order they were bound
        room = self.size.width
        if help_entry is not None:
            room -= _cells(help_entry) + len(self.GAP)
        chosen = []
        for entry in entries:
            if _cells(entry) > room:
                break
            chosen.append(entry)
            room -= _cells(entry) + len(self.GAP)
        if help_entry is not None:
            chosen.append(help_entry)
        self._places = []
        parts: list[tuple[str, str]] = []
        at = 0
        for display, description, key, tooltip in chosen:
            if parts:
                parts.append((self.GAP, ""))
                at += len(self.GAP)
            parts += [(display, "bold $primary"), (f" {description}", "")]
            width = Content(f"{display} {description}").cell_length
            self._places.append((at, at + width, key, tooltip or description))
            at += width
        return Content.assemble(*parts).truncate(max(1, self.size.width))

    def _at(self, x: int) -> tuple[str, str] | None:
        return next(((key, tip) for start, end, key, tip in self._places if start <= x < end), None)

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        offset = event.get_content_offset(self)
        found = self._at(offset.x) if offset is not None else None
        if found is not None:
            self.app.simulate_key(found[0])

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Explain the key under the mouse."""
        offset = event.get_content_offset(self)
        found = self._at(offset.x) if offset is not None else None
        self.tooltip = found[1] if found is not None else None


def _cells(entry: tuple[str, str, str, str]) -> int:
    return Content(f"{entry[0]} {entry[1]}").cell_length
