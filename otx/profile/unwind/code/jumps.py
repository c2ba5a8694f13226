"""Jumps through tables: which table, and how far it goes.

A compiler makes of a `switch` a comparison with the greatest case, and a jump by a table of
addresses or, in code that may lie anywhere, of distances from the table's own address.
"""

from collections.abc import Iterator
from typing import NamedTuple

from otx.profile.unwind.code.effects import compared, table_by_address
from otx.profile.unwind.code.text import Text
from otx.profile.unwind.code.x86 import NO_BASE, REGISTER, RIP, Instruction

_LEA = 0x8D
_SUMS = frozenset((0x01, 0x03))
_LOADS = frozenset((0x63, 0x8B))
TELLING = _SUMS | _LOADS | frozenset((_LEA, 0x3C, 0x3D, 0x80, 0x81, 0x83))
"""The opcodes that tell of a jump to come."""
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
        self._made: dict[tuple[int, int], int] = {}
        self._last_number = _MOST_PLACES
        self._target: tuple[int, JumpTable] | None = None
        self._left = _MOST_IN_ALL

    def see(self, it: Instruction, end: int, function: int) -> None:
        """Keep what may be of use for a jump.

        Args:
            it: An instruction that does not lead away.
            end: The first address behind it.
            function: Where the function begins that it is of.
        """
        kind = it.opcode
        if kind in _SUMS:
            self._see_sum(it, function)
        elif kind == _LEA and it.rm == RIP:
            self._addresses.add(end + it.displacement)
            self._made[function, it.reg] = end + it.displacement
        elif kind == _LEA and it.rm == NO_BASE and (function, it.reg) in self._made:
            self._add_up(it.reg, self._made[function, it.reg])
        elif kind in _LOADS and it.rm == NO_BASE:
            self._made.pop((function, it.reg), None)
            if it.mode == 0 and it.displacement > 0:
                self._target = it.reg, JumpTable(it.displacement, 8, 0, 0)
        elif (number := compared(it)) is not None:
            self._last_number = number + 1

    def _see_sum(self, it: Instruction, function: int) -> None:
        """Of the two that are added one is the table's address, the other what stands there."""
        into, other = (it.rm, it.reg) if it.opcode == 1 else (it.reg, it.rm)
        address = self._made.get((function, other)) or self._made.get((function, into))
        if it.mode == REGISTER and it.is_wide and address:
            self._add_up(into, address)

    def _add_up(self, register: int, table: int) -> None:
        self._target = register, JumpTable(table, 4, table, 0)

    def forget(self) -> None:
        """The code leads away: what was added up is no longer next to a jump."""
        self._target = None

    def table(self, it: Instruction) -> JumpTable | None:
        """The table that a jump goes by; None where it is a call by a pointer, and the last."""
        most = min(self._last_number, _MOST_PLACES)
        self._last_number = _MOST_PLACES
        if it.mode != REGISTER:
            address = table_by_address(it)
            return JumpTable(address, 8, 0, most) if address else None
        if self._target is None or self._target[0] != it.rm:
            return None
        return self._target[1]._replace(most=most)

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
