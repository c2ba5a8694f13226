"""What is known of one sampled process: its mappings, its interpreter, the names read so far."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from otx.model.stack import Frame
from otx.profile.cpython.code import UNREADABLE, Code, read_code, told_code
from otx.profile.cpython.detect import Interpreter, find_interpreter
from otx.profile.errors import UnreadableError
from otx.profile.maps import AddressSpace, read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.programs import SeenPrograms
from otx.profile.records import NameRecord, PythonFrame, SampleRecord, SeenArea
from otx.profile.standing import StandingThreads
from otx.profile.symbolizer import AddressBook, UserSymbolizer
from otx.profile.unwind.loader import TableLoader

_MAX_CODES_KEPT = 65536
_MAX_CODE_SIZE_KEPT = 64 << 20
"""Bytes of all, roughly: hostile ones share a table of a million lines and have endless names."""
_LINE_SIZE = 64
_LEAF_PAUSE_NS = 5_000_000
_FIRST_PAUSE_NS, _LONGEST_PAUSE_NS = 100_000_000, 1_000_000_000
_SEARCH_AFTER_S = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""When an interpreter is looked for after a program began: the linker maps libpython late."""
_SEARCH_PLAIN_AFTER_S = (0.0, 0.02, 0.2, 1.0)
"""The same in a program that had none when it last ran."""
_SURE_AFTER = 4
"""Searches in a program that ended without an interpreter, until it is said to have none."""

_RUNTIME = frozenset((b"_PyRuntime",))


class Process:
    """One process, from one exec to the next.

    Args:
        python: Whether to look for an interpreter.
        programs: What other processes showed of the programs they ran.
        clock_ns: A monotonic clock.
        on_interpreter: Told of the interpreter when it is found.
        on_refused: Told the name of an interpreter whose frames cannot be read.
        tables: Brings the unwind tables of what is mapped; None where they are not walked.
    """

    def __init__(
        self,
        pid: int,
        symbolizer: UserSymbolizer,
        python: bool,
        programs: SeenPrograms,
        clock_ns: Callable[[], int],
        on_interpreter: Callable[[int, Interpreter], None],
        on_refused: Callable[[int, str], None],
        tables: TableLoader | None = None,
    ) -> None:
        self.pid = pid
        self._symbolizer = symbolizer
        self._clock_ns = clock_ns
        self._on_interpreter = on_interpreter
        self._on_refused = on_refused
        self._tables = tables
        self._memory = ProcessMemory(pid)
        self._addresses = AddressBook(pid, self._memory, symbolizer)
        self._interpreter: Interpreter | None = None
        self._codes: dict[tuple[int, int], tuple[Code, Frame]] = {}
        self._code_size_kept = 0
        self._runtime: range | None = None
        self._began_ns = clock_ns()
        self._wants_interpreter = python
        self._programs = programs
        self._searches = 0
        self._searches_left = list(_SEARCH_AFTER_S) if python else []
        self._pause_ns = _FIRST_PAUSE_NS
        self._last_look_ns = 0

    @property
    def next_search_ns(self) -> int | None:
        """When `search` wants to be called next, on the monotonic clock; None: no more."""
        if not self._searches_left:
            return None
        return self._began_ns + int(self._searches_left[0] * 1e9)

    def search(self) -> None:
        """Look at the mappings, and for an interpreter in them where one is wanted."""
        if self._searches_left:
            self._searches_left.pop(0)
        space = read_address_space(self.pid)
        if not space.mappings:
            return
        self._addresses.remap(space)
        if self._tables is not None:
            self._tables.follow(self.pid, space, self._memory)
        if self._wants_interpreter:
            if not self._searches and self._programs.is_plain(space):
                self._searches_left = list(_SEARCH_PLAIN_AFTER_S[1:])
            self._searches += 1
            self._find_interpreter(space)

    def inherit(self, parent: "Process") -> None:
        """Know what the parent of a fork is known to have: the same program at the same places."""
        self._addresses.remap(parent._addresses.space)
        if self._tables is not None:
            self._tables.inherit(self.pid, parent.pid)
        self._interpreter = parent._interpreter
        self._codes = dict(parent._codes)
        self._code_size_kept = parent._code_size_kept
        self._wants_interpreter = parent._wants_interpreter
        self._searches_left.clear()

    def learn(self, areas: Iterable[SeenArea]) -> None:
        """Know of code that a walk met before the mappings were looked at, or since."""
        if self._tables is None:
            return
        met = [self._tables.mapping_of(area) for area in areas]
        self._addresses.add(mapping for mapping in met if mapping is not None)

    def walk_led_nowhere(self, walked: Sequence[int]) -> bool:
        """Have the table built that a walk lacked, or look at the mappings again.

        Another object may lie where one was unloaded, so the latter is done from time to time.
        Returns whether a table was lacking that will be there.
        """
        if self._tables is None or not walked:
            return False
        if self._tables.is_busy:
            return self._tables.hasten(self.pid, walked[-1] - 1)
        self._look_again(0, 1)
        return False

    def native_frames(
        self, walked: Sequence[int], stack: Sequence[int], *, by_tables: bool
    ) -> list[Frame]:
        """The user frames of a thread, leaf first, as far as they are code.

        A caller's address is the one returned to, which may be the first of the next function:
        it is looked up one byte before.

        Args:
            walked: Addresses found, leaf first.
            stack: The words at the stack's top, where the walk may have missed a caller.
            by_tables: Whether frame pointers were followed only where there is no unwind table.
        """
        addresses = tuple(self._with_hidden_caller(walked, stack, by_tables))
        leaf = self._addresses.frames(addresses[0]) if addresses else ()
        if leaf and (callers := self._addresses.callers(addresses[1:])) is not None:
            return [*leaf, *callers]
        frames: list[Frame] = []
        for depth, address in enumerate(addresses):
            at = address - 1 if depth else address
            found = self._addresses.frames(at) or self._look_again(at, depth)
            if not found:
                break
            frames += found
        return frames

    def _with_hidden_caller(
        self, walked: Sequence[int], stack: Sequence[int], by_tables: bool
    ) -> Sequence[int]:
        if not walked or not stack:
            return walked
        distance = self._addresses.hidden_caller(walked[0], by_tables=by_tables)
        if distance is None or distance % 8 or distance // 8 >= len(stack):
            return walked
        caller = stack[distance // 8]
        if self._addresses.frame(caller - 1) is None:
            return walked
        return (walked[0], caller, *walked[1:])

    def python_frame(self, found: PythonFrame, with_lines: bool) -> Frame:
        """The frame of a Python function, with its line if that is wanted."""
        key = (found.code, found.signature)
        known = self._codes.get(key)
        if known is None:
            try:
                known = self._read(found, with_lines)
            except UnreadableError:
                return UNREADABLE
            self._keep(key, known)
        code, frame = known
        if code.lines is None:
            return frame
        line = code.line_at(found.instruction)
        return Frame(frame.name, "python", frame.file, line, frame.module)

    def take_name(self, record: NameRecord, with_lines: bool) -> None:
        """Know a code object by what was told of it, or by itself if it is still there.

        What is told has no lines.
        """
        key = (record.code, record.signature)
        if self._interpreter is None or key in self._codes:
            return
        with suppress(UnreadableError):
            if with_lines:
                found = PythonFrame(record.code, 0, False, record.signature)
                self._keep(key, self._read(found, with_lines))
                return
        with suppress(UnreadableError):
            self._keep(key, _named(told_code(self._interpreter.layout, record)))

    def _keep(self, key: tuple[int, int], known: tuple[Code, Frame]) -> None:
        """Remember a code object, and forget what was read first until the rest may stay."""
        self._codes[key] = known
        self._code_size_kept += _size_of(known[0])
        while len(self._codes) > _MAX_CODES_KEPT or (
            self._code_size_kept > _MAX_CODE_SIZE_KEPT and len(self._codes) > 1
        ):
            oldest, _ = self._codes.pop(next(iter(self._codes)))
            self._code_size_kept -= _size_of(oldest)

    def python_runs(self, found: Iterable[PythonFrame], with_lines: bool) -> list[list[Frame]]:
        """Python frames by entry into the interpreter, root first, each root first."""
        runs: list[list[Frame]] = []
        is_new = True
        for frame in found:
            if is_new:
                runs.append([])
            runs[-1].append(self.python_frame(frame, with_lines))
            is_new = frame.is_entry
        return [run[::-1] for run in reversed(runs)]

    def completed(self, record: SampleRecord, threads: StandingThreads) -> SampleRecord:
        """A record of a wait that goes on, with the frames of its thread."""
        space = self._addresses.space
        return threads.completed(record, space, self._memory, self._interpreter)

    def is_gil(self, address: int) -> bool:
        """Whether a lock is the GIL: no other in the interpreter's own state is waited for.

        Threads wait for it on a condition variable there, up to CPython 3.13 for the main
        interpreter; what has the lock of a sub-interpreter is told by function (`takes_gil`).
        """
        if self._interpreter is None:
            return False
        if self._runtime is None:
            self._runtime = self._find_runtime(self._interpreter.runtime)
        return address in self._runtime

    def _find_runtime(self, address: int) -> range:
        for mapping in filter(lambda it: it.is_file, self._addresses.space.executable):
            found = self._symbolizer.files.data_extents(self.pid, mapping, _RUNTIME)
            if any(extent.start == address for extent in found.values()):
                return next(iter(found.values()))
        return range(0)

    def close(self) -> None:
        """Give its memory's descriptor back, and the room of what it had mapped."""
        if self._wants_interpreter and self._searches >= _SURE_AFTER:
            self._programs.add_plain(self._addresses.space)
        self._memory.close()
        if self._tables is not None:
            self._tables.forget(self.pid)

    def _read(self, found: PythonFrame, with_lines: bool) -> tuple[Code, Frame]:
        if self._interpreter is None:
            raise UnreadableError("no interpreter")
        return _named(read_code(self._memory, self._interpreter.layout, found, with_lines))

    def _find_interpreter(self, space: AddressSpace) -> None:
        files, known = self._symbolizer.files, self._programs.interpreters
        found = find_interpreter(self.pid, space, self._memory, files, known)
        if found is None:
            return
        self._wants_interpreter = False
        self._searches_left.clear()
        self._programs.remove_plain(space)
        if isinstance(found, Interpreter):
            self._interpreter = found
            self._on_interpreter(self.pid, found)
        else:
            self._on_refused(self.pid, found.name)

    def _look_again(self, address: int, depth: int) -> tuple[Frame, ...]:
        """The frames of an address that was not mapped, if it is by now.

        The innermost address is always one of code, so something was mapped since. Any other may
        be garbage, which never is: the longer nothing new is found, the rarer the look.
        """
        now_ns = self._clock_ns()
        pause_ns = self._pause_ns if depth else _LEAF_PAUSE_NS
        if now_ns < self._last_look_ns + pause_ns:
            return ()
        self._last_look_ns = now_ns
        self.search()
        found = self._addresses.frames(address)
        if depth:
            self._pause_ns = (
                _FIRST_PAUSE_NS if found else min(2 * self._pause_ns, _LONGEST_PAUSE_NS)
            )
        return found


def _named(code: Code) -> tuple[Code, Frame]:
    module = code.filename.rpartition("/")[2]
    return code, Frame(code.qualname, "python", code.filename, module=module)


def _size_of(code: Code) -> int:
    """Bytes that a code object takes here, roughly."""
    lines = 0 if code.lines is None else len(code.lines)
    return lines * _LINE_SIZE + len(code.qualname) + len(code.filename)
