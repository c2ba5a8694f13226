"""Kernel frames of threads: named by the kernel itself where it does, else by their addresses."""

import re
from pathlib import Path

from otx.model.stack import Frame, Stack
from otx.profile.symbolizer import KernelSymbolizer

_LINE = re.compile(r"\[<[0-9a-f]+>\] ([^\s+]+)\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[(\S+)\])?")


class KernelReader:
    """Kernel stacks of one process's threads.

    /proc/PID/task/TID/stack costs 30 µs a thread, the table of all symbols 40 ms once. The latter
    is read for threads that were met running in the kernel, and where the former is not allowed.
    """

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}/task")
        self._symbols = KernelSymbolizer()

    def of_thread(self, tid: int, addresses: tuple[int, ...]) -> Stack:
        """The kernel frames of a thread that does not run, root first.

        Args:
            addresses: What is known of them, leaf first; may be none.
        """
        try:
            return parse_kernel_stack((self._folder / str(tid) / "stack").read_text())
        except OSError:
            return self.of_addresses(addresses)

    def of_addresses(self, addresses: tuple[int, ...]) -> Stack:
        """The frames at addresses (leaf first), root first."""
        return tuple(
            self._symbols.frame(address - 1 if depth else address)
            for depth, address in reversed(list(enumerate(addresses)))
        )


def parse_kernel_stack(text: str) -> Stack:
    """The frames of /proc/PID/task/TID/stack, root first; lines that are none are passed over."""
    frames = [
        Frame(found[1], "kernel", module=found[2] or "kernel")
        for line in text.splitlines()
        if (found := _LINE.fullmatch(line))
    ]
    return tuple(reversed(frames))
