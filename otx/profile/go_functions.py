"""Names, lines and inlined calls of Go code out of the table that the Go runtime itself needs.

Stripped programs have it too: `.gopclntab`, sorted by function (Go's own library reads it in
debug/gosym, its runtime in symtab.go and symtabinl.go). Its head changed in Go 1.16, 1.18 and 1.20,
each time with another magic number. Nothing of it is kept: a lookup reads some dozen words of the
file, and the frames of addresses are remembered by who asks.

What was inlined where is in a tree beside the functions' other data, `go:func.*`. Stripped programs
have that by `moduledata`, whose first word is where the table lies.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from otx.profile.elf import Reader
from otx.profile.errors import UnreadableError

_HEAD = struct.Struct("<IHBB")  # magic, zero, quantum, size of a pointer
_POINTER_SIZE = 8
_MAX_FUNCTIONS = 1 << 22
_MAX_NAME = 4096
_MAX_STEPS = 1 << 18
"""Of one lookup: a table of values has some thousand of them, and a call is looked up in three."""
_MAX_INLINED = 64
_INLINE_TREE_INDEX, _INLINE_TREE = 2, 3  # PCDATA_InlTreeIndex, FUNCDATA_InlTree: internal/abi
_NONE = 0xFFFFFFFF
_DESCRIBED = struct.Struct("<iiIIIIII")
"""Of a function, behind where it begins: its name, args, deferreturn, pcsp, pcfile, pcln, how many
pcdata, and its unit's place in the table of files."""


@dataclass(frozen=True, slots=True)
class GoForm:
    """What differs between versions.

    Attributes:
        head: The words behind the first eight bytes of the table.
        address: How addresses are written, as `struct` calls it.
        counts_from_text: Whether that is from where Go's code begins.
        data_at: Where a function's description has the number of its funcdata; pcdata come after.
        inlined_size: Of an inlined call's entry; 0 where they are not read.
        inlined_name: Where it has its name, and behind that or further on its caller's place.
        tree_in_module: Where `moduledata` has the address of `go:func.*`.
    """

    head: struct.Struct
    address: str
    counts_from_text: bool
    data_at: int
    inlined_size: int = 0
    inlined_name: int = 0
    inlined_parent: int = 0
    tree_in_module: int = 0


_FORMS = {
    0xFFFFFFFA: GoForm(struct.Struct("<7Q"), "Q", False, 43),  # 1.16
    0xFFFFFFF0: GoForm(struct.Struct("<8Q"), "I", True, 39, 20, 12, 16, 304),  # 1.18
    0xFFFFFFF1: GoForm(struct.Struct("<8Q"), "I", True, 43, 16, 4, 8, 320),  # 1.20
}


@dataclass(frozen=True, slots=True)
class GoCall:
    """A function that an address belongs to, and where in its source that is."""

    name: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class _Function:
    """A function's description, and where that lies in the table."""

    start: int
    at: int
    name: int
    stack: int
    files: int
    lines: int
    unit: int
    pcdata: int


@dataclass(frozen=True, slots=True)
class _Row:
    """A value, the address from which it holds, and how many rows stand before."""

    value: int
    start: int
    number: int


_NO_ROW = _Row(-1, 0, 0)


class GoFunctions:
    """Functions by address, in addresses of the file.

    Args:
        read: Reads the table.
        size: Its size in bytes.
        text_start: Where Go's code begins, which addresses are counted from since 1.18: the head
            had it too, but not relocated.

    Raises:
        UnreadableError: It is none, or is cut.
    """

    def __init__(self, read: Reader, size: int, text_start: int) -> None:
        self._read = read
        self._size = size
        magic, zero, self._quantum, pointer = _HEAD.unpack(self._bytes(0, _HEAD.size))
        if zero or pointer != _POINTER_SIZE or magic not in _FORMS:
            raise UnreadableError("no table of Go functions")
        self.form = _FORMS[magic]
        words = self.form.head.unpack(self._bytes(_HEAD.size, self.form.head.size))
        self._count = words[0]
        self._names, self._units, self._files, self._pcs, self._functions = words[-5:]
        self._base = text_start if self.form.counts_from_text else 0
        self._pair = struct.Struct(f"<2{self.form.address}")
        self._tree: Reader | None = None
        self._steps_left = 0
        if self._count > _MAX_FUNCTIONS or self._index_end > size:
            raise UnreadableError("the table of Go functions is cut")

    @property
    def _index_end(self) -> int:
        return int(self._functions + self._count * self._pair.size + self._pair.size // 2)

    def know_inlined(self, read: Reader) -> None:
        """Take a reader of `go:func.*`: without one nothing is known of inlined calls."""
        self._tree = read if self.form.inlined_size else None

    def find(self, address: int) -> str | None:
        """The name of the function that holds an address."""
        try:
            function = self._function(address)
            return self._text(self._names, function.name) or None if function else None
        except (UnreadableError, struct.error):
            return None

    def start(self, address: int) -> int | None:
        """Where the function that holds an address begins."""
        try:
            function = self._function(address)
        except (UnreadableError, struct.error):
            return None
        return function.start if function else None

    def hidden_caller(self, address: int) -> int | None:
        """Where a walk along frame pointers misses the caller, if it does.

        Go's functions push rbp and then point it at the stack, but for those that keep nothing
        there: they have no frame, as no function has in its first and last instructions.

        Args:
            address: The innermost instruction.

        Returns:
            The distance in bytes from the stack pointer to the return address that is missed.
        """
        self._steps_left = _MAX_STEPS
        try:
            function = self._function(address)
            if function is None:
                return None
            row = self._row(function.stack, function.start, address)
        except (UnreadableError, struct.error):
            return None
        # The first row is of what comes before rbp is pushed, the second begins right behind that.
        is_pushed = row.number == 1 and row.start == address and row.value == _POINTER_SIZE
        return row.value if row.value == 0 or is_pushed else None

    def calls(self, address: int) -> list[GoCall]:
        """The function that holds an address and what is inlined there, innermost first.

        Args:
            address: An instruction: of a caller one before the place returned to.
        """
        found: list[GoCall] = []
        self._steps_left = _MAX_STEPS
        try:
            function = self._function(address)
            if function is None:
                return found
            at = address
            for name, parent in self._inlined(function, address):
                found.append(self._call(function, name, at))
                at = parent
            found.append(self._call(function, function.name, at))
        except (UnreadableError, struct.error):
            pass
        return [call for call in found if call.name]

    def _call(self, function: _Function, name: int, at: int) -> GoCall:
        line = self._value(function.lines, function.start, at)
        return GoCall(self._text(self._names, name), self._file(function, at), max(line, 0))

    def _inlined(self, function: _Function, at: int) -> Iterator[tuple[int, int]]:
        """Of each inlined call at an address, innermost first, the name and who calls it."""
        tree = self._tree_of(function)
        if tree is None or self._tree is None:
            return
        table = self._pcdata(function, _INLINE_TREE_INDEX)
        for _ in range(_MAX_INLINED):
            index = self._value(table, function.start, at)
            if index < 0:
                return
            form = self.form
            entry = self._tree(tree + index * form.inlined_size, form.inlined_size)
            if len(entry) < form.inlined_size:
                return
            name = int.from_bytes(entry[form.inlined_name :][:4], "little", signed=True)
            parent = int.from_bytes(entry[form.inlined_parent :][:4], "little", signed=True)
            at = function.start + parent
            yield name, at

    def _pcdata(self, function: _Function, number: int) -> int:
        if number >= function.pcdata:
            return 0
        return self._word(function.at + self.form.data_at + 1 + 4 * number)

    def _tree_of(self, function: _Function) -> int | None:
        """Where the function's tree lies in `go:func.*`."""
        count = self._bytes(function.at + self.form.data_at, 1)[0]
        if self._tree is None or count <= _INLINE_TREE:
            return None
        behind = function.at + self.form.data_at + 1 + 4 * (function.pcdata + _INLINE_TREE)
        place = self._word(behind)
        return None if place == _NONE else place

    def _function(self, address: int) -> _Function | None:
        index = self._search(address)
        if not 0 <= index < self._count:
            return None
        start, at = self._entry(index)
        at += self._functions
        fields = self._bytes(at + self._pair.size // 2, _DESCRIBED.size)
        name, _, _, stack, files, lines, pcdata, unit = _DESCRIBED.unpack(fields)
        return _Function(start, at, name, stack, files, lines, unit, pcdata)

    def _search(self, address: int) -> int:
        """The last function that begins at an address or before; -1 where none does.

        The one behind the last says where that ends, and has the number `count`.
        """
        low, high = 0, self._count + 1
        while low < high:
            middle = (low + high) // 2
            if self._begin(middle) <= address:
                low = middle + 1
            else:
                high = middle
        return low - 1

    def _begin(self, index: int) -> int:
        size = self._pair.size // 2
        raw = self._bytes(self._functions + index * self._pair.size, size)
        return self._base + int.from_bytes(raw, "little")

    def _entry(self, index: int) -> tuple[int, int]:
        raw = self._bytes(self._functions + index * self._pair.size, self._pair.size)
        start, at = self._pair.unpack(raw)
        return self._base + start, at

    def _value(self, table: int, start: int, address: int) -> int:
        """What a table of values by address has for one; -1 where it has nothing."""
        return self._row(table, start, address).value

    def _row(self, table: int, start: int, address: int) -> _Row:
        """The row of a table of values by address that holds for one.

        Pairs of varints: how much the value changes, in zigzag from -1 on, and for how many
        instructions it holds; a change of nothing, but for the first, ends it.
        """
        if not table:
            return _NO_ROW
        value, pc, number = -1, start, 0
        varints = self._varints(self._pcs + table)
        while self._steps_left:
            self._steps_left -= 1
            change = next(varints)
            if not change and number:
                return _NO_ROW
            value += -(change >> 1) - 1 if change & 1 else change >> 1
            begin = pc
            pc += next(varints) * self._quantum
            if address < pc:
                return _Row(value, begin, number)
            number += 1
        return _NO_ROW

    def _varints(self, at: int) -> Iterator[int]:
        number = shift = 0
        while True:
            chunk = self._read(at, 64) if 0 <= at < self._size else b""
            if not chunk:
                raise UnreadableError("the table of Go functions is cut")
            for byte in chunk:
                number |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 or shift > 28:
                    yield number & 0xFFFFFFFF
                    number = shift = 0
            at += len(chunk)

    def _file(self, function: _Function, at: int) -> str:
        number = self._value(function.files, function.start, at)
        if number < 0:
            return ""
        place = self._word(self._units + 4 * (function.unit + number))
        return "" if place == _NONE else self._text(self._files, place)

    def _text(self, table: int, place: int) -> str:
        at = table + place
        if place < 0 or at >= self._size:
            raise UnreadableError("a text of Go outside of the table")
        raw = self._read(at, min(_MAX_NAME, self._size - at))
        end = raw.find(b"\0")
        return raw[:end].decode("utf-8", "replace") if end >= 0 else ""

    def _word(self, at: int) -> int:
        return int.from_bytes(self._bytes(at, 4), "little")

    def _bytes(self, at: int, size: int) -> bytes:
        data = self._read(at, size) if 0 <= at <= self._size - size else b""
        if len(data) != size:
            raise UnreadableError("the table of Go functions is cut")
        return data
