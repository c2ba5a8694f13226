"""Takes a dump: looks at all threads, reads them, and looks again at which of them stayed."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from otx.errors import MachineError
from otx.profile.context.finder import ContextFinder
from otx.profile.context.reader import ContextReader
from otx.profile.cpython.detect import SUPPORTED, Interpreter, Refused, find_interpreter
from otx.profile.dump.capture import ThreadReader
from otx.profile.dump.kernel import KernelReader
from otx.profile.dump.looks import ThreadLook, ThreadSource
from otx.profile.dump.proc_threads import ProcThreads
from otx.profile.dump.python import PythonReader
from otx.profile.dump.ready_program import ProgramCache
from otx.profile.dump.stacks import ProcessDump, ThreadStack
from otx.profile.dump.subject import Subject
from otx.profile.dump.task_iterator import open_task_iterator
from otx.profile.maps import AddressSpace, read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.objects import ObjectFiles
from otx.profile.symbol_cache import SymbolCache
from otx.profile.symbolizer import AddressBook, UserSymbolizer
from otx.profile.unwind.cache import TableCache
from otx.redacted import without_users

if TYPE_CHECKING:
    from otx.profile.cpython.variables import VariableReader

MAX_LOOKS = 6
"""The first look reads the symbols of files, while threads may move; the second finds them read."""

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DumpOptions:
    """What a dump holds.

    Attributes:
        kernel: Whether stacks hold kernel frames.
        variables: Whether Python frames hold the values of their variables.
        is_secret: Whether the value behind a name is better not shown.
        cache_dir: Where symbols and programs are kept from one dump to the next; None: nowhere.
    """

    kernel: bool = True
    variables: bool = False
    is_secret: Callable[[str], bool] = lambda name: False
    cache_dir: Path | None = None


def take_dump(
    subject: Subject,
    options: DumpOptions,
    warn: Warn,
    debug: Callable[[str], None] | None = None,
) -> ProcessDump:
    """Every thread of a process, as it is now.

    Args:
        warn: Told what is lost.
        debug: Takes what libbpf and the verifier say, line by line.

    Raises:
        UsageError: The process ended.
    """
    pid = subject.pid
    with ExitStack() as stack:
        memory = ProcessMemory(pid)
        stack.callback(memory.close)
        space = read_address_space(pid)
        cache_dir = options.cache_dir
        files = ObjectFiles(SymbolCache.below(cache_dir), TableCache.below(cache_dir))
        book = AddressBook(pid, memory, UserSymbolizer(files, lines=True))
        book.remap(space)
        python, runtime = _open_python(pid, space, memory, files, options, warn)
        kernel = KernelReader(pid) if options.kernel else None
        contexts = _open_contexts(pid, memory)
        programs = ProgramCache.below(cache_dir)
        source, backend = _open_source(pid, memory, programs, warn, debug)
        stack.callback(source.close)
        reader = ThreadReader(pid, memory, book, python, kernel, contexts)
        began_ns = time.monotonic_ns()
        threads = _Rounds(source, reader, python).take()
        took_ns = time.monotonic_ns() - began_ns
    if not threads:
        raise subject.gone()
    if options.variables and python is None:
        warn(f"no Python is read in process {pid}, so there are no local variables")
    return ProcessDump(
        pid=pid,
        comm=subject.comm,
        command=subject.command,
        runtime=runtime,
        backend=backend,
        took_ns=took_ns,
        time_unix_nano=time.time_ns(),
        threads=tuple(sorted(threads, key=lambda thread: (thread.tid != pid, thread.tid))),
    )


class _Rounds:
    """Reads threads until each was read while it stood still, or six times."""

    def __init__(
        self, source: ThreadSource, reader: ThreadReader, python: PythonReader | None
    ) -> None:
        self._source = source
        self._reader = reader
        self._python = python
        self._found: dict[int, ThreadStack] = {}
        self._settled: set[int] = set()

    def take(self) -> list[ThreadStack]:
        """The threads that are there at the end, and those that were read well before they went."""
        before = {look.tid: look for look in self._source.look()}
        for _ in range(MAX_LOOKS):
            waiting = [look for tid, look in before.items() if tid not in self._settled]
            if not waiting:
                break
            if self._python is not None:
                self._python.look()
            for look in waiting:
                self._found[look.tid] = self._reader.read(look, before.values())
            after = {look.tid: look for look in self._source.look()}
            for look in waiting:
                self._judge(look, after.get(look.tid))
            before = after
        return list(self._found.values())

    def _judge(self, look: ThreadLook, later: ThreadLook | None) -> None:
        """Whether what was read of a thread is of one moment."""
        found = self._found[look.tid]
        if later is None:
            del self._found[look.tid]
        elif look.has_stayed(later) or (look.on_cpu and not found.is_torn):
            self._settled.add(look.tid)
        else:
            self._found[look.tid] = replace(found, is_torn=True)


def _open_source(
    pid: int,
    memory: ProcessMemory,
    programs: ProgramCache,
    warn: Warn,
    debug: Callable[[str], None] | None,
) -> tuple[ThreadSource, Literal["bpf", "proc"]]:
    try:
        return open_task_iterator(pid, programs, debug), "bpf"
    except MachineError as error:
        warn(
            f"{error.message}; threads are looked at through /proc: native stacks may end where"
            " they need the frame pointer, and there are no kernel frames without root"
        )
        return ProcThreads(pid, memory), "proc"


def _open_contexts(pid: int, memory: ProcessMemory) -> ContextReader | None:
    finder = ContextFinder(lambda pid, place: None, time.monotonic_ns)
    finder.look([pid])
    place = finder.place(pid)
    return None if place is None else ContextReader(memory, place)


def _open_python(
    pid: int,
    space: AddressSpace,
    memory: ProcessMemory,
    files: ObjectFiles,
    options: DumpOptions,
    warn: Warn,
) -> tuple[PythonReader | None, str]:
    found = find_interpreter(pid, space, memory, files)
    if isinstance(found, Interpreter):
        name = f"CPython {found.version[0]}.{found.version[1]}"
        variables = _variables(memory, found, options) if options.variables else None
        return PythonReader(
            memory, found, partial(_name_offset, pid, found, space), variables
        ), name
    if isinstance(found, Refused):
        warn(f"{found.name}: its Python functions are not named ({SUPPORTED} are)")
        return None, found.name
    return None, ""


def _name_offset(pid: int, interpreter: Interpreter, space: AddressSpace) -> int | None:
    from otx.profile.cpython.tasks import name_offset  # 8 ms, and few have an event loop

    return name_offset(pid, interpreter.version, space)


def _variables(
    memory: ProcessMemory, interpreter: Interpreter, options: DumpOptions
) -> "VariableReader":
    from otx.profile.cpython.objects import OBJECT_LAYOUTS  # 8 ms, and few ask for it
    from otx.profile.cpython.values import ValueReader
    from otx.profile.cpython.variables import VariableReader

    layout, form = interpreter.layout, OBJECT_LAYOUTS[interpreter.version]
    values = ValueReader(memory, layout, form, options.is_secret, without_users)
    return VariableReader(memory, layout, form, values)
