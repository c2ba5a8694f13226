"""Reads the numbers of unwind tables one after the other (DWARF 5, 7.6; LSB 5.0, 10.5)."""

import struct

from otx.profile.errors import UnreadableError

_PCREL, _FORM_MASK = 0x10, 0x0F
_POINTER_FORMS = {0x00: "<Q", 0x03: "<I", 0x04: "<Q", 0x0B: "<i", 0x0C: "<q"}
_MAX_LEB128_SIZE = 10
MAX_ENTRY = 1 << 20
"""Compilers write some hundred bytes; one of 4 GiB is an escape, which nobody writes. What a file
made to keep a reader busy has in one entry is read in one go, while samples wait."""
_MAX_TEXT = 64
"""Augmentation strings have a letter for each of five things."""


class Cursor:
    """A place in a table.

    Every method raises UnreadableError, IndexError, ValueError or struct.error where the bytes are
    not what they should be.
    """

    def __init__(self, data: bytes, position: int) -> None:
        self.data = data
        self.position = 0
        self.go_to(position)

    def number(self, form: str) -> int:
        """A number of fixed size."""
        value: int = struct.unpack_from(form, self.data, self.position)[0]
        self.position += struct.calcsize(form)
        return value

    def unsigned(self) -> int:
        """A ULEB128 number."""
        value, self.position = read_unsigned(self.data, self.position)
        return value

    def signed(self) -> int:
        """An SLEB128 number."""
        before = self.position
        value = self.unsigned()
        bits = 7 * (self.position - before)
        return value - (1 << bits) if value >> (bits - 1) else value

    def text(self) -> str:
        """Text up to a NUL."""
        end = self.data.index(b"\0", self.position, self.position + _MAX_TEXT)
        text = self.data[self.position : end].decode("latin-1")
        self.position = end + 1
        return text

    def pointer(self, encoding: int, base: int) -> int:
        """A pointer in one of the encodings that compilers use."""
        form = _POINTER_FORMS.get(encoding & _FORM_MASK)
        if form is None or encoding & ~_FORM_MASK not in (0, _PCREL):
            raise UnreadableError(f"pointer encoding {encoding:#x}")
        here = base + self.position if encoding & _PCREL else 0
        return self.number(form) + here

    def end_of_entry(self, limit: int = MAX_ENTRY) -> int:
        """Read an entry's length, up to a limit; where the entry ends."""
        length = self.number("<I")
        if not 0 < length <= limit:
            raise UnreadableError(f"no entry, or one of more than {limit} bytes")
        end = self.position + length
        if end > len(self.data):
            raise UnreadableError("entry beyond the table")
        return end

    def skip(self, count: int) -> None:
        """Pass over bytes."""
        self.go_to(self.position + count)

    def go_to(self, position: int) -> None:
        """Read on elsewhere, up to the table's end: `struct` takes no place beyond 2^63."""
        if not 0 <= position <= len(self.data):
            raise UnreadableError("outside of the table")
        self.position = position


def read_unsigned(data: bytes, position: int) -> tuple[int, int]:
    """A ULEB128 number, and where it ends."""
    value = 0
    for shift in range(0, 7 * _MAX_LEB128_SIZE, 7):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise UnreadableError("number without end")
