"""Indexes of traces and attributes: nothing that is there is ever passed over."""

import ctypes
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otx.model.signal import Signal
from otx.otlp.attribute_columns import attribute_texts
from otx.otlp.json_columns import attributes_text
from otx.store.conversion import Conversion
from otx.store.index_entries import Texts, entries_of
from otx.store.index_file import IndexFile
from otx.store.layout import Layout
from otx.store.segment_index import (
    INDEX_KINDS,
    MAX_BLOCKS,
    block_spans,
    has_indexes,
    index_path,
    is_worth_indexing,
    open_index,
    pair_keys,
    remove_damaged,
    trace_keys,
    write_indexes,
)
from otx.store.upkeep import index_one
from otx.store.wal import LogWriter
from tests.otlp.conftest import native as native
from tests.otlp.messages import any_values
from tests.store.conftest import START_UNIX_NANO, SpanRequest
from tests.store.segments import converted

ATTRIBUTES = st.lists(
    st.builds(
        KeyValue,
        key=st.one_of(st.text(max_size=4), st.sampled_from(["a", "a,", '"', "~/", "\u0301x", "{"])),
        value=st.one_of(
            any_values(),
            st.sampled_from(["", ",", 'x,"', '","', "a,}", "1", "true", "\u0301"]).map(
                lambda text: AnyValue(string_value=text)
            ),
        ),
    ),
    max_size=4,
)
_SHORT = st.binary(min_size=8, max_size=8).map(lambda half: bytes(8) + half)
"""Trace ids of tracers of 64 bits."""


@given(ATTRIBUTES, ATTRIBUTES)
def test_whatever_a_search_may_find_has_a_key_that_is_looked_for(
    own: list[KeyValue], resource: list[KeyValue]
) -> None:
    texts = [attributes_text(own), _column_text(own), attributes_text(resource)]
    block = pa.array([7], pa.uint64())
    with duckdb.connect() as connection:
        for text in texts[:2]:
            connection.execute(
                "CREATE OR REPLACE TABLE t AS SELECT ? AS attributes, ? AS resource",
                [text, texts[2]],
            )
            parts = [Texts(pa.array([one]), block) for one in (text, texts[2])]
            there = set(entries_of("pairs", parts).keys.to_pylist())
            for column, attributes in (("attributes", own), ("resource", resource)):
                for name in {one.key for one in attributes}:
                    value = _extracted(connection, column, name)
                    keys = None if value is None else pair_keys(name, value)
                    assert keys is None or there & set(keys), (name, value)


@pytest.mark.parametrize(
    ("name", "value"), [("a,", "b"), ("a", "b,"), ("a", "[1]"), ("a", '{"b":1}'), ("a", "\udcff")]
)
def test_what_the_index_cannot_tell(name: str, value: str) -> None:
    assert pair_keys(name, value) is None


def test_a_text_has_one_key_and_a_number_few() -> None:
    counts = [len(pair_keys("k", value) or ()) for value in ("GET", "200", "true", "1e20")]
    assert counts == [1, 3, 2, 3]


@given(st.one_of(st.binary(min_size=16, max_size=16), _SHORT), st.integers(8, 32))
def test_a_trace_is_within_the_keys_of_its_prefixes(trace_id: bytes, digits: int) -> None:
    whole, _ = trace_keys(trace_id.hex())
    low, high = trace_keys(trace_id.hex()[:digits])
    assert 0 <= low <= whole <= high < 1 << 64


@given(st.sets(st.integers(0, 9)), st.lists(st.integers(0, 5), min_size=10, max_size=10))
def test_spans_of_blocks_hold_each_block_and_stand_apart(
    wanted: set[int], steps: list[int]
) -> None:
    starts = [sum(steps[: number + 1]) for number in range(10)]
    spans = list(block_spans(sum(1 << number for number in wanted), starts, starts[-1] + 3))
    ends = [*starts[1:], starts[-1] + 3]
    for number in wanted:
        assert any(begin <= starts[number] and ends[number] <= end for begin, end in spans)
    assert len(spans) <= len(wanted)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_an_index_names_the_block_of_each_pair_and_trace(
    store_dir: Path, span_request: SpanRequest
) -> None:
    conversion = converted(store_dir, *(span_request("a", 40, trace=n) for n in range(1, 4)))
    (segment,) = conversion.manifest.segments
    directory = conversion.layout.segments
    assert not has_indexes(directory, segment)
    write_indexes(directory, segment)
    assert has_indexes(directory, segment)
    pairs = open_index(directory, segment.name, "pairs")
    assert pairs is not None
    # 120 rows are 60 blocks of two.
    assert len(pairs.starts) == MAX_BLOCKS
    assert pairs.starts[0] == START_UNIX_NANO + 1_000_000_000
    assert _found(pairs, "order.id", "1") == 1 << 0 | 1 << 20 | 1 << 40
    assert _found(pairs, "service.name", "shop") == (1 << 60) - 1
    assert _found(pairs, "order.id", "40") == 0
    traces = open_index(directory, segment.name, "traces")
    assert traces is not None
    assert traces.blocks_of([trace_keys(f"{2:032x}")]) & 1 << 30


def test_small_segments_are_not_worth_it(store_dir: Path, span_request: SpanRequest) -> None:
    (segment,) = converted(store_dir, span_request("a")).manifest.segments
    assert not is_worth_indexing(segment)


def test_too_much_for_memory_leaves_an_empty_index_and_a_warning(
    store_dir: Path, span_request: SpanRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otx.store.index_entries.MAX_ENTRIES", 1)
    monkeypatch.setattr("otx.store.index_entries.FIRST_ROOM", 1)
    conversion = converted(store_dir, span_request("a", 3))
    (segment,) = conversion.manifest.segments
    warnings: list[str] = []
    write_indexes(conversion.layout.segments, segment, warn=warnings.append)
    index = index_path(conversion.layout.segments, segment.name, "pairs")
    assert index.read_bytes() == b""
    said = f"the index {index.name} cannot be made (more than 1 keys): its segment is read whole"
    assert warnings == [said]
    assert open_index(conversion.layout.segments, segment.name, "pairs") is None
    assert has_indexes(conversion.layout.segments, segment)


def test_indexes_of_rows_are_those_of_their_file(
    store_dir: Path,
    span_request: SpanRequest,
    monkeypatch: pytest.MonkeyPatch,
    native: ctypes.CDLL,
) -> None:
    monkeypatch.setattr("otx.store.index_entries.library", lambda: native)
    monkeypatch.setattr("otx.store.segment_index.MIN_INDEXED_ROWS", 1)
    conversion = converted(store_dir, *(span_request("a", 40, trace=n) for n in range(1, 4)))
    (segment,) = conversion.manifest.segments
    directory = conversion.layout.segments
    paths = [index_path(directory, segment.name, kind) for kind in INDEX_KINDS]
    written = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    write_indexes(directory, segment)
    assert [path.read_bytes() for path in paths] == written


def test_without_the_library_indexes_come_later_and_are_the_same(
    store_dir: Path,
    span_request: SpanRequest,
    monkeypatch: pytest.MonkeyPatch,
    native: ctypes.CDLL,
) -> None:
    monkeypatch.setattr("otx.store.segment_index.MIN_INDEXED_ROWS", 1)
    monkeypatch.setattr("otx.store.index_entries.library", lambda: None)
    conversion = converted(store_dir, span_request("a", 40))
    (segment,) = conversion.manifest.segments
    paths = [index_path(conversion.layout.segments, segment.name, kind) for kind in INDEX_KINDS]
    assert not any(path.exists() for path in paths)
    assert index_one(conversion)
    written = [path.read_bytes() for path in paths]
    monkeypatch.setattr("otx.store.index_entries.library", lambda: native)
    for path in paths:
        path.unlink()
    assert index_one(conversion)
    assert [path.read_bytes() for path in paths] == written


def test_no_index_of_an_attempt_before_stays_behind(
    store_dir: Path, span_request: SpanRequest
) -> None:
    conversion = Conversion(Layout(store_dir))
    left = index_path(conversion.layout.segments, "spans-000000000001.parquet", "traces")
    left.write_bytes(b"of an attempt that failed")
    with LogWriter(store_dir, fsync="interval") as log:
        log.append(Signal.TRACES, span_request("a"), 1).result(60)
    conversion.convert()
    assert [segment.name for segment in conversion.manifest.segments] == [left.name[:-9]]
    assert not left.exists()


def test_damaged_indexes_are_removed_and_others_stay(
    store_dir: Path, span_request: SpanRequest
) -> None:
    conversion = converted(store_dir, span_request("a", 40))
    (segment,) = conversion.manifest.segments
    directory = conversion.layout.segments
    write_indexes(directory, segment)
    assert remove_damaged(directory, segment) == 0
    index = index_path(directory, segment.name, "traces")
    whole = index.read_bytes()
    for damaged in (whole[:-1] + bytes([whole[-1] ^ 1]), whole[:-20], b"PAR1" * 20):
        index.write_bytes(damaged)
        assert remove_damaged(directory, segment) == 1
        assert not index.exists()
    assert remove_damaged(directory, segment) == 0
    assert index_path(directory, segment.name, "pairs").exists()


def _found(index: IndexFile, name: str, value: str) -> int:
    keys = pair_keys(name, value)
    assert keys is not None
    return index.blocks_of((key, key) for key in keys)


def _column_text(attributes: list[KeyValue]) -> str:
    encoded = [[one.SerializeToString() for one in attributes]]
    (text,) = attribute_texts(pa.array(encoded, pa.list_(pa.binary()))).to_pylist()
    return str(text)


def _extracted(connection: duckdb.DuckDBPyConnection, column: str, name: str) -> str | None:
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    ((value,),) = connection.execute(
        f"SELECT json_extract_string({column}, ?) FROM t",
        [pointer],
    ).fetchall()
    return None if value is None else str(value)
