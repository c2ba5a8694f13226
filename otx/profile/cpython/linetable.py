"""Lines of bytecode: the location table of CPython 3.11 and later (Objects/locations.md)."""

from bisect import bisect_right
from collections.abc import Iterator

from otx.profile.errors import UnreadableError

_CODE_UNIT = 2  # bytes
_ONE_LINE_FIRST, _ONE_LINE_LAST = 10, 12
_NO_COLUMNS, _LONG, _NONE = 13, 14, 15
_MAX_VARINT_BITS = 42


class LineTable:
    """The lines of one code object.

    Args:
        table: `co_linetable`.
        first_line: `co_firstlineno`.

    Raises:
        UnreadableError: The table is cut.
    """

    def __init__(self, table: bytes, first_line: int) -> None:
        self._first_line = first_line
        self._starts: list[int] = []
        self._lines: list[int] = []
        start = 0
        for length, line in decode_entries(table, first_line):
            self._starts.append(start)
            self._lines.append(line)
            start += length
        self._end = start

    def line_at(self, offset: int) -> int:
        """The line of the instruction `offset` bytes into the bytecode; 0 where it has none.

        An offset before the first instruction is that of a function not begun: its first line.
        """
        if offset < 0:
            return self._first_line
        if offset >= self._end:
            return 0
        return self._lines[bisect_right(self._starts, offset) - 1]


def decode_entries(table: bytes, first_line: int) -> Iterator[tuple[int, int]]:
    """Each entry's length in bytes of bytecode and its line, 0 for none.

    Raises:
        UnreadableError: The table is cut.
    """
    line = first_line
    position = 0
    while position < len(table):
        head = table[position]
        if not head & 0x80:
            raise UnreadableError(f"line table: byte {position} begins no entry")
        position += 1
        length = ((head & 7) + 1) * _CODE_UNIT
        code = (head >> 3) & 15
        if code == _NONE:
            yield length, 0
            continue
        if code in (_NO_COLUMNS, _LONG):
            delta, position = _signed_varint(table, position)
            line += delta
            for _ in range(3 if code == _LONG else 0):  # end line, column, end column
                _, position = _varint(table, position)
        elif _ONE_LINE_FIRST <= code <= _ONE_LINE_LAST:
            line += code - _ONE_LINE_FIRST
            position += 2
        else:
            position += 1
        yield length, line


def _varint(table: bytes, position: int) -> tuple[int, int]:
    """An unsigned number in groups of six bits, lowest first; bit 6 says that more follow."""
    value = shift = 0
    while True:
        if position >= len(table) or shift > _MAX_VARINT_BITS:
            raise UnreadableError("line table: number is cut")
        byte = table[position]
        position += 1
        value |= (byte & 63) << shift
        shift += 6
        if not byte & 64:
            return value, position


def _signed_varint(table: bytes, position: int) -> tuple[int, int]:
    """A number whose lowest bit is its sign."""
    value, position = _varint(table, position)
    return (-(value >> 1) if value & 1 else value >> 1), position
