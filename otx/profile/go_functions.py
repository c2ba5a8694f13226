"""Names of Go functions out of the table that the Go runtime itself needs.

Stripped programs have it too: `.gopclntab`, sorted by function (Go's own library reads it in
debug/gosym). Its head changed in Go 1.16, 1.18 and 1.20, each time with another magic number.
"""

import struct
from array import array
from bisect import bisect_right
from dataclasses import dataclass

from otx.profile.errors import UnreadableError

SECTIONS = frozenset((b".gopclntab", b".data.rel.ro.gopclntab"))
"""What linkers call the table; the second in programs whose place is not fixed."""

_GO_1_16, _GO_1_18, _GO_1_20 = 0xFFFFFFFA, 0xFFFFFFF0, 0xFFFFFFF1
_HEAD = struct.Struct("<IHBB")  # magic, zero, quantum, size of a pointer
_POINTER_SIZE = 8
_MAX_FUNCTIONS = 1 << 22
_MAX_NAME = 4096
_UNTIL_1_17 = struct.Struct("<7Q")  # functions, files, names, units, files', pc tables, functions'
_SINCE_1_18 = struct.Struct("<8Q")  # the same with where the code begins after files


@dataclass(frozen=True, slots=True)
class GoFunctions:
    """Functions by address, in addresses of the file.

    Attributes:
        starts: Where each begins, lowest first, and where the last one ends.
        names_at: Where the name of each stands in `names`.
    """

    starts: "array[int]"
    names_at: "array[int]"
    names: bytes

    def find(self, address: int) -> str | None:
        """The name of the function that holds an address."""
        index = bisect_right(self.starts, address) - 1
        if not 0 <= index < len(self.names_at):
            return None
        at = self.names_at[index]
        end = self.names.find(b"\0", at, at + _MAX_NAME)
        return self.names[at:end].decode("utf-8", "replace") or None if end >= 0 else None

    def start(self, address: int) -> int | None:
        """Where the function that holds an address begins."""
        index = bisect_right(self.starts, address) - 1
        return self.starts[index] if 0 <= index < len(self.names_at) else None


def read_go_functions(table: bytes, text_start: int) -> GoFunctions:
    """Read the table.

    Args:
        table: The section.
        text_start: Where the section `.text` lies, which addresses are counted from since 1.18: the
            head has it too, but not relocated.

    Raises:
        UnreadableError: It is none, or is cut.
    """
    try:
        magic, zero, _, pointer = _HEAD.unpack_from(table)
        if zero or pointer != _POINTER_SIZE or magic not in (_GO_1_16, _GO_1_18, _GO_1_20):
            raise UnreadableError("no table of Go functions")
        if magic == _GO_1_16:
            count, _, names, _, _, _, functions = _UNTIL_1_17.unpack_from(table, _HEAD.size)
            return _read(table, count, names, functions, "Q", 0)
        count, _, _, names, _, _, _, functions = _SINCE_1_18.unpack_from(table, _HEAD.size)
        return _read(table, count, names, functions, "I", text_start)
    except struct.error:
        raise UnreadableError("the table of Go functions is cut") from None


def _read(
    table: bytes, count: int, names: int, functions: int, form: str, base: int
) -> GoFunctions:
    """Read the index: pairs of where a function begins and where it is described."""
    size = struct.calcsize(f"<{form}")
    if count > _MAX_FUNCTIONS or functions + (2 * count + 1) * size > len(table):
        raise UnreadableError("the table of Go functions is cut")
    index = struct.unpack_from(f"<{2 * count + 1}{form}", table, functions)
    starts = array("Q", [base + start & (1 << 64) - 1 for start in index[0::2]])
    if sorted(starts) != starts.tolist():
        raise UnreadableError("Go functions in disorder")
    if max(index[1::2], default=0) > len(table):
        raise UnreadableError("a Go function described outside of the table")
    describe = struct.Struct(f"<{form}i")  # where it begins once more, where its name is
    names_at = array("q", [describe.unpack_from(table, functions + at)[1] for at in index[1::2]])
    if names_at and min(names_at) < 0:
        raise UnreadableError("a Go function without a name")
    last = max(names_at, default=0)
    return GoFunctions(starts, names_at, table[names : names + last + _MAX_NAME])
