"""Traces are counted as seldom as counting is dear, and in the end as they are."""

from pathlib import Path

from otx.model.signal import Signal
from otx.store.reader import Store
from otx.store.wal import LogWriter
from otx.tui.trace_count import TraceCount
from tests.services.small_requests import spans_request


class SlowStore(Store):
    """A store in which counting takes a second of a clock."""

    now_s = 0.0

    def trace_count(self) -> int:
        self.now_s += 1
        return super().trace_count()


def test_a_count_waits_for_twenty_times_as_long_as_it_took(tmp_path: Path) -> None:
    store = SlowStore(tmp_path)
    count = TraceCount(lambda: store.now_s)
    assert count.of(store) == 0
    with LogWriter(tmp_path) as log:
        log.append(Signal.TRACES, spans_request("a").body, 1).result(60)
    for store.now_s in (2, 20.9):
        assert not count.is_due(store)
        assert count.of(store) == 0
    store.now_s = 21
    assert count.is_due(store)
    assert count.of(store) == 1
    store.now_s = 100
    assert not count.is_due(store)  # nothing changed
    assert (count.of(store), store.now_s) == (1, 100)
