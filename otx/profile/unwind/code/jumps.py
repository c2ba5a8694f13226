"""Jumps through tables: which table, and how far it goes.

A compiler makes of a `switch` a comparison with the greatest case, and a jump by a table of
addresses or, in code that may lie anywhere, of distances from the table's own address.
"""

from collections.abc import Iterator
from typing import NamedTuple

from otx.profile.unwind.code.effects import table_by_address
from otx.profile.unwind.code.text import Text
from otx.profile.unwind.code.x86 import Instruction

_MOST_PLACES = 1024
_MOST_IN_ALL = 1 << 18


class JumpTable(NamedTuple):
    """Where a jump may lead: addresses, or their distances from the table's own.

    Attributes:
        size: Of each, in bytes.
        base: What is to be added to each.
        most: How many there are, or fewer.
    """

    address: int
    size: int
    base: int
    most: int


class JumpTables:
    """What code was seen to do before it jumps."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._addresses: set[int] = set()
        self._last_address = 0
        self._last_number = _MOST_PLACES
        self._left = _MOST_IN_ALL

    def see_address(self, address: int) -> None:
        """Code makes the address of some data."""
        self._last_address = address
        self._addresses.add(address)

    def see_number(self, number: int) -> None:
        """Code compares with a number."""
        self._last_number = number + 1

    def table(self, it: Instruction) -> JumpTable:
        """The table that a jump goes by: its own, or the one whose address was made last."""
        most = min(self._last_number, _MOST_PLACES)
        self._last_number = _MOST_PLACES
        address = table_by_address(it)
        if address is not None:
            return JumpTable(address, 8, 0, most)
        return JumpTable(self._last_address, 4, self._last_address, most)

    def places(self, table: JumpTable) -> Iterator[int]:
        """Where a jump may lead; a table ends where another begins, or leads out of the code."""
        raw = self._text.read(table.address, table.most * table.size) if table.address else b""
        for at in range(0, len(raw) - table.size + 1, table.size):
            place = table.base + int.from_bytes(raw[at : at + table.size], "little", signed=True)
            is_next = at > 0 and table.address + at in self._addresses
            if place not in self._text or is_next or not self._left:
                return
            self._left -= 1
            yield place
