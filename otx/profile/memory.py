"""Another process's memory, through /proc/PID/mem (proc(5)): pages that are out are read in.

That file belongs to the process's user. With CAP_SYS_PTRACE alone, as services and containers are
given it, another user's cannot be opened, yet process_vm_readv(2) reads the same memory.
"""

import ctypes
import errno
import os
from contextlib import suppress

from otx.profile.errors import UnreadableError

_NOWHERE = 8
"""An address that nothing is mapped at (vm.mmap_min_addr)."""


class ProcessMemory:
    """The memory of one process as it is at the time of each read.

    It belongs to the program that ran when this was made: after an exec nothing can be read, but
    where the file could not be opened. There what comes next is read, at whatever lies there.
    """

    def __init__(self, pid: int) -> None:
        self._descriptor = -1
        self._called_for = 0
        with suppress(OSError):
            try:
                self._descriptor = _open(pid)
            except PermissionError:
                _require_call(pid)
                self._called_for = pid

    def read(self, address: int, size: int) -> bytes:
        """Exactly `size` bytes.

        Raises:
            UnreadableError: They are not there, or the process is gone.
        """
        is_open = self._descriptor >= 0
        if not (is_open or self._called_for) or not 0 < address < 1 << 63:
            raise UnreadableError(f"no memory at {address:#x}")
        try:
            if is_open:
                data = os.pread(self._descriptor, size, address)
            else:
                data = _read_by_call(self._called_for, address, size)
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
        self._called_for = 0
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def require_readable(pid: int) -> None:
    """Find out whether a process's memory may be read.

    Raises:
        PermissionError: It may not.
        OSError: The process has ended.
    """
    try:
        os.close(_open(pid))
    except PermissionError:
        _require_call(pid)


def _open(pid: int) -> int:
    return os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)


def _require_call(pid: int) -> None:
    """Like `require_readable`, for process_vm_readv(2): it looks at the rights first."""
    try:
        _read_by_call(pid, _NOWHERE, 1)
    except OSError as error:
        if error.errno != errno.EFAULT:
            raise


class _Extent(ctypes.Structure):
    """`struct iovec`."""

    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


def _read_by_call(pid: int, address: int, size: int) -> bytes:
    """At most `size` bytes: what lies before the first page that is not there."""
    buffer = ctypes.create_string_buffer(size)
    here, there = _Extent(ctypes.addressof(buffer), size), _Extent(address, size)
    call = ctypes.CDLL(None, use_errno=True).process_vm_readv
    call.restype = ctypes.c_ssize_t
    one, flags = ctypes.c_ulong(1), ctypes.c_ulong(0)
    count = call(pid, ctypes.byref(here), one, ctypes.byref(there), one, flags)
    if count < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return buffer.raw[:count]
