"""A session type watched from outside: tells what is out of place from what merely crossed.

Whoever looks at a wire sees a message leave, not when its receiver reads it. So all that a party
can have read when it speaks is kept in mind, and only what none of it permits is a fault.
"""

from functools import cache
from typing import NamedTuple

from otx.opamp.automaton import states
from otx.opamp.protocol import Label, Type, choices, understood, unfold

WAITING = 16
"""How many messages may be on the way to a party; older ones count as read."""


class Machine(NamedTuple):
    """A type with numbers for its states, 0 the first: where each label leads."""

    says: tuple[dict[Label, int], ...]
    hears: tuple[dict[Label, int], ...]


@cache
def machine(kind: Type) -> Machine:
    """The machine of a type; made once for each type."""
    first = unfold(kind)
    order = [first, *(state for state in states(kind) if state != first)]
    number = {state: place for place, state in enumerate(order)}
    return Machine(
        tuple({label: number[unfold(to)] for label, to in choices(s).branches} for s in order),
        tuple({label: number[unfold(to)] for label, to in understood(s).branches} for s in order),
    )


class _Reading(NamedTuple):
    """One possibility: the party's state, and how many waiting messages led to it."""

    state: int
    read: int


class Watcher:
    """One party of one session.

    Args:
        kind: The party's own type.
        patience_ns: After this time a message that was on its way counts as read.
    """

    __slots__ = ("_machine", "_patience_ns", "_readings", "_waiting")

    def __init__(self, kind: Type, patience_ns: int) -> None:
        self._machine = machine(kind)
        self._readings = {_Reading(0, 0)}
        self._waiting: list[tuple[Label, int]] = []
        self._patience_ns = patience_ns

    def hears(self, label: Label, now_ns: int) -> None:
        """A message is on its way to the party."""
        self._waiting.append((label, now_ns))
        if len(self._waiting) > WAITING:
            self._read_oldest()

    def says(self, label: Label, now_ns: int) -> bool:
        """The party spoke: whether it may, by anything that it can have read.

        What is out of place changes nothing: the next message is judged as if it had not come.
        """
        self.has_read(now_ns - self._patience_ns)
        following = {
            _Reading(then, reading.read)
            for reading in self._possibilities()
            if (then := self._machine.says[reading.state].get(label)) is not None
        }
        if not following:
            return False
        self._readings = following
        for _ in range(min(reading.read for reading in following)):
            self._forget_oldest()
        return True

    def has_read(self, before_ns: int) -> None:
        """The party showed that it read something that was sent then, so all before that too."""
        while self._waiting and self._waiting[0][1] < before_ns:
            self._read_oldest()

    def _possibilities(self) -> set[_Reading]:
        found: set[_Reading] = set()
        for reading in self._readings:
            found.add(reading)
            state = reading.state
            for place in range(reading.read, len(self._waiting)):
                then = self._machine.hears[state].get(self._waiting[place][0])
                if then is None:
                    break
                state = then
                found.add(_Reading(state, place + 1))
        return found

    def _read_oldest(self) -> None:
        label = self._waiting[0][0]
        self._readings = {
            reading
            if reading.read
            else _Reading(self._machine.hears[reading.state].get(label, reading.state), 1)
            for reading in self._readings
        }
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        self._waiting.pop(0)
        self._readings = {_Reading(state, read - 1) for state, read in self._readings}
