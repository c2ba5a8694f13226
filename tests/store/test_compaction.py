"""Compaction merges all that fits, and nothing that does not."""

from pathlib import Path

import pytest

from otx.errors import MachineError
from otx.store.compaction import compact_store
from otx.store.durable import FileLock
from otx.store.inspection import verify_store
from otx.store.manifest import read_manifest
from otx.store.reader import Store
from otx.store.upkeep import Retention, expire
from tests.store.conftest import SpanRequest
from tests.store.segments import converted, indexed

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


def test_damaged_indexes_are_made_anew(
    store_dir: Path, span_request: SpanRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otx.store.segment_index.MIN_INDEXED_ROWS", 1)
    layout = converted(store_dir, span_request("a", 4)).layout
    assert compact_store(layout, lambda: NOW).damaged_indexes == 0
    (index,) = layout.segments.glob("*.by-trace")
    whole = index.read_bytes()
    index.write_bytes(whole[:-1])
    assert [one.place for one in verify_store(layout, read_manifest(layout.manifest))] == [
        f"segments/{index.name}"
    ]
    assert compact_store(layout, lambda: NOW).damaged_indexes == 1
    assert index.read_bytes() == whole
    assert list(verify_store(layout, read_manifest(layout.manifest))) == []


def test_an_index_that_could_not_be_made_is_tried_again(
    store_dir: Path, span_request: SpanRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otx.store.segment_index.MIN_INDEXED_ROWS", 1)
    warnings: list[str] = []
    with monkeypatch.context() as scarce:
        scarce.setattr("otx.store.index_entries.MAX_ENTRIES", 1)
        scarce.setattr("otx.store.index_entries.FIRST_ROOM", 1)
        layout = converted(store_dir, span_request("a", 4)).layout
        compact_store(layout, lambda: NOW, warn=warnings.append)
    assert len(warnings) == 1
    (index,) = layout.segments.glob("*.by-pair")
    assert index.read_bytes() == b""
    assert compact_store(layout, lambda: NOW, warn=warnings.append).damaged_indexes == 0
    assert len(warnings) == 1
    assert index.read_bytes()


def test_indexes_count_for_retention(
    store_dir: Path, span_request: SpanRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for trace in (1, 2):
        conversion = converted(store_dir, span_request("a", 40, trace=trace))
    rows = sum(segment.bytes for segment in conversion.manifest.segments)
    now = conversion.manifest.segments[-1].received_unix_nano
    assert expire(conversion, Retention(bytes=rows), now) == 0
    indexed(conversion)
    assert expire(conversion, Retention(bytes=rows), now) == 40
