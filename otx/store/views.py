"""The tables of `otx query` as SQL over segments and log tails.

The names and columns are a contract (docs/query.md). Beside them stand views named and shaped
like the tables of OpenTelemetry's ClickHouse exporter, so that a query can move between a laptop
and a cluster: words are written as there ("Server", "Error"), attributes are maps of text.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import duckdb

from otx.otlp.oddity import MAX_UNIX_NANO, Oddity
from otx.store.layout import Layout
from otx.store.metric_views import metric_views
from otx.store.row_tables import ROW_KINDS, RowKind
from otx.store.tail import LogTails, View

_FIXED = """
CREATE MACRO attr(attributes, k) AS
    json_extract_string(attributes, '/' || replace(replace(k, '~', '~0'), '/', '~1'));

CREATE MACRO is_trace_id(id) AS length(id) = 32 AND id <> repeat('0', 32);
CREATE MACRO is_span_id(id) AS length(id) = 16 AND id <> repeat('0', 16);

-- DuckDB's own has a time zone, which it compares with no timestamp of nanoseconds.
CREATE MACRO now() AS get_current_timestamp()::TIMESTAMP;

CREATE VIEW spans AS
    SELECT * REPLACE (attributes::JSON AS attributes, resource::JSON AS resource,
                      scope_attributes::JSON AS scope_attributes,
                      list_transform(events, lambda e: struct_pack(
                          time := e.time, name := e.name, attributes := e.attributes::JSON))
                          AS events,
                      list_transform(links, lambda l: struct_pack(
                          trace_id := l.trace_id, span_id := l.span_id,
                          attributes := l.attributes::JSON)) AS links)
    FROM all_spans;

CREATE VIEW span_events AS
    SELECT trace_id, span_id, event.time AS time, event.name AS name,
           event.attributes::JSON AS attributes
    FROM (SELECT trace_id, span_id, unnest(events) AS event FROM all_spans);

CREATE VIEW span_links AS
    SELECT trace_id, span_id, link.trace_id AS linked_trace_id, link.span_id AS linked_span_id,
           link.attributes::JSON AS attributes
    FROM (SELECT trace_id, span_id, unnest(links) AS link FROM all_spans);

CREATE VIEW logs AS
    SELECT * EXCLUDE (body_is_json, scope_version, scope_attributes)
             REPLACE (attributes::JSON AS attributes, resource::JSON AS resource) FROM all_logs;

CREATE MACRO word_case(word) AS upper(word[1]) || lower(word[2:]);
CREATE MACRO first_keys(keys) AS
    list_filter(keys, lambda k, i: list_position(keys, k) = i);
CREATE MACRO text_map(attributes) AS coalesce(
    TRY_CAST(attributes::JSON AS MAP(VARCHAR, VARCHAR)),
    -- A key that is there twice: no map takes it, and the first counts.
    map_from_entries(list_transform(first_keys(json_keys(attributes)),
                                    lambda k: struct_pack(k := k, v := attr(attributes, k)))));

CREATE VIEW otel_traces AS
    SELECT start_time AS "Timestamp", trace_id AS "TraceId", span_id AS "SpanId",
           parent_span_id AS "ParentSpanId", trace_state AS "TraceState", name AS "SpanName",
           word_case(kind) AS "SpanKind", service AS "ServiceName",
           text_map(resource) AS "ResourceAttributes", scope AS "ScopeName",
           scope_version AS "ScopeVersion", text_map(attributes) AS "SpanAttributes",
           duration_ns AS "Duration", word_case(status) AS "StatusCode",
           status_message AS "StatusMessage",
           list_transform(events, lambda e: e.time) AS "Events.Timestamp",
           list_transform(events, lambda e: e.name) AS "Events.Name",
           list_transform(events, lambda e: text_map(e.attributes)) AS "Events.Attributes",
           list_transform(links, lambda l: l.trace_id) AS "Links.TraceId",
           list_transform(links, lambda l: l.span_id) AS "Links.SpanId",
           list_transform(links, lambda l: text_map(l.attributes)) AS "Links.Attributes"
    FROM all_spans;

CREATE VIEW otel_logs AS
    SELECT time AS "Timestamp", trace_id AS "TraceId", span_id AS "SpanId",
           severity_text AS "SeverityText", severity_number AS "SeverityNumber",
           service AS "ServiceName", body AS "Body", text_map(resource) AS "ResourceAttributes",
           scope AS "ScopeName", scope_version AS "ScopeVersion",
           text_map(scope_attributes) AS "ScopeAttributes",
           text_map(attributes) AS "LogAttributes", event_name AS "EventName"
    FROM all_logs;
"""
"""Everything that does not change with the manifest, but for `span_oddities`."""

_BROKEN_WHEN: dict[Oddity, str] = {
    Oddity.NO_TRACE_ID: "NOT is_trace_id(trace_id)",
    Oddity.NO_SPAN_ID: "NOT is_span_id(span_id)",
    Oddity.NO_END: "duration_ns < 0 AND epoch_ns(end_time) = 0",
    Oddity.ENDS_EARLY: "duration_ns < 0 AND epoch_ns(end_time) <> 0",
    Oddity.BEYOND_TIME: f"epoch_ns(greatest(start_time, end_time)) = {MAX_UNIX_NANO}",
    Oddity.DOUBLED_KEY: "len(json_keys(attributes)) <> len(list_distinct(json_keys(attributes)))",
}
"""The rules of `otx.otlp.oddity` on rows: computed when asked for, so nothing else pays."""


def show_rows(
    connection: duckdb.DuckDBPyConnection,
    layout: Layout,
    view: View,
    tails: LogTails,
    rows_sql: Callable[[RowKind], str] | None = None,
) -> None:
    """Make a connection's tables show what a look at the store found.

    Args:
        connection: Whose tables.
        layout: Where the store is.
        view: What the look found.
        tails: The logs' tails at that look.
        rows_sql: Picks rows of each table, `tail_<table>` being the logs'; all of them without it.
    """

    def all_rows(kind: RowKind) -> str:
        segments = [layout.segments / segment.name for segment in view.manifest.of_kind(kind)]
        return _all_rows_sql(kind, segments)

    for kind in ROW_KINDS:
        connection.register(f"tail_{kind}", tails.table(kind))
        rows = (rows_sql or all_rows)(kind)
        connection.execute(f"CREATE OR REPLACE VIEW all_{kind} AS {rows}")
    if not connection.execute("SELECT 1 FROM duckdb_views() WHERE view_name = 'spans'").fetchall():
        connection.execute(_FIXED)
        connection.execute(_oddities_sql())
        connection.execute(metric_views())


def _oddities_sql() -> str:
    """The view with a row for each rule that a span breaks."""
    rules = ", ".join(
        f"CASE WHEN {condition} THEN '{oddity}' END" for oddity, condition in _BROKEN_WHEN.items()
    )
    broken = f"list_filter([{rules}], lambda rule: rule IS NOT NULL)"
    fields = f"trace_id, span_id, service, name, unnest({broken}) AS oddity"
    return f"CREATE VIEW span_oddities AS SELECT {fields} FROM all_spans"  # noqa: S608 - fixed words


def segments_sql(paths: Iterable[str]) -> str:
    """A query of all rows of some segments, which may differ in the columns that they have."""
    files = ", ".join(map(quote, paths))
    return f"SELECT * FROM read_parquet([{files}], union_by_name = true)"  # noqa: S608


def _all_rows_sql(kind: RowKind, segments: Sequence[Path]) -> str:
    """All rows of a table: its segments, and the logs' tail registered beside them."""
    tail = f"SELECT * FROM tail_{kind}"  # noqa: S608 - fixed names
    return f"{segments_sql(map(str, segments))} UNION ALL BY NAME {tail}" if segments else tail


def quote(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
