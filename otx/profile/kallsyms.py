"""The kernel's functions by address, from /proc/kallsyms (proc(5))."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_CODE_TYPES = frozenset("tTwW")


@dataclass(frozen=True, slots=True)
class KernelSymbol:
    """A function of the kernel; `module` is `kernel` for what is built in."""

    name: str
    module: str


class KernelSymbols:
    """Functions of the running kernel, lowest address first."""

    def __init__(self, lines: Iterable[str]) -> None:
        rows = sorted(_rows(lines))
        self._addresses = [address for address, _, _ in rows]
        self._symbols = [KernelSymbol(name, module) for _, name, module in rows]

    def __len__(self) -> int:
        return len(self._addresses)

    def find(self, address: int) -> KernelSymbol | None:
        """The function that holds an address."""
        index = bisect_right(self._addresses, address) - 1
        return self._symbols[index] if index >= 0 else None


def _rows(lines: Iterable[str]) -> Iterable[tuple[int, str, str]]:
    for line in lines:
        fields = line.split()
        if len(fields) < 3 or fields[1] not in _CODE_TYPES:
            continue
        try:
            address = int(fields[0], 16)
        except ValueError:
            continue
        if address:  # all are zero where kernel.kptr_restrict hides them
            yield address, fields[2], fields[3].strip("[]") if len(fields) > 3 else "kernel"


def read_kernel_symbols() -> KernelSymbols:
    """The running kernel's functions; none where they are hidden from this user. 0.1 s."""
    try:
        with Path("/proc/kallsyms").open(encoding="utf-8", errors="replace") as lines:
            return KernelSymbols(lines)
    except OSError:
        return KernelSymbols(())
