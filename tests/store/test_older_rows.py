"""Segments of an earlier otx: readers see what rows have now, and a merge makes them so."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.otlp.column_groups import Table, relisted
from otx.otlp.columns import span_columns
from otx.otlp.shared_columns import kept_rows
from otx.store.compaction import compact_store
from otx.store.conversion import Conversion
from otx.store.layout import Layout
from otx.store.older_rows import completed, later_columns
from otx.store.reader import Store
from otx.store.row_tables import ROW_KINDS, ROW_TABLES, RowKind
from otx.store.scan import open_scan
from otx.store.segment import read_rows
from tests.otlp.test_columns import SPAN_REQUESTS, comparable, rows_of
from tests.store.conftest import (
    log_request_of,
    metric_request,
    profile_request,
    span_request_of,
)
from tests.store.segments import converted

BODIES: dict[RowKind, bytes] = {
    "spans": span_request_of("a", 2),
    "logs": log_request_of("one", "two", trace=1),
    "metrics": metric_request("m", "n"),
    "samples": profile_request("f", "g"),
}
FIRST_FIELDS = {"events": 3, "links": 3}
"""How many fields their structures had at first."""


def first_columns(rows: Table, kind: RowKind) -> Table:
    """Rows as the first segments of a table had them."""
    rows = rows.drop_columns(later_columns(kind).names)
    for name in FIRST_FIELDS.keys() & set(rows.schema.names):
        at = rows.schema.get_field_index(name)
        names = [one.name for one in rows.schema.field(at).type.value_type][: FIRST_FIELDS[name]]
        lists = rows.column(at).combine_chunks()
        items = lists.flatten()
        fields = pa.StructArray.from_arrays([items.field(one) for one in names], names)
        rows = rows.set_column(at, name, relisted(lists, fields))
    return rows


def linked_request(trace: int, **facts: Any) -> bytes:
    """A request of a span with a link, and schema URLs."""
    request = ExportTraceServiceRequest.FromString(span_request_of(f"t{trace}", 1, trace=trace))
    (group,) = request.resource_spans
    group.schema_url = "https://opentelemetry.io/schemas/1.40.0"
    group.scope_spans[0].spans[0].links.add(trace_id=b"t" * 16, span_id=b"s" * 8, **facts)
    return request.SerializeToString()


@pytest.fixture
def mixed(store_dir: Path) -> Path:
    """A store of a segment as it was before, one as it is, and a request in the log."""
    first = converted(store_dir, linked_request(1, trace_state="a=1")).manifest
    path = store_dir / "segments" / first.segments[0].name
    pq.write_table(first_columns(read_rows(path, "spans"), "spans"), path)
    manifest = converted(store_dir, linked_request(2, trace_state="b=2", flags=0x101)).manifest
    assert len(manifest.segments) == 2
    return store_dir


@pytest.mark.parametrize("kind", ROW_KINDS)
def test_a_file_without_later_columns_gets_them(kind: RowKind, tmp_path: Path) -> None:
    rows = kept_rows(ROW_TABLES[kind].columns([BODIES[kind]], [1]).rows)
    path = tmp_path / "rows.parquet"
    pq.write_table(first_columns(rows, kind), path)
    found = read_rows(path, kind)
    assert found.schema.names == rows.schema.names
    assert rows_of(found) == rows_of(rows)


@settings(max_examples=30)
@given(st.lists(SPAN_REQUESTS, min_size=1, max_size=3))
def test_rows_of_now_stay_as_they_are(requests: list[ExportTraceServiceRequest]) -> None:
    rows = span_columns([one.SerializeToString() for one in requests], [1] * len(requests)).rows
    assert completed(rows, "spans").equals(rows)
    older = first_columns(rows, "spans")
    found = completed(older, "spans")
    found.validate(full=True)
    assert found.schema.names == rows.schema.names
    assert comparable(rows_of(first_columns(found, "spans"))) == comparable(rows_of(older))


def test_what_is_null_was_not_sent() -> None:
    """As where an earlier otx merged its own segments with later ones."""
    rows = span_columns([linked_request(1, trace_state="a=1", flags=1)], [1]).rows
    older = first_columns(rows, "spans")
    merged = pa.concat_tables([older, rows], promote_options="permissive")
    (was, is_now) = rows_of(completed(merged, "spans"))
    assert (was["resource_schema_url"], was["dropped_links_count"]) == ("", 0)
    assert (was["links"][0]["trace_state"], was["links"][0]["flags"]) == ("", 0)
    assert (is_now["links"][0]["trace_state"], is_now["links"][0]["flags"]) == ("a=1", 1)


def test_columns_of_an_otx_to_come_stay() -> None:
    rows = span_columns([BODIES["spans"]], [1]).rows
    more = first_columns(rows, "spans").append_column("to_come", pa.array([1, 2]))
    assert completed(more, "spans")["to_come"].to_pylist() == [1, 2]


def test_readers_see_both_as_one(mixed: Path) -> None:
    store = Store(mixed)
    links = store.query(
        "SELECT linked_trace_state, linked_flags, dropped_attributes_count "
        "FROM span_links ORDER BY 1"
    )
    assert list(links.rows()) == [("", 0, 0), ("b=2", 0x101, 0)]
    urls = store.query(
        "SELECT resource_schema_url <> '', dropped_links_count FROM spans ORDER BY 1"
    )
    assert list(urls.rows()) == [(False, 0), (True, 0)]
    assert list(store.query('SELECT "Links.TraceState" FROM otel_traces ORDER BY 1').rows()) == [
        ([""],),
        (["b=2"],),
    ]
    [first], [second] = (store.trace(f"{trace:032x}") for trace in (1, 2))
    assert (first.links[0].trace_state, first.links[0].flags) == ("", 0)
    assert (second.links[0].trace_state, second.links[0].flags) == ("b=2", 0x101)


def test_a_store_of_older_segments_alone_is_read(store_dir: Path) -> None:
    (segment,) = converted(store_dir, linked_request(1)).manifest.segments
    path = store_dir / "segments" / segment.name
    pq.write_table(first_columns(read_rows(path, "spans"), "spans"), path)
    store = Store(store_dir)
    assert list(store.query("SELECT scope_schema_url FROM spans").rows()) == [("",)]
    assert [link.flags for span in store.trace(f"{1:032x}") for link in span.links] == [0]
    with open_scan(Layout(store_dir)) as scan:
        (rows,) = scan.rows("spans")
    assert rows.table["dropped_events_count"].to_pylist() == [0]


def test_a_merge_makes_them_what_segments_are_now(mixed: Path) -> None:
    compact_store(Layout(mixed), lambda: 1)
    (segment,) = Conversion(Layout(mixed)).manifest.of_kind("spans")
    found = pq.read_table(mixed / "segments" / segment.name)
    assert found.schema.names == ROW_TABLES["spans"].schema.names
    assert [found[name].null_count for name in later_columns("spans").names] == [0] * 7
    states = [[one["trace_state"] for one in links] for links in found["links"].to_pylist()]
    assert states == [[""], ["b=2"]]
