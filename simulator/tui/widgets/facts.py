"""Labelled facts, one under the other: the label in a column of its own, the words wrapped beside it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

Row = tuple[str, Content | str]
"""A label and its words; a row with an empty label spans both columns, and two empty strings are a blank line."""


class Facts(Widget, can_focus=False):
    """Rows of label and text. Strings are shown as they are, never read as markup."""

    DEFAULT_CSS = """
    Facts { height: auto; width: 1fr; }
    """

    def __init__(
        self,
        rows: Sequence[Row] = (),
        *,
        label_width: int = 12,
        label_style: str = "$quiet",
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._label_style = label_style
        self._rows = tuple(rows)
        self._label_width = label_width

    def show(self, rows: Sequence[Row]) -> None:
        """Show other rows."""
        self._rows = tuple(rows)
        self.clear_cached_dimensions()
        self.refresh(layout=True)

    @property
    def words(self) -> str:
        """What is shown, in plain words, a row a line."""
        return "\n".join(f"{label} {text}".strip() for label, text in self._rows)

    def _lay_out(self, width: int) -> Content:
        lines: list[Content] = []
        # Too narrow for two columns: the label goes above its words.
        stacked = width < self._label_width + 16
        for label, text in self._rows:
            content = text if isinstance(text, Content) else Content(text)
            if not label:
                lines += content.wrap(max(1, width)) if content else [Content("")]
                continue
            name = Content.styled(label, self._label_style)
            if stacked:
                lines += [name, *content.wrap(max(1, width))]
                continue
            for index, line in enumerate(content.wrap(width - self._label_width)):
                head = name.pad_right(max(1, self._label_width - name.cell_length)) if index == 0 else " " * self._label_width
                lines.append(Content.assemble(head, line))
        return Content("\n").join(lines)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the lines the rows take at this width."""
        del container, viewport
        return self._lay_out(width).plain.count("\n") + 1 if self._rows else 0

    def render(self) -> Content:
        """Lay the rows out for the width there is."""
        return self._lay_out(self.size.width)
