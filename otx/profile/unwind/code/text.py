"""Some code of a file, and what is found out of each of its instructions, in 7 bytes a byte."""

from array import array
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from otx.profile.unwind.code.effects import UNKNOWN, StackState

_MOST_STATES = (1 << 16) - 1


@dataclass(frozen=True, slots=True)
class Text:
    """Some code.

    Attributes:
        start: Its address in the file.
        code: Its bytes.
        entries: Where functions begin, as far as the file says.
        read: Bytes of the file at an address; fewer where there are none.
        named: What may be where functions begin: words of data.
        is_fixed: Whether the code lies where the file says, so that numbers in it may be addresses.
    """

    start: int
    code: bytes
    entries: Iterable[int]
    read: Callable[[int, int], bytes]
    named: Iterable[int] = ()
    is_fixed: bool = False

    def __contains__(self, address: int) -> bool:
        return 0 <= address - self.start < len(self.code)


class Found(NamedTuple):
    """What was found out of an instruction.

    Attributes:
        end: The first address behind it.
        function: Where the function begins that it is of.
        state: The state before it.
    """

    address: int
    end: int
    function: int
    state: StackState


class Marks:
    """Which instructions were met, in which state, as parts of which functions.

    Args:
        start: The code's address.
        size: Its bytes.
    """

    def __init__(self, start: int, size: int) -> None:
        self._start = start
        self._lengths = bytearray(size)
        self._numbers = array("H", bytes(2 * size))
        self._functions = array("I", bytes(4 * size))
        self._states: dict[StackState, int] = {UNKNOWN: 0}

    def is_met(self, address: int) -> bool:
        """Whether an instruction there was met."""
        return self._lengths[address - self._start] != 0

    def function(self, address: int) -> int | None:
        """The function that an instruction is of; None where it was not met."""
        at = address - self._start
        return self._start + self._functions[at] if self._lengths[at] else None

    def is_met_as(self, address: int, state: StackState) -> bool:
        """Whether an instruction there was met in a state."""
        return self.is_met(address) and self._numbers[address - self._start] == self._states.get(
            state
        )

    def mark(self, address: int, length: int, state: StackState, function: int) -> None:
        """Note an instruction."""
        at = address - self._start
        number = self._states.get(state, 0)
        if not number and state != UNKNOWN and len(self._states) < _MOST_STATES:
            number = self._states[state] = len(self._states)
        self._lengths[at] = length
        self._numbers[at] = number
        self._functions[at] = function - self._start

    def forget(self, address: int, beginnings: Container[int], most: int) -> int:
        """Forget a function's instructions from an address on, up to where another begins.

        Returns:
            How many bytes were looked at, of so many at most.
        """
        first = address - self._start
        function = self._functions[first]
        for at in range(first, min(first + most, len(self._lengths))):
            is_others = self._lengths[at] and self._functions[at] != function
            if is_others or self._start + at in beginnings:
                return at - first
            self._lengths[at] = 0
        return min(most, len(self._lengths) - first)

    def found(self) -> Iterator[Found]:
        """The instructions that were met, lowest first; where two overlap, both."""
        states = list(self._states)
        for at, length in enumerate(self._lengths):
            if length:
                address, function = self._start + at, self._start + self._functions[at]
                yield Found(address, address + length, function, states[self._numbers[at]])
