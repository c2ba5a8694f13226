"""Looks at threads through BPF: as they are written, and those of a live program."""

import os
import struct
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.dump.looks import SystemCall, ThreadLook
from otx.profile.dump.ready_program import ProgramCache
from otx.profile.dump.task_iterator import KERNEL_FRAMES, decode_looks, open_task_iterator
from otx.profile.unwind.walk import Registers

SIZE = 16 + 8 * (4 + 6 + 2 + KERNEL_FRAMES)


def raw_look(*, on_cpu: int = 0, ip: int = 0x1000, call: int = 202, frames: int = 2) -> bytes:
    words = [ip, 0x2000, 0x3000, call, *range(1, 7), 0x7F00, 12, 0xA, 0xB]
    head = struct.pack(f"<IIII{len(words)}Q", 42, on_cpu, frames, 0, *words)
    return head.ljust(SIZE, b"\0")


def test_a_blocked_thread_has_registers_and_its_call() -> None:
    (look,) = decode_looks(raw_look())
    assert look == ThreadLook(
        42,
        False,
        12,
        Registers(0x1000, 0x2000, 0x3000),
        0x7F00,
        SystemCall(202, (1, 2, 3, 4, 5, 6)),
        (0xA, 0xB),
    )


def test_a_running_threads_registers_are_of_no_moment() -> None:
    (look,) = decode_looks(raw_look(on_cpu=1))
    assert (look.registers, look.system_call) == (None, None)


def test_a_dead_thread_has_no_registers_and_another_is_in_no_call() -> None:
    dead, preempted = decode_looks(raw_look(ip=0) + raw_look(call=(1 << 64) - 1))
    assert dead.registers is None
    assert preempted.system_call is None


@given(st.binary(max_size=3 * SIZE))
def test_any_bytes_are_looks_or_nothing(raw: bytes) -> None:
    for look in decode_looks(raw):
        assert len(look.kernel) <= KERNEL_FRAMES


def test_the_program_writes_what_is_decoded() -> None:
    source = (Path(__file__).parents[3] / "bpf" / "otx_dump.bpf.c").read_text()
    assert f"#define KERNEL_FRAMES {KERNEL_FRAMES}\n" in source


@pytest.mark.bpf
@pytest.mark.usefixtures("bpf_machine")
def test_a_thread_that_waits_stays_and_one_that_went_on_does_not() -> None:
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait)
    thread.start()
    iterator = open_task_iterator(os.getpid(), ProgramCache(None))
    try:
        looks = [{look.tid: look for look in iterator.look()} for _ in range(2)]
        before, after = (known[thread.native_id or 0] for known in looks)
        assert before.has_stayed(after)
        assert before.thread_pointer == thread.ident
        own = looks[0][threading.get_native_id()]
        assert own.on_cpu
        assert not own.has_stayed(own)
        go_on.set()
        thread.join()
        left = {look.tid: look for look in iterator.look()}
        assert not before.has_stayed(left.get(before.tid))
    finally:
        go_on.set()
        iterator.close()
