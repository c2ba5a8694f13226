"""The BPF side of a session: the loaded object, what it is attached to, and its records.

The ring of records holds 4 MiB, some thousands of samples; what does not fit is lost and counted.
"""

import os
import select
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import ClassVar, Self

from otx.model.stack import AllocationStats, WaitStats
from otx.profile.bpf_files import find_bpf_object
from otx.profile.libbpf import BpfObject
from otx.profile.objects import ObjectFiles
from otx.profile.perf_event import online_cpus, open_cpu_clock, set_enabled
from otx.profile.records import Counter, TargetFlags
from otx.profile.ring import RingReader
from otx.profile.unwind.published import UnwindMaps

OBJECT_NAME = "otx_cpu.bpf.o"
_TICK = "on_tick"
_PROCESS_PROGRAMS = ("on_fork", "on_exec", "on_exit")


class CpuSampler:
    """Samples the processors' threads on a timer; a context manager.

    Nothing is sampled before `start`, and only processes that `watch` names.

    Args:
        debug: Takes what libbpf and the verifier say, line by line.

    Raises:
        MachineError: This machine won't.
    """

    object_name: ClassVar[str] = OBJECT_NAME

    def __init__(self, debug: Callable[[str], None] | None = None) -> None:
        self._clocks: list[int] = []
        programs = (*_PROCESS_PROGRAMS, *self.programs())
        with ExitStack() as stack:
            path = find_bpf_object(self.object_name)
            self._object = stack.enter_context(BpfObject(path, debug, programs))
            self._targets = self._object.map("targets")
            self._interpreters = self._object.map("interpreters")
            self._counters = self._object.map("counters")
            self.unwind_maps = UnwindMaps(
                words=self._object.map("unwind_words"),
                objects=self._object.map("unwind_objects"),
                mappings=self._object.map("unwind_mappings"),
                spaces=self._object.map("unwind_spaces"),
            )
            records = self._object.map("records")
            self._ring = RingReader(records.descriptor, records.max_entries)
            stack.callback(self._ring.close)
            self._poll = stack.enter_context(select.epoll())
            self._poll.register(records.descriptor, select.EPOLLIN)
            self._run_times = self._object.enable_run_times()
            stack.callback(self._stop_run_times)
            for program in _PROCESS_PROGRAMS:
                self._object.attach(program)
            self._stack = stack.pop_all()

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
        self._clocks.clear()
        self._stack.close()

    def programs(self) -> Sequence[str]:
        """The programs that take samples, by name."""
        return (_TICK,)

    def in_target(self) -> Sequence[str]:
        """Those of them that run in the target's own time."""
        return self.programs()

    def start(self, frequency_hz: int) -> None:
        """Start the timers on every processor.

        Raises:
            MachineError, UsageError: The kernel refuses them.
        """
        for cpu in online_cpus():
            clock = open_cpu_clock(cpu, frequency_hz)
            try:
                self._object.attach_perf_event(_TICK, clock)
            except BaseException:
                os.close(clock)
                raise
            self._clocks.append(clock)

    def set_ticking(self, ticking: bool) -> None:
        """Stop or restart the timers with everything left in place."""
        for clock in self._clocks:
            set_enabled(clock, ticking)

    def end(self) -> None:
        """Stop sampling; what is still to be told of threads goes to the ring."""
        self.set_ticking(False)

    def adapt(self, samples: int) -> None:
        """Say that so many samples were read: an event that has more than it should takes fewer."""

    def waits(self) -> WaitStats | None:
        """What is taken of waits; None where they are not sampled."""
        return None

    def allocations(self) -> AllocationStats | None:
        """What is taken of memory that is asked for; None where that is not sampled."""
        return None

    def price(self) -> str | None:
        """What sampling costs beyond its samples, measured now; None where that is nothing."""
        return None

    def follow(self, pid: int, files: ObjectFiles) -> None:
        """A process is sampled from now on, or is another program: look at what it has mapped."""

    def remarks(self, files: ObjectFiles) -> Iterable[str]:
        """Look again at what was missing; what is to be said by now, each thing once."""
        return ()

    def unfollow(self, pid: int) -> None:
        """A process has ended."""

    def watch(self, pid: int, flags: TargetFlags) -> None:
        """Sample a process from now on.

        Raises:
            MachineError: There are too many (8192).
        """
        self._targets.update(_key(pid), int(flags).to_bytes(4, "little"))

    def forget(self, pid: int) -> None:
        """Sample a process no more."""
        self._targets.delete(_key(pid))
        self._interpreters.delete(_key(pid))

    def set_interpreter(self, pid: int, layout: bytes) -> None:
        """Walk the Python frames of a process: `struct interpreter` of otx_cpu.bpf.c."""
        self._interpreters.update(_key(pid), layout)

    def wait(self, timeout_s: float) -> None:
        """Wait until there is something to read, or a time has passed."""
        self._poll.poll(timeout_s)

    def read(self, limit: int) -> Iterator[bytes]:
        """The records that are there, oldest first, at most `limit` of them."""
        return self._ring.read(limit)

    def lost(self) -> int:
        """Records that did not fit the ring."""
        return self._counters.lookup_sum(Counter.LOST)

    def children_missed(self) -> int:
        """Children that are not sampled because there are too many processes."""
        return self._counters.lookup_sum(Counter.TARGETS_FULL)

    def _stop_run_times(self) -> None:
        if self._run_times >= 0:
            os.close(self._run_times)
            self._run_times = -1

    def run_time_ns(self) -> int | None:
        """Time the sampling programs themselves took; None where the kernel does not tell."""
        if self._run_times < 0:
            return None
        return sum(map(self._object.run_time_ns, self.in_target()))


def _key(pid: int) -> bytes:
    return pid.to_bytes(4, "little")
