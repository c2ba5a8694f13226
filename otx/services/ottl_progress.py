"""How far a run over a long input is, and what is said when Ctrl-C ends it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from otx.environment import Environment
from otx.errors import ExitCode
from otx.model.units import NS_PER_S, counted, format_count, format_duration
from otx.otlp.pieces import Piece
from otx.output import ProgressLine, Remarks

_PATIENCE_NS = NS_PER_S
"""What takes less than this needs no line."""
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
"""How gzip and zstd begin: of these it is not known how much will come of them."""


class RunProgress:
    """A line on stderr with records, their rate and the time left.

    Attributes:
        records: How many are done.
    """

    def __init__(
        self,
        environment: Environment,
        size: int | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
        *,
        shares_terminal: bool = False,
    ) -> None:
        """Begin.

        Args:
            environment: Whose stderr it is.
            size: How many bytes there are to read; None where that is not known.
            clock: Monotonic nanoseconds.
            shares_terminal: Whether what is written goes to stdout; on a terminal that is
                progress enough, and the line would stand among it.
        """
        is_told = shares_terminal and environment.stdout_is_terminal
        self._line = None if is_told else ProgressLine(environment, clock)
        self._size = size
        self._clock = clock
        self._begun_ns = clock()
        self._read = 0
        self.records = 0

    def reading(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        """The pieces, counted as they are read."""
        for piece in pieces:
            self._read += len(piece.data)
            self._draw()
            yield piece

    def add(self, records: int) -> None:
        """Count records that are done."""
        self.records += records
        self._draw()

    def clear(self) -> None:
        """Take the line away."""
        if self._line is not None:
            self._line.clear()

    def _draw(self) -> None:
        elapsed_ns = self._clock() - self._begun_ns
        if self._line is not None and elapsed_ns >= _PATIENCE_NS:
            self._line.show(lambda: self._text(elapsed_ns))

    def _text(self, elapsed_ns: int) -> str:
        rate = format_count(self.records * NS_PER_S // elapsed_ns)
        text = f"running: {counted(self.records, 'record')}, {rate}/s"
        if self._size and 0 < self._read < self._size:
            left_ns = elapsed_ns * (self._size - self._read) // self._read
            share = 100 * self._read // self._size
            text += f", {share} %, {format_duration(left_ns)} left"
        return f"{text} (Ctrl-C ends)"


def size_of(path: Path) -> int | None:
    """How many bytes of telemetry a file has; None where that is not known before it is read."""
    try:
        with path.open("rb") as file:
            return None if _is_compressed(file) else path.stat().st_size or None
    except OSError:
        return None  # whoever reads it says so


def interruptible(
    environment: Environment,
    progress: RunProgress,
    write: Callable[[], int],
    *,
    leaves_part: bool,
) -> int:
    """Do something that Ctrl-C may end; its exit code.

    Args:
        environment: Where it is said how far it got.
        progress: Knows how far that is.
        write: What is done.
        leaves_part: Whether what was written by then is there; a file is not.
    """
    try:
        return write()
    except KeyboardInterrupt:
        progress.clear()
        done = counted(progress.records, "record")
        what = "the output is not complete" if leaves_part else "nothing was written"
        Remarks(environment).note(f"otx: stopped after {done}: {what}")
        return ExitCode.INTERRUPTED
    finally:
        progress.clear()


def _is_compressed(file: BinaryIO) -> bool:
    return file.read(4).startswith(_COMPRESSED)
