"""What .eh_frame says of the innermost function of a stack (DWARF 5, 6.4; LSB 5.0, 10.6).

A walk along frame pointers begins at the frame that the register points at. A function that has
set up none (a leaf, a function of a library built without frame pointers, any function in its
first and last instructions) hides its caller from such a walk: the register still points at the
caller's frame, so the walk goes on with the caller's caller. The unwind table says exactly when
that is so and where on the stack the return address is.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from otx.profile.elf import EhFrame, ElfFile
from otx.profile.unwind.eh_frame import EhFrameReader
from otx.profile.unwind.index import indexed_table
from otx.profile.unwind.rules import GAP, BpKind, CfaKind, Rule

_WORD = 8
_MAX_FUNCTIONS_KEPT = 4096
_MAX_RULES_KEPT = 1 << 17
"""Those functions have some ten each; in a hostile table all may be one entry of a million."""


class CallFrames:
    """The unwind table of one object. Functions are decoded when asked for, the last 4096 kept.

    Args:
        index: Tells where functions begin; its own bytes are not kept.
        load: Reads the table, when the first function is to be decoded: most are never asked for
            one, and a machine's tables are some hundred MiB. None where it is gone.
    """

    def __init__(self, index: EhFrame, load: Callable[[], EhFrame | None]) -> None:
        self._base, self._starts = index.base, index.starts
        self._load = load
        self._functions: dict[int, _Function | None] = {}
        self._rules_kept = 0

    @classmethod
    def of(cls, elf: ElfFile) -> "CallFrames | None":
        """The table of a file, if it has one."""
        table = indexed_table(elf)
        return None if table is None else cls.kept(table)

    @classmethod
    def kept(cls, table: EhFrame) -> "CallFrames":
        """A table that is there already."""
        return cls(table, lambda: table)

    @cached_property
    def _reader(self) -> EhFrameReader | None:
        table = self._load()
        return None if table is None else EhFrameReader(table)

    def function_start(self, address: int) -> int | None:
        """Where the function that holds an address begins, going by where functions begin."""
        index = self._index(address)
        return self._base + self._starts[index] if index >= 0 else None

    def earliest_beginning(self, address: int) -> int:
        """Where the function that holds an address begins at the earliest: nobody knows."""
        return 0

    def beginning(self, address: int) -> int | None:
        """Where the function that holds an address begins, going by its entry.

        A stretch that no entry tells of, as nearly all of musl, is one function: it may be any
        number of them, and none is the one before it.
        """
        index = self._index(address)
        if index < 0:
            return None
        function, start = self._decoded(index), self._base + self._starts[index]
        return function.end if function and start < function.end <= address else start

    def hidden_caller(self, address: int) -> int | None:
        """Where a walk along frame pointers misses the caller, if it does.

        Args:
            address: The innermost instruction, as the file counts.

        Returns:
            The distance in bytes from the stack pointer to the return address that is missed;
            None where the walk misses nothing, or goes wrong in other ways.
        """
        function = self._function_at(address)
        if function is None:
            return None
        here = function.rule_at(address)
        # A saved rbp in a function without frames holds anything: the walk went nowhere.
        if here.cfa is not CfaKind.SP or (here.bp is not BpKind.SAME and not function.makes_frames):
            return None
        return here.cfa_offset - _WORD if here.cfa_offset >= _WORD else None

    def find(self, address: int) -> Rule:
        """The rule that holds at an address, as `UnwindTable.find` without a table being built."""
        function = self._function_at(address)
        return GAP if function is None else function.rule_at(address)

    def _function_at(self, address: int) -> "_Function | None":
        function = self._decoded(self._index(address))
        if function is None or not function.starts[0] <= address < function.end:
            return None
        return function

    def _index(self, address: int) -> int:
        return bisect_right(self._starts, address - self._base) - 1

    def _decoded(self, index: int) -> "_Function | None":
        if index not in self._functions:
            self._functions[index] = self._function(index)
            self._rules_kept += _size_of(self._functions[index])
            self._drop_oldest()
        return self._functions[index]

    def _drop_oldest(self) -> None:
        """Forget what was decoded first until the rest may stay; never the last one."""
        kept = self._functions
        while len(kept) > _MAX_FUNCTIONS_KEPT or (
            self._rules_kept > _MAX_RULES_KEPT and len(kept) > 1
        ):
            self._rules_kept -= _size_of(kept.pop(next(iter(kept))))

    def _function(self, index: int) -> "_Function | None":
        function = self._reader.function(index) if index >= 0 and self._reader else None
        if function is None:
            return None
        rules = list(function.rules())
        return _Function(
            function.end,
            [at for at, _ in rules],
            [rule for _, rule in rules],
            any(rule.cfa is CfaKind.BP for _, rule in rules),
        )


@dataclass(frozen=True, slots=True)
class _Function:
    """What a table says of one function.

    Attributes:
        end: The first address behind it.
        starts: Where each rule begins to hold, lowest first.
        makes_frames: Whether it sets up a frame that rbp points at.
    """

    end: int
    starts: list[int]
    rules: list[Rule]
    makes_frames: bool

    def rule_at(self, address: int) -> Rule:
        """The rule that holds at an address of the function."""
        return self.rules[bisect_right(self.starts, address) - 1]


def _size_of(function: _Function | None) -> int:
    return 0 if function is None else len(function.rules)
