"""One line under a waterfall: what is lit of it."""

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget


class PathLine(Widget):
    """The lit spans in words; not there while none is lit."""

    DEFAULT_CSS = """
    PathLine { height: auto; max-height: 3; display: none; padding: 0 1; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._words = ""

    def show(self, words: str) -> None:
        """Say this, or nothing."""
        self._words = words
        self.display = bool(words)
        self.refresh(layout=True)

    def render(self) -> RenderResult:
        """The line; broken where there is no room."""
        if not self._words:
            return ""
        return Content.assemble(self._words, ("  n N walk it", "$foreground 55%"))
