"""Names of code that a program makes while it runs: /tmp/perf-PID.map, a line a function.

Virtual machines write it when they are asked to (`node --perf-basic-prof`, agents of Java, `python
-X perf`; tools/perf/Documentation/jit-interface.txt): start and size in hex, and a name. It is
found in the target's own mount namespace under the number that the target has in its own pid
namespace. Code is thrown away and its place used again without a word, so the later of two lines is
right; what is appended is read as it comes.

The file is another program's, in a folder where anybody may write: it is read only where it is a
regular file of the target's own user, and never waited for.
"""

import os
import re
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from otx.model.stack import Frame
from otx.profile.proc_text import read_lines
from otx.profile.regular_files import open_regular

MAX_SIZE = 128 << 20
MAX_ENTRIES = 1 << 20
_PIECE = 1 << 20
_MAX_LINE = 1 << 16
_MAX_NAME = 1024
_MAX_OVERLAPPING = 64
_MAX_FRAMES_KEPT = 65536
"""Names that were asked for: a map may be written anew with others again and again."""
_LOOK_PERIOD_NS = 250_000_000
_MISS_PERIOD_NS = 10_000_000
"""How soon the map is looked at again for an address that is not in it."""
_LINE = re.compile(rb"(?:0x)?([0-9a-fA-F]{1,16})[ \t]+(?:0x)?([0-9a-fA-F]{1,16})[ \t]+(.*)")
_JAVASCRIPT = re.compile(r"(?:JS|LazyCompile|Function|Script|Eval):([*~^+']*)(.*)")
_PLACE = re.compile(r"([^ /]*) ?(.+)")  # function file
_MAX_DIGITS = 9
_PYTHON = "py::"


class PerfMap:
    """The map of one process, read again when it grows.

    Args:
        clock_ns: A monotonic clock.
        root: The folder that the process's own root is seen at.
        owner: The user that the map must belong to.
        number: The process's id as it sees it.
    """

    def __init__(
        self,
        root: Path,
        owner: int,
        number: int,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._path = root / "tmp" / f"perf-{number}.map"
        self._owner = owner
        self._clock_ns = clock_ns
        self._last_look_ns: int | None = None
        self._read_to = 0
        self._identity: tuple[int, int] | None = None
        self._lines = 0
        self._entries: dict[int, tuple[int, int, bytes]] = {}  # start: end, line's number, name
        self._starts: list[int] = []
        self._frames: dict[bytes, Frame] = {}

    @classmethod
    def of_process(cls, pid: int) -> "PerfMap":
        """The map that a process may have."""
        number, owner = pid, -1
        with suppress(OSError, ValueError, IndexError):
            owner = Path(f"/proc/{pid}").stat().st_uid
            for line in read_lines(f"/proc/{pid}/status"):
                if line.startswith("NSpid:"):
                    number = int(line.split()[-1])
        return cls(Path(f"/proc/{pid}/root"), owner, number)

    def find(self, address: int) -> Frame | None:
        """The frame of an address, its line the one where the function begins; None: unknown."""
        self._look(_LOOK_PERIOD_NS)
        name = self._name(address)
        if name is None:
            self._look(_MISS_PERIOD_NS)
            name = self._name(address)
        if name is None:
            return None
        frame = self._frames.get(name)
        if frame is None:
            if len(self._frames) >= _MAX_FRAMES_KEPT:
                self._frames.clear()
            frame = self._frames[name] = frame_of_name(name.decode("utf-8", "replace"))
        return frame

    def _name(self, address: int) -> bytes | None:
        best: tuple[int, int, bytes] | None = None
        index = bisect_right(self._starts, address) - 1
        for at in range(index, max(index - _MAX_OVERLAPPING, -1), -1):
            entry = self._entries[self._starts[at]]
            if address < entry[0] and (best is None or entry[1] > best[1]):
                best = entry
        return best[2] if best else None

    def _look(self, period_ns: int) -> None:
        """Read what was appended, if the last look is so long ago."""
        now_ns = self._clock_ns()
        if self._last_look_ns is not None and now_ns < self._last_look_ns + period_ns:
            return
        self._last_look_ns = now_ns
        try:
            descriptor = open_regular(str(self._path), follows_links=False)
        except OSError:
            return
        try:
            self._read(descriptor)
        except OSError:
            return
        finally:
            os.close(descriptor)

    def _read(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        if status.st_uid != self._owner:
            return
        identity = (status.st_dev, status.st_ino)
        if identity != self._identity or status.st_size < self._read_to:
            self._identity, self._read_to = identity, 0
            self._entries.clear()
            self._starts.clear()
        known = len(self._starts)
        for lines in self._appended(descriptor, min(status.st_size, MAX_SIZE)):
            for line in lines:
                self._add(line)
        if len(self._starts) > known:
            self._starts.sort()  # quick: what was there is in order

    def _appended(self, descriptor: int, end: int) -> Iterator[list[bytes]]:
        """The lines from where reading stopped up to an offset, some at a time."""
        while self._read_to < end:
            data = os.pread(descriptor, min(end - self._read_to, _PIECE), self._read_to)
            whole = data.rfind(b"\n") + 1
            if not whole:
                if len(data) <= _MAX_LINE:
                    return  # the last line may still be written
                whole = len(data)  # this is no line, and must not be read time and again
            self._read_to += whole
            yield data[:whole].splitlines()

    def _add(self, line: bytes) -> None:
        found = _LINE.match(line)
        if found is None or len(self._entries) >= MAX_ENTRIES:
            return
        start, size = int(found[1], 16), int(found[2], 16)
        name = found[3][:_MAX_NAME].strip()
        if size and name:
            self._lines += 1
            if start not in self._entries:
                self._starts.append(start)
            self._entries[start] = (start + size, self._lines, name)


def frame_of_name(name: str) -> Frame:
    """The frame that a name in a map stands for: those of V8 and CPython hold a file.

    The line is that of the function's beginning, 0 where it is not told.
    """
    script = _JAVASCRIPT.fullmatch(name)
    if script is not None:
        text = script[2].strip()
        head, line = _before_line(text)
        place = _PLACE.fullmatch(head)
        if place is None:
            return Frame(text or "(anonymous)", "jit")
        function, file = place[1].strip(), place[2]
        module = file.rpartition("/")[2]
        return Frame(function or "(anonymous)", "jit", file, line, module)
    if name.startswith(_PYTHON):
        function, _, file = name.removeprefix(_PYTHON).partition(":")
        return Frame(function, "jit", file, 0, file.rpartition("/")[2])
    return Frame(name, "jit")


def _before_line(text: str) -> tuple[str, int]:
    """What stands before `:line:column`, and the line; nothing where that is not at the end.

    Without a pattern: one tries each colon of a name with a thousand of them anew.
    """
    before, _, column = text.rpartition(":")
    head, _, line = before.rpartition(":")
    if all(it.isdecimal() and len(it) <= _MAX_DIGITS for it in (line, column)):
        return head, int(line)
    return "", 0
