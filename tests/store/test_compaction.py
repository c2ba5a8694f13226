"""Compaction merges all that fits, and nothing that does not."""

from pathlib import Path

import pytest

from otx.errors import MachineError
from otx.store.compaction import compact_store
from otx.store.durable import FileLock
from otx.store.manifest import read_manifest
from otx.store.reader import Store
from tests.store.conftest import SpanRequest
from tests.store.segments import converted

NOW = 1_790_000_000_000_000_000


def test_neighbours_are_merged_as_far_as_a_segment_goes(
    store_dir: Path, span_request: SpanRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otx.store.upkeep.MERGED_ROWS", 10)
    for trace in range(1, 6):
        conversion = converted(store_dir, span_request("a", 4, trace=trace))
    done = compact_store(conversion.layout, lambda: NOW)
    (spans,) = done.kinds
    assert (spans.rows, spans.segments_before, spans.segments) == (20, 5, 3)
    assert (done.retired_files, done.retired_bytes > 0) == (4, True)
    segments = read_manifest(conversion.layout.manifest).segments
    assert sorted(segment.rows for segment in segments) == [4, 8, 8]
    assert Store(store_dir).totals().spans == 20


def test_a_second_compaction_removes_what_was_replaced(
    store_dir: Path, span_request: SpanRequest
) -> None:
    for trace in range(1, 4):
        conversion = converted(store_dir, span_request("a", 4, trace=trace))
    compact_store(conversion.layout, lambda: NOW)
    done = compact_store(conversion.layout, lambda: NOW + 3600 * 10**9)
    assert done.retired_files == 0
    assert len(list(conversion.layout.segments.iterdir())) == 1


def test_a_converter_at_work_is_left_alone(store_dir: Path, span_request: SpanRequest) -> None:
    layout = converted(store_dir, span_request("a")).layout
    lock = FileLock(layout.converter_lock)
    assert lock.acquire()
    with pytest.raises(MachineError, match="a converter works"):
        compact_store(layout, lambda: NOW)
    lock.release()
