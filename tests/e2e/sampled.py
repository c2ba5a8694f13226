"""`otx profile` for as long as its target works, however little a busy machine lets it."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.conftest import CLI_TIMEOUT_S, wait_until

AT_ANY_COST = ("--max-overhead", "100")
"""On a loaded machine a sample may cost more than it may, which is said."""
WORKS_S = 0.3


def has_timers(pid: int) -> bool:
    """Whether a process has opened perf events: otx has begun to sample."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            if "perf_event" in str(descriptor.readlink()):
                return True
    return False


def cpu_seconds(pid: int) -> float:
    """The processor time that a process has burnt."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


def wait_for_work(sampler: int, target: int, works_s: float = WORKS_S) -> None:
    """Wait until a target that is sampled has had the processor for so long."""
    wait_until(lambda: has_timers(sampler), "it samples")
    burnt_before_s = cpu_seconds(target)
    wait_until(lambda: cpu_seconds(target) > burnt_before_s + works_s, "its target works")


def sample_work(
    variables: Mapping[str, str], pid: int, *words: str, works_s: float = WORKS_S
) -> "subprocess.CompletedProcess[str]":
    """Run the real `otx profile` with these words until a process that they choose has worked."""
    command = [sys.executable, "-m", "otx", "profile", "-d", "600s", *AT_ANY_COST, *words]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables
    )
    try:
        wait_for_work(process.pid, pid, works_s)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=CLI_TIMEOUT_S)
    finally:
        process.kill()
        process.wait(10)
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)
