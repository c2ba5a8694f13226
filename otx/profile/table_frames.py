"""What a whole unwind table says of one function: of objects whose table is made from their code.

`CallFrames` decodes an object's entries one by one as they are asked for. Code without entries has
to be followed from its beginning, so its table is built at once, or taken from where it is kept.
"""

from collections.abc import Callable
from functools import cached_property

from otx.profile.call_frames import CallFrames
from otx.profile.unwind.rules import GAP, BpKind, CfaKind, Rule
from otx.profile.unwind.table import UnwindTable

_WORD = 8


class TableFrames:
    """The unwind table of one object.

    Args:
        load: The table; None where it cannot be had.
        entries: The few unwind entries that there are.
    """

    def __init__(
        self, load: Callable[[], UnwindTable | None], entries: CallFrames | None = None
    ) -> None:
        self._load = load
        self._entries = entries

    @cached_property
    def _table(self) -> UnwindTable | None:
        return self._load()

    def find(self, address: int) -> Rule:
        """The rule that holds at an address; a gap where there is none."""
        return self._table.find(address) if self._table else GAP

    def function_start(self, address: int) -> int | None:
        """Where the function that holds an address begins.

        What was not met by following the code begins where the entry before it ends.
        """
        found = self._table.function_start(address) if self._table else None
        told = self._entries.beginning(address) if self._entries else None
        return max((it for it in (found, told) if it is not None), default=None)

    def earliest_beginning(self, address: int) -> int:
        """Where the function that holds an address begins at the earliest."""
        return self.function_start(address) or 0

    def beginning(self, address: int) -> int | None:
        """The same: nothing but code that was followed is between two functions."""
        return self.function_start(address)

    def hidden_caller(self, address: int) -> int | None:
        """How far from rsp the return address is that a walk along frame pointers misses."""
        rule = self.find(address)
        if rule.cfa is not CfaKind.SP or rule.bp is not BpKind.SAME or rule.cfa_offset < _WORD:
            return None
        return rule.cfa_offset - _WORD
