"""What a dump read of a real interpreter's memory, recorded: replayed where there is none.

    python -m tests.profile.cpython.recorded NAME COMMAND…    records tests/data/cpython/NAME.json

COMMAND calls an interpreter, in whatever way that is (`chroot DIR /usr/bin/python3.14`). Only what
was read is kept, so that the file is small and a reader that looks elsewhere finds nothing.
"""

import base64
import json
import subprocess
import sys
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from otx.model.stack import Frame
from otx.profile.cpython.debug_offsets import DEBUG_OFFSETS_SIZE, layout_from_debug_offsets
from otx.profile.cpython.detect import Interpreter, find_interpreter
from otx.profile.cpython.objects import OBJECT_LAYOUTS
from otx.profile.cpython.tasks import name_offset
from otx.profile.cpython.threads import thread_states
from otx.profile.cpython.values import ValueReader
from otx.profile.cpython.variables import VariableReader
from otx.profile.dump.python import PythonReader, PythonStack
from otx.profile.errors import UnreadableError
from otx.profile.maps import read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.objects import ObjectFiles

FOLDER = Path(__file__).parents[2] / "data" / "cpython"
PROGRAM = """
import asyncio, threading, time
def prices(wanted):
    label, rates = "Straße", {"a": 1.5, "b": [1, 2]}
    time.sleep(1000)
    yield wanted
async def order():
    return sum(map(int, prices(3)))
async def shop():
    task = asyncio.ensure_future(order())
    task.set_name("settle the bill")
    await task
def inside():
    from concurrent import interpreters
    other = interpreters.create()
    other.exec("import time\\ndef within():\\n  time.sleep(1000)\\nwithin()")
threading.Thread(target=inside, daemon=True).start()
threading.Thread(target=lambda: asyncio.run(shop()), daemon=True).start()
time.sleep(1000)
"""


@dataclass
class RecordedMemory(ProcessMemory):
    """Stretches of a process's memory by address; nothing anywhere else."""

    stretches: dict[int, bytes]

    def read(self, address: int, size: int) -> bytes:
        """The bytes at an address."""
        known = self.stretches.get(address, b"")
        if size < 0 or len(known) < size:
            raise UnreadableError(f"nothing was recorded at {address:#x}")
        return known[:size]


@dataclass
class RecordingMemory(ProcessMemory):
    """A process's memory that remembers what was read."""

    source: ProcessMemory
    stretches: dict[int, bytes] = field(default_factory=dict)

    def read(self, address: int, size: int) -> bytes:
        """The bytes at an address."""
        data = self.source.read(address, size)
        if len(self.stretches.get(address, b"")) <= size:
            self.stretches[address] = data
        return data


@dataclass(frozen=True)
class Recording:
    """An interpreter whose threads all wait.

    Attributes:
        task_name_offset: Where its file says that a task has its name.
    """

    release: str
    version: tuple[int, int]
    runtime: int
    task_name_offset: int | None
    memory: RecordedMemory

    def stacks(self) -> list[PythonStack]:
        """What each thread runs, in the order of their thread states."""
        raw = self.memory.read(self.runtime, DEBUG_OFFSETS_SIZE)
        python = Interpreter(
            self.version, self.runtime, layout_from_debug_offsets(raw, self.version)
        )
        return stacks_of(self.memory, python, self.task_name_offset)


def stacks_of(
    memory: ProcessMemory, python: Interpreter, task_offset: int | None
) -> list[PythonStack]:
    """What each thread runs, with variables."""
    layout, form = python.layout, OBJECT_LAYOUTS[python.version]
    values = ValueReader(memory, layout, form, lambda name: False, str)
    variables = VariableReader(memory, layout, form, values)
    reader = PythonReader(memory, python, lambda: task_offset, variables)
    reader.look()
    pointers = dict.fromkeys(state.thread_id for state in thread_states(memory, python))
    return [reader.stack(pointer) for pointer in pointers]


def names_of(stack: PythonStack) -> list[str]:
    """The functions of a stack, root first."""
    return [frame.name for frame in frames_of(stack)]


def frames_of(stack: PythonStack) -> list[Frame]:
    """The frames of a stack, root first."""
    return [frame for run in stack.runs for frame in run]


def load(name: str) -> Recording:
    """A recording by its name."""
    raw = json.loads((FOLDER / f"{name}.json").read_text())
    words = json.loads(zlib.decompress(base64.b64decode(raw["memory"])))
    stretches = {int(at): bytes.fromhex(data) for at, data in words.items()}
    return Recording(
        raw["release"],
        (raw["version"][0], raw["version"][1]),
        raw["runtime"],
        raw["task_name_offset"],
        RecordedMemory(stretches),
    )


def _all_sleep(pid: int) -> bool:
    """Whether the three threads are where they stay."""
    calls = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/wchan")]
    return calls == ["hrtimer_nanosleep"] * 3


def record(name: str, command: list[str]) -> None:
    """Run an interpreter and record it while all its threads wait."""
    release = subprocess.run(
        [*command, "-c", "import platform; print(platform.python_version())"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    process = subprocess.Popen([*command, "-c", PROGRAM])
    try:
        while not _all_sleep(process.pid):
            time.sleep(0.05)
        space, memory = read_address_space(process.pid), ProcessMemory(process.pid)
        recording = RecordingMemory(memory)
        found = find_interpreter(process.pid, space, recording, ObjectFiles())
        assert isinstance(found, Interpreter)
        offset = name_offset(process.pid, found.version, space)
        stacks_of(recording, found, offset)
    finally:
        process.kill()
        process.wait()
    words = {at: data.hex() for at, data in sorted(recording.stretches.items())}
    packed = zlib.compress(json.dumps(words).encode(), 9)
    whole = {
        "release": release,
        "version": found.version,
        "runtime": found.runtime,
        "task_name_offset": offset,
        "memory": base64.b64encode(packed).decode(),
    }
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(whole, indent=1) + "\n")


if __name__ == "__main__":
    record(sys.argv[1], sys.argv[2:])
