"""The unwind table of one object, in the words that BPF programs and the disk cache share.

A row is 4 bytes: the low bits of an address and the number of the rule that holds from there on.
Rows are sorted; for each KiB of code `pages` has the first row in it, so that a lookup is one step
to the page and a binary search in some 16 rows, which are one line of the processor's cache: a
sampler always finds that cold. A row before the page's first holds on into it. An object has some
hundred different rules. The 66 000 rows of a libpython are 270 KiB so.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from otx.profile.elf import EhFrame
from otx.profile.errors import UnreadableError
from otx.profile.unwind.eh_frame import EhFrameReader, Function, rule_of
from otx.profile.unwind.instructions import StateFields
from otx.profile.unwind.rules import GAP, RULE, Rule

PAGE_SHIFT = 10
_RULE_SHIFT = 16
_LOW = (1 << PAGE_SHIFT) - 1
_RULE_WORDS = RULE.size // 4
_MAX_RULES = 1 << 16
_MAX_ROWS = 1 << 23
_MAX_ADDRESS = (1 << 63) - 1
_MAX_PAGES = 1 << 20  # 1 GiB of code
_PADDING = 16
"""Functions are aligned; the bytes between two of them need no row of their own."""

_FUNCTIONS_A_STEP = 200
WORD = "I"
"""The array code of a 32-bit word, wherever Python runs on x86-64."""


@dataclass(frozen=True, slots=True)
class UnwindTable:
    """Rows by address.

    Attributes:
        base: The address that page 0 begins at, in the file.
        pages: The first row of each page, and the number of rows.
        rules: `struct rule` one after the other.
        rows: Low 10 bits of an address | the rule's number << 16.
    """

    base: int
    pages: "array[int]"
    rules: bytes
    rows: "array[int]"

    @property
    def page_count(self) -> int:
        """How many pages there are."""
        return len(self.pages) - 1

    @property
    def rule_count(self) -> int:
        """How many rules there are."""
        return len(self.rules) // RULE.size

    @property
    def words(self) -> int:
        """How many 32-bit words `image` has."""
        return len(self.pages) + self.rule_count * _RULE_WORDS + len(self.rows)

    def image(self) -> bytes:
        """Pages, rules and rows, as BPF programs read them."""
        return self.pages.tobytes() + self.rules + self.rows.tobytes()

    def find(self, address: int) -> Rule:
        """The rule that holds at an address of the file (`find_rule` of bpf/unwind.h)."""
        page = (address - self.base) >> PAGE_SHIFT
        if not 0 <= page < self.page_count:
            return GAP
        first, end = self.pages[page], self.pages[page + 1]
        low = (address - self.base) & _LOW
        index = bisect_right(self.rows, low, first, end, key=lambda row: row & _LOW) - 1
        if index < 0:
            return GAP
        number = self.rows[index] >> _RULE_SHIFT
        return Rule.unpack(self.rules[number * RULE.size : (number + 1) * RULE.size])


def build(table: EhFrame) -> UnwindTable:
    """The table of an object at once.

    Raises:
        UnreadableError: There is no function in it, or more than a table holds.
    """
    return next(built for built in build_in_steps(table) if built is not None)


def build_in_steps(table: EhFrame) -> Iterator[UnwindTable | None]:
    """The table of an object; None so many times before that each step takes 2 to 5 ms.

    Raises:
        UnreadableError: There is no function in it, or more than a table holds.
    """
    rows = _Rows()
    for count, function in enumerate(EhFrameReader(table).functions()):
        if function is not None:
            rows.add(function)
        if count % _FUNCTIONS_A_STEP == 0:
            yield None
    yield rows.table()


class _Rows:
    """Collects the rows of functions in the order of their addresses."""

    def __init__(self) -> None:
        self._numbers: dict[StateFields, int] = {}
        self._rules = [GAP]
        self._by_rule = {GAP: 0}
        self._addresses = array("Q")
        self._rule_numbers = array("H")
        self._end = 0
        self._last = 0

    def add(self, function: Function) -> None:
        """Add a function, which begins where or after the one before began."""
        start = function.start
        if not 0 <= start < function.end <= _MAX_ADDRESS:
            return
        if self._addresses and start > self._end + _PADDING:
            self._put(self._end, 0)
        numbers, last = self._numbers, self._last
        addresses, rule_numbers, is_signal_frame = (
            self._addresses,
            self._rule_numbers,
            function.is_signal_frame,
        )
        rows = function.rows
        if rows[-1][0] >= function.end - start:
            rows = [row for row in rows if row[0] < function.end - start]
        for at, state in rows:
            number = numbers.get(state)
            if number is None or is_signal_frame:
                number = self._number(state, is_signal_frame)
            if number != last:
                addresses.append(start + at)
                rule_numbers.append(number)
                last = number
        self._last = last
        self._end = function.end
        if len(addresses) > _MAX_ROWS:
            raise UnreadableError("more rows than a table holds")

    def _put(self, address: int, number: int) -> None:
        self._addresses.append(address)
        self._rule_numbers.append(number)
        self._last = number

    def _number(self, state: StateFields, is_signal_frame: bool) -> int:
        """The number of the rule that a state stands for, and remember it."""
        rule = rule_of(state, is_signal_frame)
        number = self._by_rule.setdefault(rule, len(self._rules))
        if number == len(self._rules):
            if number == _MAX_RULES:
                raise UnreadableError("more rules than a table holds")
            self._rules.append(rule)
        if not is_signal_frame:
            self._numbers[state] = number
        return number

    def table(self) -> UnwindTable:
        """The table of what was added."""
        if not self._addresses:
            raise UnreadableError("no function in the unwind table")
        self._put(max(self._end, self._addresses[-1]), 0)
        addresses, numbers = self._addresses, self._rule_numbers
        if any(map(int.__gt__, addresses[:-1], addresses[1:])):
            addresses, numbers = self._sorted()
        base = addresses[0] & ~_LOW
        page_count = ((addresses[-1] - base) >> PAGE_SHIFT) + 1
        if page_count > _MAX_PAGES:
            raise UnreadableError("more code than a table holds")
        starts = range(base, base + (page_count << PAGE_SHIFT), 1 << PAGE_SHIFT)
        pages = array(WORD, [bisect_left(addresses, start) for start in starts])
        pages.append(len(addresses))
        rows = array(
            WORD,
            [
                address & _LOW | number << _RULE_SHIFT
                for address, number in zip(addresses, numbers, strict=True)
            ],
        )
        return UnwindTable(base, pages, b"".join(rule.packed() for rule in self._rules), rows)

    def _sorted(self) -> tuple["array[int]", "array[int]"]:
        """Rows of functions that overlap: what begins later wins."""
        pairs = sorted(zip(self._addresses, self._rule_numbers, strict=True))
        return array("Q", [at for at, _ in pairs]), array("H", [number for _, number in pairs])
