"""The limit on open files is raised as far as it may be, and never lowered."""

import subprocess
import sys

import pytest

ASK = """\
import resource
from otx.system.open_files import allow_open_files
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
print(allow_open_files({wanted}), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "allowed"),
    [(100, 400, 300, 300), (100, 200, 300, 200), (200, 400, 100, 200), (200, 200, 200, 200)],
)
def test_what_is_allowed(soft: int, hard: int, wanted: int, allowed: int) -> None:
    # In a process of its own: a hard limit cannot be raised again.
    script = ASK.format(soft=soft, hard=hard, wanted=wanted)
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == [str(allowed)] * 2
