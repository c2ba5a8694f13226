"""Memory of a process, read from outside."""

import ctypes
import os
import shutil
import subprocess
import sys

import pytest

from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory, require_readable

NOBODY = 65534
TOLD = b"of nobody's process"
TARGET = f"""
import ctypes, os, sys
os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
PR_SET_DUMPABLE = 4  # the kernel takes it away from who changes its user
ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1)
buffer = ctypes.create_string_buffer({TOLD!r})
print(ctypes.addressof(buffer), flush=True)
sys.stdin.read()
"""
READER = """
import sys
from otx.profile.memory import ProcessMemory, require_readable
pid, address, size = map(int, sys.argv[1:])
require_readable(pid)
memory = ProcessMemory(pid)
try:
    print(memory.read(address, size).decode())
    memory.read(8, 8)
finally:
    memory.close()
"""


def test_bytes_are_those_that_are_there() -> None:
    buffer = ctypes.create_string_buffer(b"in this process", 32)
    memory = ProcessMemory(os.getpid())
    try:
        assert memory.read(ctypes.addressof(buffer), 15) == b"in this process"
        word = int.from_bytes(b"in this ", "little")
        assert memory.read_word(ctypes.addressof(buffer)) == word
    finally:
        memory.close()


@pytest.mark.parametrize("address", [0, -1, 8, 1 << 62, 1 << 63, (1 << 64) - 1])
def test_what_is_not_there_raises_the_rooms_error(address: int) -> None:
    memory = ProcessMemory(os.getpid())
    try:
        with pytest.raises(UnreadableError):
            memory.read(address, 8)
    finally:
        memory.close()


def test_a_process_that_is_not_there_has_no_memory() -> None:
    with pytest.raises(UnreadableError):
        ProcessMemory(1 << 30).read(4096, 8)


class TestAnothersProcess:
    """Its file of memory is its user's: who may trace it and not open that reads it as well."""

    def read_with(self, *dropped: str) -> "subprocess.CompletedProcess[str]":
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            pytest.skip("dropping capabilities needs root and setpriv")
        with subprocess.Popen(
            [sys.executable, "-c", TARGET], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as target:
            assert target.stdout is not None
            address = target.stdout.readline().decode().strip()
            drop = f"--bounding-set={','.join(f'-{name}' for name in dropped)}"
            words = (str(target.pid), address, str(len(TOLD)))
            reader = ("setpriv", drop, sys.executable, "-c", READER, *words)
            done = subprocess.run(reader, capture_output=True, text=True, timeout=60, check=False)
            target.communicate()
        return done

    def test_it_is_read_with_the_right_to_trace_alone(self) -> None:
        done = self.read_with("dac_override", "dac_read_search")
        assert done.stdout == TOLD.decode() + "\n"
        assert "UnreadableError: memory at 0x8" in done.stderr

    def test_it_is_refused_without_that_right(self) -> None:
        done = self.read_with("dac_override", "dac_read_search", "sys_ptrace")
        assert done.stdout == ""
        assert "PermissionError" in done.stderr


def test_a_process_that_has_ended_is_told_from_one_that_may_not_be_read() -> None:
    with pytest.raises(FileNotFoundError):
        require_readable(1 << 30)
