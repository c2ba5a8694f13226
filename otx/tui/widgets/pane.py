"""A framed part of a screen: what it is on the left of its upper edge, how it stands on the right.

The frame of the pane with the focus is heavy, which can be seen without colour.
"""

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from otx.model.cells import shorten, width_of

_CORNERS = 6
"""Cells of the upper edge that a label cannot have."""


class Pane(Vertical):
    """A frame round one or more widgets, one of which takes the focus unless `is_stop` is false."""

    DEFAULT_CSS = """
    Pane {
        border: solid $border-blurred;
        border-title-color: $border-blurred;
        border-title-background: $background;
        background: $background;
        &:focus-within { border: heavy $border; border-title-color: $border; }
        &:ansi { border: solid ansi_default; border-title-color: ansi_default; }
        &:ansi:focus-within { border: heavy ansi_default; }
    }
    """

    def __init__(self, *children: Widget, title: str, name: str, is_stop: bool = True) -> None:
        super().__init__(*children, id=name)
        self.is_stop = is_stop
        self._left = title
        self._right = ""

    def label(self, left: str, right: str = "") -> None:
        """Write on the upper edge, left and right."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self._write()

    def on_mount(self) -> None:
        """Write the title it was made with."""
        self._write()

    def on_resize(self) -> None:
        """Stretch the edge between both labels."""
        self._write()

    def on_descendant_focus(self) -> None:
        """Make the edge heavy."""
        self.call_after_refresh(self._write)

    def on_descendant_blur(self) -> None:
        """Make the edge light."""
        self.call_after_refresh(self._write)

    def _write(self) -> None:
        room = self.outer_size.width - _CORNERS
        if room <= 0:
            return
        right = shorten(self._right, max(room // 2, room - width_of(self._left) - 3))
        left = shorten(self._left, room - width_of(right) - (3 if right else 2))
        fill = ("━" if self.has_focus_within else "─") * (
            room - width_of(left) - width_of(right) - (2 if right else 1)
        )
        self.border_title = Content.assemble(
            (left, "$foreground bold"), f" {fill} " if right else f" {fill}", (right, "$foreground")
        )
