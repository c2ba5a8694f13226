"""What events beside timers take from a target: work done a CPU second, attached against not.

Two programs are pinned to one processor in turn. `server` runs Python 30 frames deep and waits
for a pipe some thousand times a second, as a busy server does; `switcher` does nothing but hand
a byte to and fro between two threads, 50 000 switches a second and more: the worst there is. The
profiler is on another processor. Here "off" means that nothing is attached, since the hooks of
the scheduler cost something whether a wait is sampled or not; so a session is opened and closed
between windows, which follow each other as in profile_overhead.py, with a null beside them. Each
settles for a second before its window: waits are then sampled as often as from there on.

Beside the loss stands the kernel's own account of the programs, in a window after the others: it is
steady where the loss is not, but has neither what calls the programs nor interrupts in it, and some
70 ns of itself in each run.

    python benchmarks/profile_events.py [--pairs N] [--window S]
"""

import argparse
import mmap
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.account import accounted_ns, accounting
from benchmarks.profile_overhead import Arm, block
from otx.profile.events import Event
from otx.profile.session import ProfileSession, SamplingOptions, Target

SERVER = """
import mmap, os, struct, sys, threading, time
with open(sys.argv[1], "r+b") as file:
    page = mmap.mmap(file.fileno(), 4096)
there, back = os.pipe(), os.pipe()
def echo():
    while True:
        os.write(back[1], os.read(there[0], 1))
threading.Thread(target=echo, daemon=True).start()
def unit():
    x = 0
    for i in range(3000):
        x += i * i
    os.write(there[1], b"x")
    os.read(back[0], 1)
def deep(n):
    if n:
        return deep(n - 1)
    print("ready", flush=True)
    units = 0
    while True:
        unit()
        units += 1
        page[:16] = struct.pack("QQ", units, time.process_time_ns())
deep(27)
"""
SWITCHER_C = """
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
static int there[2], back[2];
static void hand(int to, int from)
{
    char c = 'x';
    if (to >= 0 && write(to, &c, 1) != 1) exit(1);
    if (from >= 0 && read(from, &c, 1) != 1) exit(1);
}
static void *echo(void *arg) { for (;;) { hand(-1, there[0]); hand(back[1], -1); } return arg; }
int main(int count, char **words)
{
    volatile unsigned long *page =
        mmap(0, 4096, 3, MAP_SHARED, open(words[1], O_RDWR), 0);
    struct timespec used;
    pthread_t thread;
    if (pipe(there) || pipe(back)) return 1;
    pthread_create(&thread, 0, echo, 0);
    puts("ready");
    fflush(stdout);
    for (;;) {
        hand(there[1], back[0]);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        page[1] = used.tv_sec * 1000000000ul + used.tv_nsec;
        page[0]++;
    }
}
"""
SETTLE_S = 1.0
"""How long it takes until no more is sampled than should be."""
ACCOUNT_S = 3.0
ARMS: tuple[tuple[str, Event | None], ...] = (
    ("null", None),
    ("cpu", "cpu"),
    ("offcpu", "offcpu"),
    ("wall", "wall"),
)


class Attachment:
    """A session that is opened and closed again and again."""

    def __init__(self, pid: int, event: Event | None) -> None:
        self._pid = pid
        self._event = event
        self._session: ProfileSession | None = None
        self.samples = 0
        self.said = ""

    def switch(self, on: bool) -> None:
        """Open the session, or close it."""
        if self._session is not None:
            stats = self._session.stats()
            self.said = f"last: {stats.samples} samples, lost {stats.lost}, {stats.waits}"
            self._session.close()
            self._session = None
        if on and self._event is not None:
            target = Target((self._pid,), children=False)
            cache = Path(tempfile.gettempdir()) / "otx-benchmark-tables"
            options = SamplingOptions(event=self._event)
            self._session = ProfileSession(target, options, cache_dir=cache)
            self._poll_for(SETTLE_S)

    def account(self) -> float:
        """The share of a core that the kernel says the programs take."""
        self.switch(True)
        with accounting():
            began_ns, before_ns = time.monotonic_ns(), accounted_ns()
            self._poll_for(ACCOUNT_S)
            share = (accounted_ns() - before_ns) / (time.monotonic_ns() - began_ns)
        self.switch(False)
        return share

    def drain(self) -> None:
        """Take what was sampled."""
        if self._session is not None:
            self._session.poll(0)

    def _poll_for(self, seconds: float) -> None:
        ends_s = time.monotonic() + seconds
        while self._session is not None and time.monotonic() < ends_s:
            self._session.poll(0.05)


@contextmanager
def running(words: list[str]) -> Iterator[tuple[int, mmap.mmap]]:
    """A target on the first processor, and the page it counts in."""
    processors = sorted(os.sched_getaffinity(0))
    with tempfile.NamedTemporaryFile() as file:
        file.write(bytes(4096))
        file.flush()
        page = mmap.mmap(file.fileno(), 4096)
        pinned = ["taskset", "-c", str(processors[0]), *words, file.name]
        target = subprocess.Popen(pinned, stdout=subprocess.PIPE)
        try:
            assert target.stdout is not None
            target.stdout.readline()
            os.sched_setaffinity(0, set(processors[1:]) or set(processors))
            yield target.pid, page
        finally:
            target.kill()
            target.wait()
            os.sched_setaffinity(0, processors)


def measure(name: str, words: list[str], pairs: int, window_s: float) -> None:
    """Run all arms by turns on one target, and print what it lost."""
    with running(words) as (pid, page):
        attachments = [Attachment(pid, event) for _, event in ARMS]
        arms = [
            Arm(arm, it.switch, it.drain) for (arm, _), it in zip(ARMS, attachments, strict=True)
        ]
        for _ in range(pairs // 2):
            for arm in random.sample(arms, len(arms)):
                block(pid, page, arm, window_s)
        for arm, attachment in zip(arms, attachments, strict=True):
            account = attachment.account()
            loss = arm.loss()
            if loss is None:
                print(f"{name:9} {arm.name:7} every pair was left out; the account {account:.2%}")
                continue
            kept = sum(map(len, arm.blocks))
            print(
                f"{name:9} {arm.name:7} {loss.median:7.2%} ({loss.low:.2%} .. {loss.high:.2%}),"
                f" {kept} pairs, {arm.discarded} left out; the account {account:.2%};"
                f" {attachment.said}"
            )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--pairs", type=int, default=20, help="pairs of windows an arm")
    parser.add_argument("--window", type=float, default=0.5, help="seconds a window")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        code, program = Path(folder) / "switcher.c", Path(folder) / "switcher"
        code.write_text(SWITCHER_C)
        subprocess.run(["gcc", "-O1", "-pthread", code, "-o", program], check=True)
        measure("server", [sys.executable, "-c", SERVER], options.pairs, options.window)
        measure("switcher", [str(program)], options.pairs, options.window)


if __name__ == "__main__":
    main()
