"""Memory of a body is kept for the next one."""

import subprocess
import sys

PROGRAM = """
import resource, sys
from otx.services.receive_memory import settle_memory
if sys.argv[1] == "settled":
    settle_memory()
for _ in range(200):
    bodies = [bytes(1 << 20) for _ in range(8)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def faults(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_pages_are_not_fetched_again_for_every_body() -> None:
    assert faults("settled") < faults("as it comes") / 5
