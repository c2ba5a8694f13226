"""What `otx profile --self-test` samples: work in a deep Python stack that counts itself.

Run as a program with the file that it counts in (units of work and the processor time they took,
two words) and the pid of whoever starts it, whose end it does not outlive.
"""

import mmap
import os
import struct
import sys
import time

COUNTED = struct.Struct("QQ")
_DEPTH = 27
_UNIT = 1_000


def work() -> int:
    """A unit of work."""
    total = 0
    for number in range(_UNIT):
        total += number * number
    return total


def count(page: mmap.mmap, parent: int) -> None:
    """Work for as long as this is the parent."""
    units = 0
    while os.getppid() == parent:
        work()
        units += 1
        cpu_ns = time.clock_gettime_ns(time.CLOCK_THREAD_CPUTIME_ID)
        page[: COUNTED.size] = COUNTED.pack(units, cpu_ns)


def descend(depth: int, page: mmap.mmap, parent: int) -> None:
    """Call oneself so many times, then work."""
    if depth:
        descend(depth - 1, page, parent)
    else:
        count(page, parent)


def main() -> None:
    """Say `ready`, and work."""
    with open(sys.argv[1], "r+b") as file:  # noqa: PTH123, it starts in a tenth of the time
        page = mmap.mmap(file.fileno(), mmap.PAGESIZE)
    os.write(1, b"ready\n")
    descend(_DEPTH, page, int(sys.argv[2]))


if __name__ == "__main__":
    main()
