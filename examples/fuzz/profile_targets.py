"""What a profiler reads of other processes: their memory, what they and the kernel say of them."""

import os
import struct
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bounded import BASE, Memory

from otx.profile.cgroups import parse_hierarchies
from otx.profile.context.place import DtvForm, Place
from otx.profile.context.process_context import decode_process_context, read_process_context
from otx.profile.context.reader import ContextReader
from otx.profile.cpython.code import read_code
from otx.profile.cpython.debug_offsets import (
    DEBUG_OFFSETS_SIZE,
    SELF_TOLD,
    layout_from_debug_offsets,
)
from otx.profile.cpython.detect import Interpreter
from otx.profile.cpython.layout import FROZEN_LAYOUTS, Layout, LineForm
from otx.profile.cpython.linetable import LineTable
from otx.profile.cpython.objects import OBJECT_LAYOUTS
from otx.profile.cpython.tasks import task_name
from otx.profile.cpython.threads import gil_address, gil_holder, thread_states, walk_frames
from otx.profile.cpython.values import ValueReader
from otx.profile.cpython.variables import VariableReader
from otx.profile.dump.kernel import parse_kernel_stack
from otx.profile.dump.proc_threads import control_block_below, count_switches, parse_syscall
from otx.profile.dump.running import decode_tick
from otx.profile.dump.task_iterator import decode_looks
from otx.profile.errors import UnreadableError
from otx.profile.kallsyms import KernelSymbols
from otx.profile.maps import AddressSpace, parse_maps
from otx.profile.perf_map import PerfMap, frame_of_name
from otx.profile.proc_text import lines_of

VERSIONS = sorted({*FROZEN_LAYOUTS, *SELF_TOLD})
MOST_THREADS = 20
LONGEST_VALUE = 4096
LINE_FORMS = tuple(LineForm)
NUMBER = 7
SECOND_NS = 1_000_000_000


def python_memory(data: bytes) -> None:
    """The first byte picks the version, the rest is memory that begins with `_PyRuntime`."""
    version = VERSIONS[data[0] % len(VERSIONS)]
    memory = Memory(data[1:])
    layout = _layout_of(version, memory)
    interpreter, form = Interpreter(version, BASE, layout), OBJECT_LAYOUTS[version]
    values = ValueReader(memory, layout, form, lambda name: False, str, budget=500)
    variables = VariableReader(memory, layout, form, values)
    for state in thread_states(memory, interpreter)[:MOST_THREADS]:
        gil_holder(memory, layout.gil, gil_address(memory, interpreter, state))
        for frame in walk_frames(memory, layout, state.address).frames[:MOST_THREADS]:
            variables.read(frame.address, frame.python.code, frame.python.signature)
            task_name(memory, layout, version, frame.address, 144)
            with suppress(UnreadableError):
                code = read_code(memory, layout, frame.python, with_lines=True)
                code.line_at(frame.python.instruction)


def python_values(data: bytes) -> None:
    """The first two bytes pick the version and the object; the rest is memory, of offsets of it."""
    version = VERSIONS[data[0] % len(VERSIONS)]
    memory = Memory(_with_addresses(data[2:]))
    layout = FROZEN_LAYOUTS.get(version, FROZEN_LAYOUTS[max(FROZEN_LAYOUTS)])
    values = ValueReader(memory, layout, OBJECT_LAYOUTS[version], lambda name: False, str, 500)
    text = values.text(BASE + 8 * (data[1] if len(data) > 1 else 0))
    if len(text) > 500 * LONGEST_VALUE:
        raise AssertionError(f"a value of {len(text)} characters")


def _layout_of(version: tuple[int, int], memory: Memory) -> Layout:
    if version in SELF_TOLD:
        return layout_from_debug_offsets(memory.read(BASE, DEBUG_OFFSETS_SIZE), version)
    return FROZEN_LAYOUTS[version]


def _with_addresses(data: bytes) -> bytes:
    """Memory with each word that has 0x7f in its highest byte made an address in it.

    Coverage does not lead a fuzzer to a word that is an address by chance.
    """
    whole = data[: len(data) & -8]
    words = [
        BASE + (word & 0xFFF8) if word >> 56 == 0x7F else word
        for (word,) in struct.iter_unpack("<Q", whole)
    ]
    return struct.pack(f"<{len(words)}Q", *words)


def line_table(data: bytes) -> None:
    """The first byte picks the form of a code object's line table."""
    table = LineTable(data[1:], 1, LINE_FORMS[data[0] % len(LINE_FORMS)])
    for offset in (-1, 0, 2, 1 << 40):
        table.line_at(offset)


def process_context(data: bytes) -> None:
    """What a process says of itself: the message alone, and memory that begins with the header."""
    read_process_context(BASE, Memory(data))
    decode_process_context(data)


def thread_context(data: bytes) -> None:
    """The first byte picks the variable's place; the rest is memory from the thread pointer on."""
    form = DtvForm.MUSL if data[0] & 0x80 else DtvForm.GLIBC
    place = Place(data[0] & 3, 8 * (data[0] >> 2 & 31), form)
    found = ContextReader(Memory(_with_addresses(data[1:])), place).read(BASE)
    if found and (len(found.trace_id), len(found.span_id)) != (32, 16):
        raise AssertionError(f"ids of another length: {found}")


def thread_looks(data: bytes) -> None:
    """What the kernel writes of threads, and a name of a perf map."""
    decode_looks(data)
    frame_of_name(data.decode("utf-8", "replace"))
    decode_tick(data)


def kernel_texts(data: bytes) -> None:
    """Files of /proc, in which names are the process's own: maps, status, stacks, symbols."""
    text = data.decode("utf-8", "replace")
    lines = lines_of(data)
    if len(lines) > data.count(b"\n") + 1:
        raise AssertionError("more lines than the kernel wrote")
    mappings = parse_maps(lines)
    space = AddressSpace(mappings)
    for mapping in mappings:
        space.find_code(mapping.start)
    parse_kernel_stack(text)
    parse_syscall(text)
    count_switches(lines)
    parse_hierarchies(lines, lines)
    symbols = KernelSymbols(data)
    for address in (1, 0xFFFFFFFF81000000, (1 << 64) - 1):
        symbols.find(address)
    control_block_below(Memory(data), BASE + len(data))


def perf_map(data: bytes) -> None:
    """A map that a program writes of its code, read as it is and as it grows."""
    now_ns = 0
    half = len(data) // 2
    with tempfile.TemporaryDirectory() as root:
        path = Path(root) / "tmp" / f"perf-{NUMBER}.map"
        path.parent.mkdir()
        names = PerfMap(Path(root), os.getuid(), NUMBER, lambda: now_ns)
        for written in (data[:half], data, data[half:]):
            path.write_bytes(written)
            now_ns += SECOND_NS
            for address in (0, 0x1000, 0x1010, (1 << 64) - 1):
                names.find(address)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "python-memory": python_memory,
    "python-values": python_values,
    "linetable": line_table,
    "process-context": process_context,
    "thread-context": thread_context,
    "thread-looks": thread_looks,
    "kernel-texts": kernel_texts,
    "perf-map": perf_map,
}
