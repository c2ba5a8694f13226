"""Timer events on threads (perf_event_open(2)), whose samples the kernel writes into a ring.

Unlike the events of `otx.profile.perf_event`, which watch processors for a BPF program, these
belong to threads and are inherited by the threads and processes these start: that is what the
kernel lets everybody have for processes of their own. A ring belongs to a processor, so there is an
event for each thread and processor.
"""

import fcntl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from otx.profile.perf_open import SOFTWARE, PerfEventAttributes, perf_event_open

_CPU_CLOCK, _DUMMY = 0, 9  # enum perf_sw_ids
_IOC_SET_OUTPUT = 0x2405

_DISABLED, _INHERIT = 1 << 0, 1 << 1  # bit fields of struct perf_event_attr
_EXCLUDE_KERNEL, _EXCLUDE_HV = 1 << 5, 1 << 6
_COMM, _FREQ, _ENABLE_ON_EXEC, _TASK = 1 << 9, 1 << 10, 1 << 12, 1 << 13
_WATERMARK, _SAMPLE_ID_ALL, _COMM_EXEC, _USE_CLOCKID = 1 << 14, 1 << 18, 1 << 24, 1 << 25
_INHERIT_THREAD = 1 << 35
_TID, _TIME, _CALLCHAIN, _REGS_USER, _STACK_USER = 1 << 1, 1 << 2, 1 << 5, 1 << 12, 1 << 13
SAMPLE_TYPE = _TID | _TIME | _CALLCHAIN | _REGS_USER | _STACK_USER
"""What a sample holds (enum perf_event_sample_format); `records` reads it in the kernel's order."""
_CLOCK_MONOTONIC = 1
_BP_SP_IP = 1 << 6 | 1 << 7 | 1 << 8  # enum perf_event_x86_regs, asm/perf_regs.h


@dataclass(frozen=True, slots=True)
class Looking:
    """How threads are looked at.

    Attributes:
        stack_size: Bytes of the user stack that are copied with each sample, a multiple of 8.
        kernel: Whether the kernel's part is sampled, for which rights are needed.
        threads: Whether threads that are started inherit the events.
        children: Whether processes that are started do too.
        await_exec: Whether it begins with the next program.
    """

    frequency_hz: int
    stack_size: int
    kernel: bool
    threads: bool = True
    children: bool = False
    await_exec: bool = False


def open_thread_event(tid: int, cpu: int, looking: Looking) -> int:
    """Open a timer event on a thread while it runs on one processor; the caller closes it.

    Raises:
        OSError: The kernel refuses: ESRCH, EACCES, EPERM, EMFILE and others.
    """
    flags = _FREQ | _COMM | _COMM_EXEC | _TASK | _EXCLUDE_HV
    if not looking.kernel:
        flags |= _EXCLUDE_KERNEL
    if looking.threads:
        flags |= _INHERIT if looking.children else _INHERIT | _INHERIT_THREAD
    if looking.await_exec:
        flags |= _DISABLED | _ENABLE_ON_EXEC
    attributes = _attributes(_CPU_CLOCK, flags)
    attributes.sample_freq = looking.frequency_hz
    attributes.sample_stack_user = looking.stack_size
    return perf_event_open(attributes, tid, cpu)


def open_ring_holder(cpu: int, watermark: int) -> int:
    """Open an event that samples nothing, whose ring others write into; the caller closes it.

    Raises:
        OSError: The kernel refuses.
    """
    attributes = _attributes(_DUMMY, _EXCLUDE_KERNEL | _EXCLUDE_HV | _WATERMARK)
    attributes.sample_stack_user = 8
    attributes.wakeup_watermark = watermark
    return perf_event_open(attributes, 0, cpu)


def write_into(event: int, holder: int) -> None:
    """Have an event write its samples into another's ring.

    Raises:
        OSError: The kernel refuses.
    """
    fcntl.ioctl(event, _IOC_SET_OUTPUT, holder)


def threads_of(pid: int) -> list[int]:
    """The threads of a process; none where it is gone."""
    with suppress(OSError):
        return [int(entry.name) for entry in Path(f"/proc/{pid}/task").iterdir()]
    return []


def _attributes(config: int, flags: int) -> PerfEventAttributes:
    """What all events have alike, so that they may share rings."""
    return PerfEventAttributes(
        type=SOFTWARE,
        config=config,
        sample_type=SAMPLE_TYPE,
        flags=flags | _SAMPLE_ID_ALL | _USE_CLOCKID,
        sample_regs_user=_BP_SP_IP,
        clockid=_CLOCK_MONOTONIC,
    )
