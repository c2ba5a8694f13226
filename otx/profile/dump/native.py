"""Native stacks from outside: registers and memory of a thread, unwound by the files' own tables.

Only the entries of functions that are met are decoded, so nothing has to be built or kept first.
"""

from collections.abc import Callable
from dataclasses import replace

from otx.model.stack import Frame
from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory
from otx.profile.symbolizer import AddressBook
from otx.profile.unwind.walk import Code, Ending, Registers, Walk, walk

_PAGE = 4096
_WORD = 8


def walk_native(
    registers: Registers, memory: ProcessMemory, book: AddressBook, copy: bytes = b""
) -> Walk:
    """Walk a thread's native stack.

    Args:
        copy: The top of its stack where that was copied; deeper words are read from memory.
    """
    reader = _StackReader(memory, registers.sp, copy)
    found = walk(registers, reader.word, _finder(book))
    distance = book.hidden_caller(registers.pc, by_tables=True)
    if distance is None:
        return found
    try:
        caller = reader.word(registers.sp + distance)
    except UnreadableError:
        return found
    if book.frame(caller - 1) is None:
        return found
    return replace(found, addresses=(registers.pc, caller, *found.addresses[1:]))


def native_frames(found: Walk, book: AddressBook) -> tuple[list[Frame], bool]:
    """The frames of a walk, root first, and whether they begin where the thread does."""
    frames: list[Frame] = []
    for depth, address in enumerate(found.addresses):
        here = book.frames(address - 1 if depth else address)
        if not here:
            return frames[::-1], False
        frames += here
    return frames[::-1], found.ending is Ending.ROOT


def _finder(book: AddressBook) -> Callable[[int], Code | None]:
    def find(address: int) -> Code | None:
        known = book.code(address)
        if known is None:
            return None
        _, code = known
        return Code(0, None) if code is None else Code(code.bias, code.unwind)

    return find


class _StackReader:
    """Words of a stack, from its copy or page by page."""

    def __init__(self, memory: ProcessMemory, start: int, copy: bytes) -> None:
        self._memory = memory
        self._start = start
        self._copy = copy
        self._pages: dict[int, bytes] = {}

    def word(self, address: int) -> int:
        """The word at an address.

        Raises:
            UnreadableError: It is not there.
        """
        at = address - self._start
        if 0 <= at <= len(self._copy) - _WORD:
            return int.from_bytes(self._copy[at : at + _WORD], "little")
        at = address % _PAGE
        if at > _PAGE - _WORD:
            return self._memory.read_word(address)
        return int.from_bytes(self._page(address - at)[at : at + _WORD], "little")

    def _page(self, start: int) -> bytes:
        page = self._pages.get(start)
        if page is None:
            if not 0 < start < 1 << 47:  # the user's half (Documentation/arch/x86/x86_64/mm.rst)
                raise UnreadableError(f"no stack at {start:#x}")
            page = self._pages[start] = self._memory.read(start, _PAGE)
        return page
