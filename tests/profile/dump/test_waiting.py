"""What a system call says of what a thread waits for."""

import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.dump.looks import SystemCall
from otx.profile.dump.stacks import NO_WAIT, Wait
from otx.profile.dump.waiting import wait_of
from otx.profile.memory import ProcessMemory
from tests.profile.fake_memory import BASE, FakeMemory, wild_memories

FUTEX, PRIVATE = 202, 128
AT = f"{BASE:#x}"


def futex(operation: int, expected: int, lock: int, owner: int) -> Wait:
    memory = FakeMemory(struct.pack("<IIII", lock, 0, owner, 0))
    call = SystemCall(FUTEX, (BASE, operation, expected, 0, 0, 0))
    return wait_of(1, 10, call, memory, {10, 11})


def test_a_mutex_names_who_holds_it() -> None:
    assert futex(PRIVATE, 2, 2, 11) == Wait("futex", AT, f"mutex {AT}", 11)


def test_a_lock_with_priorities_names_who_holds_it() -> None:
    assert futex(6 | PRIVATE, 0, 11 | 1 << 31, 0) == Wait("futex", AT, f"mutex {AT}", 11)


@pytest.mark.parametrize(
    ("operation", "expected", "owner"),
    [
        (PRIVATE, 0, 11),  # a condition variable or a semaphore: another value is waited for
        (PRIVATE, 2, 99),  # no thread of the process
        (PRIVATE, 2, 10),  # itself
        (1, 2, 11),  # FUTEX_WAKE
    ],
)
def test_what_is_no_mutex_for_sure_has_no_holder(operation: int, expected: int, owner: int) -> None:
    assert futex(operation, expected, 2, owner) == Wait("futex", AT)


def test_a_call_on_a_file_names_it() -> None:
    read_end, write_end = os.pipe()
    try:
        call = SystemCall(0, (read_end, 0, 1, 0, 0, 0))
        wait = wait_of(os.getpid(), 1, call, ProcessMemory(0), ())
    finally:
        os.close(read_end)
        os.close(write_end)
    assert wait.call == "read"
    assert wait.on.startswith(f"fd {read_end} pipe:[")


def test_other_calls_have_a_name_or_their_number() -> None:
    memory = ProcessMemory(0)
    assert wait_of(1, 1, None, memory, ()) == NO_WAIT
    assert wait_of(1, 1, SystemCall(230, (0,) * 6), memory, ()) == Wait("clock_nanosleep")
    assert wait_of(1, 1, SystemCall(9999, (0,) * 6), memory, ()) == Wait("syscall 9999")


@given(wild_memories(), st.lists(st.integers(0, (1 << 64) - 1), min_size=6, max_size=6))
def test_no_memory_and_no_arguments_raise(memory: FakeMemory, arguments: list[int]) -> None:
    wait_of(1, 10, SystemCall(FUTEX, tuple(arguments)), memory, {10, 11})
