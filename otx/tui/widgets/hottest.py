"""The functions that took most by themselves, all their places together."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.style import Style

from otx.flame.draw import place_of, share_text
from otx.flame.tree import FunctionShare
from otx.model.cells import fit
from otx.tui.colours import frame_colour
from otx.tui.widgets.line_list import LineList, Piece

_BLOCKS = "▏▎▍▌▋▊▉█"
_BAR_CELLS = 12
_WIDE = 90


class Hottest(LineList):
    """A row a function, largest own value first."""

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "show it"),
        ("tab", "pane"),
        ("/", "search"),
        ("space", "pause"),
        ("z", "zoom"),
    )
    HELP = "Functions by the time they took themselves; enter lights all places of one."

    def __init__(self) -> None:
        super().__init__()
        self._shares: Sequence[FunctionShare] = ()
        self._whole = 0

    def show(self, shares: Sequence[FunctionShare], whole: int) -> None:
        """Show these functions; `whole` is the value of all samples."""
        self._shares = shares
        self._whole = whole
        self.set_ids([share.frame for share in shares])

    def draw_row(self, index: int, width: int) -> Iterable[Piece]:
        """One function."""
        share = self._shares[index]
        largest = self._shares[0].own
        name = f"frame {share.frame.kind}"
        self.colour_ink(name, Style(color=frame_colour(share.frame).rich_color))
        is_wide = width >= _WIDE
        cells = width - (_BAR_CELLS + 58 if is_wide else 24)
        yield f" {fit(share.frame.name, max(cells, 10))} ", ""
        yield fit(share_text(share.own, self._whole), 8, right=True) + "  ", "strong"
        if is_wide:
            yield fit(bar(share.own, largest, _BAR_CELLS), _BAR_CELLS) + "  ", name
            yield fit(f"total {share_text(share.total, self._whole)}", 15), "dim"
            yield fit(place_of(share.frame), 18) + "  ", "dim"
        yield share.frame.kind, "dim"


def bar(value: int, largest: int, cells: int) -> str:
    """A bar whose length is exact to an eighth of a cell."""
    eighths = value * cells * 8 // largest if largest else 0
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_BLOCKS[rest - 1] if rest else "")
