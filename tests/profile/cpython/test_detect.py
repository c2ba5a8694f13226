"""The interpreter in a process: found, refused by name, or not there."""

import os
from dataclasses import replace

from otx.profile.cpython.detect import Interpreter, KnownInterpreters, find_interpreter
from otx.profile.maps import AddressSpace, Mapping, read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.objects import ObjectFiles


def test_a_process_without_files_has_no_interpreter() -> None:
    pid = os.getpid()
    anonymous = AddressSpace([Mapping(4096, 8192, True, 0, "00:00", 0, "")])
    assert find_interpreter(pid, anonymous, ProcessMemory(0), ObjectFiles()) is None


def test_of_a_file_that_was_met_nothing_has_to_be_read() -> None:
    """A process that just began has its interpreter's data not read in yet."""
    pid, files, known = os.getpid(), ObjectFiles(), KnownInterpreters()
    space = read_address_space(pid)
    found = find_interpreter(pid, space, ProcessMemory(pid), files, known)
    assert isinstance(found, Interpreter)
    assert find_interpreter(pid, space, ProcessMemory(0), files, known) == found
    (mapping,) = {it for it in space.executable if known.find(it, found.runtime)}
    elsewhere = replace(mapping, start=mapping.start + 4096, end=mapping.end + 4096)
    moved = known.find(elsewhere, found.runtime + 4096)
    assert moved == replace(found, runtime=found.runtime + 4096)
    assert known.find(replace(mapping, inode=mapping.inode + 1), found.runtime) is None


def test_memory_that_cannot_be_read_is_no_interpreter_yet() -> None:
    pid = os.getpid()
    files = ObjectFiles()
    assert isinstance(
        find_interpreter(pid, read_address_space(pid), ProcessMemory(pid), files), Interpreter
    )
    assert find_interpreter(pid, read_address_space(pid), ProcessMemory(0), files) is None
