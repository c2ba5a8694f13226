"""What formatting a file gives, whichever way it went."""

from collections.abc import Sequence

from otx.model.frozen import Frozen


class Formatted(Frozen):
    """A file, well written.

    Attributes:
        text: All of it.
        left: What could be written better and is not touched: its line, from 1, and why.
    """

    text: str
    left: Sequence[tuple[int, str]]
