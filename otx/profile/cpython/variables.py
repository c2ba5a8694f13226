"""The local variables of a frame: the names its code object has for them, and their values."""

import struct

from otx.profile.cpython.code import read_text
from otx.profile.cpython.layout import Layout
from otx.profile.cpython.objects import SIZE_AT, ObjectLayout
from otx.profile.cpython.values import ValueReader
from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory

MAX_VARIABLES = 64
_TAG_BITS = 7  # of a reference in a frame, 3.14 and later; objects are aligned to 16


class VariableReader:
    """Reads the variables of frames; names of code objects are remembered.

    Args:
        values: Reads what they hold.
    """

    def __init__(
        self, memory: ProcessMemory, layout: Layout, form: ObjectLayout, values: ValueReader
    ) -> None:
        self._memory = memory
        self._layout = layout
        self._form = form
        self._values = values
        self._names: dict[tuple[int, int], list[str]] = {}

    def renew(self) -> None:
        """Allow the values of another thread as many objects as those of the last."""
        self._values.renew()

    def read(self, frame: int, code: int, signature: int) -> list[tuple[str, str]]:
        """Names and values of the variables that are set; none where they cannot be read.

        Args:
            signature: Tells the code object from another one at its address.
        """
        try:
            names = self._names_of(code, signature)
            raw = self._memory.read(frame + self._form.frame_values, 8 * len(names))
        except UnreadableError:
            return []
        found = []
        for name, word in zip(names, struct.unpack(f"<{len(names)}Q", raw), strict=True):
            address = word & ~_TAG_BITS
            if address and not name.startswith("."):  # .0: what a comprehension iterates over
                found.append((name, self._values.named(name, address)))
        return found

    def _names_of(self, code: int, signature: int) -> list[str]:
        names = self._names.get((code, signature))
        if names is None:
            names = self._names[code, signature] = []
            for offset in self._form.code_names:
                names += self._texts(self._memory.read_word(code + offset))
        return names[:MAX_VARIABLES]

    def _texts(self, address: int) -> list[str]:
        size = min(self._memory.read_word(address + SIZE_AT), MAX_VARIABLES)
        raw = self._memory.read(address + self._form.tuple_items, 8 * size) if size else b""
        return [
            read_text(self._memory, self._layout, word) for word in struct.unpack(f"<{size}Q", raw)
        ]
