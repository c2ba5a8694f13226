"""Timer events on processors (perf_event_open(2)): what the sampling program is attached to.

A cpu-clock event is a timer of the kernel's own: it works in virtual machines, which mostly have
no hardware counters. One event watches one processor, whatever runs there, so threads that start
later need nothing done for them.
"""

import errno
import fcntl
import os
from pathlib import Path

from otx.errors import MachineError, UsageError
from otx.model.units import NS_PER_S
from otx.profile.perf_open import SOFTWARE, PerfEventAttributes, perf_event_open

_PERF_COUNT_SW_CPU_CLOCK = 0
_PERF_COUNT_SW_PAGE_FAULTS = 2
_EXCLUDE_IDLE = 1 << 7  # bit fields of struct perf_event_attr
_FREQ = 1 << 10
_IOC_ENABLE = 0x2400
_IOC_DISABLE = 0x2401
_IOC_PERIOD = 0x40082404
_MAX_RATE = Path("/proc/sys/kernel/perf_event_max_sample_rate")


def open_cpu_clock(cpu: int, frequency_hz: int) -> int:
    """Open a timer event on one processor; the descriptor, which the caller closes.

    Raises:
        MachineError: The kernel refuses.
        UsageError: The kernel allows no such frequency.
    """
    try:
        return _open_clock(-1, cpu, frequency_hz)
    except OSError as error:
        refused = error.errno or 0
    if refused == errno.EINVAL and frequency_hz > _max_rate_hz():
        raise UsageError(
            f"the kernel samples at most {_max_rate_hz()} times a second, not {frequency_hz}",
            hint="a lower --frequency, or a higher sysctl kernel.perf_event_max_sample_rate",
        )
    raise _refusal("a timer event", cpu, refused)


def open_own_clock(frequency_hz: int) -> int:
    """Open a timer event on the calling thread; the descriptor, which the caller closes.

    Raises:
        OSError: The kernel refuses.
    """
    return _open_clock(0, -1, frequency_hz)


def _open_clock(pid: int, cpu: int, frequency_hz: int) -> int:
    attributes = PerfEventAttributes(
        type=SOFTWARE,
        config=_PERF_COUNT_SW_CPU_CLOCK,
        sample_freq=frequency_hz,
        flags=_FREQ | _EXCLUDE_IDLE,
    )
    return perf_event_open(attributes, pid, cpu)


def open_page_faults(cpu: int, period: int) -> int:
    """Open an event on one processor that comes once in `period` page faults; the descriptor.

    Raises:
        MachineError: The kernel refuses.
    """
    attributes = PerfEventAttributes(
        type=SOFTWARE,
        config=_PERF_COUNT_SW_PAGE_FAULTS,
        sample_freq=period,  # one field of two names
    )
    try:
        return perf_event_open(attributes, -1, cpu)
    except OSError as error:
        raise _refusal("an event of page faults", cpu, error.errno or 0) from None


def set_period(descriptor: int, period: int) -> None:
    """Let an event come once in so many from now on."""
    fcntl.ioctl(descriptor, _IOC_PERIOD, period.to_bytes(8, "little"))


def _refusal(what: str, cpu: int, reason: int) -> MachineError:
    return MachineError(
        f"cannot open {what} on processor {cpu}: {os.strerror(reason)}",
        hint="run otx as root (sudo); otx doctor names what is missing",
    )


def set_frequency(descriptor: int, frequency_hz: int) -> None:
    """Have an event tick so often from now on.

    The kernel turns a clock's frequency into a period when it is opened and takes periods since.
    """
    set_period(descriptor, NS_PER_S // frequency_hz)


def set_enabled(descriptor: int, enabled: bool) -> None:
    """Start or stop an event without detaching what is attached to it."""
    fcntl.ioctl(descriptor, _IOC_ENABLE if enabled else _IOC_DISABLE, 0)


def online_cpus(text: str | None = None) -> list[int]:
    """The processors that are on, from the kernel's list such as `0-3,6`."""
    if text is None:
        text = Path("/sys/devices/system/cpu/online").read_text()
    cpus: list[int] = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        cpus.extend(range(int(first), int(last or first) + 1))
    return cpus


def _max_rate_hz() -> int:
    return int(_MAX_RATE.read_text())
