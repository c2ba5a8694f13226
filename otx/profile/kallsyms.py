"""The kernel's functions by address, from /proc/kallsyms (proc(5))."""

from array import array
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

_CODE_TYPES = frozenset((b"t", b"T", b"w", b"W"))
_MAX_ADDRESS = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class KernelSymbol:
    """A function of the kernel; `module` is `kernel` for what is built in."""

    name: str
    module: str


class KernelSymbols:
    """Functions of the running kernel by address; names are decoded when asked for.

    Args:
        text: The file: lines of address in hex, type, name and, for modules, `[module]`.
    """

    def __init__(self, text: bytes) -> None:
        rows = []
        for line in text.splitlines():
            fields = line.split(None, 2)
            if len(fields) < 3 or fields[1] not in _CODE_TYPES:
                continue
            try:
                address = int(fields[0], 16)
            except ValueError:
                continue
            if 0 < address <= _MAX_ADDRESS:  # all are 0 where kernel.kptr_restrict hides them
                rows.append((address, fields[2]))
        rows.sort(key=lambda row: row[0])
        self._addresses = array("Q", [address for address, _ in rows])
        self._names = [name for _, name in rows]

    def __len__(self) -> int:
        return len(self._addresses)

    def find(self, address: int) -> KernelSymbol | None:
        """The function that holds an address."""
        index = bisect_right(self._addresses, address) - 1
        if index < 0:
            return None
        name, *module = self._names[index].decode("utf-8", "replace").split()
        return KernelSymbol(name, module[0].strip("[]") if module else "kernel")


def read_kernel_symbols() -> KernelSymbols:
    """The running kernel's functions; none where they are hidden from this user. 0.15 s."""
    try:
        return KernelSymbols(Path("/proc/kallsyms").read_bytes())
    except OSError:
        return KernelSymbols(b"")
