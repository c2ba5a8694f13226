"""The Python side of a dump: thread states, frames with their names and lines, the GIL's holder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from otx.model.stack import Frame
from otx.profile.cpython.code import UNREADABLE, Code, read_code
from otx.profile.cpython.detect import Interpreter
from otx.profile.cpython.threads import (
    FoundFrame,
    FrameWalk,
    ThreadState,
    gil_address,
    gil_holder,
    thread_states,
    walk_frames,
)
from otx.profile.dump.stacks import Local, PythonCall, Role
from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory

if TYPE_CHECKING:
    from otx.profile.cpython.variables import VariableReader  # 8 ms

EVENTS_FILE = "asyncio/events.py"
RUNS_A_HANDLE = frozenset(("Handle._run", "_run"))
"""The function of the event loop that runs tasks, qualified and, until 3.10, not."""

_ROLES: tuple[tuple[int, Role], ...] = (
    (1 << 5, "generator"),
    (1 << 7, "coroutine"),
    (1 << 9, "async generator"),
)
"""By CO_GENERATOR, CO_COROUTINE and CO_ASYNC_GENERATOR (Include/cpython/code.h)."""

Runs = Sequence[Sequence[Frame]]
"""Python frames by entry into the interpreter, root first, each root first."""


@dataclass(frozen=True, slots=True)
class PythonStack:
    """What a thread runs in Python.

    Attributes:
        is_whole: Whether its first frame was reached, and another look found the same frames.
    """

    runs: Runs
    is_whole: bool
    holds_gil: bool


NOTHING = PythonStack((), True, False)


class PythonReader:
    """Reads the Python stacks of one process.

    Args:
        name_offset: Tells where a task has its name; asked when the first one is met.
        variables: Reads those of frames; None where they are not wanted.
    """

    def __init__(
        self,
        memory: ProcessMemory,
        interpreter: Interpreter,
        name_offset: Callable[[], int | None],
        variables: "VariableReader | None" = None,
    ) -> None:
        self._memory = memory
        self._interpreter = interpreter
        self._find_name_offset = name_offset
        self._gil = interpreter.layout.gil
        self._variables = variables
        self._codes: dict[tuple[int, int], Code] = {}
        self._states: dict[int, list[ThreadState]] = {}

    def look(self) -> None:
        """Read anew which thread states there are."""
        self._states.clear()
        for state in thread_states(self._memory, self._interpreter):
            self._states.setdefault(state.thread_id, []).append(state)

    def stack(self, thread_pointer: int) -> PythonStack:
        """What a thread runs now.

        A thread that runs a function in a sub-interpreter has a state, and frames, in both: those
        of the one that was made later were called by the others.
        """
        if self._variables is not None:
            self._variables.renew()
        runs: list[Sequence[Frame]] = []
        is_whole, holds_gil = True, False
        for state in reversed(self._states.get(thread_pointer, ())):
            walk = walk_frames(self._memory, self._interpreter.layout, state.address)
            if not walk.frames:
                continue
            runs += self._runs(walk.frames)
            again = walk_frames(self._memory, self._interpreter.layout, state.address)
            is_whole &= walk.is_whole and _codes(walk) == _codes(again)
            holds_gil |= self._holds_gil(state)
        return PythonStack(runs, is_whole, holds_gil) if runs else NOTHING

    def codes(self, thread_pointer: int) -> list[int]:
        """Addresses of the code objects that a thread runs now, innermost first."""
        layout, states = self._interpreter.layout, self._states.get(thread_pointer, ())
        walks = (walk_frames(self._memory, layout, state.address) for state in reversed(states))
        return [code for walk in walks for code in _codes(walk)]

    def awaited_gil(self, thread_pointer: int, lock: int) -> int | None:
        """Whether a lock that a thread waits for is a part of the GIL it needs.

        Returns:
            The thread pointer of who holds the GIL, 0 where nobody does; None: it is another lock.
        """
        for state in self._states.get(thread_pointer, ()):
            address = gil_address(self._memory, self._interpreter, state)
            if address and address <= lock < address + self._gil.size:
                return self._pointer_of(gil_holder(self._memory, self._gil, address))
        return None

    def _pointer_of(self, address: int) -> int:
        for states in self._states.values():
            for state in states:
                if state.address == address:
                    return state.thread_id
        return 0

    def _holds_gil(self, state: ThreadState) -> bool:
        address = gil_address(self._memory, self._interpreter, state)
        return bool(address) and gil_holder(self._memory, self._gil, address) == state.address

    def _runs(self, found: Sequence[FoundFrame]) -> Runs:
        runs: list[list[Frame]] = []
        is_new = True
        for frame in found:
            if is_new:
                runs.append([])
            runs[-1].append(self._frame(frame))
            is_new = frame.python.is_entry
        return [run[::-1] for run in reversed(runs)]

    def _frame(self, found: FoundFrame) -> Frame:
        python = found.python
        key = (python.code, python.signature)
        try:
            code = self._codes.get(key)
            if code is None:
                layout = self._interpreter.layout
                code = self._codes[key] = read_code(self._memory, layout, python, with_lines=True)
        except UnreadableError:
            return UNREADABLE
        line = code.line_at(python.instruction)
        module = code.filename.rpartition("/")[2]
        return PythonCall(
            code.qualname,
            "python",
            code.filename,
            line,
            module,
            _role(code.flags),
            self._task(found, code),
            self._read_variables(found),
        )

    def _task(self, found: FoundFrame, code: Code) -> str:
        """The task that a frame of the event loop runs."""
        if not (code.filename.endswith(EVENTS_FILE) and code.qualname in RUNS_A_HANDLE):
            return ""
        from otx.profile.cpython.tasks import task_name  # 8 ms, and few have an event loop

        interpreter, offset = self._interpreter, self._task_name_offset
        if offset is None:
            return ""
        layout, version = interpreter.layout, interpreter.version
        return task_name(self._memory, layout, version, found.address, offset)

    @cached_property
    def _task_name_offset(self) -> int | None:
        return self._find_name_offset()

    def _read_variables(self, found: FoundFrame) -> tuple[Local, ...] | None:
        if self._variables is None:
            return None
        code, signature = found.python.code, found.python.signature
        return tuple(Local(*it) for it in self._variables.read(found.address, code, signature))


def _codes(walk: FrameWalk) -> list[int]:
    return [frame.python.code for frame in walk.frames]


def _role(flags: int) -> Role:
    for flag, role in _ROLES:
        if flags & flag:
            return role
    return "function"
