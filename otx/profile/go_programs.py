"""The tables of a Go program: where its file has the functions', and what is inlined in them.

`go:func.*` is named by symbols, in a stripped program by a word of the runtime's `moduledata`. That
has a section of its own since Go 1.26 and before lies among the variables without pointers; its
first word is where the functions' table lies. Where linkers leave such words to relocations nothing
is known of inlined calls.
"""

import struct
from collections.abc import Callable

from otx.profile.elf import GO_TABLES, ElfFile, Reader
from otx.profile.errors import UnreadableError
from otx.profile.go_functions import GoFunctions

_TREES = (b"go:func.*", b"go.func.*")
_TEXT = b"runtime.text"
_TEXT_IN_MODULE = 176
_MODULE = frozenset((b".go.module",))
_VARIABLES = (frozenset((b".noptrdata",)), frozenset((b".data",)))
_WORD = struct.Struct("<Q")


def find_go_functions(elf: ElfFile, keep: Callable[[], Reader]) -> GoFunctions | None:
    """The functions of a Go program; None where a file is none, or its table cannot be read.

    Args:
        keep: Makes a reader of the file that stays.
    """
    try:
        table = elf.section_extent(*GO_TABLES)
        text = find_text(elf, table.start) if table else None
        offset = elf.file_offset(table.start) if table else None
        if table is None or text is None or offset is None:
            return None
        read = keep()
        functions = GoFunctions(reader_from(read, offset), len(table), text)
        tree = find_tree(elf, table.start, functions.form.tree_in_module)
        place = elf.file_offset(tree) if tree else None
        if place is not None:
            functions.know_inlined(reader_from(read, place))
        return functions
    except UnreadableError:
        return None


def find_text(elf: ElfFile, table: int) -> int | None:
    """Where Go's code begins in memory; None where there is none.

    That is where `.text` does, unless a linker put C's before it (cgo).

    Args:
        table: Where the functions' table lies.
    """
    section = elf.section_extent(b".text")
    named = elf.function_offsets(frozenset((_TEXT,))).get(_TEXT)
    if section is None:
        return None
    if named is not None:
        shift = elf.code_shift()
        return section.start if shift is None else named + shift
    word = _word_of_module(elf, table, _TEXT_IN_MODULE)
    return word if word in section else section.start


def find_tree(elf: ElfFile, table: int, in_module: int) -> int | None:
    """Where `go:func.*` lies in memory; None where that is not known.

    Args:
        table: Where the functions' table lies.
        in_module: Where `moduledata` has the answer.
    """
    named = elf.data_addresses(frozenset(_TREES))
    return next(iter(named.values())) if named else _word_of_module(elf, table, in_module)


def _word_of_module(elf: ElfFile, table: int, in_module: int) -> int | None:
    module = elf.section(_MODULE)
    if module is not None:
        return _word(module, in_module)
    for names in _VARIABLES:
        variables = elf.section(names) or b""
        at = variables.find(_WORD.pack(table))
        while at % _WORD.size and at >= 0:
            at = variables.find(_WORD.pack(table), at + 1)
        if at >= 0:
            return _word(variables, at + in_module)
    return None


def _word(data: bytes, at: int) -> int | None:
    return _WORD.unpack_from(data, at)[0] if at + _WORD.size <= len(data) else None


def reader_from(read: Reader, start: int) -> Reader:
    """A reader of what begins at a place in a file."""
    return lambda offset, size: read(start + offset, size) if offset >= 0 else b""
