"""Which processes can be dumped: each that cannot is refused in a clear line."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from otx.errors import UsageError
from otx.profile.dump.subject import find_subject
from tests.conftest import wait_until


@pytest.fixture
def child() -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


def test_a_process_is_known_by_its_id(child: "subprocess.Popen[bytes]") -> None:
    try:
        wait_until(lambda: "input()" in find_subject(child.pid).command, "the child has begun")
        assert find_subject(child.pid).pid == child.pid
    finally:
        child.communicate(b"\n")


def test_a_zombie_is_refused_with_its_parent(child: "subprocess.Popen[bytes]") -> None:
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    try:
        with pytest.raises(UsageError, match="zombie") as refused:
            find_subject(child.pid)
        assert str(os.getpid()) in refused.value.hint
    finally:
        child.communicate()
    with pytest.raises(UsageError, match="no process"):
        find_subject(child.pid)


def test_a_thread_of_the_kernel_is_refused() -> None:
    if "kthreadd" not in Path("/proc/2/comm").read_text():
        pytest.skip("process 2 is no thread of the kernel here")
    with pytest.raises(UsageError, match="thread of the kernel"):
        find_subject(2)


@pytest.mark.parametrize("name", [os.getpid, threading.get_native_id])
def test_otx_itself_is_refused(name: "type[int]") -> None:
    with pytest.raises(UsageError, match="itself"):
        find_subject(name())
