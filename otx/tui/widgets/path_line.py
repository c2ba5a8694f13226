"""One line under a waterfall: the services along the critical path, and how long it takes."""

from itertools import groupby

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from otx.model.cells import printable
from otx.model.units import format_duration
from otx.tracing.critical_path import CriticalPath


class PathLine(Widget):
    """The lit critical path in words; not there while none is lit."""

    DEFAULT_CSS = """
    PathLine { height: auto; max-height: 3; display: none; padding: 0 1; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._path: CriticalPath | None = None

    def show(self, path: CriticalPath | None) -> None:
        """Say this path, or nothing."""
        self._path = path
        self.display = path is not None
        self.refresh(layout=True)

    def render(self) -> RenderResult:
        """The line; broken where there is no room."""
        if self._path is None:
            return ""
        return Content.assemble(path_words(self._path), ("  n N walk it", "$foreground 55%"))


def path_words(path: CriticalPath) -> str:
    """`critical path: frontend → checkout (1.81 s)`: services, each once in a row."""
    services = (printable(step.span.service or step.span.name) for step in path.steps)
    names = " → ".join(name for name, _ in groupby(services))
    return f"critical path: {names or 'no span has arrived'} ({format_duration(path.duration_ns)})"
