"""The order in which unwind tables are built: what walks miss, what is on most stacks, the rest.

A table of a few functions is there in a moment, one of a large library takes a hundred times as
long: a walk that lacks the small one does not wait until the large one is whole.
"""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import TypeAlias

from otx.profile.unwind.room import KnownObject
from otx.profile.unwind.table import UnwindTable

Steps: TypeAlias = Iterator[UnwindTable | None]
"""A table in the making: None for each step before it."""


_MISSED, _BASIC, _OTHER = range(3)


class BuildQueue:
    """Objects whose table is to be built, each with what is built of it by now.

    Args:
        build: Begins to build a table.
    """

    def __init__(self, build: Callable[[KnownObject], Steps]) -> None:
        self._build = build
        self._objects: dict[int, KnownObject] = {}
        self._steps: dict[int, Steps] = {}
        self._missed: set[int] = set()
        self._ranked: list[tuple[int, int, int]] = []
        self._added = 0

    def __bool__(self) -> bool:
        return bool(self._objects)

    @property
    def numbers(self) -> set[int]:
        """The numbers of all objects that are waited for."""
        return set(self._objects)

    @property
    def has_basics(self) -> bool:
        """Whether one of them is on nearly every stack."""
        return any(one.is_basic for one in self._objects.values())

    def add(self, one: KnownObject, *, is_missed: bool = False) -> None:
        """Have an object's table built."""
        self._objects[one.number] = one
        if is_missed:
            self._missed.add(one.number)
        self._rank(one)

    def hasten(self, number: int) -> bool:
        """Have a table built before those that no walk missed yet; whether it is to be built."""
        if number in self._objects and number not in self._missed:
            self._missed.add(number)
            self._rank(self._objects[number])
        return number in self._objects

    def first(self) -> KnownObject | None:
        """What is to be built on now; None where nothing is."""
        while self._ranked and self._ranked[0][-1] not in self._objects:
            heappop(self._ranked)
        return self._objects[self._ranked[0][-1]] if self._ranked else None

    def steps(self, one: KnownObject) -> Steps:
        """What is left to do for one of them."""
        steps = self._steps.get(one.number)
        if steps is None:
            steps = self._steps[one.number] = self._build(one)
        return steps

    def remove(self, one: KnownObject) -> None:
        """One is built, or cannot be."""
        del self._objects[one.number]
        self._steps.pop(one.number, None)
        self._missed.discard(one.number)

    def _rank(self, one: KnownObject) -> None:
        """Basic ones go by when they came, the last first: libraries come behind the program.

        Where there is not room for all, they are not to be those that lack it for their size.
        """
        mapping = one.source[1]
        size = mapping.end - mapping.start
        self._added += 1
        if one.number in self._missed:
            rank = _MISSED, size
        else:
            rank = (_BASIC, -self._added) if one.is_basic else (_OTHER, size)
        heappush(self._ranked, (*rank, one.number))
