"""The states of all instructions of some code, by following it from where its functions begin.

What is called begins a function, and so does what a symbol or a relocated pointer names; jumps lead
on in the same one, those through a table to each of the table's places. Behind a call the code goes
on once what is called is seen to return: what never does (`abort`) may be followed by another
function. What nothing leads to is left out.
"""

from collections.abc import Iterator
from typing import NamedTuple

from otx.profile.unwind.code.effects import (
    AT_ENTRY,
    Leads,
    StackState,
    after,
    compared,
    leads,
    names_address,
)
from otx.profile.unwind.code.jumps import JumpTable, JumpTables
from otx.profile.unwind.code.text import Marks, Text
from otx.profile.unwind.code.x86 import SECOND, Instruction, decode

_STEP = 1000
"""Instructions between two pauses: 5 to 10 ms."""
_ALIGNMENT = 16
_PADDING = frozenset((0x90, 0xCC, SECOND + 0x1F))  # NOP, INT3
_NOWHERE = -1


class _Place(NamedTuple):
    """Where to go on.

    Attributes:
        at: _NOWHERE where only that the function returns is of interest.
        function: Where the function begins that this is a part of.
    """

    at: int
    state: StackState
    function: int


class Flow:
    """Follows code.

    Attributes:
        marks: What was found out of each instruction.
        entries: Where functions begin.
    """

    def __init__(self, text: Text) -> None:
        self.marks = Marks(text.start, len(text.code))
        self.entries: set[int] = set()
        self._text = text
        self._jumps = JumpTables(text)
        self._waiting: list[_Place] = []
        self._returning: set[int] = set()
        self._when_it_returns: dict[int, list[_Place]] = {}
        self._named: list[int] = []
        self._tables: list[tuple[JumpTable, _Place]] = []

    def follow(self) -> Iterator[None]:
        """Follow everything, with a pause from time to time."""
        for entry in self._text.entries:
            self._begin(entry)
        yield from self._follow()
        # Where tables end is known best when all other code was seen; of what code makes the
        # address may be called through a pointer, unless something leads there.
        while self._tables or self._named:
            if self._tables:
                table, place = self._tables.pop()
                self._waiting += (place._replace(at=at) for at in self._jumps.places(table))
            elif not self.marks.is_met(address := self._named.pop()):
                self._begin(address)
            yield from self._follow()

    def _begin(self, entry: int) -> None:
        if entry in self._text and entry not in self.entries:
            self.entries.add(entry)
            self._waiting.append(_Place(entry, AT_ENTRY, entry))

    def _follow(self) -> Iterator[None]:
        count = 0
        while self._waiting:
            at, state, function = self._waiting.pop()
            if at == _NOWHERE:
                self._returns(function)
            while at in self._text and self._is_new(at, function):
                it = decode(self._text.code, at - self._text.start)
                if it is None:
                    break
                self.marks.mark(at, it.length, state, function)
                state = after(state, it)
                at = self._next(it, _Place(at + it.length, state, function))
                count += 1
                if count % _STEP == 0:
                    yield

    def _is_new(self, at: int, function: int) -> bool:
        """Whether nobody came by; else a function returns if that does which did."""
        known = at if at in self.entries and at != function else self.marks.function(at)
        if known is not None and known != function:
            self._after(known, _Place(_NOWHERE, AT_ENTRY, function))
        return known is None

    def _next(self, it: Instruction, behind: _Place) -> int:
        """The instruction to go on with; others that one leads to are kept."""
        kind = leads(it)
        if kind is Leads.ON:
            self._see(it, behind.at)
            return behind.at
        target = behind.at + it.immediate
        is_left = target not in self._text
        if kind is Leads.CALL and is_left:
            return _NOWHERE if self._is_padded(behind.at) else behind.at
        if kind is Leads.CALL:
            self._begin(target)
            self._after(target, behind)
        elif kind in (Leads.BRANCH, Leads.JUMP):
            self._waiting.append(behind._replace(at=target))
            if is_left:
                self._returns(behind.function)
        elif kind is Leads.TABLE:
            self._tables.append((self._jumps.table(it), behind))
            self._returns(behind.function)  # or what is called in its place does
        elif kind is Leads.BACK:
            self._returns(behind.function)
        return behind.at if kind in (Leads.BRANCH, Leads.POINTER_CALL) else _NOWHERE

    def _see(self, it: Instruction, end: int) -> None:
        """Keep what may be of use for a jump, or lead to code."""
        number = compared(it)
        if number is not None:
            self._jumps.see_number(number)
        elif names_address(it):
            address = end + it.displacement
            if address in self._text:
                self._named.append(address)
            else:
                self._jumps.see_address(address)

    def _is_padded(self, at: int) -> bool:
        """Whether a function ends there: behind a call that does not return there is padding."""
        begin = at
        while at % _ALIGNMENT:
            it = decode(self._text.code, at - self._text.start)
            if it is None or it.opcode not in _PADDING:
                return False
            at += it.length
        return at > begin

    def _after(self, function: int, place: _Place) -> None:
        """Go on at a place once a function is seen to return."""
        if function in self._returning:
            self._waiting.append(place)
        else:
            self._when_it_returns.setdefault(function, []).append(place)

    def _returns(self, function: int) -> None:
        if function not in self._returning:
            self._returning.add(function)
            self._waiting += self._when_it_returns.pop(function, ())
