"""Looks at threads through /proc: what is parsed, and the threads of this process."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.dump.looks import SystemCall, ThreadLook
from otx.profile.dump.proc_threads import (
    ProcThreads,
    control_block_below,
    count_switches,
    parse_syscall,
)
from otx.profile.memory import ProcessMemory
from otx.profile.unwind.walk import LOST_BP, Registers
from tests.conftest import wait_until
from tests.profile.fake_memory import BASE, SIZE, FakeMemory, wild_memories


@pytest.fixture
def memory() -> Iterator[ProcessMemory]:
    own = ProcessMemory(os.getpid())
    yield own
    own.close()


def test_a_blocked_thread_tells_its_call_and_where_it_is() -> None:
    text = "202 0x10 0x80 0x2 0x0 0x0 0x0 0x7ffe10 0x7f20\n"
    assert parse_syscall(text) == (
        Registers(0x7F20, 0x7FFE10, LOST_BP),
        SystemCall(202, (16, 128, 2, 0, 0, 0)),
    )


def test_a_thread_blocked_outside_of_calls_tells_where_it_is() -> None:
    assert parse_syscall("-1 0x7ffe10 0x7f20\n") == (Registers(0x7F20, 0x7FFE10, LOST_BP), None)


@pytest.mark.parametrize("text", ["running\n", "", "0 zz 1", "-1 0x0 0x0", "1"])
def test_where_nothing_is_told_there_are_no_registers(text: str) -> None:
    assert parse_syscall(text)[0] is None


@given(st.text(max_size=80))
def test_any_text_is_parsed_or_passed_over(text: str) -> None:
    parse_syscall(text)


def test_a_waiting_thread_is_found_with_its_pointer(memory: ProcessMemory) -> None:
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait)
    thread.start()
    threads = ProcThreads(os.getpid(), memory)
    try:
        tid = thread.native_id or 0
        wait_until(lambda: not looks_of(threads)[tid].on_cpu, "the thread waits")
        before, after = looks_of(threads)[tid], looks_of(threads)[tid]
        assert before.has_stayed(after)
        assert before.thread_pointer == thread.ident
        assert before.system_call is not None
        assert looks_of(threads)[threading.get_native_id()].thread_pointer == threading.get_ident()
    finally:
        go_on.set()
        thread.join()


def looks_of(threads: ProcThreads) -> dict[int, ThreadLook]:
    return {look.tid: look for look in threads.look()}


def test_a_process_that_is_gone_has_no_threads(memory: ProcessMemory) -> None:
    assert ProcThreads(0x7FFF_FFFF, memory).look() == []


@given(wild_memories(), st.integers(0, (1 << 64) - 1) | st.integers(BASE, BASE + SIZE))
def test_no_memory_leads_to_more_than_a_word_below(memory: FakeMemory, head: int) -> None:
    found = control_block_below(memory, head)
    assert found == 0 or (found < head and memory.read_word(found) == found)


@pytest.mark.parametrize("name", ["ctxt_switches", "a\rctxt_switches"])
def test_a_thread_may_have_the_name_of_a_field(name: str) -> None:
    looks: list[ThreadLook] = []
    ready, end = threading.Event(), threading.Event()

    def wait() -> None:
        Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_bytes(name.encode())
        ready.set()
        end.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    ready.wait()
    looks = ProcThreads(os.getpid(), ProcessMemory(os.getpid())).look()
    end.set()
    thread.join()
    assert thread.native_id in [it.tid for it in looks]


def test_switches_are_counted_by_their_own_fields() -> None:
    lines = [
        "Name:\tctxt_switches",
        "voluntary_ctxt_switches:\t3",
        "nonvoluntary_ctxt_switches:\t4",
    ]
    assert count_switches(lines) == 7
    assert count_switches(["x_ctxt_switches:\t1", "voluntary_ctxt_switches:\tmany"]) == 0
