"""The entries of .eh_frame: what it says of each function (LSB 5.0, 10.6.1; DWARF 5, 6.4.1)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from otx.profile.elf import EhFrame
from otx.profile.errors import UnreadableError
from otx.profile.unwind.cursor import MAX_ENTRY, Cursor
from otx.profile.unwind.instructions import AT_START, Factors, Row, State, StateFields, run
from otx.profile.unwind.rules import CfaKind, Rule

_CIE_ID_SIZE = 4
_PCREL_SDATA4, _FORM_MASK = 0x1B, 0x0F
_USUAL_FDE = struct.Struct("<IIiIB")  # length, CIE pointer, start, size, size of what augments it
_MAX_CIE = 1 << 10
"""Common entries have 20 to 30 bytes. Many may overlap where each function names another one."""
_MAX_READ_TWICE = 2
"""Entries may overlap in a table made to keep a reader busy, and never do in a linker's."""


@dataclass(frozen=True, slots=True)
class Function:
    """What a table says of one function, in addresses of the file.

    Attributes:
        end: The first address behind it.
        rows: How far into it each state begins to hold, lowest first.
        is_signal_frame: Whether the kernel calls it with the interrupted registers on the stack.
    """

    start: int
    end: int
    rows: list[Row]
    is_signal_frame: bool

    def rules(self) -> Iterator[tuple[int, Rule]]:
        """The address from which each rule holds."""
        for at, state in self.rows:
            yield self.start + at, rule_of(state, self.is_signal_frame)


def rule_of(state: StateFields, is_signal_frame: bool) -> Rule:
    """The rule a state stands for."""
    if is_signal_frame:
        return Rule(CfaKind.SIGNAL)
    return State._make(state).rule()


@dataclass(frozen=True, slots=True)
class Cie:
    """What the entries of several functions have in common."""

    factors: Factors
    encoding: int
    has_augmentation: bool
    is_signal_frame: bool


class EhFrameReader:
    """Decodes entries one by one, each common entry once."""

    def __init__(self, table: EhFrame) -> None:
        self._table = table
        self._cies: dict[int, Cie] = {}

    def __len__(self) -> int:
        return len(self._table.entries)

    def functions(self) -> Iterator[Function | None]:
        """What the index names, lowest first; None where an entry cannot be read.

        Raises:
            UnreadableError: Entries overlap; no compiler and no linker wrote this.
        """
        left = _MAX_READ_TWICE * len(self._table.data)
        for index in range(len(self)):
            at = self._place(index)
            left -= self._length(at)
            if left < 0:
                raise UnreadableError("overlapping entries")
            yield self.function(index)

    def function(self, index: int) -> Function | None:
        """The function of an entry of the index; None where it cannot be read."""
        try:
            return self._decode(self._place(index))
        except (struct.error, IndexError, ValueError):
            return None

    def start_at(self, at: int) -> int | None:
        """Where the function begins whose entry is there; None for a common or an unusable one.

        Args:
            at: The entry's place in the table's bytes.
        """
        try:
            _, pointer, start, _, _ = _USUAL_FDE.unpack_from(self._table.data, at)
            if not pointer:
                return None
            cie = self._cie(at + _CIE_ID_SIZE - pointer)
            if cie.encoding == _PCREL_SDATA4:
                return int(start) + self._table.address + at + 8
            return self._decode_unusual(at, cie)[0]
        except (struct.error, IndexError, ValueError):
            return None

    def _place(self, index: int) -> int:
        """Where in the table's bytes an entry of the index lies."""
        return self._table.entries[index] + self._table.base - self._table.address

    def _length(self, at: int) -> int:
        """The size of an entry, if it is one."""
        data = self._table.data
        return int.from_bytes(data[at : at + 4], "little") if 0 <= at < len(data) else 0

    def _decode(self, at: int) -> Function:
        data = self._table.data
        if not 0 <= at <= len(data):
            raise UnreadableError("outside of the table")
        length, pointer, start, size, augmentation = _USUAL_FDE.unpack_from(data, at)
        cie = self._cie(at + _CIE_ID_SIZE - pointer)
        if cie.encoding == _PCREL_SDATA4 and cie.has_augmentation and augmentation < 0x80:
            begin, end = at + _USUAL_FDE.size + augmentation, at + _CIE_ID_SIZE + length
            start += self._table.address + at + 8
        else:
            start, size, begin, end = self._decode_unusual(at, cie)
        if end > len(data) or length > MAX_ENTRY:
            raise UnreadableError("entry beyond the table, or of more than 1 MiB")
        rows = run(data, begin, end, cie.factors)
        return Function(start, start + size, rows, cie.is_signal_frame)

    def _decode_unusual(self, at: int, cie: Cie) -> tuple[int, int, int, int]:
        """Start and size of a function, begin and end of its instructions."""
        cursor = Cursor(self._table.data, at)
        end = cursor.end_of_entry()
        cursor.skip(_CIE_ID_SIZE)
        start = cursor.pointer(cie.encoding, self._table.address)
        size = cursor.pointer(cie.encoding & _FORM_MASK, 0)
        if cie.has_augmentation:
            cursor.skip(cursor.unsigned())
        return start, size, cursor.position, end

    def _cie(self, at: int) -> Cie:
        known = self._cies.get(at)
        if known is None:
            known = self._cies[at] = read_cie(Cursor(self._table.data, at))
        return known


def read_cie(cursor: Cursor) -> Cie:
    """Read a common information entry.

    Raises:
        UnreadableError, IndexError, ValueError, struct.error: It is none.
    """
    end = cursor.end_of_entry(_MAX_CIE)
    if cursor.number("<i") != 0:
        raise UnreadableError("no common information entry")
    cursor.skip(1)  # the version; 1 and 3 differ in nothing that is read here
    augmentation = cursor.text()
    code, data = cursor.unsigned(), cursor.signed()
    cursor.unsigned()  # the column of the return address
    encoding = _read_augmentation(cursor, augmentation)
    before = Factors(code, data, AT_START)
    *_, (_, state) = run(cursor.data, cursor.position, end, before)
    factors = Factors(code, data, State._make(state))
    return Cie(factors, encoding, augmentation.startswith("z"), "S" in augmentation)


def _read_augmentation(cursor: Cursor, augmentation: str) -> int:
    """How functions' addresses are written."""
    encoding = 0
    if not augmentation.startswith("z"):
        return encoding
    size = cursor.unsigned()
    after = cursor.position + size
    for letter in augmentation[1:]:
        if letter == "R":
            encoding = cursor.number("<B")
        elif letter == "P":
            cursor.pointer(cursor.number("<B") & _FORM_MASK, 0)
        elif letter == "L":
            cursor.skip(1)
    cursor.go_to(after)
    return encoding
