"""The BPF side of a session: the loaded object, what it is attached to, and its records.

The ring of records holds 4 MiB, some thousands of samples; what does not fit is lost and counted.
"""

import os
import select
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import ClassVar

from otx.profile.bpf_files import find_bpf_object
from otx.profile.choice import Choice
from otx.profile.hooks import SamplerHooks
from otx.profile.interrupt import own_clock
from otx.profile.libbpf import USUAL_SIZES, BpfObject
from otx.profile.perf_event import (
    online_cpus,
    open_cpu_clock,
    set_enabled,
    set_frequency,
)
from otx.profile.records import Counter, Record, TargetFlags, decode_record
from otx.profile.ring import RingReader
from otx.profile.unwind.published import PublishedTables, UnwindMaps

OBJECT_NAME = "otx_cpu.bpf.o"
_TICK = "on_tick"
_PROCESS_PROGRAMS = ("on_fork", "on_exec", "on_exit")
_YES = (1).to_bytes(4, "little")


class CpuSampler(SamplerHooks):
    """Samples the processors' threads on a timer; a context manager.

    Nothing is sampled before `start`, and only processes that `watch` names.

    Args:
        debug: Takes what libbpf and the verifier say, line by line.
        sizes: Of maps that are to have other ones than usual, by name.

    Raises:
        MachineError: This machine won't.
    """

    object_name: ClassVar[str] = OBJECT_NAME

    def __init__(
        self, debug: Callable[[str], None] | None = None, sizes: Mapping[str, int] = USUAL_SIZES
    ) -> None:
        self._clocks: list[int] = []
        programs = (*_PROCESS_PROGRAMS, *self.programs())
        with ExitStack() as stack:
            path = find_bpf_object(self.object_name)
            self._object = stack.enter_context(BpfObject(path, debug, programs, sizes))
            self._targets = self._object.map("targets")
            self._interpreters = self._object.map("interpreters")
            self._context_places = self._object.map("context_places")
            self._counters = self._object.map("counters")
            self._unwind_maps = UnwindMaps(
                words=self._object.map("unwind_words"),
                objects=self._object.map("unwind_objects"),
                mappings=self._object.map("unwind_mappings"),
                spaces=self._object.map("unwind_spaces"),
                files=self._object.map("unwind_files"),
            )
            records = self._object.map("records")
            self._ring = RingReader(records.descriptor, records.max_entries)
            stack.callback(self._ring.close)
            self._poll = stack.enter_context(select.epoll())
            self._poll.register(records.descriptor, select.EPOLLIN)
            for program in _PROCESS_PROGRAMS:
                self._object.attach(program)
            self._run_times = -1 if self.has_period else self._object.enable_run_times()
            stack.callback(self._stop_run_times)
            self._stack = stack.pop_all()

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

    def set_frequency(self, frequency_hz: int) -> None:
        """Have the timers tick so often from now on."""
        for clock in self._clocks:
            set_frequency(clock, frequency_hz)

    def watch(self, pid: int, flags: TargetFlags) -> None:
        """Sample a process from now on.

        Raises:
            MachineError: There are too many (8192).
        """
        self._targets.update(_key(pid), int(flags).to_bytes(4, "little"))

    def choose(self, choice: Choice, flags: TargetFlags, *, kernel_threads: bool) -> None:
        """Sample processes for what they are from now on; this process is never one.

        Raises:
            MachineError: There is no room for them.
        """
        for name, keys in (
            ("chosen_names", choice.name_keys()),
            ("chosen_cgroups", choice.cgroup_keys()),
        ):
            for key in keys:
                self._object.map(name).update(key, _YES)
        packed = choice.for_bpf(
            flags | TargetFlags.CHOSEN, os.getpid(), kernel_threads=kernel_threads
        )
        self._object.map("choices").update(_key(0), packed)

    def forget(self, pid: int) -> None:
        """Sample a process no more."""
        self._targets.delete(_key(pid))
        self._interpreters.delete(_key(pid))
        self._context_places.delete(_key(pid))

    def set_interpreter(self, pid: int, layout: bytes) -> None:
        """Walk the Python frames of a process: `struct interpreter` of otx_cpu.bpf.c."""
        self._interpreters.update(_key(pid), layout)

    def set_context_place(self, pid: int, place: bytes | None) -> None:
        """Read the spans of a process's threads: `struct context_place`; None: no more."""
        if place is None:
            self._context_places.delete(_key(pid))
        else:
            self._context_places.update(_key(pid), place)

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

    def records(self, limit: int) -> Iterator[Record]:
        """As `read`, decoded."""
        return map(decode_record, self.read(limit))

    def tables(self, clock_ns: Callable[[], int]) -> PublishedTables:
        """Where unwind tables go."""
        return PublishedTables(self._unwind_maps, clock_ns)

    def ticking(self, frequency_hz: int) -> AbstractContextManager[None]:
        """Have the calling thread interrupted so often, as a target is."""
        return own_clock(frequency_hz)

    def helper_cpu_s(self) -> float:
        """The processor time of a process that helps: there is none."""
        return 0.0

    def run_time_ns(self) -> int:
        """Time the sampling program itself took for the samples it took, by its own clock."""
        return self._counters.lookup_sum(Counter.SAMPLE_NS)

    def programs_ns(self) -> int | None:
        """What programs took that come with no tick, all in; None where it is not known."""
        if self._run_times < 0:
            return None
        return sum(map(self._object.run_time_ns, self.in_target()))


def _key(pid: int) -> bytes:
    return pid.to_bytes(4, "little")
