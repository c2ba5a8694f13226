"""Many sets of headers in one stream: a line each, or a block between empty lines each.

Which of the two it is, the first line says where it is a value without a name, else the first empty
line. That is looked for in the first 64 KiB, so that the answer does not depend on how a pipe hands
the bytes over. A pipe that pauses before is live, and is answered line by line where its lines look
like it. No more than 64 KiB, or one block, is kept.
"""

from collections.abc import Iterator

from otx.errors import UsageError
from otx.propagation.bare import sure_header
from otx.propagation.inputs import HeaderSet, known_name, read_block, read_json, read_line

LOOKED_AT_BYTES = 1 << 16
MAX_SET_BYTES = 1 << 20
"""The most that one line or block may hold."""
MAX_DOCUMENT_BYTES = 1 << 28
"""The most that a HAR file may hold, which is read as a whole."""


class EachReader:
    """Takes bytes as they come, and gives the sets that are complete."""

    def __init__(self) -> None:
        self._waiting = b""
        self._block: list[str] = []
        self._block_size = 0
        self._mode = ""

    @property
    def is_undecided(self) -> bool:
        """Whether it waits to see if lines or blocks come: a pause would tell."""
        return not self._mode and bool(self._waiting)

    def pause(self) -> Iterator[HeaderSet]:
        """The sets that are complete where the stream pauses here.

        Whoever writes blocks writes one at once; lines that each have the same header are no block.
        """
        complete, newline, _ = self._waiting.rpartition(b"\n")
        lines = complete.decode("utf-8", "replace").split("\n")
        names = {known_name(line) for line in lines if line.strip()}
        if newline and not self._mode and len(names) == 1 and names != {None}:
            self._mode = "lines"
        return self.feed(b"")

    def feed(self, data: bytes) -> Iterator[HeaderSet]:
        """The sets that end in these bytes.

        Raises:
            UsageError: A line or a block is longer than 1 MiB, or JSON is none.
        """
        self._waiting += data
        if not self._mode:
            self._mode = self._mode_of(self._waiting, is_all=False)
        if self._mode in ("lines", "blocks"):
            complete, newline, rest = self._waiting.rpartition(b"\n")
            self._waiting = rest
            if newline:
                yield from self._sets(complete)
        limit = MAX_DOCUMENT_BYTES if self._mode == "document" else MAX_SET_BYTES
        if len(self._waiting) > limit:
            raise UsageError(f"one set of headers is longer than {limit} bytes")

    def finish(self) -> Iterator[HeaderSet]:
        """The sets that the end of the stream completes."""
        mode = self._mode = self._mode or self._mode_of(self._waiting, is_all=True)
        if mode == "document":
            yield from read_json(self._waiting.decode("utf-8", "replace"))
            return
        yield from self._sets(self._waiting)
        if self._block:
            yield read_block(self._block)

    def _sets(self, data: bytes) -> Iterator[HeaderSet]:
        lines = data.decode("utf-8", "replace").split("\n")
        if self._mode == "lines":
            return (read_line(line) for line in lines if line and not line.isspace())
        return self._blocks(lines)

    def _blocks(self, lines: list[str]) -> Iterator[HeaderSet]:
        for line in lines:
            if line and not line.isspace():
                self._block.append(line)
                self._block_size += len(line)
                if self._block_size > MAX_SET_BYTES:
                    raise UsageError(f"one set of headers is longer than {MAX_SET_BYTES} bytes")
            elif self._block:
                yield read_block(self._block)
                self._block = []
                self._block_size = 0

    def _mode_of(self, data: bytes, *, is_all: bool) -> str:
        """`lines`, `blocks`, `document`, or "" where more must be seen."""
        first, newline, _ = data.lstrip().partition(b"\n")
        if first.startswith(b"{") and (newline or is_all):
            return (
                "lines" if first.rstrip().endswith(b"}") and b'"log"' not in first else "document"
            )
        if newline and sure_header(first.decode("utf-8", "replace").strip()) is not None:
            return "lines"
        if b"\n\n" in data or b"\n\r\n" in data or data[:1] == b"\n":
            return "blocks"
        return "lines" if is_all or len(data) >= LOOKED_AT_BYTES else ""
