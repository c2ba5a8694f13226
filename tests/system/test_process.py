"""A process names itself, and ends with its parent."""

import signal
import subprocess
import sys

CHILD = """
import os, sys
from pathlib import Path
from otx.system.process import end_with_parent, name_process
end_with_parent(int(sys.argv[1]))
name_process("a-name-longer-than-the-kernel-keeps")
print(Path("/proc/self/comm").read_text().strip(), os.getpid(), flush=True)
import threading
threading.Event().wait(60)
"""
PARENT = f"""
import os, subprocess, sys
subprocess.run([sys.executable, "-c", {CHILD!r}, str(os.getpid())])
"""


def test_a_child_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        name, _pid = parent.stdout.readline().split()
        assert name == "a-name-longer-t"
        parent.kill()
        # The child holds the pipe's other end: it is read to its end when the child is gone.
        assert parent.stdout.read() == ""
    finally:
        parent.kill()
        parent.communicate()


def test_a_child_of_a_parent_that_is_gone_ends_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD, "1"], timeout=20, check=False)
    assert done.returncode == -signal.SIGTERM
