"""Python that calls C that calls Python: sorted, map and re.sub with functions of Python."""

import mmap
import re
import struct
import sys
import time
from pathlib import Path


def burn(rounds: int) -> int:
    """Work."""
    total = 0
    for number in range(rounds):
        total += number * number
    return total


def sort_key(item: int) -> int:
    """Called by sorted."""
    return burn(50 * 100) and item


def mapped(item: int) -> int:
    """Called by map."""
    return burn(30 * 100) and item


def replacement(match: "re.Match[str]") -> str:
    """Called by re.sub."""
    return str(burn(20 * 100))


def by_sorted() -> None:
    """Half of the work."""
    sorted(range(10), key=sort_key)


def by_map() -> None:
    """Three tenths."""
    list(map(mapped, range(10)))


def by_sub() -> None:
    """A fifth."""
    re.sub("x", replacement, "x" * 10)


def main() -> None:
    """Work, and measure."""
    with Path(sys.argv[1]).open("r+b") as file:
        page = mmap.mmap(file.fileno(), 4096)
    parts = (by_sorted, by_map, by_sub)
    used = [0, 0, 0]
    print("ready", flush=True)
    while True:
        for number, part in enumerate(parts):
            began_ns = time.thread_time_ns()
            part()
            used[number] += time.thread_time_ns() - began_ns
            page[:24] = struct.pack("3Q", *used)


if __name__ == "__main__":
    main()
