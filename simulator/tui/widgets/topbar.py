"""The line at the head of a screen: where you are on the left, who speaks and judges on the right."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

Part = tuple[str, str]  # words and their style


class TopBar(Widget, can_focus=False):
    """One line in one widget. ``right`` is given in pieces, least needed last: what does not fit is left out."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    TopBar {
        height: 1;
        padding: 0 2;
        color: $quiet;
        background: $background;
    }
    """
    DOT = " · "

    def __init__(self, left: list[Part] | None = None, right: list[Part] | None = None, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._left: list[Part] = left or []
        self._right: list[Part] = right or []

    def show(self, *, left: list[Part] | None = None, right: list[Part] | None = None) -> None:
        """Change either side."""
        before = self._left, self._right
        if left is not None:
            self._left = left
        if right is not None:
            self._right = right
        if before != (self._left, self._right):
            self.refresh()

    @property
    def words(self) -> str:
        """What the bar says, in plain words."""
        return " ".join(text for text, _ in [*self._left, *self._right])

    def _joined(self, parts: list[Part]) -> Content:
        pieces: list[Part] = []
        for text, style in parts:
            if not text:
                continue
            if pieces:
                pieces.append((self.DOT, ""))
            pieces.append((text, style))
        return Content.assemble(*pieces)

    def render(self) -> Content:
        """Put both sides on the line."""
        width = max(1, self.size.width)
        right_parts = list(self._right)
        right = self._joined(right_parts)
        # What is on the right says who speaks: the place on the left gives way first, down to a dozen cells.
        while right_parts and right.cell_length > width - min(12, width // 3) - 2:
            right_parts.pop()
            right = self._joined(right_parts)
        left = self._joined(self._left).truncate(max(1, width - right.cell_length - 2), ellipsis=True)
        gap = width - left.cell_length - right.cell_length
        return Content.assemble(left, " " * max(0, gap), right)
