"""Prints every row and the shortest way to each fault: `python -m spec.search [WORD…]`.

A word picks the rows whose name has it.
"""

import sys
import time

from spec.search.explore import explore
from spec.search.rows import Row, rows


def show(row: Row) -> None:
    """Searches one row and prints what it finds."""
    began = time.perf_counter()
    result = explore(row.model)
    seconds = time.perf_counter() - began
    faults = ", ".join(result.faults) or "everything holds"
    print(f"{row.name}: {result.states:,} states, {result.transitions:,} transitions, "
          f"{seconds:.1f} s: {faults}")  # fmt: skip
    for fault in result.faults:
        print(f"    {fault} <- {' '.join(result.trace(result.fault_state(fault)))}")


for one in rows():
    if all(word in one.name for word in sys.argv[1:]):
        show(one)
