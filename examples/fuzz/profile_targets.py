"""What a profiler reads of other processes: their memory, their tables, what the kernel says."""

from otx.profile.cpython.debug_offsets import (
    DEBUG_OFFSETS_SIZE,
    SELF_TOLD,
    layout_from_debug_offsets,
)
from otx.profile.cpython.detect import Interpreter
from otx.profile.cpython.layout import FROZEN_LAYOUTS
from otx.profile.cpython.objects import OBJECT_LAYOUTS
from otx.profile.cpython.threads import gil_address, gil_holder, thread_states, walk_frames
from otx.profile.cpython.values import ValueReader
from otx.profile.cpython.variables import VariableReader
from otx.profile.dump.running import decode_tick
from otx.profile.dump.task_iterator import decode_looks
from otx.profile.elf import bytes_reader
from otx.profile.errors import UnreadableError
from otx.profile.go_functions import GoFunctions
from otx.profile.memory import ProcessMemory
from otx.profile.perf_map import frame_of_name

BASE = 0x7F00_0000_0000
VERSIONS = sorted({*FROZEN_LAYOUTS, *SELF_TOLD})
MOST_READS = 200_000
MOST_THREADS = 20


class Memory(ProcessMemory):
    """A process's memory that holds given bytes at BASE and nothing else."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data = data
        self._left = MOST_READS

    def read(self, address: int, size: int) -> bytes:
        """Exactly so many bytes."""
        self._left -= 1
        if self._left < 0:
            raise AssertionError("a reader that does not end")
        at = address - BASE
        if size < 0 or at < 0 or at + size > len(self._data):
            raise UnreadableError("nothing there")
        return self._data[at : at + size]


def python_memory(data: bytes) -> None:
    """The first byte picks the version, the rest is memory that begins with `_PyRuntime`."""
    version = VERSIONS[data[0] % len(VERSIONS)]
    memory = Memory(data[1:])
    if version in SELF_TOLD:
        layout = layout_from_debug_offsets(memory.read(BASE, DEBUG_OFFSETS_SIZE), version)
    else:
        layout = FROZEN_LAYOUTS[version]
    interpreter, form = Interpreter(version, BASE, layout), OBJECT_LAYOUTS[version]
    values = ValueReader(memory, layout, form, lambda name: False, str, budget=500)
    variables = VariableReader(memory, layout, form, values)
    for state in thread_states(memory, interpreter)[:MOST_THREADS]:
        gil_holder(memory, layout.gil, gil_address(memory, interpreter, state))
        for frame in walk_frames(memory, layout, state.address).frames[:MOST_THREADS]:
            variables.read(frame.address, frame.python.code, frame.python.signature)


def go_functions(data: bytes) -> None:
    """The table of functions of a Go program, read as its inlined calls as well."""
    read = bytes_reader(data)
    found = GoFunctions(read, len(data), 0x401000)
    found.know_inlined(read)
    for address in (0x401010, 0x401024):
        found.find(address)
        found.calls(address)


def thread_looks(data: bytes) -> None:
    """What the kernel writes of threads, and a name of a perf map."""
    decode_looks(data)
    frame_of_name(data.decode("utf-8", "replace"))
    decode_tick(data)
