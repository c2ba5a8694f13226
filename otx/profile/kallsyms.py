"""The kernel's functions by address, from /proc/kallsyms (proc(5)).

The file has 120 000 lines, of which a profile needs some dozens: the text is kept as it is and
searched. What is built in comes first, sorted by address (scripts/kallsyms.c); modules, BPF
programs and trampolines follow in any order.
"""

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

_CODE_TYPES = b"tTwW"
_ADDRESS_DIGITS = 16
_TYPE_AT = _ADDRESS_DIGITS + 1
_NAME_AT = _TYPE_AT + 2


@dataclass(frozen=True, slots=True)
class KernelSymbol:
    """A function of the kernel; `module` is `kernel` for what is built in."""

    name: str
    module: str


class KernelSymbols:
    """Functions of the running kernel.

    Args:
        text: The file: lines of 16 hex digits, type, name and, for modules, `[module]`.
    """

    def __init__(self, text: bytes) -> None:
        first_module = text.find(b"\t[")
        end = text.rfind(b"\n", 0, first_module) + 1 if first_module >= 0 else len(text)
        self._built_in = text[:end]
        rows = [line for line in text[end:].splitlines() if _is_code(line)]
        rows.sort(key=_address_of)
        self._modules = rows
        self._module_addresses = [_address_of(row) for row in rows]

    def find(self, address: int) -> KernelSymbol | None:
        """The function that holds an address; None where it is hidden or there is none."""
        last = self._line_from(self._built_in.rfind(b"\n", 0, max(len(self._built_in) - 1, 0)) + 1)
        if address <= _address_of(last):
            line = self._find_built_in(address)
        else:
            index = bisect_right(self._module_addresses, address) - 1
            line = self._modules[index] if index >= 0 else b""
        if not _address_of(line):  # 0: kernel.kptr_restrict hides them
            return None
        name, _, module = line[_NAME_AT:].decode("utf-8", "replace").partition("\t")
        return KernelSymbol(name, module.strip("[]") or "kernel")

    def _find_built_in(self, address: int) -> bytes:
        """The line of the last function at or below an address; empty where there is none."""
        low, high = 0, len(self._built_in)  # where the line sought begins: in [low, high)
        while True:
            middle = self._built_in.rfind(b"\n", low, (low + high) // 2) + 1 or low
            following = self._built_in.find(b"\n", middle) + 1 or high
            if _address_of(self._line_from(middle)) > address:
                if middle <= low:
                    break
                high = middle
            elif following >= high:
                low = following
                break
            else:
                low = following
        return self._code_line_before(low)

    def _code_line_before(self, position: int) -> bytes:
        while position > 0:
            start = self._built_in.rfind(b"\n", 0, position - 1) + 1
            line = self._line_from(start)
            if _is_code(line):
                return line
            position = start
        return b""

    def _line_from(self, start: int) -> bytes:
        end = self._built_in.find(b"\n", start)
        return self._built_in[start : end if end >= 0 else len(self._built_in)]


def _address_of(line: bytes) -> int:
    try:
        return int(line[:_ADDRESS_DIGITS], 16)
    except ValueError:
        return 0


def _is_code(line: bytes) -> bool:
    return len(line) > _NAME_AT and line[_TYPE_AT] in _CODE_TYPES and _address_of(line) > 0


def read_kernel_symbols() -> KernelSymbols:
    """The running kernel's functions; none where they are hidden from this user. 0.04 s."""
    try:
        return KernelSymbols(Path("/proc/kallsyms").read_bytes())
    except OSError:
        return KernelSymbols(b"")
