"""The part of libbpf.so.1 that otx needs, by ctypes.

libbpf finds the kernel's field offsets (CO-RE), makes the maps, has the programs checked by the
verifier and attaches them. What it prints is kept for the error, or handed to a sink: the
verifier's log is only readable there. libbpf has one print function a process, which is ours
while an object is opened and loaded and handed back afterwards. Who asks for no details gets none:
an object is loaded in silence, and once more with open ears where that fails.
"""

import ctypes
import os
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from otx.errors import MachineError
from otx.profile.mapped import read_mapped, write_mapped
from otx.system.bpf_call import TRACE_ITER, MapShape
from otx.system.bpf_support import LIBBPF

_PRINT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
_WARNING = 0  # enum libbpf_print_level, bpf/libbpf.h
_LINES_KEPT = 20
_LINE_SIZE = 1 << 16
USUAL_SIZES: Mapping[str, int] = MappingProxyType({})
_BPF_STATS_RUN_TIME = 0  # enum bpf_stats_type, linux/bpf.h

_POINTERS: tuple[
    tuple[Any, ...], ...
] = (  # functions that return a pointer, with their argument types
    ("bpf_object__open_file", ctypes.c_char_p, ctypes.c_void_p),
    ("bpf_object__find_program_by_name", ctypes.c_void_p, ctypes.c_char_p),
    ("bpf_object__find_map_by_name", ctypes.c_void_p, ctypes.c_char_p),
    ("bpf_object__next_program", ctypes.c_void_p, ctypes.c_void_p),
    ("bpf_program__attach", ctypes.c_void_p),
    ("bpf_program__attach_perf_event", ctypes.c_void_p, ctypes.c_int),
    ("bpf_program__attach_kprobe", ctypes.c_void_p, ctypes.c_bool, ctypes.c_char_p),
    ("bpf_program__attach_iter", ctypes.c_void_p, ctypes.c_void_p),
    ("bpf_program__insns", ctypes.c_void_p),
    ("libbpf_set_print", ctypes.c_void_p),
    (
        "bpf_program__attach_uprobe_opts",
        *(ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p),
    ),
)
_NUMBERS: tuple[
    tuple[Any, ...], ...
] = (  # functions that return a C int, with their argument types
    ("bpf_object__load", ctypes.c_void_p),
    ("bpf_program__fd", ctypes.c_void_p),
    ("bpf_program__set_log_level", ctypes.c_void_p, ctypes.c_uint32),
    ("bpf_program__set_autoload", ctypes.c_void_p, ctypes.c_bool),
    ("bpf_map__fd", ctypes.c_void_p),
    ("bpf_map__max_entries", ctypes.c_void_p),
    ("bpf_map__type", ctypes.c_void_p),
    ("bpf_map__key_size", ctypes.c_void_p),
    ("bpf_map__value_size", ctypes.c_void_p),
    ("bpf_map__set_max_entries", ctypes.c_void_p, ctypes.c_uint32),
    ("bpf_link__destroy", ctypes.c_void_p),
    ("bpf_link__fd", ctypes.c_void_p),
    ("bpf_iter_create", ctypes.c_int),
    ("bpf_map_update_elem", ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint64),
    ("bpf_map_lookup_elem", ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p),
    ("bpf_map_delete_elem", ctypes.c_int, ctypes.c_char_p),
    ("bpf_enable_stats", ctypes.c_int),
    ("libbpf_num_possible_cpus",),
    ("libbpf_find_vmlinux_btf_id", ctypes.c_char_p, ctypes.c_int),
)


class _TaskIteration(ctypes.Structure):
    """The tasks of `union bpf_iter_link_info` (linux/bpf.h)."""

    _fields_ = (("tid", ctypes.c_uint32), ("pid", ctypes.c_uint32), ("pid_fd", ctypes.c_uint32))


class _IterationOptions(ctypes.Structure):
    """`struct bpf_iter_attach_opts` (bpf/libbpf.h)."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("link_info", ctypes.c_void_p),
        ("link_info_size", ctypes.c_uint32),
    )


class BpfMap:
    """A map of a loaded object, in bytes."""

    def __init__(self, library: ctypes.CDLL, descriptor: int, max_entries: int) -> None:
        self._library = library
        self.descriptor = descriptor
        self.max_entries = max_entries

    def update(self, key: bytes, value: bytes) -> None:
        """Set the value of a key.

        Raises:
            MachineError: The map is full.
        """
        if self._library.bpf_map_update_elem(self.descriptor, key, value, 0) != 0:
            reason = os.strerror(ctypes.get_errno())
            raise MachineError(f"cannot add to a BPF map of {self.max_entries} entries: {reason}")

    def delete(self, key: bytes) -> None:
        """Forget a key, if it is there."""
        self._library.bpf_map_delete_elem(self.descriptor, key)

    def write(self, offset: int, data: bytes) -> None:
        """Write into the memory of an array that may be mapped (BPF_F_MMAPABLE).

        Raises:
            MachineError: The kernel refuses.
        """
        write_mapped(self.descriptor, offset, data)

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of an array that may be mapped (BPF_F_MMAPABLE).

        Raises:
            MachineError: The kernel refuses.
        """
        return read_mapped(self.descriptor, offset, size)

    def lookup(self, key: bytes, size: int) -> bytes | None:
        """The value of a key, `size` bytes of it; None where it is not there."""
        value = ctypes.create_string_buffer(size)
        if self._library.bpf_map_lookup_elem(self.descriptor, key, value) != 0:
            return None
        return value.raw

    def lookup_sum(self, index: int) -> int:
        """The sum over all processors of a per-processor array's 64-bit value."""
        processors: int = self._library.libbpf_num_possible_cpus()
        raw = self.lookup(index.to_bytes(4, "little"), 8 * processors)
        return sum(memoryview(raw).cast("Q")) if raw else 0


class _UprobeOptions(ctypes.Structure):
    """struct bpf_uprobe_opts (bpf/libbpf.h), libbpf 0.8 and later."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("ref_ctr_offset", ctypes.c_size_t),
        ("cookie", ctypes.c_uint64),
        ("retprobe", ctypes.c_bool),
        ("func_name", ctypes.c_char_p),
    )


class UprobeLink:
    """A program that is attached to an instruction of a process."""

    def __init__(self, library: ctypes.CDLL, link: int) -> None:
        self._library = library
        self._link = link

    def close(self) -> None:
        """Detach it."""
        self._library.bpf_link__destroy(self._link)


class BpfObject:
    """A BPF object in the kernel, with what it is attached to; a context manager.

    Args:
        path: The object file.
        debug: Takes what libbpf and the verifier say, line by line; None keeps them quiet.
        programs: The programs to load, by name: the verifier takes 70 ms for one that walks
            stacks. None: all of them.
        sizes: Numbers of entries other than the source's, by the map's name.

    Raises:
        MachineError: libbpf is missing, or the kernel refuses the object.
    """

    def __init__(
        self,
        path: Path,
        debug: Callable[[str], None] | None = None,
        programs: Collection[str] | None = None,
        sizes: Mapping[str, int] = USUAL_SIZES,
    ) -> None:
        self._debug = debug
        self._said: deque[str] = deque(maxlen=_LINES_KEPT)
        self._links: list[int] = []
        self._library = _load_library()
        self._object: int | None = None
        if debug is None:
            with self._hushed():
                failed = self._load(path, programs, sizes)
            if not failed:
                return
        with self._listening():
            failed = self._load(path, programs, sizes)
            if failed:
                raise self._refusal(failed)

    def _load(self, path: Path, programs: Collection[str] | None, sizes: Mapping[str, int]) -> str:
        """Have it in the kernel; what was not possible, "" where all was."""
        self._object = self._library.bpf_object__open_file(os.fsencode(path), None)
        if not self._object:
            return f"cannot open {path.name}"
        for program in self._programs():
            if programs is not None and self._name(program) not in programs:
                self._library.bpf_program__set_autoload(program, False)
            if self._debug is not None:
                self._library.bpf_program__set_log_level(program, 1)
        for name, entries in sizes.items():
            self._library.bpf_map__set_max_entries(self._map(name), entries)
        if self._library.bpf_object__load(self._object) == 0:
            return ""
        error = ctypes.get_errno()
        self.close()
        ctypes.set_errno(error)
        return f"the kernel refuses {path.name}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Detach and unload everything; once is enough."""
        while self._links:
            self._library.bpf_link__destroy(self._links.pop())
        if self._object:
            self._library.bpf_object__close(self._object)
            self._object = None

    def map(self, name: str) -> BpfMap:
        """A map by its name in the source."""
        found, library = self._map(name), self._library
        return BpfMap(library, library.bpf_map__fd(found), library.bpf_map__max_entries(found))

    def _map(self, name: str) -> int:
        found = self._library.bpf_object__find_map_by_name(self._object, name.encode())
        return int(found)

    def attach(self, program: str) -> None:
        """Attach a program to what its section names.

        Raises:
            MachineError: The kernel refuses.
        """
        self._keep_link(program, self._library.bpf_program__attach(self._program(program)))

    def attach_kprobe(self, program: str, function: str) -> None:
        """Attach a program to the beginning of a kernel function.

        Raises:
            MachineError: The kernel refuses: it has no such function, or no kprobes.
        """
        name = function.encode()
        with self._listening():  # libbpf's own words would go to stderr
            link = self._library.bpf_program__attach_kprobe(self._program(program), False, name)
        self._keep_link(program, link)

    def attach_perf_event(self, program: str, descriptor: int) -> None:
        """Attach a program to a perf event, whose descriptor is closed with the object.

        Raises:
            MachineError: The kernel refuses.
        """
        link = self._library.bpf_program__attach_perf_event(self._program(program), descriptor)
        self._keep_link(program, link)

    def attach_uprobe(
        self, program: str, pid: int, path: str, offset: int, cookie: int
    ) -> "UprobeLink":
        """Attach a program to an instruction of a file, wherever a process has it mapped.

        Args:
            program: Its name.
            pid: The process.
            path: The file.
            offset: Where in it the instruction is.
            cookie: What the program is given (bpf_get_attach_cookie).

        Raises:
            OSError: The kernel refuses.
        """
        options = _UprobeOptions(size=ctypes.sizeof(_UprobeOptions), cookie=cookie)
        with self._listening():  # a process that has just ended is nothing to be told of
            link = self._library.bpf_program__attach_uprobe_opts(
                self._program(program), pid, os.fsencode(path), offset, ctypes.byref(options)
            )
        if not link:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return UprobeLink(self._library, link)

    def attach_task_iterator(self, program: str, pid: int) -> Callable[[], bytes]:
        """Attach a program to the threads of one process.

        Kernels before 6.1 run it for those of all processes: it has to look whose each is.

        Returns:
            Runs it for each thread, and gives what it wrote.

        Raises:
            MachineError: The kernel refuses.
        """
        tasks = _TaskIteration(pid=pid)
        options = _IterationOptions(
            size=ctypes.sizeof(_IterationOptions),
            link_info=ctypes.addressof(tasks),
            link_info_size=ctypes.sizeof(tasks),
        )
        link = self._library.bpf_program__attach_iter(self._program(program), ctypes.byref(options))
        self._keep_link(program, link)
        return lambda: self._iterate(program, self._library.bpf_link__fd(link))

    def instructions(self, program: str) -> bytes:
        """A program as the kernel has taken it: its fields and types are this kernel's."""
        found, library = self._program(program), self._library
        return ctypes.string_at(
            library.bpf_program__insns(found), library.bpf_program__insn_cnt(found) * 8
        )

    def shape(self, name: str) -> MapShape:
        """What a map is."""
        found, library = self._map(name), self._library
        return MapShape(
            library.bpf_map__type(found),
            library.bpf_map__key_size(found),
            library.bpf_map__value_size(found),
            library.bpf_map__max_entries(found),
        )

    def iterator_type(self, listed: str) -> int:
        """The id of an iterator over something (`task`) in the kernel's types; 0 if unknown."""
        found = self._library.libbpf_find_vmlinux_btf_id(listed.encode(), TRACE_ITER)
        return max(0, int(found))

    def iterate(self, program: str) -> None:
        """Run a program on a kernel's list once for each element.

        Raises:
            MachineError: The kernel refuses.
        """
        link = self._library.bpf_program__attach(self._program(program))
        self._keep_link(program, link)
        self._iterate(program, self._library.bpf_link__fd(link))

    def _iterate(self, program: str, link: int) -> bytes:
        descriptor = self._library.bpf_iter_create(link)
        if descriptor < 0:
            reason = os.strerror(ctypes.get_errno())
            raise MachineError(f"the kernel does not run {program}: {reason}")
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            return file.readall()

    def enable_run_times(self) -> int:
        """Have the kernel time every run of a program while the returned descriptor is open.

        Returns:
            The descriptor, or -1 where the kernel has no BPF_ENABLE_STATS.
        """
        return int(self._library.bpf_enable_stats(_BPF_STATS_RUN_TIME))

    def run_time_ns(self, program: str) -> int:
        """Nanoseconds spent in a program while run times were enabled."""
        descriptor = self._library.bpf_program__fd(self._program(program))
        for line in Path(f"/proc/self/fdinfo/{descriptor}").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "run_time_ns":
                return int(value)
        return 0

    def _program(self, name: str) -> int:
        found = self._library.bpf_object__find_program_by_name(self._object, name.encode())
        return int(found)

    def _keep_link(self, program: str, link: int | None) -> None:
        if not link:
            reason = os.strerror(ctypes.get_errno())
            raise MachineError(f"the kernel does not let {program} be attached: {reason}")
        self._links.append(link)

    def _programs(self) -> Iterator[int]:
        program = self._library.bpf_object__next_program(self._object, None)
        while program:
            yield program
            program = self._library.bpf_object__next_program(self._object, program)

    def _name(self, program: int) -> str:
        name: bytes = self._library.bpf_program__name(program)
        return name.decode()

    @contextmanager
    def _hushed(self) -> Iterator[None]:
        """Hear nothing: libbpf would ask Python at each step, and wait for its other threads."""
        before = self._library.libbpf_set_print(None)
        try:
            yield
        finally:
            self._library.libbpf_set_print(before)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Hear what libbpf prints meanwhile."""
        callback = _PRINT(self._hear)
        before = self._library.libbpf_set_print(ctypes.cast(callback, ctypes.c_void_p))
        try:
            yield
        finally:
            self._library.libbpf_set_print(before)

    def _hear(self, level: int, form: bytes, arguments: int | None) -> int:
        """The print function for libbpf; `arguments` is a va_list, a pointer on x86-64."""
        if level != _WARNING and self._debug is None:
            return 0
        buffer = ctypes.create_string_buffer(_LINE_SIZE)
        ctypes.CDLL(None).vsnprintf(
            buffer, ctypes.c_size_t(_LINE_SIZE), form, ctypes.c_void_p(arguments)
        )
        for line in buffer.value.decode("utf-8", "replace").splitlines():
            if level == _WARNING:
                self._said.append(line)
            if self._debug is not None:
                self._debug(line)
        return 0

    def _refusal(self, what: str) -> MachineError:
        reason = os.strerror(ctypes.get_errno())
        last = next((line for line in reversed(self._said) if "failed" in line), "")
        why = f"{reason}; {last.removeprefix('libbpf: ')}" if last else reason
        return MachineError(
            f"{what}: {why}",
            hint="otx doctor names what is missing; --log-level debug shows the verifier's log",
        )


def _load_library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(LIBBPF, use_errno=True)
    except OSError:
        raise MachineError(
            f"{LIBBPF} is not installed",
            hint="apt install libbpf1 (Debian, Ubuntu), dnf install libbpf (Fedora)",
        ) from None
    for name, *arguments in _POINTERS:
        _declare(library, name, ctypes.c_void_p, arguments)
    for name, *arguments in _NUMBERS:
        _declare(library, name, ctypes.c_int, arguments)
    _declare(library, "bpf_object__close", None, [ctypes.c_void_p])
    _declare(library, "bpf_program__name", ctypes.c_char_p, [ctypes.c_void_p])
    _declare(library, "bpf_program__insn_cnt", ctypes.c_size_t, [ctypes.c_void_p])
    return library


def _declare(library: ctypes.CDLL, name: str, returns: Any, arguments: Any) -> None:
    function = getattr(library, name)
    function.restype = returns
    function.argtypes = arguments
