"""A text area for any terminal."""

from __future__ import annotations

from textual.strip import Strip
from textual.widgets import TextArea


class Area(TextArea):
    """A text area that may be squeezed to no width at all: its placeholder cannot be broken into lines there."""

    def render_line(self, y: int) -> Strip:
        """Draw line ``y`` of the area."""
        return super().render_line(y) if self.content_size.width > 0 else Strip([], 0)
