"""What a command and the processes it starts cost: wall time, CPU time, peak memory of all."""

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_EVERY_S = 0.01


def as_installed(folder: Path) -> dict[str, str]:
    """An environment in which Python keeps what it compiled, as an installed otx has it."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


@contextmanager
def running(*words: str) -> Iterator[int]:
    """The pid of a program that has said a line; it is ended with the block."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
    finally:
        process.kill()
        process.communicate()


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run came to.

    Attributes:
        peak_mib: The most that all processes had in memory at once, shared pages counted once;
            where nobody looked, the most that the largest of them had.
    """

    wall_s: float
    cpu_s: float
    peak_mib: float


def run_measured(command: Sequence[str], *, looks_at_memory: bool = True) -> Cost:
    """Run a command; looking at the memory of its processes takes time from them.

    Where the caller is interrupted, it is ended with all that it started.

    Raises:
        CalledProcessError: It failed.
    """
    began_s = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        peak, used = _watch(process, looks_at_memory)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    wall_s = time.perf_counter() - began_s
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    return Cost(wall_s, used.ru_utime + used.ru_stime, max(peak, used.ru_maxrss) / 1024)


def _watch(
    process: "subprocess.Popen[bytes]", looks_at_memory: bool
) -> tuple[int, resource.struct_rusage]:
    """Wait for a process to end; the most its family had in memory in KiB, and what it used."""
    peak = pid = 0
    while looks_at_memory and not pid:
        peak = max(peak, sum(_proportional(one) for one in _family(process.pid)))
        time.sleep(_EVERY_S)
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
    if not pid:
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return peak, used


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return
    for child in children.split():
        yield from _family(int(child))


def _proportional(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in rollup.splitlines() if line[:4] == "Pss:"), 0)
