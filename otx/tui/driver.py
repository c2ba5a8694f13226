"""The terminal that the screens are drawn on, which may be gone at any moment."""

from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from textual.app import App


class LastingDriver(LinuxDriver):
    """Drops what a terminal that is gone does not take."""

    def __init__(
        self,
        app: "App[object]",
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        if self._file is not None:
            self._file = cast(TextIOWrapper, LastingFile(self._file))


class LastingFile:
    """A terminal's file without its errors.

    Textual writes on a thread of its own. An error would end that thread, and whoever draws would
    soon wait for ever: the queue between them is short.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write what can be."""
        with suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        """Give the terminal what can be."""
        with suppress(OSError):
            self._file.flush()

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal still."""
        return self._file.isatty()
