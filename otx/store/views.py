"""The tables of `otx query` as SQL over segments and log tails.

The names and columns are a contract (docs/query.md). Beside them stand views named and shaped
like the tables of OpenTelemetry's ClickHouse exporter, so that a query can move between a laptop
and a cluster: words are written as there ("Server", "Error"), attributes are maps of text.

A view costs DuckDB some milliseconds to make, and a question is about one or two of them: those
that its text names are made, and the others only where it asks what there is.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import duckdb

from otx.otlp.oddity import MAX_UNIX_NANO, Oddity
from otx.store.metric_views import metric_tables
from otx.store.older_rows import later_columns, nothing_of
from otx.store.row_tables import RowKind
from otx.store.shown_table import ShownTable
from otx.store.tail import LogTails

_MACROS = """
CREATE MACRO attr(attributes, k) AS
    json_extract_string(attributes, '/' || replace(replace(k, '~', '~0'), '/', '~1'));

CREATE MACRO is_trace_id(id) AS length(id) = 32 AND id <> repeat('0', 32);
CREATE MACRO is_span_id(id) AS length(id) = 16 AND id <> repeat('0', 16);

-- DuckDB's own has a time zone, which it compares with no timestamp of nanoseconds.
CREATE MACRO now() AS get_current_timestamp()::TIMESTAMP;
"""
_EXPORTER_MACROS = """
CREATE MACRO word_case(word) AS upper(word[1]) || lower(word[2:]);
CREATE MACRO first_keys(keys) AS
    list_filter(keys, lambda k, i: list_position(keys, k) = i);
CREATE MACRO text_map(attributes) AS coalesce(
    TRY_CAST(attributes::JSON AS MAP(VARCHAR, VARCHAR)),
    -- A key that is there twice: no map takes it, and the first counts.
    map_from_entries(list_transform(first_keys(json_keys(attributes)),
                                    lambda k: struct_pack(k := k, v := attr(attributes, k)))));
"""

_SPANS = """
    -- Events and links have the fields that they have always had; their own tables have all.
    SELECT * REPLACE (attributes::JSON AS attributes, resource::JSON AS resource,
                      scope_attributes::JSON AS scope_attributes,
                      list_transform(events, lambda e: struct_pack(
                          time := e.time, name := e.name, attributes := e.attributes::JSON))
                          AS events,
                      list_transform(links, lambda l: struct_pack(
                          trace_id := l.trace_id, span_id := l.span_id,
                          attributes := l.attributes::JSON)) AS links)
    FROM all_spans"""

_SPAN_EVENTS = """
    SELECT trace_id, span_id, event.time AS time, event.name AS name,
           event.attributes::JSON AS attributes,
           coalesce(event.dropped_attributes_count, 0) AS dropped_attributes_count
    FROM (SELECT trace_id, span_id, unnest(events) AS event FROM all_spans)"""

_SPAN_LINKS = """
    SELECT trace_id, span_id, link.trace_id AS linked_trace_id, link.span_id AS linked_span_id,
           link.attributes::JSON AS attributes,
           coalesce(link.trace_state, '') AS linked_trace_state,
           coalesce(link.flags, 0) AS linked_flags,
           coalesce(link.dropped_attributes_count, 0) AS dropped_attributes_count
    FROM (SELECT trace_id, span_id, unnest(links) AS link FROM all_spans)"""

_LOGS = """
    SELECT * EXCLUDE (body_is_json, scope_version, scope_attributes)
             REPLACE (attributes::JSON AS attributes, resource::JSON AS resource) FROM all_logs"""

_OTEL_TRACES = """
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
           list_transform(links, lambda l: text_map(l.attributes)) AS "Links.Attributes",
           list_transform(links, lambda l: coalesce(l.trace_state, '')) AS "Links.TraceState"
    FROM all_spans"""

_OTEL_LOGS = """
    SELECT time AS "Timestamp", trace_id AS "TraceId", span_id AS "SpanId",
           severity_text AS "SeverityText", severity_number AS "SeverityNumber",
           service AS "ServiceName", body AS "Body", text_map(resource) AS "ResourceAttributes",
           scope AS "ScopeName", scope_version AS "ScopeVersion",
           text_map(scope_attributes) AS "ScopeAttributes",
           text_map(attributes) AS "LogAttributes", event_name AS "EventName",
           (flags & 255)::UTINYINT AS "TraceFlags",
           resource_schema_url AS "ResourceSchemaUrl", scope_schema_url AS "ScopeSchemaUrl"
    FROM all_logs"""

_BROKEN_WHEN: dict[Oddity, str] = {
    Oddity.NO_TRACE_ID: "NOT is_trace_id(trace_id)",
    Oddity.NO_SPAN_ID: "NOT is_span_id(span_id)",
    Oddity.NO_TIMES: "epoch_ns(greatest(start_time, end_time)) = 0",
    Oddity.NO_START: "epoch_ns(start_time) = 0 AND epoch_ns(end_time) <> 0",
    Oddity.NO_END: "duration_ns < 0 AND epoch_ns(end_time) = 0",
    Oddity.ENDS_EARLY: "duration_ns < 0 AND epoch_ns(end_time) <> 0",
    Oddity.BEYOND_TIME: f"epoch_ns(greatest(start_time, end_time)) = {MAX_UNIX_NANO}",
    Oddity.DOUBLED_KEY: "len(json_keys(attributes)) <> len(list_distinct(json_keys(attributes)))",
}
"""The rules of `otx.otlp.oddity` on rows: computed when asked for, so nothing else pays."""


def _oddities_sql() -> str:
    """The view with a row for each rule that a span breaks."""
    rules = ", ".join(
        f"CASE WHEN {condition} THEN '{oddity}' END" for oddity, condition in _BROKEN_WHEN.items()
    )
    broken = f"list_filter([{rules}], lambda rule: rule IS NOT NULL)"
    fields = f"trace_id, span_id, service, name, unnest({broken}) AS oddity"
    return f"SELECT {fields} FROM all_spans"  # noqa: S608 - fixed words


_TABLES: Mapping[str, ShownTable] = {
    "spans": ShownTable("spans", _SPANS),
    "span_events": ShownTable("spans", _SPAN_EVENTS),
    "span_links": ShownTable("spans", _SPAN_LINKS),
    "span_oddities": ShownTable("spans", _oddities_sql()),
    "logs": ShownTable("logs", _LOGS),
    "otel_traces": ShownTable("spans", _OTEL_TRACES, (_EXPORTER_MACROS,)),
    "otel_logs": ShownTable("logs", _OTEL_LOGS, (_EXPORTER_MACROS,)),
    **metric_tables(_EXPORTER_MACROS),
}
"""What a person's SQL may name."""

ALL_TABLES = frozenset(_TABLES)

_ASKS_WHAT_THERE_IS = re.compile(
    r"show|describe|pragma|summarize|information_schema|query\w*|json_execute\w*"
    r"|duckdb_\w+|pg_\w+|sqlite_\w+"
)
"""Words of SQL about tables whose names it need not have."""


def tables_in(sql: str) -> frozenset[str]:
    """The tables that a statement may be about: those whose names it has, or all of them."""
    words = set(re.findall(r"\w+", sql.lower()))
    is_description = "desc" in words and "order" not in words
    if is_description or any(map(_ASKS_WHAT_THERE_IS.fullmatch, words)):
        return ALL_TABLES
    return ALL_TABLES & words


class Tables:
    """The tables of one connection, made when they are needed."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        tails: LogTails,
        rows_sql: Callable[[RowKind], str],
    ) -> None:
        """Begin with none.

        Args:
            connection: Whose.
            tails: The logs' tails.
            rows_sql: Picks rows of each kind, `tail_<kind>` being the logs'.
        """
        self._connection = connection
        self._tails = tails
        self._rows_sql = rows_sql
        self._made: set[str] = set()
        add_macros(connection)

    def show(self, names: Iterable[str]) -> None:
        """Make some of them.

        Raises:
            duckdb.Error: A segment is gone or damaged.
        """
        for name in sorted(names):
            table = _TABLES[name]
            if table.kind not in self._made:
                show_tail(self._connection, self._tails, table.kind)
                show_rows(self._connection, table.kind, self._rows_sql(table.kind))
                self._made.add(table.kind)
            for statement in (*table.macros, f"CREATE VIEW {name} AS {table.select}"):
                if statement not in self._made:
                    self._connection.execute(statement)
                    self._made.add(statement)


def add_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Make what conditions on rows may call."""
    connection.execute(_MACROS)


def show_tail(connection: duckdb.DuckDBPyConnection, tails: LogTails, kind: RowKind) -> None:
    """Make `tail_<kind>` show what the logs hold."""
    connection.register(f"tail_{kind}", tails.table(kind))


def show_rows(connection: duckdb.DuckDBPyConnection, kind: RowKind, rows: str) -> None:
    """Make `all_<kind>` the answer of a query; what older segments lack says what it is without.

    Raises:
        duckdb.Error: A segment is gone or damaged.
    """
    filled = ", ".join(
        f"coalesce({one.name}, {_literal(nothing_of(one.type))}) AS {one.name}"
        for one in later_columns(kind)
    )
    shown = f"SELECT * REPLACE ({filled}) FROM ({rows})"  # noqa: S608 - fixed names
    connection.execute(f"CREATE OR REPLACE VIEW all_{kind} AS {shown}")


def segments_sql(paths: Iterable[str]) -> str:
    """A query of all rows of some segments, which may differ in the columns that they have."""
    files = ", ".join(map(quote, paths))
    return f"SELECT * FROM read_parquet([{files}], union_by_name = true)"  # noqa: S608 - quoted


def all_rows_sql(kind: RowKind, segments: Iterable[Path]) -> str:
    """All rows of a table: its segments, and the logs' tail registered beside them."""
    tail = f"SELECT * FROM tail_{kind}"  # noqa: S608 - fixed names
    paths = list(map(str, segments))
    return f"{segments_sql(paths)} UNION ALL BY NAME {tail}" if paths else tail


def _literal(value: str | int) -> str:
    return quote(value) if isinstance(value, str) else str(value)


def quote(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
