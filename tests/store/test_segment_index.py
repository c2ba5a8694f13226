"""Indexes of traces and attributes: nothing that is there is ever passed over."""

from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.store.segment_index import (
    MAX_BLOCKS,
    block_spans,
    has_indexes,
    index_path,
    is_worth_indexing,
    pair_key,
    trace_keys,
    write_indexes,
)
from tests.store.conftest import START_UNIX_NANO, SpanRequest
from tests.store.segments import converted

_SHORT = st.binary(min_size=8, max_size=8).map(lambda half: bytes(8) + half)
"""Trace ids of tracers of 64 bits."""


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_pair_has_the_same_key_here_and_in_sql(name: str, value: str) -> None:
    found = duckdb.execute(
        "SELECT (md5_number_lower(? || '=' || ?) & 4294967295)::BIGINT", (name, value)
    ).fetchall()
    assert pair_key(name, value) == found[0][0] + MAX_BLOCKS


@given(st.one_of(st.binary(min_size=16, max_size=16), _SHORT), st.integers(8, 32))
def test_a_trace_is_within_the_keys_of_its_prefixes(trace_id: bytes, digits: int) -> None:
    whole, _ = trace_keys(trace_id.hex())
    low, high = trace_keys(trace_id.hex()[:digits])
    assert MAX_BLOCKS <= low <= whole <= high < 1 << 63


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
    pairs = _blocks(index_path(directory, segment.name, "pairs"))
    # 120 rows are 60 blocks of two.
    assert pairs[0] == START_UNIX_NANO + 1_000_000_000
    assert pairs[pair_key("order.id", "1")] == 1 << 0 | 1 << 20 | 1 << 40
    assert pairs[pair_key("service.name", "shop")] == (1 << 60) - 1
    assert pair_key("order.id", "40") not in pairs
    traces = _blocks(index_path(directory, segment.name, "traces"))
    assert traces[trace_keys(f"{2:032x}")[0]] & 1 << 30


def test_small_segments_are_not_worth_it(store_dir: Path, span_request: SpanRequest) -> None:
    (segment,) = converted(store_dir, span_request("a")).manifest.segments
    assert not is_worth_indexing(segment)


def test_too_many_keys_leave_an_empty_index(
    store_dir: Path, span_request: SpanRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otx.store.segment_index._MAX_KEYS", 2)
    conversion = converted(store_dir, span_request("a", 3))
    (segment,) = conversion.manifest.segments
    write_indexes(conversion.layout.segments, segment)
    assert index_path(conversion.layout.segments, segment.name, "pairs").read_bytes() == b""
    assert has_indexes(conversion.layout.segments, segment)


def _blocks(index: Path) -> dict[int, int]:
    return dict(duckdb.execute(f"SELECT key, blocks FROM read_parquet('{index}')").fetchall())
