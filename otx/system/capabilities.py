"""What this process and kernel have for sampling beside what BPF needs, as facts.

Nothing here is a fault: each says what can be seen with it, or what is lost without. What sampling
with BPF cannot do without is in `bpf_support`.
"""

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path

from otx.system.bpf_support import Probe, probe_all

_STATUS = Path("/proc/self/status")
_SYSCTL = Path("/proc/sys/kernel")
_YAMA = _SYSCTL / "yama/ptrace_scope"
_KALLSYMS = Path("/proc/kallsyms")
_DEVICES = Path("/sys/bus/event_source/devices")
_SYS_PERF_EVENT_OPEN = 298  # x86-64, asm/unistd_64.h
_PERF_ATTR_SIZE = 128
_PERF_FLAG_FD_CLOEXEC = 8
_HARDWARE_CYCLES = (0, 0)  # PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, linux/perf_event.h
_EXCLUDE_KERNEL = 1 << 5  # of the flags of struct perf_event_attr

CAPABILITIES = {"SYS_PTRACE": 19, "SYS_ADMIN": 21, "PERFMON": 38, "BPF": 39}
"""Those that sampling asks for, by their bit (linux/capability.h)."""
TRACES = "CAP_SYS_PTRACE"
"""The right to read any process's memory."""


def probe_capabilities() -> list[Probe]:
    """What BPF needs first, then what is good to have."""
    return [*probe_all(), *(probe() for probe in _PROBES)]


def capability_names(mask: int) -> list[str]:
    """Those of `CAPABILITIES` in a mask of /proc/PID/status."""
    return [f"CAP_{name}" for name, bit in CAPABILITIES.items() if mask >> bit & 1]


def held_capabilities() -> list[str]:
    """Those of `CAPABILITIES` that this process has."""
    lines = (line for line in _lines(_STATUS) if line.startswith("CapEff:"))
    return capability_names(next((int(line.split()[1], 16) for line in lines), 0))


def probe_user() -> Probe:
    """Who this is, and with which rights."""
    held = held_capabilities()
    who = "root" if os.geteuid() == 0 else f"user {os.geteuid()}"
    missing = "" if len(held) == len(CAPABILITIES) else "sudo, or the capabilities that are missing"
    return Probe("rights", not missing, f"{who} with {', '.join(held) or 'no capability'}", missing)


def probe_other_processes() -> Probe:
    """Whose memory may be read, for names of Python functions (ptrace(2), Yama's documentation)."""
    scope = _text(_YAMA) or "0"
    if scope == "3":
        return Probe("other processes", False, f"none: {_YAMA} is 3", "it stays 3 until a reboot")
    if TRACES in held_capabilities():
        return Probe("other processes", True, f"all: {TRACES}")
    if scope == "0":
        return Probe("other processes", False, "those of this user alone", f"root, or {TRACES}")
    detail = f"those that this one starts alone: {_YAMA} is {scope}"
    return Probe("other processes", False, detail, f"root, or {TRACES}")


def probe_kernel_symbols() -> Probe:
    """Whether kernel functions have addresses."""
    first = next(iter(_lines(_KALLSYMS)), "0")
    if int(first.split()[0], 16):
        return Probe("kernel symbols", True, f"{_KALLSYMS} shows addresses")
    fix = "sysctl kernel.kptr_restrict=1, and root; kernel frames are [kernel] without"
    return Probe("kernel symbols", False, f"{_KALLSYMS} hides addresses", fix)


def probe_rate() -> Probe:
    """How often the kernel lets events sample."""
    rate = _text(_SYSCTL / "perf_event_max_sample_rate") or "0"
    return Probe("sample rate", int(rate) >= 99, f"at most {rate} Hz", "")


def probe_hardware_counters() -> Probe:
    """Whether there are hardware counters; otx's timer needs none."""
    refused = _refusal_of_cycles()
    if refused == 0:
        return Probe("hardware counters", True, "cycles can be counted")
    why = errno.errorcode.get(refused, str(refused))
    return Probe("hardware counters", False, f"none ({why}): virtual machines seldom have them")


def _device(name: str, purpose: str) -> Callable[[], Probe]:
    def probe() -> Probe:
        if (_DEVICES / name / "type").exists():
            return Probe(f"{name}s", True, f"{_DEVICES / name}: {purpose}")
        fix = f"use a kernel built with CONFIG_{name.upper()}_EVENTS=y"
        return Probe(f"{name}s", False, f"{_DEVICES / name} is not there", fix)

    return probe


probe_kprobes = _device("kprobe", "kernel functions can be watched")
probe_uprobes = _device("uprobe", "functions of programs can be watched")

_PROBES = (
    probe_user,
    probe_other_processes,
    probe_kernel_symbols,
    probe_rate,
    probe_hardware_counters,
    probe_kprobes,
    probe_uprobes,
)


class _CountCycles(ctypes.Structure):
    """The head of `struct perf_event_attr` (linux/perf_event.h)."""

    _fields_ = (
        ("type", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("config", ctypes.c_uint64),
        ("sample_period", ctypes.c_uint64),
        ("sample_type", ctypes.c_uint64),
        ("read_format", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
        ("rest", ctypes.c_uint8 * 80),
    )


def _refusal_of_cycles() -> int:
    """The errno with which the kernel refuses to count cycles; 0 where it does not."""
    kind, config = _HARDWARE_CYCLES
    attributes = _CountCycles(type=kind, size=_PERF_ATTR_SIZE, config=config, flags=_EXCLUDE_KERNEL)
    libc = ctypes.CDLL(None, use_errno=True)
    flags = ctypes.c_ulong(_PERF_FLAG_FD_CLOEXEC)
    descriptor = libc.syscall(_SYS_PERF_EVENT_OPEN, ctypes.byref(attributes), 0, -1, -1, flags)
    if descriptor < 0:
        return ctypes.get_errno()
    os.close(descriptor)
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _lines(path: Path) -> list[str]:
    """The first lines of a file; none where it is not there."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return [line for line, _ in zip(file, range(64), strict=False)]
    except OSError:
        return []
