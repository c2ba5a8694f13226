"""What sampling with BPF needs of this machine, each need looked at on its own.

The probes are cheap (under a millisecond, libbpf's loading apart) and change nothing: rights are
found out by doing the smallest thing that needs them, because what a capability, a sysctl, a
container and a security module allow together cannot be read off any one of them.
"""

import ctypes
import errno
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from otx.errors import MachineError
from otx.system.bpf_call import load_program

LIBBPF = "libbpf.so.1"
MIN_KERNEL = (5, 17)
"""The first kernel with the bpf_loop helper."""

_ROOT_HINT = "run otx as root (sudo), or give its interpreter CAP_BPF and CAP_PERFMON"
_BTF = Path("/sys/kernel/btf/vmlinux")
_PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")
_INIT_PID_NAMESPACE = 0xEFFFFFFC  # PROC_PID_INIT_INO, include/linux/proc_ns.h

_SYS_PERF_EVENT_OPEN = 298  # x86-64, asm/unistd_64.h
_BPF_PROG_TYPE_PERF_EVENT = 7  # enum bpf_prog_type, linux/bpf.h
_RETURN_0 = bytes.fromhex("b700000000000000 9500000000000000")
_PERF_TYPE_SOFTWARE = 1  # linux/perf_event.h
_PERF_FLAG_FD_CLOEXEC = 8


@dataclass(frozen=True, slots=True)
class Probe:
    """What one probe found.

    Attributes:
        name: What was looked at.
        ok: Whether it is as `otx profile` needs it.
        detail: What is there, or why it is not.
        fix: What to do about it; "" where nothing is wrong.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""


def probe_all() -> list[Probe]:
    """Every probe, in the order in which a person would mend things."""
    return [probe() for probe in PROBES]


def require_bpf() -> None:
    """Pass where this machine can sample with BPF.

    Raises:
        MachineError: It cannot; the first thing in the way, and what to do about it.
    """
    for probe in PROBES:
        found = probe()
        if not found.ok:
            raise MachineError(f"cannot sample with BPF: {found.detail}", hint=found.fix)


def probe_machine() -> Probe:
    """The processor and the kernel's version."""
    detail = f"Linux {platform.release()} on {platform.machine()}"
    if platform.machine() != "x86_64":
        return Probe("bpf machine", False, detail, "otx profile works on x86-64 only so far")
    major, minor, *_ = [*platform.release().split("."), "0"]
    if (int(major), int("".join(filter(str.isdigit, minor)) or 0)) < MIN_KERNEL:
        wanted = ".".join(map(str, MIN_KERNEL))
        return Probe("bpf machine", False, detail, f"otx profile needs Linux {wanted} or later")
    return Probe("bpf machine", True, detail)


def probe_libbpf() -> Probe:
    """Whether libbpf can be loaded."""
    try:
        ctypes.CDLL(LIBBPF)
    except OSError:
        fix = "apt install libbpf1 (Debian, Ubuntu), dnf install libbpf (Fedora)"
        return Probe("libbpf", False, f"{LIBBPF} is not installed", fix)
    return Probe("libbpf", True, LIBBPF)


def probe_btf() -> Probe:
    """Whether the kernel describes its types."""
    if _BTF.exists():
        return Probe("kernel BTF", True, str(_BTF))
    fix = "use a kernel built with CONFIG_DEBUG_INFO_BTF=y, as the distributions' are"
    return Probe("kernel BTF", False, f"{_BTF} is not there", fix)


def probe_bpf_rights() -> Probe:
    """Whether this process may load a BPF program."""
    refused = _refusal(_load_least_program)
    if refused == 0:
        return Probe("bpf rights", True, "may load BPF programs")
    why = f"not allowed to load a BPF program ({errno.errorcode.get(refused, refused)})"
    if refused == errno.ENOSYS:
        return Probe("bpf rights", False, why, "use a kernel built with CONFIG_BPF_SYSCALL=y")
    return Probe("bpf rights", False, why, _ROOT_HINT)


def probe_perf_events() -> Probe:
    """Whether this process may have a timer event on a whole processor."""
    paranoid = _PARANOID.read_text().strip() if _PARANOID.exists() else "not there"
    refused = _refusal(_open_least_event)
    detail = f"perf_event_paranoid is {paranoid}"
    if refused == 0:
        return Probe("perf events", True, f"may watch every processor, {detail}")
    why = (
        f"not allowed to watch every processor ({errno.errorcode.get(refused, refused)}), {detail}"
    )
    return Probe("perf events", False, why, _ROOT_HINT)


def probe_pid_namespace() -> Probe:
    """Whether process ids mean to otx what they mean to the kernel."""
    try:
        inode = Path("/proc/self/ns/pid").stat().st_ino
    except OSError as error:
        return Probe("pid namespace", False, f"/proc is not readable: {error.strerror}", _ROOT_HINT)
    if inode == _INIT_PID_NAMESPACE:
        return Probe("pid namespace", True, "the host's")
    fix = "run otx on the host, or its container with --pid=host"
    return Probe("pid namespace", False, "otx runs in a pid namespace of its own", fix)


PROBES: tuple[Callable[[], Probe], ...] = (
    probe_machine,
    probe_libbpf,
    probe_btf,
    probe_bpf_rights,
    probe_perf_events,
    probe_pid_namespace,
)


class _LeastEvent(ctypes.Structure):
    """The head of `struct perf_event_attr` (linux/perf_event.h)."""

    _fields_ = (
        ("type", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("config", ctypes.c_uint64),
        ("sample_period", ctypes.c_uint64),
        ("rest", ctypes.c_uint8 * 104),
    )


def _refusal(attempt: Callable[[], int]) -> int:
    """The errno an attempt at making a descriptor ends with; 0 where it is made (and closed)."""
    try:
        os.close(attempt())
    except OSError as error:
        return error.errno or 0
    return 0


def _load_least_program() -> int:
    return load_program(_BPF_PROG_TYPE_PERF_EVENT, _RETURN_0)


def _open_least_event() -> int:
    """Open a slow timer event on the first processor that this process may run on."""
    attributes = _LeastEvent(
        type=_PERF_TYPE_SOFTWARE, size=ctypes.sizeof(_LeastEvent), sample_period=1_000_000_000
    )
    cpu = min(os.sched_getaffinity(0))
    flags = ctypes.c_ulong(_PERF_FLAG_FD_CLOEXEC)
    libc = ctypes.CDLL(None, use_errno=True)
    opened = libc.syscall(_SYS_PERF_EVENT_OPEN, ctypes.byref(attributes), -1, cpu, -1, flags)
    if opened < 0:
        raise OSError(ctypes.get_errno(), "perf_event_open")
    return int(opened)
