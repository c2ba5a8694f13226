"""The BPF side of memory that is asked for (bpf/otx_alloc.bpf.c): attached, and what that costs.

The functions are those of whatever object of a process defines them: the C library, or an
allocator that takes its place. Each call goes into the kernel and back, which no sampling makes
cheaper; so what a call costs is measured before anything is attached to a target.
"""

import ctypes
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import ClassVar

from otx.errors import MachineError
from otx.model.stack import AllocationStats
from otx.model.units import NS_PER_S
from otx.profile.file_key import FileKey, file_key
from otx.profile.libbpf import USUAL_SIZES, UprobeLink
from otx.profile.maps import read_address_space
from otx.profile.objects import ObjectFiles, opened
from otx.profile.pace import Pace
from otx.profile.records import Counter, TargetFlags
from otx.profile.sampler import CpuSampler
from otx.profile.targets import is_alive

LEAST_PERIOD, GREATEST_PERIOD = 1 << 16, 1 << 34
"""Bytes that a sample stands for."""
MOST_PER_S = 250
MAX_PROCESSES = 64
"""At nine descriptors each these fit the thousand that a shell allows."""
_ALLOCATE = "on_allocate"
_ONLY = bytes(4)
_CALLS_MEASURED = 5_000
_ROUNDS = 5
_PATIENCE_NS = 2 * NS_PER_S
_LATE_S = 0.005
"""A program's C library is mapped some milliseconds after it began."""
_SIZE_ARGUMENTS: Mapping[bytes, int] = {
    b"malloc": 0,
    b"calloc": 1,
    b"realloc": 2,
    b"aligned_alloc": 2,
    b"memalign": 2,
    b"reallocarray": 3,
    b"posix_memalign": 4,
    b"valloc": 0,
    b"pvalloc": 0,
}
"""Functions that allocate, and where their size is (enum size_argument)."""
_NAMES = frozenset(_SIZE_ARGUMENTS)


class AllocationSampler(CpuSampler):
    """Samples memory that is asked for, in proportion to its size.

    Args:
        debug: Takes what libbpf and the verifier say, line by line.
        sizes: Of maps that are to have other ones than usual, by name.

    Raises:
        MachineError: This machine won't.
    """

    object_name: ClassVar[str] = "otx_alloc.bpf.o"
    has_period: ClassVar[bool] = False

    def __init__(
        self, debug: Callable[[str], None] | None = None, sizes: Mapping[str, int] = USUAL_SIZES
    ) -> None:
        self._attached: dict[int, dict[FileKey, list[UprobeLink]]] = {}
        self._late: dict[int, int] = {}
        self._unsaid: list[str] = []
        self._is_on = False
        self._patience_ns = _PATIENCE_NS
        super().__init__(debug, sizes)
        self._period = self._object.map("alloc_period")
        self._pace = Pace(LEAST_PERIOD, GREATEST_PERIOD, MOST_PER_S, time.monotonic_ns())
        self._calls_before = 0
        self.call_ns = 0

    def programs(self) -> Sequence[str]:
        """The program that takes samples, by name."""
        return (_ALLOCATE,)

    def close(self) -> None:
        """Detach and unload everything; once is enough."""
        while self._attached:
            self.unfollow(next(iter(self._attached)))
        super().close()

    def start(self, frequency_hz: int) -> None:
        """Sample from now on what was attached and will be.

        Raises:
            MachineError: The kernel refuses.
        """
        self.set_ticking(True)

    def end(self) -> None:
        """Sample no more; a process without an allocator by now has none."""
        super().end()
        self._patience_ns = 0

    def set_ticking(self, ticking: bool) -> None:
        """Stop or restart with everything left in place: a call costs the same meanwhile."""
        self._is_on = ticking
        self._set(self._pace.period if ticking else 0)

    def adapt(self, samples: int) -> None:
        """Say that so many samples came; does nothing most of the times."""
        if self._pace.count(samples, time.monotonic_ns()) and self._is_on:
            self._set(self._pace.period)

    def follow(self, pid: int, files: ObjectFiles) -> None:
        """Attach to the functions that allocate, where a process has them (yet).

        Raises:
            MachineError: The kernel refuses, and nothing is sampled yet.
        """
        if pid not in self._attached and len(self._attached) >= MAX_PROCESSES:
            self._unsaid.append(
                f"pid {pid} is one too many: memory is seen of at most {MAX_PROCESSES} processes"
            )
        elif not self._attach_to(pid, files):
            self._late[pid] = time.monotonic_ns()

    def remarks(self, files: ObjectFiles) -> Iterator[str]:
        """Look again at processes whose allocator was not mapped; what is to be said of any."""
        now_ns = time.monotonic_ns()
        for pid, since_ns in list(self._late.items()):
            if self._attach_to(pid, files):
                self._late.pop(pid, None)
            elif now_ns - since_ns > self._patience_ns:
                del self._late[pid]
                yield f"pid {pid} has no malloc by that name: its memory is not seen"
        while self._unsaid:
            yield self._unsaid.pop()

    def wait(self, timeout_s: float) -> None:
        """Wait until there is something to read, or to look for."""
        super().wait(min(timeout_s, _LATE_S) if self._late else timeout_s)

    def _attach_to(self, pid: int, files: ObjectFiles) -> bool:
        """Attach to what a process has mapped by now; whether it has any such function."""
        known = self._attached.setdefault(pid, {})
        for mapping in filter(lambda it: it.is_file, read_address_space(pid).executable):
            offsets = files.function_offsets(pid, mapping, _NAMES)
            if b"malloc" not in offsets:
                continue
            with opened(pid, mapping) as descriptor:
                if descriptor is None:
                    continue
                key = file_key(mapping, descriptor)
                if key in known:
                    continue
                links = known[key] = []
                try:
                    self._attach(links, pid, f"/proc/self/fd/{descriptor}", offsets)
                except OSError as refused:
                    self._note_refusal(pid, mapping.path, refused)
        return bool(known)

    def _note_refusal(self, pid: int, path: str, refused: OSError) -> None:
        """A process may end while it is attached to; of a refusal in between the rest goes on."""
        if not is_alive(pid):
            return
        message = f"cannot attach to {path}: {refused.strerror}"
        if not self._is_on:
            is_right = isinstance(refused, PermissionError)
            needs = "root, or CAP_SYS_ADMIN" if is_right else "uprobes (CONFIG_UPROBE_EVENTS)"
            raise MachineError(message, hint=f"it needs {needs}")
        self._unsaid.append(f"pid {pid}: {message}: its memory is not seen")

    def unfollow(self, pid: int) -> None:
        """Detach from a process that has ended."""
        self._late.pop(pid, None)
        for links in self._attached.pop(pid, {}).values():
            for link in links:
                link.close()

    def price(self) -> str:
        """What each call costs the target, measured on otx itself.

        Raises:
            MachineError: There is nothing to attach to, or the kernel refuses.
        """
        before_ns = min(_round_ns() for _ in range(_ROUNDS))
        with self._attached_to_self(os.getpid()):
            self.call_ns = max(min(_round_ns() for _ in range(_ROUNDS)) - before_ns, 0)
        self._calls_before = self._counters.lookup_sum(Counter.CALLS)
        share = self.call_ns * 1e5 / NS_PER_S
        return (
            f"each call of malloc and its like costs the target {self.call_ns / 1000:.1f} us more"
            f" (measured here, now): 100 000 a second are {share:.0%} of a processor"
        )

    def allocations(self) -> AllocationStats:
        """Calls so far, and what they cost."""
        calls = self._counters.lookup_sum(Counter.CALLS) - self._calls_before
        return AllocationStats(self._pace.period, calls, self.call_ns)

    @contextmanager
    def _attached_to_self(self, pid: int) -> Iterator[None]:
        self.watch(pid, TargetFlags(0))
        self._set(1 << 62)  # nothing is that large: every call is counted and none sampled
        with ExitStack() as stack:
            stack.callback(self._set, 0)
            stack.callback(self.forget, pid)
            stack.callback(self.unfollow, pid)
            if not self._attach_to(pid, ObjectFiles()):
                raise MachineError("cannot measure what a call costs: otx has no malloc")
            yield

    def _attach(
        self, links: list[UprobeLink], pid: int, path: str, offsets: Mapping[bytes, int]
    ) -> None:
        """Attach to functions of a file, and add what is to be closed later."""
        at: dict[int, int] = {}
        for name, offset in offsets.items():  # several names may be one function
            at.setdefault(offset, _SIZE_ARGUMENTS[name])
        for offset, argument in at.items():
            links.append(self._object.attach_uprobe(_ALLOCATE, pid, path, offset, argument))

    def _set(self, period: int) -> None:
        self._period.update(_ONLY, period.to_bytes(8, "little"))


def _round_ns() -> int:
    """Processor time of a call of malloc and one of free, from Python."""
    library = ctypes.CDLL(None)
    malloc, free = library.malloc, library.free
    malloc.restype, free.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)
    began_ns = time.thread_time_ns()
    for _ in range(_CALLS_MEASURED):
        free(malloc(64))
    return (time.thread_time_ns() - began_ns) // _CALLS_MEASURED
