"""Freed memory is kept for the next batch, and given back when it is asked for."""

import subprocess
import sys

PROGRAM = """
from pathlib import Path
import pyarrow as pa
from otx.store.converter_memory import give_back_memory, keep_freed_memory

def resident_mib():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 >> 20

keep_freed_memory()
columns = [pa.array([b"x" * (1 << 20)]) for _ in range(64)]
held = resident_mib()
columns = columns[-1:]
kept = resident_mib()
give_back_memory()
print(pa.default_memory_pool().backend_name, held - kept, kept - resident_mib())
"""


def test_freed_memory_is_kept_until_it_is_given_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    backend, let_go, given_back = done.stdout.split()
    assert backend == "system"
    assert int(let_go) < 16
    assert int(given_back) > 48
