"""Where the thread context's variable is in every thread of a process (OTEP 4947).

The variable is thread-local, and how its object was compiled and linked decides how a thread finds
it (ELF Handling For Thread-Local Storage, x86-64; TLS descriptors: RFC TLSDESC). All ways end in
one of two: at a fixed distance from the thread pointer, or in the block of a numbered object that
each thread's DTV lists. Which it is stands in words that the dynamic linker filled in, and these
are read from the process. What a DTV is like is the C library's matter.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from otx.context.layout import THREAD_SYMBOL
from otx.profile.context.dynamic import DynamicObject, DynamicSymbol
from otx.profile.elf import Reader
from otx.profile.memory import ProcessMemory

_STT_TLS = 6
_PLACE = struct.Struct("<IIq")
_MAX_MODULE = 1 << 16
_LOWEST_OFFSET = -(1 << 31)
"""Static TLS lies below the thread pointer; x86-64 code reaches 2 GiB of it."""
_WORD_MASK = (1 << 64) - 1


class Access(IntEnum):
    """How the object finds its variable: the relocations' numbers of the x86-64 psABI."""

    LOCAL_EXEC = 0
    GENERAL_DYNAMIC = 16
    INITIAL_EXEC = 18
    DESCRIPTOR = 36


class DtvForm(IntEnum):
    """What threads' DTVs are like, by the size of their entries."""

    GLIBC = 16
    """Address, address to free; the entry before the first one counts the others (dtv_t)."""
    MUSL = 8
    """An address; the first entry counts the others (struct pthread of pthread_impl.h)."""


_BY_PREFERENCE = (Access.DESCRIPTOR, Access.GENERAL_DYNAMIC, Access.INITIAL_EXEC)


@dataclass(frozen=True, slots=True)
class Variable:
    """The variable in an object's file.

    Attributes:
        slot: Address of the words that the dynamic linker fills in; 0 with LOCAL_EXEC.
        in_block: Where it is in its object's block; from the thread pointer with LOCAL_EXEC.
        is_whole: Whether the slot says all, for the linker looked the symbol up; else it names the
            object alone.
    """

    access: Access
    slot: int
    in_block: int
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """Where the variable is in every thread.

    Attributes:
        module: The object's number in each thread's DTV; 0: `offset` is from the thread pointer.
    """

    module: int
    offset: int
    dtv: DtvForm = DtvForm.GLIBC

    def for_bpf(self) -> bytes:
        """The same as `struct context_place` of bpf/context.h."""
        return _PLACE.pack(self.module, self.dtv, self.offset)


def find_variable(read: Reader) -> Variable | None:
    """The variable of a file; None where the file does not define it, or not as the OTEP says.

    Raises:
        UnreadableError: The file is no ELF file, or is cut or inconsistent.
    """
    file = DynamicObject(read)
    symbol = file.symbol(THREAD_SYMBOL)
    if symbol is None or symbol.type != _STT_TLS:
        return None
    found = _relocated(file, symbol)
    if found is None and file.is_program and file.tls_size:
        # A program's block ends at the thread pointer.
        return Variable(Access.LOCAL_EXEC, 0, symbol.value - file.tls_size)
    return found


def _relocated(file: DynamicObject, symbol: DynamicSymbol) -> Variable | None:
    """What the relocations say: those of the symbol, or else those of the object alone."""
    slots: dict[tuple[bool, Access], Variable] = {}
    for it in file.relocations():
        if it.kind not in _BY_PREFERENCE or it.symbol not in (0, symbol.index):
            continue
        access, named = Access(it.kind), it.symbol != 0
        # Without a symbol the addend is the variable, and other variables have such words too.
        is_its = named or access is Access.GENERAL_DYNAMIC or it.addend == symbol.value
        if is_its:
            whole = named or access is not Access.GENERAL_DYNAMIC
            slots.setdefault((named, access), Variable(access, it.address, symbol.value, whole))
    for named in (True, False):
        for access in _BY_PREFERENCE:
            if (named, access) in slots:
                return slots[named, access]
    return None


def find_place(
    variable: Variable, bias: int, memory: ProcessMemory, dtv: DtvForm = DtvForm.GLIBC
) -> Place | None:
    """Where a process has the variable; None where that cannot be.

    Args:
        bias: What the loader added to the file's addresses.
        dtv: What the DTVs of the process's threads are like.

    Raises:
        UnreadableError: The words are not there (yet).
    """
    if variable.access is Access.LOCAL_EXEC:
        return _fixed(variable.in_block)
    slot = variable.slot + bias
    if variable.access is Access.INITIAL_EXEC:
        return _fixed(_signed(memory.read_word(slot)))
    if variable.access is Access.DESCRIPTOR:
        argument = memory.read_word(slot + 8)
        if fixed := _fixed(_signed(argument)):
            return fixed
        slot = argument  # of a descriptor that is found by the DTV
    module, offset = struct.unpack("<QQ", memory.read(slot, 16))
    if not variable.is_whole:
        offset = variable.in_block
    if not 0 < module < _MAX_MODULE or offset > -_LOWEST_OFFSET:
        return None
    return Place(module, offset, dtv)


def _fixed(offset: int) -> Place | None:
    return Place(0, offset) if _LOWEST_OFFSET <= offset < 0 else None


def _signed(word: int) -> int:
    return word - (_WORD_MASK + 1) if word >> 63 else word
