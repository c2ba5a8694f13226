"""Unwinding without frame pointers: what tables take to build, what walks find and cost.

  tables    building the table of the system's interpreter and of its C library, processor time
  start     bringing the tables of all that a running interpreter maps: first, and from the cache
  walks     of Debian's python3 and of a C program without frame pointers, by tables and by frame
            pointers: samples whose native stack reaches the thread's beginning, frames a stack,
            and how long the BPF program ran for a sample, by the kernel's count

The windows of both ways of walking alternate; the least run time of all windows stands beside the
median because other programs on the machine only ever add to it.

    python benchmarks/profile_unwind.py [--windows N] [--frequency HZ]
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.processes import running
from otx.profile.elf import ElfFile, bytes_reader
from otx.profile.maps import read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.records import Unwinding
from otx.profile.sampler import CpuSampler
from otx.profile.session import ProfileSession, SamplingOptions, Target
from otx.profile.unwind.cache import TableCache
from otx.profile.unwind.loader import TableLoader
from otx.profile.unwind.table import build

PYTHON = "/usr/bin/python3"
LIBRARIES = "/usr/lib/x86_64-linux-gnu/"
OBJECTS = (PYTHON, LIBRARIES + "libpython3.11.so.1.0", LIBRARIES + "libc.so.6")
SORTS = """
def hot():
    for i in range(1000):
        i * i
def key(x):
    hot()
    return x
print("ready", flush=True)
while True:
    sorted(range(20), key=key)
"""
RECURSES = """
#include <stdio.h>
volatile unsigned long sink;
__attribute__((noinline)) unsigned long deep(unsigned n)
{
    if (!n) { for (unsigned i = 0; i < 1000000; i++) sink += i; return sink; }
    return deep(n - 1) + n;
}
int main(void) { puts("ready"); fflush(stdout); for (;;) deep(28); }
"""
BARE = ("-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls")
WINDOW_S = 0.3


def tables(runs: int) -> None:
    """Print what building takes."""
    print(f"{'table':28} {'rows':>7} {'rules':>6} {'KiB':>5} {'least ms':>9} {'median ms':>10}")
    for path in filter(Path.exists, map(Path, OBJECTS)):
        raw = path.read_bytes()
        times = []
        for _ in range(runs):
            began_s = time.process_time()
            frames = ElfFile(bytes_reader(raw)).eh_frame()
            assert frames is not None
            table = build(frames)
            times.append(1e3 * (time.process_time() - began_s))
        size = 4 * table.words // 1024
        figures = f"{len(table.rows):7} {table.rule_count:6} {size:5}"
        print(f"{path.name:28} {figures} {min(times):9.0f} {statistics.median(times):10.0f}")


def start(pid: int, runs: int) -> None:
    """Print what the tables of a process take, built and cached."""
    print(f"\n{'all tables of python3':28} {'objects':>7} {'least ms':>9} {'median ms':>10}")
    built: list[tuple[float, int]] = []
    cached: list[tuple[float, int]] = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            for times in (built, cached):
                times.append(time_to_tables(pid, Path(folder)))
    for name, times in (("built", built), ("from the cache", cached)):
        least, middle = min(times)[0], statistics.median(taken_s for taken_s, _ in times)
        print(f"{name:28} {times[0][1]:7} {1e3 * least:9.1f} {1e3 * middle:10.1f}")


def time_to_tables(pid: int, cache: Path) -> tuple[float, int]:
    """Processor seconds until every table of a process is in place, and how many there are."""
    space, memory = read_address_space(pid), ProcessMemory(pid)
    with CpuSampler() as sampler:
        began_s = time.process_time()
        clock_ns = time.monotonic_ns
        published = sampler.tables(clock_ns)
        loader = TableLoader(published, TableCache(cache), lambda _, text: print(text), clock_ns)
        loader.follow(pid, space, memory)
        while loader.advance():
            pass
        taken_s = time.process_time() - began_s
    memory.close()
    return taken_s, loader.loaded


@dataclass
class Walks:
    """What one way of walking gave."""

    session: ProfileSession
    run_times_us: list[float] = field(default_factory=list)
    samples: int = 0
    whole: int = 0
    frames: int = 0

    def window(self) -> None:
        """Sample for a while."""
        before, run_before_ns = self.session.stats(), self.session.program_run_time_ns
        self.session.set_ticking(True)
        time.sleep(WINDOW_S)
        self.session.set_ticking(False)
        run_ns = self.session.program_run_time_ns - run_before_ns
        found = self.session.poll(0)
        after = self.session.stats()
        count = after.samples - before.samples
        self.samples += count
        self.whole += after.unwound_fully - before.unwound_fully
        self.frames += sum(len(sample.stack) for sample in found)
        if count:
            self.run_times_us.append(run_ns / count / 1e3)


def walks(name: str, pid: int, windows: int, frequency_hz: int) -> None:
    """Print what walks of a process find and cost."""
    ways: list[Unwinding] = ["auto", "dwarf", "fp"]
    target = Target((pid,), children=False)
    opened = [
        ProfileSession(target, SamplingOptions(unwind=way, frequency_hz=frequency_hz, kernel=False))
        for way in ways
    ]
    try:
        found = [Walks(session) for session in opened]
        for one in found:
            one.session.set_ticking(False)
            while one.session.is_building_tables:
                one.session.poll(0)
            one.session.poll(0)
        for _ in range(windows):
            for one in found:
                one.window()
        for way, one in zip(ways, found, strict=True):
            rate = one.whole / max(one.samples, 1)
            depth = one.frames / max(one.samples, 1)
            least, middle = min(one.run_times_us), statistics.median(one.run_times_us)
            figures = f"{one.samples:8} {rate:9.2%} {depth:7.1f} {least:9.1f} {middle:10.1f}"
            print(f"{name:20} {way:7} {figures}")
    finally:
        for session in opened:
            session.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--windows", type=int, default=15)
    parser.add_argument("--frequency", type=int, default=499)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    tables(options.runs)
    with running(PYTHON, "-c", SORTS) as pid, tempfile.TemporaryDirectory() as folder:
        start(pid, options.runs)
        head = f"{'samples':>8} {'whole':>9} {'frames':>7} {'least µs':>9} {'median µs':>10}"
        print(f"\n{'program':20} {'unwind':7} {head}")
        walks("python3", pid, options.windows, options.frequency)
        code, program = Path(folder, "recurses.c"), Path(folder, "recurses")
        code.write_text(RECURSES)
        subprocess.run(["gcc", *BARE, code, "-o", program], check=True)
        with running(str(program)) as bare:
            walks("C, no frame pointers", bare, options.windows, options.frequency)


if __name__ == "__main__":
    main()
