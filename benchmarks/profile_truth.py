"""Whether shares and sums are true: otx beside programs that measure themselves (benchmarks/truth).

Each program adds up, by function, the processor time that it used there, or the time that it
waited, in a page that is read when sampling begins and when it ends. Beside that stand the shares
of samples, or for waits the sums:

  apart      the largest difference of a part: in points of share, or in percent of a wait's sum
  chance     what so many samples are apart by chance, at most in 95 of 100 runs, in points
  paths      samples whose stack has the calls that lead to the part, each in its place
  whole      samples whose native stack reaches the thread's beginning
  time seen  the processor time that samples stand for, by that which was used

Cases run two at a time, each target on a processor of its own, until it had so many seconds of it
or twice as many went by. A share within 3 points and a sum within 3 % is `true`; one that is not,
but no more so than by chance, has too few samples. With `--strict` what is `NOT TRUE` is exit
code 1.

    python benchmarks/profile_truth.py [--seconds N] [--case NAME] [--strict]
"""

import argparse
import math
import mmap
import os
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import running
from otx.model.stack import ProfileStats, Sample
from otx.profile.events import Event
from otx.profile.session import ProfileSession, SamplingOptions, Target

SOURCES = Path(__file__).parent / "truth"
FLAGS = ("-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls", "-pthread")
MOST_POINTS, MOST_PERCENT = 3.0, 3.0
FALSE = "NOT TRUE"
LATE = 8
Path_ = tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A program and what is known of it.

    Attributes:
        parts: What it measures, in the order of its page: calls from the outermost on, the last
            one of the part itself.
    """

    name: str
    source: str
    parts: tuple[Path_, ...]
    words: tuple[str, ...] = ()
    event: Event = "cpu"


SHARES: tuple[Path_, ...] = (("five", "spin"), ("three", "spin"), ("two", "spin"))
CASES = (
    Case("C, no frame pointers", "shares.c", SHARES),
    Case(
        "300 frames deep",
        "deep.c",
        ((*["deep"] * 300, "at_the_end", "spin"), (*["deep"] * 150, "on_the_way", "spin")),
    ),
    Case(
        "C++ templates",
        "templates.cc",
        (
            ("main", "Mix<int, 5>::run", "spin"),
            ("main", "Mix<Pair<long, char>, 3>::run", "spin"),
            ("main", "Mix<Pair<Pair<int, int>, bool>, 2>::run", "spin"),
        ),
    ),
    Case(
        "Python, C, Python",
        "calls.py",
        (
            ("main", "by_sorted", "sort_key", "burn"),
            ("main", "by_map", "mapped", "burn"),
            ("main", "by_sub", "replacement", "burn"),
        ),
    ),
    Case("100 threads", "shares.c", SHARES, ("100",)),
    Case("children of 20 ms", "children.c", (("forked", "spin"), ("executed", "spin"))),
    Case(
        "libraries loaded late",
        "late.c",
        (("at_home", "spin"), *((f"late_{n}", "inner") for n in range(LATE))),
    ),
    Case("waits", "waits.c", (("naps",), ("blinks",), ("queues",), ("listens",)), event="offcpu"),
)


@dataclass(frozen=True)
class Taken:
    """What was seen of a case between two readings of its page."""

    truth_ns: list[int]
    samples: list[Sample]
    stats: ProfileStats
    period_ns: int


def build(case: Case, folder: Path) -> list[str]:
    """The command of a case's program, compiled."""
    source = SOURCES / case.source
    if source.suffix == ".py":
        python = Path("/usr/bin/python3")
        return [str(python if python.exists() else sys.executable), str(source)]
    program = folder / source.stem
    compiler = ("g++", "-std=c++17") if source.suffix == ".cc" else ("gcc",)
    subprocess.run([*compiler, *FLAGS, source, "-o", program], check=True)
    return [str(program)]


def libraries(folder: Path) -> list[str]:
    """The libraries that one of the programs loads."""
    paths = [folder / f"late_{number}.so" for number in range(LATE)]
    for path in paths:
        flags = (*FLAGS, "-shared", "-fPIC", f"-DNAME={path.stem}")
        subprocess.run(["gcc", *flags, SOURCES / "library.c", "-o", path], check=True)
    return [str(path) for path in paths]


def pinned(words: Sequence[str], processor: int) -> list[str]:
    """The command that runs another on one processor."""
    command = ["taskset", "-c", str(processor), *words]
    return ["nice", "-n", "19", *command] if "100" in words else command  # others want to work


def take(case: Case, seconds: float, processor: int) -> Taken:
    """Sample a case."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page_path = folder / "page"
        page_path.write_bytes(bytes(4096))
        words = build(case, folder)
        more = libraries(folder) if case.source == "late.c" else case.words
        with (
            page_path.open("r+b") as file,
            running(*pinned([*words, str(page_path), *more], processor)) as pid,
        ):
            page = mmap.mmap(file.fileno(), 4096)
            return watch(case, pid, page, seconds)


def watch(case: Case, pid: int, page: mmap.mmap, seconds: float) -> Taken:
    """Sample a program that runs, for so long."""
    form = f"{len(case.parts)}Q"
    with ProfileSession(Target((pid,)), SamplingOptions(event=case.event)) as session:
        while session.is_building_tables:
            session.poll(0)
        before, began_ns = struct.unpack_from(form, page), time.time_ns()
        enough_s = time.monotonic() + seconds
        samples: list[Sample] = []
        while time.monotonic() < enough_s or (
            sum(struct.unpack_from(form, page)) - sum(before) < 1e9 * seconds
            and time.monotonic() < enough_s + seconds
        ):
            samples += session.poll(0.1)
        after, ended_ns = struct.unpack_from(form, page), time.time_ns()
        samples += session.end()
        inside = [sample for sample in samples if began_ns <= sample.time_unix_nano <= ended_ns]
        truth_ns = [later - sooner for later, sooner in zip(after, before, strict=True)]
        return Taken(truth_ns, inside, session.stats(), session.period_ns)


def part_of(names: Sequence[str], own: Sequence[str]) -> int | None:
    """Which part a stack belongs to: the one whose own function is in it."""
    return next((number for number, name in enumerate(own) if name in names), None)


def leads_along(names: Sequence[str], path: Path_) -> bool:
    """Whether a stack has the calls of a path, in this order and as often."""
    rest = iter(names)
    in_order = all(wanted in rest for wanted in path)
    return in_order and all(names.count(name) == path.count(name) for name in set(path))


def own_function(path: Path_) -> str:
    """The function that a part is named for: the last that no other part has."""
    shared = {"spin", "inner", "burn", "main", "deep"}
    return next(name for name in reversed(path) if name not in shared)


def report(case: Case, taken: Taken) -> bool:
    """Print a case; whether it is not shown to be false."""
    own = [own_function(path) for path in case.parts]
    seen: Counter[int] = Counter()
    count = on_path = 0
    for sample in taken.samples:
        names = [frame.name for frame in sample.stack]
        number = part_of(names, own)
        if number is not None:
            seen[number] += sample.value
            count += 1
            on_path += leads_along(names, case.parts[number])
    waits = case.event == "offcpu"
    rows = [(seen[number], taken.truth_ns[number]) for number in range(len(own))]
    apart = worst_sum(rows) if waits else worst_share(rows)
    chance = 0.0 if waits else chance_of(rows, count)
    verdict = judged(apart, chance, MOST_PERCENT if waits else MOST_POINTS)
    whole = taken.stats.unwound_fully / max(taken.stats.samples, 1)
    unit_ns = 1 if waits else taken.period_ns
    time_seen = sum(seen.values()) * unit_ns / max(sum(taken.truth_ns), 1)
    print(
        f"{case.name:22} {apart:6.2f} {'%     ' if waits else 'points'} {chance:6.1f}"
        f" {on_path / max(count, 1):7.1%} {whole:7.1%} {time_seen:9.1%} {count:8}"
        f"  {verdict}"
    )
    for name, (value, truth) in zip(own, rows, strict=True):
        print(f"    {shown(value, truth, rows, waits)}  {name}")
    return verdict != FALSE


def judged(apart: float, chance: float, most: float) -> str:
    """What a difference says."""
    if apart <= most:
        return "true"
    return "too few samples" if apart <= chance else FALSE


def shown(value: int, truth: int, rows: Sequence[tuple[int, int]], waits: bool) -> str:
    """One part: what was seen, and what was."""
    if waits:
        return f"{value / 1e9:8.3f} s  of {truth / 1e9:8.3f} s"
    seen, true = totals(rows)
    return f"{value / seen:8.2%}    of {truth / true:8.2%}  "


def totals(rows: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """What was seen in all, and what was; at least 1."""
    return max(sum(seen for seen, _ in rows), 1), max(sum(true for _, true in rows), 1)


def worst_share(rows: Sequence[tuple[int, int]]) -> float:
    """The largest difference of a share, in points."""
    seen, true = totals(rows)
    return max(abs(100.0 * value / seen - 100.0 * truth / true) for value, truth in rows)


def chance_of(rows: Sequence[tuple[int, int]], count: int) -> float:
    """Twice the largest standard deviation of a share that so many samples tell, in points."""
    true = max(sum(truth for _, truth in rows), 1)
    shares = [truth / true for _, truth in rows]
    return max(200 * math.sqrt(share * (1 - share) / max(count, 1)) for share in shares)


def worst_sum(rows: Sequence[tuple[int, int]]) -> float:
    """The largest difference of a sum, in percent."""
    return max(abs(100.0 * value / max(truth, 1) - 100) for value, truth in rows)


def run_case(number: int, seconds: float, processor: int) -> subprocess.CompletedProcess[str]:
    """Run one case in a process of its own."""
    words = ["--number", str(number), "--seconds", str(seconds), "--processor", str(processor)]
    return subprocess.run(
        [sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True, check=False
    )


def main() -> int:
    """Run all cases, or some."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--case", default="", help="only those with this in their name")
    parser.add_argument("--strict", action="store_true", help="exit code 1 where one is not true")
    parser.add_argument("--number", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--processor", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.number is not None:
        case = CASES[options.number]
        return 0 if report(case, take(case, options.seconds, options.processor)) else 1
    chosen = [number for number, case in enumerate(CASES) if options.case in case.name]
    processors = sorted(os.sched_getaffinity(0))[:2]
    print(f"load {os.getloadavg()[0]:.1f}, {options.seconds:g} s a case")
    counts = f"{'paths':>7} {'whole':>7} {'time seen':>9} {'samples':>8}"
    print(f"{'case':22} {'apart':>13} {'chance':>6} {counts}")
    with ThreadPoolExecutor(len(processors)) as pool:
        done = pool.map(
            lambda it: run_case(it[1], options.seconds, processors[it[0] % len(processors)]),
            enumerate(chosen),
        )
        found = []
        for process in done:
            print(process.stdout, end="", flush=True)
            found.append(process.returncode == 0)
    return 1 if options.strict and not all(found) else 0


if __name__ == "__main__":
    sys.exit(main())
