"""The BPF side of time off processors (bpf/otx_wait.bpf.c): attached, set, kept within its cost.

How much is sampled follows from one number, the period: a wait as long as that is a sample of its
own, and shorter ones are sampled in proportion to their time. When there come more samples than
the target should pay for, the period grows, and it shrinks again when there are few. Samples stand
for the time they were taken for, so that sums stay whole meanwhile.
"""

import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import ClassVar

from otx.errors import MachineError
from otx.model.stack import WaitStats
from otx.model.units import NS_PER_S
from otx.profile.libbpf import USUAL_SIZES
from otx.profile.objects import ObjectFiles
from otx.profile.pace import Pace
from otx.profile.records import Counter
from otx.profile.sampler import CpuSampler

SHORTEST_PERIOD_NS, LONGEST_PERIOD_NS = 1_000_000, NS_PER_S
FIRST_PERIOD_NS = 4 * SHORTEST_PERIOD_NS
"""So the first second costs no more than the others; where waits are few it shrinks within that."""
MOST_PER_S = 100
"""Samples of waits, as many as of time on a processor: at 10 to 15 us each 0.15 % of one."""
_RESUME, _RESUME_BY_KPROBE = "on_resume", "on_resume_by_kprobe"
_END = "on_end"
_SCHEDULING = ("on_switch", "on_first_wakeup")
_WAKEUP = "on_wakeup"
_RESUMED_IN = "finish_task_switch"
_BTF, _SYMBOLS = Path("/sys/kernel/btf/vmlinux"), Path("/proc/kallsyms")
_OWN_SCHEDULING = Path("/proc/self/schedstat")
_SETTINGS = struct.Struct("<QQQQ")
_ONLY = bytes(4)
_AHEAD_NS = 1_000_000
_MUCH = 0.02
_TIMED_NS, _TIMED_EVERY_NS = NS_PER_S // 2, 5 * NS_PER_S


class WaitSampler(CpuSampler):
    """Samples the waits of threads; with `ticks` their time on processors as well.

    Args:
        debug: Takes what libbpf and the verifier say, line by line.
        sizes: Of maps that are to have other ones than usual, by name.
        shortest_ns: Waits that are shorter are left out and counted.
        ticks: Whether timers sample what runs.

    Raises:
        MachineError: This machine won't.
    """

    object_name: ClassVar[str] = "otx_wait.bpf.o"
    has_period: ClassVar[bool] = False

    def __init__(
        self,
        debug: Callable[[str], None] | None = None,
        sizes: Mapping[str, int] = USUAL_SIZES,
        *,
        shortest_ns: int = 0,
        ticks: bool = False,
    ) -> None:
        self._shortest_ns = shortest_ns
        self._ticks = ticks
        self.began_ns = 0
        self._lost_before = 0
        super().__init__(debug, sizes)
        self._opened_ns = self._timed_since_ns = time.monotonic_ns()
        self._timed_ns = 0
        self._is_cost_told = False
        self._settings = self._object.map("wait_settings")
        now_ns = time.monotonic_ns()
        self._pace = Pace(
            SHORTEST_PERIOD_NS, LONGEST_PERIOD_NS, MOST_PER_S, now_ns, FIRST_PERIOD_NS
        )

    def programs(self) -> Sequence[str]:
        """The programs that note and take samples, by name."""
        resume = _RESUME if has_exit_tracepoint() else _RESUME_BY_KPROBE
        ticks = super().programs() if self._ticks else ()
        return (resume, _END, *self._scheduling(), *ticks)

    def _scheduling(self) -> Sequence[str]:
        return _SCHEDULING if counts_delays() else (*_SCHEDULING, _WAKEUP)

    def in_target(self) -> Sequence[str]:
        """Those of them that run in the target's own time: the last look at threads does not."""
        return [program for program in self.programs() if program != _END]

    @property
    def period_ns(self) -> int:
        """How long a wait has to be now for a sample of its own."""
        return self._pace.period

    def start(self, frequency_hz: int) -> None:
        """Count waits from now on, and start the timers where there are any.

        Raises:
            MachineError: The kernel refuses.
        """
        if has_exit_tracepoint():
            self._object.attach(_RESUME)
        else:
            self._attach_kprobe()
        for program in self._scheduling():
            self._object.attach(program)
        if self._ticks:
            super().start(frequency_hz)
        self.set_ticking(True)

    def set_ticking(self, ticking: bool) -> None:
        """Stop sampling, or begin anew, with everything left in place."""
        super().set_ticking(ticking)
        if ticking:
            self._begin()
        else:
            self.began_ns = 0
            self._set()

    def _begin(self) -> None:
        """Count from a moment that is still to come when the programs are told of it.

        A wait that ended after it but before they knew would be counted by nobody.
        """
        while time.monotonic_ns() >= self.began_ns:
            self.began_ns = time.monotonic_ns() + _AHEAD_NS
            self._set()

    def end(self) -> None:
        """Stop, and put into the ring what threads wait for that are not back.

        Raises:
            MachineError: The kernel refuses.
        """
        super().set_ticking(False)
        self._set(ended_ns=time.monotonic_ns())
        self._object.iterate(_END)

    def adapt(self, samples: int) -> None:
        """Say that so many samples of waits came; does nothing most of the times.

        Those for which the ring had no room count as well.
        """
        now_ns = time.monotonic_ns()
        lost = self.lost()
        samples += lost - self._lost_before
        self._lost_before = lost
        self._time_programs(now_ns)
        if self._pace.count(samples, now_ns) and self.began_ns:
            self._set()

    def remarks(self, files: ObjectFiles) -> Iterator[str]:
        """Say once that waits cost much, which is where threads are switched very often."""
        elapsed_ns = time.monotonic_ns() - self._opened_ns
        if self._is_cost_told or elapsed_ns < NS_PER_S:
            return
        share = (self.programs_ns() or 0) / elapsed_ns
        if share > _MUCH:
            self._is_cost_told = True
            yield (
                f"sampling waits takes {share:.0%} of a processor: threads are switched so often"
                " here that noting it costs that; --event cpu costs less"
            )

    def programs_ns(self) -> int | None:
        """Time the programs took, taken for as much as it was while it was measured."""
        now_ns = time.monotonic_ns()
        timed_ns = self._timed_ns + (now_ns - self._timed_since_ns if self._run_times >= 0 else 0)
        if not timed_ns:
            return None
        spent_ns = sum(map(self._object.run_time_ns, self.in_target()))
        return spent_ns * (now_ns - self._opened_ns) // timed_ns

    def _time_programs(self, now_ns: int) -> None:
        """Have the kernel time the programs now and then.

        They are so short that being timed makes them half as long again.
        """
        is_due = (now_ns - self._opened_ns) % _TIMED_EVERY_NS < _TIMED_NS
        if is_due and self._run_times < 0:
            self._run_times = self._object.enable_run_times()
            self._timed_since_ns = now_ns
        elif not is_due and self._run_times >= 0:
            self._timed_ns += now_ns - self._timed_since_ns
            self._stop_run_times()

    def waits(self) -> WaitStats:
        """What is taken of waits."""
        lookup = self._counters.lookup_sum
        return WaitStats(self.period_ns, lookup(Counter.SHORT), lookup(Counter.SHORT_NS))

    def _set(self, ended_ns: int = 0) -> None:
        settings = _SETTINGS.pack(self.began_ns, self.period_ns, self._shortest_ns, ended_ns)
        self._settings.update(_ONLY, settings)

    def _attach_kprobe(self) -> None:
        function = _function_resumed_in()
        try:
            self._object.attach_kprobe(_RESUME_BY_KPROBE, function)
        except MachineError:
            raise MachineError(
                "this kernel does not tell when a thread is back on a processor",
                hint="it needs the tracepoint sched_exit_tp, or kprobes (CONFIG_KPROBES)",
            ) from None


@cache
def has_exit_tracepoint() -> bool:
    """Whether the kernel has a tracepoint at the end of a switch, in the thread that goes on."""
    return b"\0btf_trace_sched_exit_tp\0" in _BTF.read_bytes()


@cache
def counts_delays() -> bool:
    """Whether the scheduler counts for how long threads could have run: it does of this one then.

    Most kernels do (CONFIG_SCHED_INFO; Documentation/scheduler/sched-stats.rst).
    """
    try:
        return int(_OWN_SCHEDULING.read_text().split()[1]) > 0
    except (OSError, IndexError, ValueError):
        return False


def _function_resumed_in() -> str:
    """Where a thread goes on in the kernel; compilers add to the name."""
    with _SYMBOLS.open() as lines:
        for line in lines:
            name = line.split()[2]
            if name == _RESUMED_IN or name.startswith(_RESUMED_IN + ".isra"):
                return name
    return _RESUMED_IN
