"""A person's SQL reads what is there and nothing else on the machine."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.model.units import parse_time_unix_nano
from otx.store.conversion import Conversion
from otx.store.layout import Layout
from otx.store.query import TimeRange
from otx.store.reader import Store
from otx.store.wal import LogWriter
from tests.store.segments import converted

COLUMNS = {
    "spans": "trace_id span_id parent_span_id trace_state flags name kind service start_time "
    "end_time duration_ns status status_message attributes resource scope scope_version "
    "scope_attributes events links received_time resource_schema_url scope_schema_url "
    "resource_dropped_attributes_count scope_dropped_attributes_count dropped_attributes_count "
    "dropped_events_count dropped_links_count",
    "span_events": "trace_id span_id time name attributes dropped_attributes_count",
    "span_links": "trace_id span_id linked_trace_id linked_span_id attributes "
    "linked_trace_state linked_flags dropped_attributes_count",
    "span_oddities": "trace_id span_id service name oddity",
    "logs": "time observed_time trace_id span_id severity_number severity_text service body "
    "event_name attributes resource scope received_time flags resource_schema_url "
    "scope_schema_url resource_dropped_attributes_count scope_dropped_attributes_count "
    "dropped_attributes_count",
    "metrics": "time start_time name type unit service value count sum min max buckets exemplars "
    "attributes resource temporality monotonic value_int quantiles scale zero_count "
    "zero_threshold flags description metadata scope scope_version scope_attributes received_time "
    "resource_schema_url scope_schema_url resource_dropped_attributes_count "
    "scope_dropped_attributes_count",
    "samples": "time pid tid comm service event value unit stack trace_id span_id attributes "
    "resource scope scope_version profile_id period duration_ns received_time "
    "resource_schema_url scope_schema_url",
}


@pytest.fixture
def store(store_dir: Path, span_request: Callable[..., bytes]) -> Iterator[Store]:
    with LogWriter(store_dir) as log:
        log.append(Signal.TRACES, span_request("a", 2), 1).result(60)
        Conversion(Layout(store_dir)).convert()
        log.append(Signal.TRACES, span_request("b", 1, trace=2), 2).result(60)
        yield Store(store_dir)


def test_segments_may_differ_in_their_columns(
    store_dir: Path, span_request: Callable[..., bytes]
) -> None:
    for trace in (1, 2, 3):
        manifest = converted(store_dir, span_request(f"t{trace}", 1, trace=trace)).manifest
    segments = store_dir / "segments"
    for segment, column in zip(manifest.segments[:2], ("flags", "trace_state"), strict=True):
        rows = pq.read_table(segments / segment.name)
        pq.write_table(rows.drop_columns([column]), segments / segment.name)
    found = Store(store_dir).query("SELECT name, flags, trace_state FROM spans ORDER BY name")
    assert list(found.rows()) == [("t1-0", None, ""), ("t2-0", 0, None), ("t3-0", 0, "")]


@pytest.mark.parametrize("table", COLUMNS)
def test_tables_have_the_columns_that_are_promised(store: Store, table: str) -> None:
    result = store.query(f"SELECT * FROM {table}")
    assert [column.name for column in result.columns] == COLUMNS[table].split()
    list(result.rows())


def test_values_keep_their_types(store: Store) -> None:
    rows = store.query(
        "SELECT name, start_time, duration_ns, attributes, attr(attributes, 'order.id'), events, "
        "1.5 AS d, NULL AS n, true AS t FROM spans ORDER BY name"
    ).rows()
    assert next(iter(rows)) == (
        "a-0",
        "2026-09-21T14:13:21.000000000Z",
        5_000_000,
        {"order.id": 0, "http.route": "/cart"},
        "0",
        [],
        1.5,
        None,
        True,
    )


def test_the_exporters_tables_stand_beside(store: Store) -> None:
    (row,) = store.query(
        'SELECT "SpanKind", "StatusCode", "SpanAttributes"[\'http.route\'] '
        "FROM otel_traces WHERE \"SpanName\" = 'b-0'"
    ).rows()
    assert row == ("Server", "Unset", "/cart")
    assert list(store.query("SELECT * FROM otel_logs").rows()) == []


def test_a_doubled_key_empties_no_map(store: Store) -> None:
    text = '{"a/b":1,"k":"x","k":2,"n":null}'
    (row,) = store.query(
        f"SELECT CAST(text_map('{text}') AS JSON), text_map('{{}}'), text_map(NULL)"
    ).rows()
    assert row == ({"a/b": "1", "k": "x", "n": None}, {}, None)


@pytest.mark.parametrize(
    ("since", "until", "is_all"),
    [("0001-01-01", "2300-01-01", True), ("2300-01-01", None, False), ("-0s", "0001-01-01", False)],
)
def test_times_that_no_timestamp_holds_are_before_or_after_all_rows(
    store: Store, since: str, until: str | None, is_all: bool
) -> None:
    now = time.time_ns()
    last = parse_time_unix_nano(until, now) if until else None
    times = TimeRange(parse_time_unix_nano(since, now), last)
    assert bool(list(store.query("FROM spans", times).rows())) is is_all


def test_times_of_sql_are_those_of_the_tables_whatever_the_zone_of_the_machine(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        (row,) = store.query(
            "SELECT epoch_ns(now()), epoch_ns(current_timestamp::TIMESTAMP), "
            "max(start_time) < now() + INTERVAL 100 YEAR, "
            "TIMESTAMP_NS '2026-01-01 00:00:00'::TIMESTAMPTZ::VARCHAR FROM spans"
        ).rows()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert abs(row[0] - time.time_ns()) < 60e9
    assert abs(row[1] - time.time_ns()) < 60e9
    assert row[2:] == (True, "2026-01-01 00:00:00+00")


def test_what_json_has_no_words_for_is_text(store: Store) -> None:
    (row,) = store.query(
        "SELECT 'nan'::DOUBLE, '-inf'::DOUBLE, 'inf'::FLOAT, 1.5::DOUBLE, ['nan'::DOUBLE], "
        "{'a': 'inf'::DOUBLE}"
    ).rows()
    assert row == ("NaN", "-Infinity", "Infinity", 1.5, ["NaN"], {"a": "Infinity"})


def test_an_error_shows_its_place(store: Store) -> None:
    with pytest.raises(UsageError) as caught:
        store.query("SELECT name,\n  nme FROM spans")
    lines = caught.value.message.splitlines()
    assert lines[1] == "LINE 2:   nme FROM spans"
    assert lines[2] == "          ^^^"
    with pytest.raises(UsageError, match="Could not convert"):
        list(store.query("SELECT name::INT FROM spans").rows())


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO '/tmp/otx-must-not-exist.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/otx-must-not-exist.csv'",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW spans",
        "ATTACH '/tmp/otx-must-not-exist.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "PRAGMA database_list",
        "SELECT 1; SELECT 2",
        "",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/etc/*')",
    ],
)
def test_nothing_else_is_read_or_written(store: Store, sql: str) -> None:
    with pytest.raises(UsageError):
        list(store.query(sql).rows())
    assert not Path("/tmp/otx-must-not-exist.csv").exists()
    assert not Path("/tmp/otx-must-not-exist.db").exists()


def test_arrow_keeps_nanoseconds(store: Store) -> None:
    schema, batches = store.query("SELECT name, start_time, 1 AS name FROM spans").arrow()
    table = pa.Table.from_batches(batches, schema)
    assert table.schema.names == ["name", "start_time", "name_2"]
    assert str(table.schema.field("start_time").type) == "timestamp[ns]"
