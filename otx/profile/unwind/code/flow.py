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
    LEADING,
    LOADS_OF_NUMBERS,
    ROOT,
    UNKNOWN,
    Leads,
    StackState,
    after,
    leads,
    names_address,
)
from otx.profile.unwind.code.jumps import TELLING, JumpTable, JumpTables
from otx.profile.unwind.code.text import Marks, Text
from otx.profile.unwind.code.x86 import SECOND, Instruction, decode

_STEP = 1000
"""Instructions between two pauses: 5 to 10 ms."""
_ALIGNMENT = 16
_CALL, _CALL_SIZE = 0xE8, 5
_PADDING = frozenset((0x90, 0xCC, SECOND + 0x1F))  # NOP, INT3
_NOWHERE = -1
_FIRST = 6
"""Instructions within which a function takes of the stack, if it does."""


class _Place(NamedTuple):
    """Where to go on.

    Attributes:
        at: _NOWHERE where only that the function returns is of interest.
        function: Where the function begins that this is a part of.
        since: Behind which call that is so only if it returns; 0 where no function may end there.
    """

    at: int
    state: StackState
    function: int
    since: int = 0


class Flow:
    """Follows code.

    Attributes:
        marks: What was found out of each instruction.
        entries: Where functions begin.
        false_roots: Functions that return, though they clear rbp as where a thread begins.
    """

    def __init__(self, text: Text) -> None:
        self.marks = Marks(text.start, len(text.code))
        self.entries: set[int] = set()
        self.false_roots: set[int] = set()
        self._text = text
        self._jumps = JumpTables(text)
        self._waiting: list[_Place] = []
        self._returning: set[int] = set()
        self._when_it_returns: dict[int, list[_Place]] = {}
        self._named = list(text.named)
        self._tables: list[tuple[JumpTable, _Place]] = []
        self._doubtful: list[_Place] = []
        self._ends: set[int] = set()
        self._count = 0
        self._anew = 2 * len(text.code)

    def follow(self) -> Iterator[None]:
        """Follow everything, with a pause from time to time."""
        for entry in self._text.entries:
            self._begin(entry)
        yield from self._follow()
        while self._tables or self._named or self._doubtful:
            self._take_the_surest()
            if self._is_due(1):
                yield
            yield from self._follow()

    def _is_due(self, count: int) -> bool:
        """Whether to pause, after so many steps more."""
        self._count = (self._count + count) % _STEP
        return self._count < count

    def _take_the_surest(self) -> None:
        """Go on with one of what is known the better the more code was seen."""
        if self._tables:
            table, place = self._tables.pop()
            places = [place._replace(at=at) for at in self._jumps.places(table)]
            self._waiting += places or [place._replace(at=_NOWHERE)]
        elif self._named:
            # What code makes the address of may be called through a pointer, unless something
            # leads there. To a beginning nothing does but a call before it that never returns.
            address = self._named.pop()
            if not self.marks.is_met(address) or self._is_behind_a_call(address):
                self._begin(address)
        else:
            self._waiting.append(self._doubtful.pop())

    def _is_behind_a_call(self, address: int) -> bool:
        """Whether there is only padding, or nothing, between a call and an address."""
        for at in range(max(self._text.start, address - _ALIGNMENT), address - _CALL_SIZE + 1):
            if self._text.code[at - self._text.start] == _CALL and self.marks.is_met(at):
                return self._is_padding(at + _CALL_SIZE, address)
        return False

    def _takes_of_the_stack(self, at: int) -> bool:
        """Whether code does so first of all: functions do, loops do not."""
        for _ in range(_FIRST):
            it = decode(self._text.code, at - self._text.start) if at in self._text else None
            if it is None or leads(it) is not Leads.ON:
                return False
            if after(AT_ENTRY, it).depth > AT_ENTRY.depth:
                return True
            at += it.length
        return False

    def _begin(self, entry: int) -> None:
        """Follow code from where a function begins, anew if code before it had led there."""
        if entry not in self._text or entry in self.entries:
            return
        if self.marks.is_met(entry) and not self.marks.is_met_as(entry, AT_ENTRY):
            self._anew -= self.marks.forget(entry, self.entries, self._anew)
        self.entries.add(entry)
        self._waiting.append(_Place(entry, AT_ENTRY, entry))

    def _follow(self) -> Iterator[None]:
        while self._waiting:
            place = self._waiting.pop()
            if place.at == _NOWHERE:
                self._returns(place.function)
            elif place.since not in self._ends and self._is_due(self._follow_on(place)):
                yield

    def _follow_on(self, place: _Place) -> int:
        """Follow code to where it leads away, at most for a step; how many instructions."""
        at, state, function, since = place
        code, start, is_fixed = self._text.code, self._text.start, self._text.is_fixed
        for count in range(_STEP):
            if not (at in self._text and self._is_new(at, function)):
                return count
            it = decode(code, at - start)
            if it is None:
                return count
            self.marks.mark(at, it.length, state, function)
            state = after(state, it)
            at += it.length
            if it.opcode in LEADING:
                at = self._next(it, _Place(at, state, function, since))
            elif it.opcode in TELLING:
                self._see(it, at, function)
            elif is_fixed and it.immediate in self._text and it.opcode in LOADS_OF_NUMBERS:
                self._named.append(it.immediate)
        self._waiting.append(_Place(at, state, function, since))
        return _STEP

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
            return behind.at
        if kind is Leads.CALL:
            return self._next_to_a_call(behind.at + it.immediate, behind)
        if kind is Leads.TABLE:
            self._jump_by_pointer(it, behind)
        self._jumps.forget()
        if kind in (Leads.BRANCH, Leads.JUMP):
            target = behind.at + it.immediate
            self._waiting.append(behind._replace(at=target))
            if target not in self._text:
                self._returns(behind.function)
        elif kind is Leads.BACK:
            self._returns(behind.function)
            if behind.state == ROOT:
                self.false_roots.add(behind.function)
            elif behind.since and behind.state not in (AT_ENTRY, UNKNOWN):
                self._end(behind.since)
        return behind.at if kind in (Leads.BRANCH, Leads.POINTER_CALL) else _NOWHERE

    def _next_to_a_call(self, target: int, behind: _Place) -> int:
        self._jumps.forget()
        is_ours = target in self._text
        if is_ours:
            self._begin(target)
        # Behind what does not return a function ends, and there is padding, if any.
        may_end = self._is_padding(behind.at, _next_beginning(behind.at))
        if behind.at in self._ends:
            return _NOWHERE
        if may_end and self._takes_of_the_stack(_next_beginning(behind.at)):
            behind = behind._replace(since=behind.at)
        if is_ours:
            self._after(target, behind)
        elif may_end:
            self._doubtful.append(behind)
        return _NOWHERE if is_ours or may_end else behind.at

    def _jump_by_pointer(self, it: Instruction, behind: _Place) -> None:
        table = self._jumps.table(it)
        if table is None:
            self._returns(behind.function)  # or what is called in its place does
        else:
            self._tables.append((table, behind))

    def _see(self, it: Instruction, end: int, function: int) -> None:
        """Keep what may be of use for a jump, or lead to code."""
        if names_address(it) and end + it.displacement in self._text:
            self._named.append(end + it.displacement)
        else:
            self._jumps.see(it, end, function)

    def _end(self, at: int) -> None:
        """A function ends behind a call: it would return with something on its stack."""
        self._ends.add(at)
        self._begin(_next_beginning(at))

    def _is_padding(self, at: int, end: int) -> bool:
        """Whether there are only instructions that do nothing, or none."""
        while at < end:
            it = decode(self._text.code, at - self._text.start)
            if it is None or it.opcode not in _PADDING:
                return False
            at += it.length
        return at == end

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


def _next_beginning(at: int) -> int:
    """Where the next function begins behind one that ends, if compilers aligned it."""
    return at + -at % _ALIGNMENT
