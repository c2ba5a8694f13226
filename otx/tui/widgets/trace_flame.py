"""The opened trace as a flame graph: the same widget as that of a profile, with spans in it."""

from typing import ClassVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType

from otx.tui.widgets.flame_graph import FlameGraph


class TraceFlame(FlameGraph):
    """Operations by own time, all equal calls of one caller as one box."""

    DEFAULT_CSS = "TraceFlame { display: none; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "hit(True)", "Next lit operation", id="flame.next-hit"),
        Binding("N", "hit(False)", "Lit operation before", id="flame.hit-before"),
        Binding("m", "dim_others", "Dim what is not lit", id="flame.dim-others"),
    ]
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "zoom"),
        ("f", "waterfall"),
        ("n N", "next"),
        ("c", "critical"),
        ("L", "logs"),
        ("P", "profile"),
        ("0", "whole"),
        ("i", "flip"),
        ("esc", "out"),
        ("tab", "pane"),
    )
    HELP: ClassVar[str] = (
        "A box is an operation, all equal calls of one caller together; its width is own time,"
        " so calls that ran side by side stand side by side. What failed is lit, or the critical"
        " path."
    )

    def action_out(self) -> None:
        """Go back to the zoom before; without one leave the key to the screen."""
        if self.is_whole:
            raise SkipAction
        super().action_out()
