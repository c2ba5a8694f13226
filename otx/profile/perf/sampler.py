"""Samples threads with perf events alone, and gives records as the BPF side does.

The kernel copies the top of the user stack with each sample, and the stack is walked here, by the
same tables. Interpreters' frames are lost: by the time a sample is read the interpreter is
elsewhere.
"""

import errno
import os
import select
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from operator import attrgetter
from pathlib import Path

from otx.errors import MachineError
from otx.profile.choice import Choice
from otx.profile.errors import UnreadableError, UnsampledError
from otx.profile.hooks import SamplerHooks
from otx.profile.perf.events import (
    Looking,
    open_ring_holder,
    open_thread_event,
    threads_of,
    write_into,
)
from otx.profile.perf.records import (
    PerfComm,
    PerfLost,
    PerfRecord,
    PerfSample,
    decode_perf,
)
from otx.profile.perf.ring import RING_SIZE, PerfRing
from otx.profile.perf.tables import LocalTables
from otx.profile.perf_event import online_cpus, set_enabled
from otx.profile.records import (
    ProcessRecord,
    Record,
    RecordKind,
    SampleFlags,
    SampleRecord,
    TargetFlags,
)
from otx.profile.unwind.walk import Ending, Registers, walk

STACK_SIZE = 16 << 10
"""Of the user stack that is copied: what is deeper is cut."""
_FP_STACK_SIZE = 128
_STACK_WORDS = 16
_WAKE_AT = RING_SIZE // 4
_REFUSED = (errno.EACCES, errno.EPERM)
_FLAGS = {
    Ending.ROOT: SampleFlags.USER_ROOT,
    Ending.UNMAPPED: SampleFlags.USER_UNMAPPED,
    Ending.NO_TABLE: SampleFlags.USER_NO_TABLE,
    Ending.FAULT: SampleFlags.USER_FAULT,
    Ending.CUT: SampleFlags.USER_CUT,
}
_PYTHON = "Python functions"
_KERNEL = "time in the kernel (kernel.perf_event_paranoid)"
_DEEP = "callers beyond 16 KiB of stack"
_WORD = struct.Struct("<Q")


class PerfSampler(SamplerHooks):
    """Samples the threads of processes that are this user's; a context manager.

    Args:
        kernel: Whether the kernel's part is wanted; without rights it is left out, and time that
            is spent there is not seen.

    Raises:
        MachineError: The kernel refuses.
    """

    def __init__(self, *, kernel: bool) -> None:
        self._tables = LocalTables()
        self._watched: dict[int, TargetFlags] = {}
        self._events: dict[int, list[int]] = {}
        self._comms: dict[int, str] = {}
        self._frequency_hz = 0
        self._is_ticking = True
        self._lost = 0
        self._sees_kernel = kernel and _may_see_kernel()
        blind = () if self._sees_kernel or not kernel else (_KERNEL,)
        self.not_seen: tuple[str, ...] = (_PYTHON, *blind, _DEEP)
        self._cpus = online_cpus()
        with ExitStack() as stack:
            self._poll = stack.enter_context(select.epoll())
            self._holders: dict[int, int] = {}
            self._rings: list[PerfRing] = []
            for cpu in self._cpus:
                self._holders[cpu] = _opened_holder(cpu)
                stack.callback(os.close, self._holders[cpu])
                ring = PerfRing(self._holders[cpu])
                stack.callback(ring.close)
                self._rings.append(ring)
                self._poll.register(self._holders[cpu], select.EPOLLIN)
            self._stack = stack.pop_all()

    def close(self) -> None:
        """Close every event; once is enough."""
        for pid in list(self._events):
            self._close_events(pid)
        self._stack.close()

    def tables(self, clock_ns: Callable[[], int]) -> LocalTables:
        """Where unwind tables go."""
        return self._tables

    def start(self, frequency_hz: int) -> None:
        """Start to sample what is watched.

        Raises:
            MachineError: The kernel refuses.
        """
        self._frequency_hz = frequency_hz
        for pid, flags in self._watched.items():
            self._open_events(pid, flags)

    def set_ticking(self, ticking: bool) -> None:
        """Stop or restart with everything left in place."""
        self._is_ticking = ticking
        for descriptors in self._events.values():
            for descriptor in descriptors:
                set_enabled(descriptor, ticking)

    def set_frequency(self, frequency_hz: int) -> None:
        """Sample so often from now on; events that were inherited go with those they are of."""
        self._frequency_hz = frequency_hz
        for pid in list(self._events):
            self._close_events(pid)
            self._open_events(pid, self._watched[pid] & ~TargetFlags.AWAIT_EXEC)
        if not self._is_ticking:
            self.set_ticking(False)

    def watch(self, pid: int, flags: TargetFlags) -> None:
        """Sample a process from now on.

        Raises:
            MachineError: It is not this user's.
        """
        self._watched[pid] = flags
        if self._frequency_hz:
            self._open_events(pid, flags)

    def choose(self, choice: Choice, flags: TargetFlags, *, kernel_threads: bool) -> None:
        """Refuse to sample processes for what they are: that takes a BPF program.

        Raises:
            UnsampledError: Always.
        """
        raise UnsampledError(
            "perf events alone sample processes by id only",
            hint="--pid N; --comm, --cgroup, --container and --all need --backend bpf",
        )

    def forget(self, pid: int) -> None:
        """Sample a process no more."""
        self._watched.pop(pid, None)
        self._close_events(pid)
        self._comms.pop(pid, None)

    def set_interpreter(self, pid: int, layout: bytes) -> None:
        """Pass over an interpreter: its frames are not read."""

    def wait(self, timeout_s: float) -> None:
        """Wait until the rings are a quarter full, or a time has passed."""
        self._poll.poll(timeout_s)

    def records(self, limit: int) -> Iterator[Record]:
        """The records that are there, oldest first; `limit` is the rings' own."""
        found: list[PerfRecord] = []
        for ring in self._rings:
            found += filter(None, map(decode_perf, ring.read()))
        # Each ring is in order; what happened on two processors is not until it is sorted.
        found.sort(key=attrgetter("monotonic_ns"))
        for record in found:
            yield from self._told(record)

    def lost(self) -> int:
        """Records that did not fit the rings."""
        return self._lost

    def children_missed(self) -> int:
        """Children that are not sampled: none, they inherit the events."""
        return 0

    def helper_cpu_s(self) -> float:
        """The processor time of a process that helps: there is none."""
        return 0.0

    def run_time_ns(self) -> int:
        """The time of a sampling program: there is none beside the interrupt."""
        return 0

    def ticking(self, frequency_hz: int) -> AbstractContextManager[None]:
        """Have the calling thread interrupted so often, as a target is."""
        return _own_samples(frequency_hz)

    # -- events ------------------------------------------------------------------------------

    def _stack_size(self, flags: TargetFlags) -> int:
        return STACK_SIZE if flags & TargetFlags.BY_TABLES else _FP_STACK_SIZE

    def _open_events(self, pid: int, flags: TargetFlags) -> None:
        looking = Looking(
            self._frequency_hz,
            self._stack_size(flags),
            self._sees_kernel,
            children=bool(flags & TargetFlags.FOLLOW_CHILDREN),
            await_exec=bool(flags & TargetFlags.AWAIT_EXEC),
        )
        opened = self._events.setdefault(pid, [])
        for tid in threads_of(pid):
            for cpu in self._cpus:
                try:
                    event = open_thread_event(tid, cpu, looking)
                except OSError as error:
                    if error.errno == errno.ESRCH:
                        break  # the thread has ended meanwhile
                    raise _refusal(pid, error) from None
                opened.append(event)
                write_into(event, self._holders[cpu])

    def _close_events(self, pid: int) -> None:
        for descriptor in self._events.pop(pid, ()):
            os.close(descriptor)

    # -- records -----------------------------------------------------------------------------

    def _told(self, record: PerfRecord) -> Iterator[Record]:
        """What a record tells a session."""
        if isinstance(record, PerfSample):
            yield self._sample(record)
        elif isinstance(record, PerfLost):
            self._lost += record.count
        elif isinstance(record, PerfComm):
            self._comms[record.tid] = record.comm
            if record.is_exec:
                yield ProcessRecord(RecordKind.EXEC, record.pid, 0)
        elif record.is_fork and record.pid != record.parent:
            yield ProcessRecord(RecordKind.FORK, record.pid, record.parent)
        elif not record.is_fork:
            self._comms.pop(record.tid, None)
            if record.tid == record.pid:
                yield ProcessRecord(RecordKind.EXIT, record.pid, 0)

    def _sample(self, found: PerfSample) -> SampleRecord:
        user, flags = found.user, SampleFlags(0)
        words = struct.unpack(f"<{_STACK_WORDS}Q", found.stack[:128].ljust(128, b"\0"))
        if found.registers is not None and len(found.stack) > _FP_STACK_SIZE:
            user, flags = self._walk(found, found.registers)
        return SampleRecord(
            found.pid,
            found.tid,
            int(flags),
            found.monotonic_ns,
            self._comm(found.pid, found.tid),
            self._comm(found.pid, found.pid),
            found.kernel,
            user,
            (),
            words,
        )

    def _walk(
        self, found: PerfSample, registers: tuple[int, int, int]
    ) -> tuple[tuple[int, ...], SampleFlags]:
        """The user frames by tables, over the stack's copy."""
        bp, sp, pc = registers
        beyond = False

        def read_word(address: int) -> int:
            nonlocal beyond
            at = address - sp
            if not 0 <= at <= len(found.stack) - _WORD.size:
                beyond = at > 0
                raise UnreadableError("not in the copy")
            return int(_WORD.unpack_from(found.stack, at)[0])

        walked = walk(Registers(pc, sp, bp), read_word, partial(self._tables.find_code, found.pid))
        is_cut = walked.ending is Ending.FAULT and beyond and len(found.stack) == STACK_SIZE
        ending = SampleFlags.USER_CUT if is_cut else _FLAGS[walked.ending]
        return walked.addresses, ending | SampleFlags.USER_TABLES

    def _comm(self, pid: int, tid: int) -> str:
        comm = self._comms.get(tid)
        if comm is None:
            with suppress(OSError):
                text = Path(f"/proc/{pid}/task/{tid}/comm").read_text(errors="replace")
                comm = self._comms[tid] = text.removesuffix("\n")
        return comm or str(pid)


@contextmanager
def _own_samples(frequency_hz: int) -> Iterator[None]:
    """Sample this thread into a ring that nobody reads."""
    event = open_thread_event(0, -1, Looking(frequency_hz, STACK_SIZE, False, threads=False))
    try:
        ring = PerfRing(event)
        yield
        ring.close()
    finally:
        os.close(event)


def _may_see_kernel() -> bool:
    """Whether this user may sample the kernel's part of own threads."""
    try:
        os.close(open_thread_event(0, -1, Looking(1, 8, True)))
    except OSError:
        return False
    return True


def _opened_holder(cpu: int) -> int:
    try:
        return open_ring_holder(cpu, _WAKE_AT)
    except OSError as error:
        raise MachineError(
            f"cannot open a perf event: {error.strerror}",
            hint="sysctl kernel.perf_event_paranoid=2 lets users sample their own processes",
        ) from None


def _refusal(pid: int, error: OSError) -> MachineError:
    if error.errno in _REFUSED:
        return MachineError(
            f"may not sample pid {pid}: it is another user's, or has more rights than this one",
            hint="run otx as root (sudo), or as the user whose process it is",
        )
    if error.errno == errno.EMFILE:
        return MachineError(
            f"too few open files for the threads of pid {pid}, one for each thread and processor",
            hint="ulimit -n 65536",
        )
    return MachineError(f"cannot sample pid {pid}: {error.strerror}", hint="otx doctor")
