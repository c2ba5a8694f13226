"""What each form of a profile costs: 30 000 different stacks of depth 30, written and read again.

    python benchmarks/flame_formats.py [--stacks N] [--depth N]

Prints processor seconds to write and to read, and sizes, also in gzip, a line a form; folded is
what the others are compared with.
"""

import argparse
import gc
import gzip
import random
import time

from otx.__main__ import GC_THRESHOLD
from otx.model.profile import Profile
from otx.model.stack import Frame, ProfileStats, Stack
from otx.profile.formats import FORMS, write_profile
from otx.profile.formats.opening import open_profile
from otx.profile.formats.profile import sampled_profile

FUNCTIONS = 3_000
BRANCHES = 3
"""Functions that a function calls; the rest of a stack follows from its turns."""


def made_profile(stacks: int, depth: int, seed: int = 1) -> Profile:
    """Stacks as a program has them: few functions, each calling few others."""
    rng = random.Random(seed)
    frames = [made_frame(number) for number in range(FUNCTIONS)]
    calls = [rng.sample(range(FUNCTIONS), BRANCHES) for _ in range(FUNCTIONS)]
    counts: dict[Stack, int] = {}
    while len(counts) < stacks:
        at = 0
        stack = [Frame("shop", "process")]
        for _ in range(depth - 1):
            stack.append(frames[at])
            at = rng.choice(calls[at])
        counts[tuple(stack)] = rng.randrange(1, 4)
    return sampled_profile(counts, ProfileStats(samples=sum(counts.values())), 99, 10**10, 10**18)


def made_frame(number: int) -> Frame:
    """A function, two in three of Python."""
    if number % 3:
        file = f"/srv/shop/module_{number % 97}.py"
        return Frame(f"Service.method_{number}", "python", file, number % 500, file[10:])
    return Frame(f"shop::detail::function_{number}", "native", module="libshop.so.1")


def main() -> None:
    """Write and read in every form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stacks", type=int, default=30_000)
    parser.add_argument("--depth", type=int, default=30)
    arguments = parser.parse_args()
    gc.set_threshold(GC_THRESHOLD)  # as the command has it
    profile = made_profile(arguments.stacks, arguments.depth)
    print(f"{arguments.stacks} stacks of depth {arguments.depth}")
    print(f"{'form':<12} {'write':>8} {'read':>8} {'size':>10} {'gzip':>10}  of folded")
    baseline = 0
    for form in ("folded", *(it for it in FORMS if it != "folded")):
        started = time.process_time()
        data = write_profile(profile, form)
        wrote = time.process_time() - started
        read = read_seconds(data, form)
        packed = len(data) if form == "pprof" else len(gzip.compress(data, 6))
        baseline = baseline or len(data)
        print(
            f"{form:<12} {wrote:>6.2f} s {read} {len(data) / 1e6:>7.2f} MB"
            f" {packed / 1e6:>7.2f} MB  {len(data) / baseline:.2f}"
        )


def read_seconds(data: bytes, form: str) -> str:
    """How long reading takes."""
    started = time.process_time()
    open_profile(data, form, lambda text: None)
    return f"{time.process_time() - started:>6.2f} s"


if __name__ == "__main__":
    main()
