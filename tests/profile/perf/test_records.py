"""The records of a perf event's ring, decoded."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.perf.records import (
    PerfComm,
    PerfLost,
    PerfSample,
    PerfTask,
    decode_perf,
)

WORDS = st.integers(0, (1 << 64) - 1)
ADDRESSES = st.integers(0, (1 << 64) - 4096)
KERNEL, USER = -128 & (1 << 64) - 1, -512 & (1 << 64) - 1


def record(kind: int, body: bytes, misc: int = 0) -> bytes:
    return struct.pack("<IHH", kind, misc, (8 + len(body)) & 0xFFFF) + body


def sample_bytes(sample: PerfSample, size: int) -> bytes:
    """A sample as the kernel writes it, its stack in a copy of so many bytes."""
    chain = [KERNEL, *sample.kernel] if sample.kernel else []
    chain += [USER, *sample.user] if sample.user else []
    body = struct.pack("<IIQQ", sample.pid, sample.tid, sample.monotonic_ns, len(chain))
    body += struct.pack(f"<{len(chain)}Q", *chain)
    body += struct.pack("<QQQQ", 2, *sample.registers) if sample.registers else bytes(8)
    body += struct.pack("<Q", size)
    if size:
        body += sample.stack.ljust(size, b"\xff") + struct.pack("<Q", len(sample.stack))
    return record(9, body)


@given(
    st.builds(
        PerfSample,
        st.integers(0, 1 << 22),
        st.integers(0, 1 << 22),
        WORDS,
        st.lists(ADDRESSES, max_size=20).map(tuple),
        st.lists(ADDRESSES, max_size=20).map(tuple),
        st.none() | st.tuples(WORDS, WORDS, WORDS),
        st.binary(max_size=64),
    )
)
def test_a_sample_comes_back(sample: PerfSample) -> None:
    assert decode_perf(sample_bytes(sample, 64)) == sample


def test_a_thread_without_user_mode_has_no_stack() -> None:
    sample = PerfSample(1, 1, 5, (0xFFFF_8000_0000_0000,), (), None, b"")
    assert decode_perf(sample_bytes(sample, 0)) == sample


def test_tasks_comms_and_losses() -> None:
    who_when = struct.pack("<IIQ", 8, 9, 77)
    task = struct.pack("<IIIIQ", 8, 7, 9, 7, 66)
    assert decode_perf(record(7, task + who_when)) == PerfTask(True, 8, 7, 9, 66)
    assert decode_perf(record(4, task + who_when)) == PerfTask(False, 8, 7, 9, 66)
    comm = struct.pack("<II8s", 8, 9, b"shop\0\0\0\0") + who_when
    assert decode_perf(record(3, comm)) == PerfComm(False, 8, 9, "shop", 77)
    assert decode_perf(record(3, comm, misc=1 << 13)) == PerfComm(True, 8, 9, "shop", 77)
    assert decode_perf(record(2, struct.pack("<QQ", 1, 40) + who_when)) == PerfLost(40, 77)
    assert decode_perf(record(5, bytes(24) + who_when)) is None, "a throttled event"


@pytest.mark.parametrize("kind", [2, 3, 4, 7, 9])
def test_a_cut_record_is_an_error(kind: int) -> None:
    with pytest.raises(ValueError, match="is cut"):
        decode_perf(record(kind, b"\x01"))


@given(st.sampled_from([2, 3, 4, 5, 7, 9]), st.binary(max_size=400))
def test_any_bytes_are_a_record_or_an_error(kind: int, body: bytes) -> None:
    with contextlib.suppress(ValueError):
        decode_perf(record(kind, body))
