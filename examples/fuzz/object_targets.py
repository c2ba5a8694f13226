"""Object files and the tables in them: what a profiler reads of any program that it meets."""

import lzma
import struct
from collections.abc import Callable
from contextlib import suppress

from bounded import BASE, Memory, bounded_reader

from otx.profile.call_frames import CallFrames
from otx.profile.cold_parts import find_cold_parts
from otx.profile.context.dynamic import DynamicObject
from otx.profile.context.place import find_place, find_variable
from otx.profile.debug_files import embedded_symbols, parse_debug_link
from otx.profile.elf import ElfFile
from otx.profile.errors import UnreadableError
from otx.profile.go_functions import GoFunctions
from otx.profile.go_programs import find_go_functions
from otx.profile.unwind.cache import pack, unpack
from otx.profile.unwind.code.derived import runs
from otx.profile.unwind.code.flow import Flow
from otx.profile.unwind.code.text import Text
from otx.profile.unwind.index import index_entries, indexed_table
from otx.profile.unwind.table import build, build_of
from otx.profile.unwind.walk import MAX_FRAMES, Code, Registers, walk

TABLE_AT = 0x400000
"""Where an unwind table lies of which nothing is known but its bytes."""
GO_TEXT = 0x401000
NAMES = frozenset((b"_PyRuntime", b"Py_Version", b"called"))


def elf(data: bytes) -> None:
    """An object file: segments, notes, sections, symbols by address and by name."""
    file = ElfFile(bounded_reader(data))
    file.load_bias(0x555500000000, 0)
    file.build_id()
    asked: tuple[Callable[[], object], ...] = (
        lambda: file.code_symbols().find(0x1000),
        lambda: file.data_extents(NAMES),
        lambda: file.function_offsets(NAMES),
        lambda: file.function_code(b"called", 1 << 20),
        lambda: file.section(frozenset((b".text",))),
        lambda: file.is_stripped,
        file.eh_frame_section,
        file.eh_frame,
    )
    for ask in asked:  # one that is refused keeps no other from being asked
        with suppress(UnreadableError):
            ask()


def elf_dynamic(data: bytes) -> None:
    """What the dynamic linker reads; where a thread's variable is by it, and by any memory."""
    file = DynamicObject(bounded_reader(data))
    with suppress(UnreadableError):
        file.symbol(b"called")
        sum(1 for _ in file.relocations())
    variable = find_variable(bounded_reader(data))
    if variable is not None:
        find_place(variable, BASE, Memory(data))


def elf_unwind(data: bytes) -> None:
    """An object file's unwind table, functions' parts and Go's functions, found as they are."""
    file = ElfFile(bounded_reader(data))
    frames = CallFrames.of(file)
    if frames is not None:
        find_cold_parts(file, frames.function_start)
        _look_at(frames, (TABLE_AT, TABLE_AT + 0x40))
    found = find_go_functions(file, lambda: bounded_reader(data))
    if found is not None:
        found.calls(GO_TEXT + 0x10)
    table = indexed_table(file)
    if table is not None:
        build(table)


def eh_frame(data: bytes) -> None:
    """An unwind table by its entries alone; built, kept, and walked by over the same bytes."""
    entries = index_entries(TABLE_AT, data)
    if entries is None:
        return
    starts = tuple(entries.starts)[:8]
    frames = CallFrames.kept(entries)
    _look_at(frames, starts)
    built = build(entries)
    again = unpack(pack(built))
    if again is None or again.rows != built.rows or again.rules != built.rules:
        raise AssertionError("what is kept of a table is another one")
    memory = Memory(data)
    for start in starts:
        registers = Registers(start, BASE, BASE + 8)
        found = walk(registers, memory.read_word, lambda at: Code(0, again))
        if len(found.addresses) > MAX_FRAMES:
            raise AssertionError("a walk that does not end")


def kept_table(data: bytes) -> None:
    """A file of the cache, whatever wrote it."""
    table = unpack(data)
    if table is not None:
        table.find(table.base)
        table.function_start(table.base)


def go_functions(data: bytes) -> None:
    """The table of functions of a Go program, read as its inlined calls as well."""
    read = bounded_reader(data)
    found = GoFunctions(read, len(data), GO_TEXT)
    found.know_inlined(read)
    for address in (GO_TEXT + 0x10, GO_TEXT + 0x24):
        found.find(address)
        found.start(address)
        found.calls(address)
        found.hidden_caller(address)


def debug_files(data: bytes) -> None:
    """Where an object's debug file is, and the table that it has in itself, packed or broken."""
    parse_debug_link(data)
    table = embedded_symbols(lzma.compress(data[1:], preset=0) if data[0] & 1 else data[1:])
    if table is not None:
        table.find(0x1000)


def _look_at(frames: CallFrames, addresses: tuple[int, ...]) -> None:
    for address in addresses:
        frames.function_start(address)
        frames.hidden_caller(address)
        with suppress(struct.error):  # an offset that no rule has room for
            frames.find(address).packed()


def code(data: bytes) -> None:
    """Code without entries, followed from its beginning and from two more places."""
    named = struct.unpack("<2H", data[:4].ljust(4, b"\0"))
    entries = sorted({GO_TEXT, *(GO_TEXT + it for it in named)})
    raw = data[4:]

    def read(address: int, size: int) -> bytes:
        return raw[max(0, address - GO_TEXT) :][:size]

    flow = Flow(Text(GO_TEXT, raw, entries, read))
    for _ in flow.follow():
        pass
    with suppress(UnreadableError):
        table = next(it for it in build_of(runs(flow, [])) if it is not None)
        for address in range(GO_TEXT, GO_TEXT + len(raw)):
            table.find(address)
            begin = table.function_start(address)
            if begin is not None and not GO_TEXT <= begin <= address:
                raise AssertionError("a function begins behind itself")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "elf": elf,
    "elf-dynamic": elf_dynamic,
    "elf-unwind": elf_unwind,
    "code": code,
    "eh-frame": eh_frame,
    "kept-table": kept_table,
    "go-functions": go_functions,
    "debug-files": debug_files,
}
