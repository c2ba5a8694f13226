"""What noting waits takes at each switch, by the kernel's own account of BPF programs.

It is steady where the time of the programs that are sampled is not. A program does nothing but
switch between two threads, on one processor; it is the target, and then another one is. The account
itself is in each figure, some 70 ns for each program that runs, and so are the samples.

    python benchmarks/profile_switch.py [--seconds N]
"""

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.account import accounted_ns
from benchmarks.processes import running
from benchmarks.profile_events import SWITCHER_C
from otx.profile.records import TargetFlags
from otx.profile.wait_sampler import WaitSampler

_ALL = 1 << 20


def switches() -> int:
    """How often any processor of the machine switched so far (proc(5), /proc/stat)."""
    lines = Path("/proc/stat").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("ctxt "))


def measure(what: str, target: int, seconds: float) -> None:
    """Sample the waits of a process for so long, and print what a switch took."""
    with WaitSampler() as sampler:  # its programs are timed until it is told of samples
        sampler.watch(target, TargetFlags(0))
        sampler.start(99)
        before, before_ns, samples = switches(), accounted_ns(), 0
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            sampler.wait(0.1)
            samples += sum(1 for _ in sampler.read(_ALL))
        count = switches() - before
        each_ns = (accounted_ns() - before_ns) / max(count, 1)
    rate = f"{count / seconds:.0f} switches and {samples / seconds:.0f} samples a second"
    print(f"{what:18} {each_ns:.0f} ns a switch; {rate}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=5, help="for each of the two")
    seconds = parser.parse_args().seconds
    processors = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        code, program, page = (Path(folder) / name for name in ("switch.c", "switch", "page"))
        code.write_text(SWITCHER_C)
        page.write_bytes(bytes(4096))
        subprocess.run(["gcc", "-O1", "-pthread", code, "-o", program], check=True)
        with running("taskset", "-c", str(processors[0]), str(program), str(page)) as pid:
            os.sched_setaffinity(0, set(processors[1:]) or set(processors))
            measure("of the target", pid, seconds)
            with running("sh", "-c", "echo ready; exec sleep 1000") as other:
                measure("of another program", other, seconds)


if __name__ == "__main__":
    main()
