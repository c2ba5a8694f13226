"""Another process's memory, through /proc/PID/mem (proc(5)): pages that are out are read in."""

import os
from contextlib import suppress

from otx.profile.errors import UnreadableError


class ProcessMemory:
    """The memory of one process as it is at the time of each read.

    It belongs to the program that ran when this was made: after an exec nothing can be read.
    """

    def __init__(self, pid: int) -> None:
        self._descriptor = -1
        with suppress(OSError):
            self._descriptor = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)

    def read(self, address: int, size: int) -> bytes:
        """Exactly `size` bytes.

        Raises:
            UnreadableError: They are not there, or the process is gone.
        """
        if self._descriptor < 0 or not 0 < address < 1 << 63:
            raise UnreadableError(f"no memory at {address:#x}")
        try:
            data = os.pread(self._descriptor, size, address)
        except OSError as error:
            raise UnreadableError(f"memory at {address:#x}: {error.strerror}") from None
        if len(data) != size:
            raise UnreadableError(f"memory at {address:#x} ends after {len(data)} bytes")
        return data

    def read_word(self, address: int) -> int:
        """An unsigned 64-bit number.

        Raises:
            UnreadableError: It is not there.
        """
        return int.from_bytes(self.read(address, 8), "little")

    def close(self) -> None:
        """Give the descriptor back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
