"""The Python side of a dump: thread states, frames with their names and lines, the GIL's holder."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from otx.model.stack import Frame
from otx.profile.cpython.code import UNREADABLE, Code, read_code
from otx.profile.cpython.detect import Interpreter
from otx.profile.cpython.threads import (
    FoundFrame,
    ThreadState,
    gil_address,
    gil_holder,
    thread_states,
    walk_frames,
)
from otx.profile.dump.stacks import Local, LocalFrame
from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory

if TYPE_CHECKING:
    from otx.profile.cpython.variables import VariableReader  # 8 ms

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
        variables: Reads those of frames; None where they are not wanted.
    """

    def __init__(
        self,
        memory: ProcessMemory,
        interpreter: Interpreter,
        variables: "VariableReader | None" = None,
    ) -> None:
        self._memory = memory
        self._interpreter = interpreter
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
        """What a thread runs now: of its states in several interpreters, the one with frames."""
        if self._variables is not None:
            self._variables.renew()
        for state in self._states.get(thread_pointer, ()):
            walk = walk_frames(self._memory, self._interpreter.layout, state.address)
            if walk.frames:
                runs = self._runs(walk.frames)
                again = walk_frames(self._memory, self._interpreter.layout, state.address)
                has_stayed = [it.python.code for it in walk.frames] == [
                    it.python.code for it in again.frames
                ]
                return PythonStack(runs, walk.is_whole and has_stayed, self._holds_gil(state))
        return NOTHING

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
        frame = Frame(code.qualname, "python", code.filename, line, module)
        if self._variables is None:
            return frame
        found_locals = tuple(
            Local(name, value)
            for name, value in self._variables.read(found.address, python.code, python.signature)
        )
        return LocalFrame(frame.name, "python", frame.file, line, module, found_locals)
