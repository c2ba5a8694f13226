"""What a process can say of itself to the kernel: its name, and that it ends with its parent."""

import ctypes
import os
import signal
from pathlib import Path

from otx.errors import MachineError

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_COMM_LIMIT = 15  # TASK_COMM_LEN less the final NUL


def end_with_parent(parent_pid: int, number: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel send this process a signal when the thread that started it ends.

    The signal is tied to the starting *thread* (prctl(2), PR_SET_PDEATHSIG): start such a process
    from a thread that lives as long as the parent does.

    Args:
        parent_pid: The parent as it was when this process was started; if it is gone already,
            the signal is raised at once.

    Raises:
        MachineError: The kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0) != 0:
        raise MachineError(f"prctl failed: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent_pid:
        signal.raise_signal(number)


def name_process(name: str) -> None:
    """Set the name that ps, top and profilers show (at most 15 bytes of it)."""
    Path("/proc/self/comm").write_bytes(name.encode()[:_COMM_LIMIT])
