"""Processes by id, and their children."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from otx.errors import UsageError
from otx.profile.targets import (
    descendants_of,
    is_alive,
    is_kernel_thread,
    may_be_read,
    process_of,
)
from tests.profile.conftest import Start

PARENT = """
import subprocess, sys
child = subprocess.Popen(["sleep", "60"])
print("ready", flush=True)
try:
    sys.stdin.read()
finally:
    child.kill()
    child.wait()
"""


def test_a_thread_stands_for_its_process() -> None:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(process_of(threading.get_native_id())))
    thread.start()
    thread.join()
    assert found == [os.getpid()]


@pytest.mark.parametrize("ends", ["\r", "\v", "\f", "\x1c"])
def test_a_thread_does_not_stand_for_another_process_by_its_name(ends: str) -> None:
    found: list[int] = []

    def look() -> None:
        own = threading.get_native_id()
        Path(f"/proc/self/task/{own}/comm").write_bytes(f"x{ends}Tgid:\t1".encode())
        found.append(process_of(own))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [os.getpid()]


def test_an_id_of_nobody_is_an_error_with_a_hint() -> None:
    with pytest.raises(UsageError, match="there is no process 1073741824") as refused:
        process_of(1 << 30)
    assert "pgrep" in refused.value.hint


def test_descendants_are_children_and_theirs() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert parent.stdout is not None and parent.stdout.readline() == b"ready\n"
        (child,) = descendants_of([parent.pid])
        assert child in descendants_of([os.getpid()])
        assert is_alive(child)
    finally:
        parent.communicate(timeout=20)


def test_a_process_lives_on_in_its_other_threads(start: Start) -> None:
    leaving = (
        "import ctypes, threading, time\n"
        "main = threading.main_thread().native_id\n"
        "def stay():\n"
        "  stat = f'/proc/self/task/{main}/stat'\n"
        "  while open(stat).read().rpartition(')')[2].split()[0] != 'Z': time.sleep(0.01)\n"
        "  print('ready', flush=True)\n"
        "  time.sleep(60)\n"
        "threading.Thread(target=stay).start()\n"
        "ctypes.CDLL(None).syscall(60, 0)\n"  # exit of this thread alone
    )
    process = start(sys.executable, "-c", leaving)
    assert is_alive(process.pid)
    assert process_of(process.pid) == process.pid


def test_the_kernel_s_threads_are_told_from_programs() -> None:
    assert not is_kernel_thread(os.getpid()) and not is_kernel_thread(1 << 30)
    assert may_be_read(os.getpid()) and may_be_read(1 << 30)


def test_a_zombie_is_not_alive(start: Start) -> None:
    process = start("sh", "-c", "echo ready; exec sleep 60")
    assert is_alive(process.pid)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(process.pid)
    with pytest.raises(UsageError, match="it is a zombie"):
        process_of(process.pid)
