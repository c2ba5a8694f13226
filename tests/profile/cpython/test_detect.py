"""The interpreter in a process: found, refused by name, or not there."""

import os

from otx.profile.cpython.detect import Interpreter, find_interpreter
from otx.profile.maps import AddressSpace, Mapping, read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.objects import ObjectFiles


def test_a_process_without_files_has_no_interpreter() -> None:
    pid = os.getpid()
    anonymous = AddressSpace([Mapping(4096, 8192, True, 0, "00:00", 0, "")])
    assert find_interpreter(pid, anonymous, ProcessMemory(0), ObjectFiles()) is None


def test_memory_that_cannot_be_read_is_no_interpreter_yet() -> None:
    pid = os.getpid()
    files = ObjectFiles()
    assert isinstance(
        find_interpreter(pid, read_address_space(pid), ProcessMemory(pid), files), Interpreter
    )
    assert find_interpreter(pid, read_address_space(pid), ProcessMemory(0), files) is None
