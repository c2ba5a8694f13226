"""The unwind table of one object, in the words that BPF programs and the disk cache share.

A row is 4 bytes: the low bits of an address and the number of the rule that holds from there on.
Rows are sorted; for each KiB of code `pages` has the first row in it, so that a lookup is one step
to the page and a binary search in some 16 rows, which are one line of the processor's cache: a
sampler always finds that cold. A row before the page's first holds on into it. An object has some
hundred different rules. The 66 000 rows of a libpython are 270 KiB so.
"""

import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter

from otx.profile.elf import EhFrame
from otx.profile.errors import UnreadableError
from otx.profile.unwind.eh_frame import EhFrameReader, Function, rule_of
from otx.profile.unwind.instructions import StateFields
from otx.profile.unwind.rules import ENTRY, GAP, RULE, CfaKind, Rule

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

_MOST_ROWS_BACK = 1 << 12  # of one function
_FUNCTIONS_A_STEP = 200
_SIGNAL = Rule(CfaKind.SIGNAL)
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
        index = self._row(address)
        return GAP if index < 0 else self._rule(self.rows[index] >> _RULE_SHIFT)

    def function_start(self, address: int) -> int | None:
        """Where the function begins that holds an address, if the table was made from code."""
        index, entry = self._row(address), self._number_of(ENTRY)
        if index < 0 or entry < 0 or not self.rows[index] >> _RULE_SHIFT:
            return None
        if self.rows[index] >> _RULE_SHIFT == self._number_of(_SIGNAL):
            return self._address_of(index)
        for row in range(index, max(-1, index - _MOST_ROWS_BACK), -1):
            if self.rows[row] >> _RULE_SHIFT == entry:
                return self._address_of(row)
        return None

    def _address_of(self, row: int) -> int:
        page = bisect_right(self.pages, row) - 1
        return self.base + (page << PAGE_SHIFT) + (self.rows[row] & _LOW)

    def _number_of(self, rule: Rule) -> int:
        at = self.rules.find(rule.packed())
        return at // RULE.size if at >= 0 and at % RULE.size == 0 else -1

    def _row(self, address: int) -> int:
        """The last row that is not beyond an address; -1 where there is none."""
        page = (address - self.base) >> PAGE_SHIFT
        if not 0 <= page < self.page_count:
            return -1
        first, end = self.pages[page], self.pages[page + 1]
        if not first <= end <= len(self.rows):
            return -1  # nobody built that: it is from a file
        low = (address - self.base) & _LOW
        return bisect_right(self.rows, low, first, end, key=lambda row: row & _LOW) - 1

    def _rule(self, number: int) -> Rule:
        try:
            return Rule.unpack(self.rules[number * RULE.size : (number + 1) * RULE.size])
        except (struct.error, ValueError):
            return GAP


def build(table: EhFrame) -> UnwindTable:
    """The table of an object at once.

    Raises:
        UnreadableError: There is no function in it, or more than a table holds.
    """
    return next(built for built in build_in_steps(table) if built is not None)


def build_in_steps(table: EhFrame) -> Iterator[UnwindTable | None]:
    """The table of an object; None so many times before that a step takes 2 to 5 ms.

    The first and the last grow with the object: 3 ms for a libpython, 30 for 800 000 rows.

    Raises:
        UnreadableError: There is no function in it, or more than a table holds.
    """
    yield from build_of(EhFrameReader(table).functions())


def build_of(functions: Iterator[Function | None]) -> Iterator[UnwindTable | None]:
    """The table of functions, lowest first; None for each two hundred before.

    Raises:
        UnreadableError: There is none, or more than a table holds.
    """
    rows, count = _Rows(), 0
    for function in functions:
        if function is not None:
            rows.add(function)
            count += 1
        if function is None or count % _FUNCTIONS_A_STEP == 1:
            yield None
    yield rows.table()


class _Rows:
    """Collects the rows of functions in the order of their addresses."""

    def __init__(self) -> None:
        self._numbers: dict[StateFields, int] = {}
        self._rules = [GAP]
        self._by_rule = {GAP: 0}
        self._addresses = array("Q")
        self._words = array(WORD)
        self._end = 0
        self._last = 0
        self._overlaps = False

    def add(self, function: Function) -> None:
        """Add a function, which begins where or after the one before began."""
        start = function.start
        if not 0 <= start < function.end <= _MAX_ADDRESS:
            return
        if self._addresses and start > self._end + _PADDING:
            self._put(self._end, 0)
        self._overlaps |= bool(self._addresses) and start < self._addresses[-1]
        numbers, last = self._numbers, self._last
        addresses, words = self._addresses, self._words
        rows = function.rows
        if rows[-1][0] >= function.end - start:
            rows = [row for row in rows if row[0] < function.end - start]
        for at, state in rows:
            number = numbers.get(state)
            if number is None or function.is_signal_frame:
                number = self._number(state, function.is_signal_frame)
            if number != last:
                address = start + at
                addresses.append(address)
                words.append(address & _LOW | number << _RULE_SHIFT)
                last = number
        self._last = last
        self._end = function.end
        if len(addresses) > _MAX_ROWS:
            raise UnreadableError("more rows than a table holds")

    def _put(self, address: int, number: int) -> None:
        self._addresses.append(address)
        self._words.append(address & _LOW | number << _RULE_SHIFT)
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
        if self._overlaps:
            self._sort()
        addresses = self._addresses
        base = addresses[0] & ~_LOW
        page_count = ((addresses[-1] - base) >> PAGE_SHIFT) + 1
        if page_count > _MAX_PAGES:
            raise UnreadableError("more code than a table holds")
        pages, row = array(WORD), 0
        for start in range(base, base + (page_count << PAGE_SHIFT), 1 << PAGE_SHIFT):
            row = bisect_left(addresses, start, row)
            pages.append(row)
        pages.append(len(addresses))
        rules = b"".join(rule.packed() for rule in self._rules)
        return UnwindTable(base, pages, rules, self._words)

    def _sort(self) -> None:
        """Put rows of functions that overlap in order: what begins later wins."""
        pairs = sorted(zip(self._addresses, self._words, strict=True), key=itemgetter(0))
        self._addresses = array("Q", [at for at, _ in pairs])
        self._words = array(WORD, [word for _, word in pairs])
