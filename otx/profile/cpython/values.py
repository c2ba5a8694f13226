"""Values of another process's Python objects as text, read out of its memory and nothing run.

What is shown is bounded: two levels of containers, eight items each, 120 characters of text, and a
number of objects in all. What an object is built like is told by the flags of its type, so that a
class that calls itself `int` is not read as one. Nothing read is trusted: sizes and pointers may be
anything, and what cannot be read says so.
"""

import struct
from collections.abc import Callable, Iterator

from otx.profile.cpython import objects
from otx.profile.cpython.code import read_text
from otx.profile.cpython.layout import Layout
from otx.profile.cpython.objects import ObjectLayout
from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory

MAX_DEPTH = 2
MAX_ITEMS = 8
MAX_TEXT = 120
_MAX_DIGITS = 34  # 1020 bits
_MAX_NAME = 64
_MAX_BYTES = 4096
_MAX_SCANNED = 256  # entries of dicts and sets, deleted ones among them
_ENTRIES_OF_KIND = {0: 24, 1: 16, 2: 16}  # hash, key, value; key, value

UNREADABLE, MORE, HIDDEN = "<unreadable>", "…", "[redacted]"


class ValueReader:
    """Reads values of one process.

    Args:
        is_secret: Whether what stands behind a name is better not shown.
        clean: Takes what is secret out of a text.
        budget: How many objects are read until `renew`; beyond them stands an ellipsis.
    """

    def __init__(
        self,
        memory: ProcessMemory,
        layout: Layout,
        form: ObjectLayout,
        is_secret: Callable[[str], bool],
        clean: Callable[[str], str],
        budget: int = 5000,
    ) -> None:
        self._memory = memory
        self._layout = layout
        self._form = form
        self._is_secret = is_secret
        self._clean = clean
        self._budget = budget
        self._left = budget
        self._types: dict[int, tuple[str, int]] = {}

    def renew(self) -> None:
        """Allow as many objects again as at the start, and look at their types anew."""
        self._left = self._budget
        self._types.clear()  # a class may have been made where another was

    def named(self, name: str, address: int) -> str:
        """The value of a variable; not that of one whose name says that it is a secret."""
        return HIDDEN if self._is_secret(name) else self.text(address)

    def text(self, address: int, depth: int = 0) -> str:
        """The value of the object at an address."""
        if self._left <= 0:
            return MORE
        self._left -= 1
        try:
            return self._text(address, depth)
        except (UnreadableError, struct.error, OverflowError):
            return UNREADABLE

    def type_name(self, address: int) -> str:
        """The class of the object at an address, without its module.

        Raises:
            UnreadableError: There is none.
        """
        return self._type(address)[0]

    def _text(self, address: int, depth: int) -> str:
        name, flags = self._type(address)
        if flags & objects.LONG:
            return self._wrapped(name, ("int", "bool"), self._integer(address, name))
        if flags & objects.TEXT:
            return self._wrapped(name, ("str",), self._string(address))
        if flags & objects.BYTES:
            return self._wrapped(name, ("bytes",), self._bytes(address))
        if flags & objects.LIST:
            return self._wrapped(name, ("list",), self._list(address, depth))
        if flags & objects.TUPLE:
            return self._wrapped(name, ("tuple",), self._tuple(address, depth))
        if flags & objects.DICT:
            return self._wrapped(name, ("dict",), self._dict(address, depth))
        if name == "NoneType":
            return "None"
        if name == "float":
            return repr(struct.unpack("<d", self._memory.read(address + objects.SIZE_AT, 8))[0])
        if name in ("set", "frozenset"):
            return self._set(name, address, depth)
        if name == "cell":
            inside = self._memory.read_word(address + objects.CELL_CONTENT)
            return self.text(inside, depth) if inside else "<unset>"
        return f"<{name} at {address:#x}>"

    def _wrapped(self, name: str, plain: tuple[str, ...], text: str) -> str:
        """A value with its class, where that is derived from the one it is built like."""
        return text if name in plain else f"{name}({text})"

    def _type(self, address: int) -> tuple[str, int]:
        """Name and flags of an object's type."""
        kind = self._memory.read_word(address + objects.TYPE_AT)
        known = self._types.get(kind)
        if known is None:
            flags = self._memory.read_word(kind + objects.TYPE_FLAGS)
            name = self._c_text(self._memory.read_word(kind + objects.TYPE_NAME))
            known = self._types[kind] = (name.rpartition(".")[2], flags)
        return known

    def _c_text(self, address: int) -> str:
        """Text up to a NUL, its first 64 bytes; a page's end may come before that."""
        size = min(_MAX_NAME, 4096 - address % 4096)
        raw = self._memory.read(address, size)
        if b"\0" not in raw and size < _MAX_NAME:
            raw += self._memory.read(address + size, _MAX_NAME - size)
        return raw.partition(b"\0")[0].decode("utf-8", "replace")

    def _integer(self, address: int, name: str) -> str:
        size = self._size(address)
        if self._form.int_is_tagged:
            count, is_negative = size >> 3, size & 3 == 2
        else:
            count, is_negative = abs(size), size < 0
        if count > _MAX_DIGITS:
            return f"<int of {count * objects.DIGIT_BITS} bits>"
        raw = self._memory.read(address + objects.DIGITS_AT, 4 * count) if count else b""
        digits = struct.unpack(f"<{count}I", raw)
        value = sum(digit << objects.DIGIT_BITS * at for at, digit in enumerate(digits))
        return str(bool(value)) if name == "bool" else str(-value if is_negative else value)

    def _string(self, address: int) -> str:
        text = self._clean(read_text(self._memory, self._layout, address))
        return repr(text[:MAX_TEXT]) + MORE * (len(text) > MAX_TEXT)

    def _bytes(self, address: int) -> str:
        size = self._count(address)
        start = address + self._layout.bytes_text
        raw = self._memory.read(start, min(size, _MAX_BYTES)) if size else b""
        text = self._clean(raw.decode("latin-1"))
        return repr(text[:MAX_TEXT].encode("latin-1")) + MORE * (len(text) > MAX_TEXT)

    def _list(self, address: int, depth: int) -> str:
        items = self._memory.read_word(address + objects.LIST_ITEMS)
        return f"[{self._items(items, self._count(address), depth)}]"

    def _tuple(self, address: int, depth: int) -> str:
        size = self._count(address)
        inside = self._items(address + self._form.tuple_items, size, depth)
        return f"({inside}{',' * (size == 1 and inside != MORE)})"

    def _items(self, start: int, size: int, depth: int) -> str:
        if not size:
            return ""
        if depth >= MAX_DEPTH:
            return MORE
        count = min(size, MAX_ITEMS)
        words = struct.unpack(f"<{count}Q", self._memory.read(start, 8 * count))
        texts = [self.text(word, depth + 1) for word in words]
        return ", ".join(texts + [MORE] * (size > count))

    def _set(self, name: str, address: int, depth: int) -> str:
        used = self._memory.read_word(address + objects.SET_USED)
        if not used:
            return f"{name}()"
        if depth >= MAX_DEPTH:
            return f"{{{MORE}}}"
        entries = self._memory.read_word(address + objects.SET_MASK) + 1
        table = self._memory.read_word(address + objects.SET_TABLE)
        texts: list[str] = []
        for index in range(min(entries, _MAX_SCANNED)):
            key, hashed = struct.unpack(
                "<Qq", self._memory.read(table + index * objects.SET_ENTRY, objects.SET_ENTRY)
            )
            if key and hashed != -1 and len(texts) < MAX_ITEMS:  # -1: a deleted entry
                texts.append(self.text(key, depth + 1))
        inside = ", ".join(texts + [MORE] * (used > len(texts)))
        return f"{{{inside}}}" if name == "set" else f"{name}({{{inside}}})"

    def _dict(self, address: int, depth: int) -> str:
        used = self._count(address)
        if not used:
            return "{}"
        if depth >= MAX_DEPTH:
            return f"{{{MORE}}}"
        texts: list[str] = []
        for key, value in self._entries(address):
            if len(texts) == MAX_ITEMS:
                break
            texts.append(self._pair(key, value, depth + 1))
        return f"{{{', '.join(texts + [MORE] * (used > len(texts)))}}}"

    def _pair(self, key: int, value: int, depth: int) -> str:
        key_text = self.text(key, depth)
        is_secret = self._is_secret(key_text.strip("b'\""))
        return f"{key_text}: {HIDDEN if is_secret else self.text(value, depth)}"

    def _entries(self, address: int) -> Iterator[tuple[int, int]]:
        """Keys and values of a dict, in its order."""
        keys = self._memory.read_word(address + objects.DICT_KEYS)
        values = self._memory.read_word(address + objects.DICT_VALUES)
        start, size, count = self._keys(keys)
        for index in range(min(count, _MAX_SCANNED)):
            raw = self._memory.read(start + index * size, size)
            *_, key, value = struct.unpack(f"<{size // 8}Q", raw)
            if values:
                value = self._memory.read_word(values + self._form.split_values + 8 * index)
            if key and value:
                yield key, value

    def _keys(self, keys: int) -> tuple[int, int, int]:
        """Where the entries of a dict's keys begin, the size of one, and how many there are."""
        if self._form.keys_have_kind:
            _, index_bytes, kind = self._memory.read(keys + 8, 3)
            if index_bytes > 40 or kind not in _ENTRIES_OF_KIND:
                raise UnreadableError(f"no keys of a dict at {keys:#x}")
            count = self._memory.read_word(keys + 24)
            return keys + 32 + (1 << index_bytes), _ENTRIES_OF_KIND[kind], count
        size, _, _, count = struct.unpack("<4Q", self._memory.read(keys + 8, 32))
        index = 1 if size <= 0xFF else 2 if size <= 0xFFFF else 4 if size <= 0xFFFFFFFF else 8
        return keys + 40 + size * index, 24, count

    def _count(self, address: int) -> int:
        """How many items an object has."""
        count = self._size(address)
        if not 0 <= count < 1 << 48:
            raise UnreadableError(f"an object of {count} items at {address:#x}")
        return count

    def _size(self, address: int) -> int:
        raw = self._memory.read(address + objects.SIZE_AT, 8)
        return int.from_bytes(raw, "little", signed=True)
