"""`otx profile` and `otx dump` beside py-spy and perf, by turns on the same targets.

Two programs with 30 calls of their own on the stack: Python, and C without frame pointers. Of each
tool that is there, on each of them:

  samples    of two seconds at 99 Hz
  whole      stacks that reach the beginning of their thread; of py-spy, which by default has
             Python functions only, of the program
  own calls  of the program's 30 that are on a stack, on average
  overtime   what the whole command took beyond the two seconds: until there is a result
  CPU, MiB   processor time and the largest process of the tool, all its commands together
  loss       of the target's work while the tool is at it, with its 95 % interval: windows with
             and without follow each other in ABBA blocks, and work is counted by the time that the
             target could run, so that time in which it is stopped is lost too, and time in which
             others had its processor is not; windows in which those had half of it are left out.
             Beside it a null, whose tool does nothing

The ratio is otx's figure to the other tool's. A tool that is not there is named, with what brings
it (py-spy: PyPI; perf: Debian's linux-perf).

    python benchmarks/profile_vs_peers.py [--blocks N] [--window S]
"""

import argparse
import math
import mmap
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import as_installed
from benchmarks.profile_overhead import TARGET, run_delay_ns
from otx.profile.paired import ORDERS, Loss, loss_of

C_TARGET = """
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
static volatile unsigned long *page, sink;
__attribute__((noinline)) unsigned long unit(void)
{
    for (unsigned long i = 0; i < 20000; i++) sink += i * i;
    return sink;
}
__attribute__((noinline)) unsigned long deep(unsigned n)
{
    if (n) return deep(n - 1) + n;
    for (;;) { unit(); page[0]++; }
}
int main(int count, char **words)
{
    page = mmap(0, 4096, 3, MAP_SHARED, open(words[1], O_RDWR), 0);
    puts("ready");
    fflush(stdout);
    return deep(27);
}
"""
OWN_CALLS = {"Python": ("<module>", "deep", "unit"), "C": ("main", "deep", "unit")}
THREAD_BEGINS = {"_start", "__libc_start_main", "clone3", "__clone3", "clone", "thread_start"}
SECONDS = 2
HZ = "99"
SETTLE_S = 0.5
"""What the slowest of the tools needs until it samples."""
_PLACE = re.compile(r" \([^()]*\)$|\+0x[0-9a-f]+$|@@?[\w.]+$")

Stacks = list[list[str]]
"""The functions of each sample, root first."""


@dataclass(frozen=True)
class Tool:
    """A profiler.

    Attributes:
        commands: What is to be called for so many seconds of a process, one after the other.
        read: The stacks of what it wrote.
        has_native: Whether it shows native functions.
        missing: Why it cannot be called; "" where it can.
    """

    name: str
    targets: tuple[str, ...]
    commands: Callable[[int, int, Path], list[list[str]]]
    read: Callable[[str], Stacks]
    has_native: bool
    missing: str = ""


@dataclass(frozen=True)
class Cost:
    """What a tool gave and took."""

    stacks: Stacks
    wall_s: float
    cpu_s: float
    peak_mib: float


def tools() -> list[Tool]:
    """otx, and its peers."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    spy, perf = shutil.which("py-spy", path=path), shutil.which("perf")
    otx = [sys.executable, "-m", "otx", "profile", "-F", HZ, "--no-kernel", "--pid"]

    def by_otx(pid: int, seconds: int, out: Path) -> list[list[str]]:
        return [[*otx, str(pid), "-d", f"{seconds}s", "--format", "folded", "-o", str(out)]]

    def by_spy(pid: int, seconds: int, out: Path) -> list[list[str]]:
        options = ["-r", HZ, "-d", str(seconds), "-f", "raw", "-o", str(out), "--pid", str(pid)]
        return [[str(spy), "record", *options]]

    def by_perf(kind: str) -> Callable[[int, int, Path], list[list[str]]]:
        def commands(pid: int, seconds: int, out: Path) -> list[list[str]]:
            data = str(out.with_suffix(".data"))
            where = ["-p", str(pid), "-F", HZ, "-e", "cpu-clock:u", "--call-graph", kind]
            record = [str(perf), "record", "-q", *where, "-o", data, "--", "sleep", str(seconds)]
            script = f"{perf} script -i {data} > {out}"
            return [record, ["sh", "-c", script]]

        return commands

    no_spy = "" if spy else "py-spy is not installed: pip install py-spy"
    no_perf = "" if perf else "perf is not installed: apt install linux-perf"
    return [
        Tool("otx", ("Python", "C"), by_otx, read_folded, True),
        Tool("py-spy", ("Python",), by_spy, read_folded, False, no_spy),
        Tool("perf fp", ("Python", "C"), by_perf("fp"), read_script, True, no_perf),
        Tool("perf dwarf", ("Python", "C"), by_perf("dwarf,16384"), read_script, True, no_perf),
    ]


def read_folded(text: str) -> Stacks:
    """Folded stacks, as often as they were seen; the process's own frame left out."""
    stacks: Stacks = []
    for line in text.splitlines():
        names, _, count = line.rpartition(" ")
        stacks += [[plain(name) for name in names.split(";")]] * int(count)
    return stacks


def read_script(text: str) -> Stacks:
    """What `perf script` prints: a head a sample, then its frames, leaf first."""
    stacks: Stacks = []
    for block in text.split("\n\n"):
        frames = [line.split(None, 1)[1] for line in block.splitlines() if line[:1] == "\t"]
        if frames:
            stacks.append([plain(frame) for frame in reversed(frames)])
    return stacks


def plain(frame: str) -> str:
    """A function's name without file, offset and version."""
    while frame != (shorter := _PLACE.sub("", frame)):
        frame = shorter
    return frame


def run(tool: Tool, pid: int, seconds: int, out: Path) -> Cost:
    """Run a tool to its end."""
    began_s = time.monotonic()
    peak_kib, cpu_s = 0, 0.0
    for command in tool.commands(pid, seconds, out):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ended = 0
        while not ended:
            peak_kib = max(peak_kib, most_memory_kib(process.pid))
            time.sleep(0.01)
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu_s += used.ru_utime + used.ru_stime
    text = out.read_text(errors="replace") if out.exists() else ""
    return Cost(tool.read(text), time.monotonic() - began_s, cpu_s, peak_kib / 1024)


def most_memory_kib(pid: int) -> int:
    """The most that a process had in memory so far; rusage has that of the caller's copy too."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next((int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line), 0)


@contextmanager
def attached(tool: Tool | None, pid: int, seconds: int, out: Path) -> Iterator[None]:
    """A tool that samples meanwhile; None: nothing does."""
    if tool is None:
        yield
        return
    command = tool.commands(pid, seconds, out)[0]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(SETTLE_S)
    try:
        yield
    finally:
        process.wait()  # a tool that is killed may leave the target stopped


def work(pid: int, page: mmap.mmap, window_s: float) -> float | None:
    """Units of work a second that the target could run; None where it could in less than half."""
    units, delay_ns = page_units(page), run_delay_ns(pid)
    began_ns = time.monotonic_ns()
    time.sleep(window_s)
    took_ns = time.monotonic_ns() - began_ns
    waited_ns = run_delay_ns(pid) - delay_ns
    done = page_units(page) - units
    return 1e9 * done / (took_ns - waited_ns) if done and waited_ns < took_ns / 2 else None


def page_units(page: mmap.mmap) -> int:
    """How much the target has done."""
    return int.from_bytes(page[:8], "little")


def loss(tool: Tool | None, pid: int, page: mmap.mmap, blocks: int, window_s: float) -> Loss | None:
    """What a target loses while a tool samples it."""
    seconds = math.ceil(SETTLE_S + window_s)
    kept: list[list[float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(blocks):
            order = random.choice(ORDERS)
            done: list[float | None] = []
            for on in order:
                with attached(tool if on else None, pid, seconds, Path(folder) / "out"):
                    done.append(work(pid, page, window_s))
            pairs = [dict(zip(order[at : at + 2], done[at : at + 2], strict=True)) for at in (0, 2)]
            kept.append([math.log(with_it / without) for with_it, without in counted(pairs)])
    return loss_of(kept)


def counted(pairs: Sequence[dict[bool, float | None]]) -> Iterator[tuple[float, float]]:
    """The work with a tool and without, of pairs in which both are known."""
    for pair in pairs:
        with_it, without = pair[True], pair[False]
        if with_it and without:
            yield with_it, without


@contextmanager
def running(language: str, folder: Path) -> Iterator[tuple[int, mmap.mmap]]:
    """A target, and the page that it counts in."""
    counted = folder / f"{language}.page"
    counted.write_bytes(bytes(4096))
    words = [sys.executable, "-c", TARGET, str(counted), "0"]
    if language == "C":
        source, program = folder / "target.c", folder / "target"
        source.write_text(C_TARGET)
        flags = ("-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls")
        subprocess.run(["gcc", *flags, source, "-o", program], check=True)
        words = [str(program), str(counted)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(process.pid, {processors[0]})
        with counted.open("r+b") as file:
            yield process.pid, mmap.mmap(file.fileno(), 4096)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def is_whole(tool: Tool, stack: Sequence[str], language: str) -> bool:
    """Whether a stack reaches the beginning of its thread."""
    if tool.has_native:
        return any(name in THREAD_BEGINS for name in stack)
    return OWN_CALLS[language][0] in stack


def figures(tool: Tool, cost: Cost, language: str) -> dict[str, float]:
    """What is printed of a run, by column."""
    count = max(len(cost.stacks), 1)
    calls = [sum(name in OWN_CALLS[language] for name in stack) for stack in cost.stacks]
    return {
        "samples": len(cost.stacks),
        "whole %": 100 * sum(is_whole(tool, it, language) for it in cost.stacks) / count,
        "own calls": statistics.fmean(calls or [0]),
        "overtime s": cost.wall_s - SECONDS,
        "CPU s": cost.cpu_s,
        "MiB": cost.peak_mib,
    }


def compare(language: str, there: Sequence[Tool], blocks: int, window_s: float) -> None:
    """Print all tools on one target."""
    own: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name, running(language, Path(name)) as (pid, page):
        for tool in (tool for tool in there if language in tool.targets):
            run(tool, pid, 1, Path(name) / "out")  # what is kept from one run to the next
            cost = run(tool, pid, SECONDS, Path(name) / "out")
            found = figures(tool, cost, language)
            own = own or found
            lost = loss(tool, pid, page, blocks, window_s)
            print_row(language, tool.name, found, lost)
            if found is not own:
                print_ratios(own, found)
        print_row(language, "null", {}, loss(None, pid, page, blocks, window_s))


def print_row(language: str, name: str, found: dict[str, float], lost: Loss | None) -> None:
    """One tool on one target."""
    columns = found or dict.fromkeys(COLUMNS, math.nan)
    shown = " ".join(
        f"{'-' if math.isnan(value) else f'{value:.{COLUMNS[key]}f}':>10}"
        for key, value in columns.items()
    )
    print(f"{language:7} {name:11} {shown}  {told(lost)}", flush=True)


COLUMNS = {"samples": 0, "whole %": 1, "own calls": 1, "overtime s": 2, "CPU s": 2, "MiB": 0}
"""What is printed, with so many digits behind the point."""


def told(lost: Loss | None) -> str:
    """A loss with its interval."""
    if lost is None:
        return "too few windows"
    return f"{lost.median:7.2%} ({lost.low:.2%} .. {lost.high:.2%})"


def print_ratios(own: dict[str, float], other: dict[str, float]) -> None:
    """Otx's figures to another tool's."""
    ratios = " ".join(
        f"{f'{own[key] / value:.2f} x' if value > 0 else '-':>10}" for key, value in other.items()
    )
    print(f"{'':7} {'otx to it':11} {ratios}")


def timed(words: Sequence[str]) -> tuple[float, float]:
    """Seconds that a command takes, and those of a processor."""
    began_s = time.monotonic()
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(words, stdout=nowhere, stderr=nowhere)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.monotonic() - began_s, used.ru_utime + used.ru_stime


def dumps(there: Sequence[Tool]) -> None:
    """Print what a dump takes as a whole command, by turns."""
    spy = next((tool for tool in there if tool.name == "py-spy"), None)
    with tempfile.TemporaryDirectory() as name, running("Python", Path(name)) as (pid, _):
        commands = {"otx dump": [sys.executable, "-m", "otx", "dump", str(pid)]}
        if spy is not None:
            program = spy.commands(pid, 1, Path(name))[0][0]
            commands["py-spy dump"] = [program, "dump", "--pid", str(pid)]
            commands["py-spy dump --native"] = [program, "dump", "--native", "--pid", str(pid)]
        taken: dict[str, list[tuple[float, float]]] = {key: [] for key in commands}
        timed(commands["otx dump"])  # compiles
        for _ in range(7):
            for key, words in commands.items():
                taken[key].append(timed(words))
    for key, values in taken.items():
        walls, cpus = (statistics.median(column) for column in zip(*values, strict=True))
        print(f"{key:22} {1e3 * walls:6.0f} ms, {1e3 * cpus:4.0f} ms of a processor")


def main() -> None:
    """Compare, and print."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(as_installed(Path(folder)))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        compare_all()


def compare_all() -> None:
    """Compare all tools on all targets."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--blocks", type=int, default=3, help="of four windows, a tool and target")
    parser.add_argument("--window", type=float, default=0.5, help="seconds a window")
    options = parser.parse_args()
    known = tools()
    for reason in dict.fromkeys(tool.missing for tool in known if tool.missing):
        print(reason)
    there = [tool for tool in known if not tool.missing]
    print(f"load {os.getloadavg()[0]:.1f}")
    print(f"{'target':7} {'tool':11} {' '.join(f'{key:>10}' for key in COLUMNS)}  loss")
    for language in ("Python", "C"):
        if language == "C" and shutil.which("gcc") is None:
            print("gcc is not installed: no C target")
            continue
        compare(language, there, options.blocks, options.window)
    dumps(there)


if __name__ == "__main__":
    main()
