"""Memory of a process, read from outside."""

import ctypes
import os

import pytest

from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory


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
