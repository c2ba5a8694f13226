"""The ring of a perf event, as the kernel fills it."""

import os
import time

import pytest

from otx.errors import MachineError
from otx.profile.perf.events import Looking, open_thread_event
from otx.profile.perf.records import PerfLost, PerfSample, decode_perf
from otx.profile.perf.ring import RING_SIZE, PerfRing


@pytest.fixture
def own_event() -> int:
    try:
        return open_thread_event(0, -1, Looking(4_000, 16 << 10, False, threads=False))
    except OSError as error:
        pytest.skip(f"no perf events here: {error.strerror}")


def burn(seconds: float) -> None:
    ends = time.thread_time() + seconds
    while time.thread_time() < ends:
        pass


def test_records_are_whole_also_where_the_ring_begins_anew(own_event: int) -> None:
    ring = PerfRing(own_event)
    try:
        seen, times = 0, [0]
        while seen < 3 * RING_SIZE:
            burn(0.002)
            for raw in ring.read():
                seen += len(raw)
                record = decode_perf(raw)
                if isinstance(record, PerfSample):
                    assert (record.pid, record.tid) == (os.getpid(), os.getpid())
                    times.append(record.monotonic_ns)
        assert times == sorted(times)
    finally:
        ring.close()
        os.close(own_event)


def test_what_does_not_fit_is_counted_by_the_kernel(own_event: int) -> None:
    ring = PerfRing(own_event)
    try:
        lost = 0
        for _ in range(100):
            burn(0.05)  # nobody reads meanwhile: there is room for some thirty samples
            records = map(decode_perf, ring.read())
            lost += sum(record.count for record in records if isinstance(record, PerfLost))
            if lost:
                return
        raise AssertionError("a full ring lost nothing")
    finally:
        ring.close()
        os.close(own_event)


def test_what_has_no_ring_is_refused() -> None:
    with open(os.devnull, "rb") as file, pytest.raises(MachineError):  # noqa: PTH123
        PerfRing(file.fileno())
