"""Where a running thread is: the record the kernel writes, and a program that burns."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.dump.running import MAX_KERNEL_FRAMES, decode_tick, tick
from otx.profile.errors import UnreadableError
from otx.profile.unwind.walk import Registers
from tests.profile.conftest import Start

CONTEXT_KERNEL, CONTEXT_USER = (1 << 64) - 128, (1 << 64) - 512


def sample(chain: list[int], stack: bytes = b"", abi: int = 2) -> bytes:
    body = struct.pack(f"<IIQ{len(chain)}QQ", 7, 7, len(chain), *chain, abi)
    if abi:
        body += struct.pack("<QQQ", 0xB, 0x5, 0x1)
    body += struct.pack("<Q", len(stack)) + stack
    body += struct.pack("<Q", len(stack)) if stack else b""
    return struct.pack("<IHH", 9, 0, 8 + len(body)) + body


def test_a_sample_is_registers_stack_and_kernel_frames() -> None:
    other = struct.pack("<IHH8x", 2, 0, 16)
    found = decode_tick(other + sample([CONTEXT_KERNEL, 0xAA, 0xBB], b"12345678"))
    assert found is not None
    assert found.registers == Registers(pc=0x1, sp=0x5, bp=0xB)
    assert (found.stack, found.kernel) == (b"12345678", (0xAA, 0xBB))


def test_a_thread_of_the_kernel_alone_has_no_registers() -> None:
    assert decode_tick(sample([CONTEXT_KERNEL, 0xAA], abi=0)) is None
    assert decode_tick(b"") is None


@pytest.mark.parametrize("size", [64, 1 << 40, (1 << 64) - 1])
def test_a_stack_longer_than_its_record_is_refused(size: int) -> None:
    raw = sample([])
    with pytest.raises(UnreadableError):
        decode_tick(raw[:-8] + struct.pack("<Q", size))


@given(st.binary(max_size=300))
def test_any_record_is_decoded_or_refused(raw: bytes) -> None:
    for attempt in (raw, struct.pack("<IHH", 9, 0, 8 + len(raw)) + raw):
        try:
            found = decode_tick(attempt)
        except UnreadableError:
            continue
        assert found is None or len(found.kernel) <= MAX_KERNEL_FRAMES


@pytest.mark.bpf
@pytest.mark.usefixtures("bpf_machine")
def test_a_running_program_is_met_where_it_burns(burn: Path, start: Start) -> None:
    found = tick(start(burn).pid, 5.0)
    assert found is not None
    assert found.registers.pc and len(found.stack) > 64


def test_a_thread_that_is_gone_is_not_met() -> None:
    assert tick(0x7FFF_FFFF, 0.0) is None
