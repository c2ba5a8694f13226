"""Files and memory that count what is asked of them: a reader's limit that no clock decides.

A reader that is led astray asks again and again, or for as much as a number in the input says. Both
show here the same way on a slow machine and on a quick one.
"""

from otx.profile.elf import Reader
from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory

BASE = 0x7F00_0000_0000
MOST_READS = 200_000
LONGEST_READ = 1 << 20
TIMES_ITS_SIZE = 64
"""How often a reader may read a whole file: tables lie in one another where nobody checks."""
_SMALL_FILE = 1 << 12


def bounded_reader(data: bytes) -> Reader:
    """A reader of a file, which is read a bounded number of times and up to its end."""
    left_reads = MOST_READS
    left_bytes = TIMES_ITS_SIZE * max(len(data), _SMALL_FILE)

    def read(offset: int, size: int) -> bytes:
        nonlocal left_reads, left_bytes
        if offset < 0 or size < 0:
            raise AssertionError(f"{size} bytes are asked for from {offset} on")
        if size > max(LONGEST_READ, len(data)):
            raise AssertionError(f"room is made for {size} bytes of a file of {len(data)}")
        found = data[offset : offset + size]
        left_reads -= 1
        left_bytes -= len(found)
        if left_reads < 0 or left_bytes < 0:
            raise AssertionError("a reader that does not end")
        return found

    return read


class Memory(ProcessMemory):
    """A process's memory that holds given bytes at BASE and nothing else."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data = data
        self._left = MOST_READS

    def read(self, address: int, size: int) -> bytes:
        """Exactly so many bytes."""
        if size > LONGEST_READ:
            raise AssertionError(f"room is made for {size} bytes of another process")
        self._left -= 1
        if self._left < 0:
            raise AssertionError("a reader that does not end")
        at = address - BASE
        if size < 0 or at < 0 or at + size > len(self._data):
            raise UnreadableError("nothing there")
        return self._data[at : at + size]
