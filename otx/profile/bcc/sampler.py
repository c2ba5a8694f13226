"""Samples through BCC, whose program the system's Python runs (`helper.py`), and reads its records.

BCC compiles its program when it starts, with a kernel's headers, and so needs no BTF. Stacks are
walked by frame pointers, which the kernel's helper does.
"""

import os
import platform
import re
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path

from otx.errors import MachineError
from otx.profile.choice import Choice
from otx.profile.errors import UnsampledError
from otx.profile.hooks import SamplerHooks
from otx.profile.interrupt import own_clock
from otx.profile.perf.tables import LocalTables
from otx.profile.records import (
    ProcessRecord,
    Record,
    RecordKind,
    SampleRecord,
    TargetFlags,
    decode_record,
)

PYTHON = Path("/usr/bin/python3")
PACKAGE = Path("/usr/lib/python3/dist-packages/bcc/__init__.py")
HELPER = Path(__file__).with_name("helper.py")
SOURCE_VARIABLE = "BCC_KERNEL_SOURCE"

_START_S = 60.0
_END_S = 5.0
_READ_SIZE = 1 << 20
_LENGTH_SIZE = 4
_LOST, _SPENT = 254, 255
_CPU_FIELDS = slice(11, 13)  # of /proc/PID/stat behind the comm, in clock ticks (proc(5))
_ERROR = re.compile(r"error: (.*)")
_HINT = (
    "apt install python3-bpfcc and the kernel's linux-headers; "
    f"{SOURCE_VARIABLE} names headers that lie elsewhere"
)


def why_not_bcc() -> str:
    """What is in the way of BCC; "" where nothing is seen to be."""
    if not PACKAGE.exists():
        return "python3-bpfcc is not installed"
    places = [os.environ.get(SOURCE_VARIABLE, ""), f"/lib/modules/{platform.release()}/build"]
    if not any(place and Path(place).exists() for place in places):
        return f"the headers of Linux {platform.release()} are not installed"
    return ""


class BccSampler(SamplerHooks):
    """Samples processes on a timer through BCC, in a process of its own until `close`.

    Raises:
        MachineError: BCC is not there, has no headers, or the kernel refuses.
    """

    not_seen: tuple[str, ...] = (
        "Python functions",
        "callers of code without frame pointers",
        "the first moments of children",
    )

    def __init__(self) -> None:
        if reason := why_not_bcc():
            raise MachineError(f"cannot sample with BCC: {reason}", hint=_HINT)
        self._held = bytearray()
        self._comms: dict[int, str] = {}
        self._lost = 0
        self._spent_ns = 0
        self._process = subprocess.Popen(  # noqa: S603, it is ours
            [PYTHON, "-I", HELPER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for otx, which ends it
        )
        self._poll = select.epoll()
        try:
            self._poll.register(self._out, select.EPOLLIN)
            self._await_start()
        except BaseException:
            self.close()
            raise

    @property
    def _out(self) -> int:
        return self._process.stdout.fileno() if self._process.stdout is not None else -1

    def close(self) -> None:
        """End the helper; once is enough."""
        if self._poll.closed:
            return
        self._poll.close()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def tables(self, clock_ns: Callable[[], int]) -> LocalTables:
        """Where unwind tables go: nothing walks by them."""
        return LocalTables()

    def start(self, frequency_hz: int) -> None:
        """Begin to sample what is watched."""
        self._say(f"rate {frequency_hz}")

    def set_ticking(self, ticking: bool) -> None:
        """Pause or go on."""
        self._say(f"tick {int(ticking)}")

    def set_frequency(self, frequency_hz: int) -> None:
        """Sample so often from now on."""
        self._say(f"rate {frequency_hz}")

    def watch(self, pid: int, flags: TargetFlags) -> None:
        """Sample a process from now on."""
        self._say(f"watch {pid} {int(bool(flags & TargetFlags.FOLLOW_CHILDREN))}")

    def choose(self, choice: Choice, flags: TargetFlags, *, kernel_threads: bool) -> None:
        """Refuse to sample processes for what they are.

        Raises:
            UnsampledError: Always.
        """
        raise UnsampledError(
            "otx samples processes by id only with BCC",
            hint="--pid N; --comm, --cgroup, --container and --all need --backend bpf",
        )

    def forget(self, pid: int) -> None:
        """Sample a process no more."""
        self._comms.pop(pid, None)
        self._say(f"forget {pid}")

    def set_interpreter(self, pid: int, layout: bytes) -> None:
        """Pass over an interpreter: its frames are not read."""

    def wait(self, timeout_s: float) -> None:
        """Wait until the helper wrote something, or a time has passed."""
        self._poll.poll(timeout_s)

    def records(self, limit: int) -> Iterator[Record]:
        """What is there, in the order of the processors' buffers.

        Raises:
            MachineError: The helper has ended.
        """
        self._read()
        for raw in self._frames():
            kind, number = (int.from_bytes(raw[at : at + 4], "little") for at in (0, 4))
            if kind == _LOST:
                self._lost += number
            elif kind == _SPENT:
                self._spent_ns = int.from_bytes(raw[-8:], "little")
            else:
                yield self._named(decode_record(raw))

    def lost(self) -> int:
        """Samples for which there was no room."""
        return self._lost

    def children_missed(self) -> int:
        """Children that are not sampled because there are too many processes: not counted."""
        return 0

    def helper_cpu_s(self) -> float:
        """The processor time of the helper, compiling included."""
        try:
            stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        except OSError:
            return 0.0
        user, system = stat.rpartition(")")[2].split()[_CPU_FIELDS]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def run_time_ns(self) -> int:
        """What the BPF program took for its samples."""
        return self._spent_ns

    def ticking(self, frequency_hz: int) -> AbstractContextManager[None]:
        """Have the calling thread interrupted so often, as a target is."""
        return own_clock(frequency_hz)

    def _named(self, record: Record) -> Record:
        """A sample with its process's name: the program knows only the thread's."""
        if not isinstance(record, SampleRecord):
            if isinstance(record, ProcessRecord) and record.kind is not RecordKind.FORK:
                self._comms.pop(record.pid, None)
            return record
        comm = self._comms.get(record.pid)
        if comm is None:
            comm = record.process_comm
            with suppress(OSError):
                comm = Path(f"/proc/{record.pid}/comm").read_text(errors="replace").rstrip("\n")
            self._comms[record.pid] = comm
        return replace(record, process_comm=comm)

    def _await_start(self) -> None:
        """Wait for the helper's empty record: it compiles for a second or two."""
        ends_s = time.monotonic() + _START_S
        while len(self._held) < _LENGTH_SIZE and time.monotonic() < ends_s:
            self._poll.poll(1.0)
            self._read()
        if len(self._held) < _LENGTH_SIZE:
            raise MachineError(f"BCC did not start within {_START_S:.0f} s", hint=_HINT)
        list(self._frames())

    def _read(self) -> None:
        while select.select([self._out], [], [], 0)[0]:
            data = os.read(self._out, _READ_SIZE)
            if not data:
                raise self._failure()
            self._held += data

    def _frames(self) -> Iterator[bytes]:
        """The records that are whole; an empty one tells nothing."""
        at = 0
        while len(self._held) - at >= _LENGTH_SIZE:
            size = int.from_bytes(self._held[at : at + _LENGTH_SIZE], "little")
            if len(self._held) - at - _LENGTH_SIZE < size:
                break
            if size:
                yield bytes(self._held[at + _LENGTH_SIZE : at + _LENGTH_SIZE + size])
            at += _LENGTH_SIZE + size
        del self._held[:at]

    def _say(self, line: str) -> None:
        if self._process.stdin is None or self._process.stdin.closed:
            return
        try:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure() from None

    def _failure(self) -> MachineError:
        """Why the helper ended: the compiler's first error, or its last words."""
        said = b"" if self._process.stderr is None else self._process.stderr.read()
        text = said.decode("utf-8", "replace").strip()
        found = _ERROR.search(text)
        why = found[1] if found else (text.splitlines() or ["it ended without a word"])[-1]
        return MachineError(f"cannot sample with BCC: {why}", hint=_HINT)
