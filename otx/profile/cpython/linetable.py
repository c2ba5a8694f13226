"""Lines of bytecode: the location table of CPython 3.11 and later, and the pairs before it.

Objects/locations.md and Objects/lnotab_notes.txt say how they are written.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping

from otx.profile.cpython.layout import LineForm
from otx.profile.errors import UnreadableError

_CODE_UNIT = 2  # bytes
_ONE_LINE_FIRST, _ONE_LINE_LAST = 10, 12
_NO_COLUMNS, _LONG, _NONE = 13, 14, 15
_MAX_VARINT_BITS = 42
_NO_LINE = -128
_TO_THE_END = 1 << 31


class LineTable:
    """The lines of one code object.

    Args:
        table: `co_linetable`; `co_lnotab` until 3.9.
        first_line: `co_firstlineno`.
        form: How the table is written.

    Raises:
        UnreadableError: The table is cut.
    """

    def __init__(self, table: bytes, first_line: int, form: LineForm = LineForm.LOCATIONS) -> None:
        self._first_line = first_line
        self._starts: list[int] = []
        self._lines: list[int] = []
        start = 0
        for length, line in _DECODERS[form](table, first_line):
            self._starts.append(start)
            self._lines.append(line)
            start += length
        self._end = start

    def __len__(self) -> int:
        """How many entries there are."""
        return len(self._starts)

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


def decode_pairs(table: bytes, first_line: int) -> Iterator[tuple[int, int]]:
    """As `decode_entries`, of 3.10: how far an entry reaches, and by how much its line is more.

    Raises:
        UnreadableError: The table is cut.
    """
    line = first_line
    for length, delta in _pairs(table):
        if delta != _NO_LINE:
            line += delta
        if length:
            yield length, 0 if delta == _NO_LINE else line


def decode_lnotab(table: bytes, first_line: int) -> Iterator[tuple[int, int]]:
    """As `decode_entries`, until 3.9: how far on an entry begins, and by how much its line is more.

    Raises:
        UnreadableError: The table is cut.
    """
    line = first_line
    for distance, delta in _pairs(table):
        if distance:
            yield distance, line
        line += delta
    yield _TO_THE_END, line


def _pairs(table: bytes) -> Iterator[tuple[int, int]]:
    """An unsigned and a signed byte."""
    if len(table) % 2:
        raise UnreadableError("line table: a pair is cut")
    for position in range(0, len(table), 2):
        signed = table[position + 1]
        yield table[position], signed - 256 if signed > 127 else signed


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


_DECODERS: Mapping[LineForm, Callable[[bytes, int], Iterator[tuple[int, int]]]] = {
    LineForm.LNOTAB: decode_lnotab,
    LineForm.PAIRS: decode_pairs,
    LineForm.LOCATIONS: decode_entries,
}
