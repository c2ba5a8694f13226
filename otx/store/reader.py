"""A store as others read it: any number of readers beside its writers, nobody locks anybody.

A `Store` follows the manifest and the logs' tails and answers with what was acknowledged up to
the moment of the call. Each call sees one consistent state: no row twice, none missing.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import duckdb

from otx.errors import UsageError
from otx.model.telemetry import LogRecord, Span, TraceSummary
from otx.store.damage import Health, damage_behind, may_be_damage
from otx.store.layout import Layout
from otx.store.log_position import Committed
from otx.store.log_reader import committed_in, is_writing, log_directories
from otx.store.manifest import Identity, manifest_identity, manifest_problem
from otx.store.query import ALL_TIMES, MEMORY_LIMIT, Result, TimeRange, open_query, sql_error
from otx.store.row_tables import ROW_KINDS, RowKind
from otx.store.rows import LOG_FIELDS, SPAN_FIELDS, log_of, span_of
from otx.store.search import EVERYTHING, Condition, Search
from otx.store.sources import Sources, Wanted
from otx.store.tail import LogTails, View
from otx.store.trace_list import Row, newest_rows, newest_traces
from otx.store.views import add_macros, all_rows_sql, show_rows, show_tail

Answer = TypeVar("Answer")

MIN_TRACE_PREFIX = 8

_HAS_TRACE = "is_trace_id(trace_id)"
"""Spans without a valid trace id belong to no trace."""

_SERVICES = """
    SELECT service, count(*), count(*) FILTER (failed),
           count(*) FILTER (enters), count(*) FILTER (enters AND failed),
           coalesce(quantile_disc(duration_ns, [0.5, 0.95, 0.99]) FILTER (enters),
                    quantile_disc(duration_ns, [0.5, 0.95, 0.99]))
    FROM (SELECT service, duration_ns, status = 'ERROR' AS failed,
                 kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '' AS enters
          FROM wanted WHERE start_time >= make_timestamp_ns(?))
    GROUP BY service ORDER BY service"""

_TRACES = "SELECT count(DISTINCT trace_id) FROM all_spans WHERE is_trace_id(trace_id)"


@dataclass(frozen=True, slots=True)
class StoreVersion:
    """Differs from another whenever something else can be read."""

    manifest: Identity | None
    logs: tuple[tuple[str, Committed | None], ...]


@dataclass(frozen=True, slots=True)
class StoreLag:
    """What is acknowledged and in no segment yet.

    Attributes:
        requests: How many requests, as far as this reader decoded them.
        bytes: Bytes of the logs that wait for the converter.
        hidden_bytes: Those of them that are not visible, because a reader decodes only so much.
        oldest_unix_nano: When the oldest of them was received; 0 when nothing waits.
    """

    requests: int = 0
    bytes: int = 0
    hidden_bytes: int = 0
    oldest_unix_nano: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """How much is held, and what was lost on the way.

    Attributes:
        bytes: Bytes of segments and of the logs behind them.
        aside_requests: Requests that could not be decoded and lie in `aside/`.
        expired_rows: Rows that retention removed.
    """

    spans: int = 0
    logs: int = 0
    bytes: int = 0
    aside_requests: int = 0
    expired_rows: int = 0


@dataclass(frozen=True, slots=True)
class LogRates:
    """How many log records came in a stretch of time.

    Attributes:
        by_second: (Unix second, severity number, records), seconds without records left out.
        with_trace: Records that belong to a trace.
        services: How many services they are of.
    """

    by_second: Sequence[tuple[int, int, int]]
    with_trace: int
    services: int


@dataclass(frozen=True, slots=True)
class ServiceSummary:
    """One service: all its spans, and how its entry spans (root, server, consumer) went.

    Attributes:
        p50_ns: Half of the entry spans took no longer; of all spans where none enters.
    """

    name: str
    spans: int
    errors: int
    entries: int
    entry_errors: int
    p50_ns: int
    p95_ns: int
    p99_ns: int


class Store:
    """A store, read-only. One thread at a time works with it; others wait.

    A directory in which nothing was ever kept is an empty store, and comes to life later.
    """

    def __init__(self, store_dir: Path, warn: Callable[[str], None] = lambda text: None) -> None:
        """Look at a store.

        Args:
            store_dir: Its directory.
            warn: Told of what a reader can do without, and does.
        """
        self.layout = Layout(store_dir)
        self._warn = warn
        self._lock = threading.RLock()
        self._tails = LogTails(self.layout)
        self._sources = Sources(self.layout, warn)
        self._health = Health(self.layout, warn)
        self._view: View | None = None
        self._seen: StoreVersion | None = None
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._shown: set[str] = set()
        """The tables of the connection that are as the view is."""

    def close(self) -> None:
        """Free what the store holds in memory; it can be used again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection, self._seen, self._view = None, None, None
            self._tails = LogTails(self.layout)

    def is_there(self) -> bool:
        """Whether anything was ever kept in this store."""
        return self.layout.is_there()

    def version(self) -> StoreVersion:
        """What can be read now, to compare with an earlier answer; well under a millisecond."""
        logs = tuple(
            (log.name, committed_in(log) if is_writing(log) else None)
            for log in log_directories(self.layout)
        )
        return StoreVersion(manifest_identity(self.layout.manifest), logs)

    def refresh(self) -> View:
        """Follow the store to now; done by every method that reads rows."""
        with self._lock:
            version = self.version()
            if self._view is None:
                self._tell_of_copy()
            if self._view is None or version != self._seen:
                self._view = self._health.readable(self._tails.follow())
                self._shown.clear()
                self._seen = version
            return self._view

    def _tell_of_copy(self) -> None:
        problem = manifest_problem(self.layout.manifest)
        if problem:
            self._warn(f"{problem}; its copy stands in")

    def damaged_rows(self) -> int:
        """Rows that are not read because their segments are damaged or gone."""
        with self._lock:
            self.refresh()
            return self._health.hidden_rows

    def lag(self) -> StoreLag:
        """What waits for the converter, counting up to now."""
        with self._lock:
            self.refresh()
            facts = self._tails.facts
            return StoreLag(facts.requests, facts.bytes, facts.hidden_bytes, facts.oldest_unix_nano)

    def totals(self) -> Totals:
        """How much the store holds, by what manifest and logs say: no row is read."""
        with self._lock:
            manifest = self.refresh().manifest
            return Totals(
                spans=self._rows_held("spans"),
                logs=self._rows_held("logs"),
                bytes=sum(one.bytes for one in manifest.segments) + self._tails.facts.bytes,
                aside_requests=manifest.aside_requests,
                expired_rows=manifest.expired_rows,
            )

    def _rows_held(self, kind: RowKind) -> int:
        segments = self.refresh().manifest.of_kind(kind)
        return sum(segment.rows for segment in segments) + self._tails.count(kind)

    def trace_count(self) -> int:
        """How many traces the store holds; every trace id there is is read for it."""
        [(count,)] = self.rows(_TRACES, ())
        return int(count)

    def traces(
        self,
        search: Search = EVERYTHING,
        *,
        limit: int = 200,
        since_unix_nano: int | None = None,
    ) -> list[TraceSummary]:
        """Traces of which one span matches, newest first; counts are of the whole trace.

        Raises:
            SearchError: The search names a field that spans don't have.
        """
        condition = search.condition("spans").since("start_time", since_unix_nano)
        wanted = Wanted("spans", since_unix_nano or 0, search.pairs())
        return newest_traces(self, condition, wanted, limit)

    def trace(self, trace_id: str) -> list[Span]:
        """The spans of a trace by start; none where it is not there.

        Raises:
            UsageError: The id is no hex text, shorter than 8 digits, or begins several traces.
        """
        prefix = trace_id.strip().lower()
        if len(prefix) < MIN_TRACE_PREFIX or not set(prefix) <= set("0123456789abcdef"):
            raise UsageError(
                f"{trace_id!r} is no trace id",
                hint=f"32 hex digits, or the first {MIN_TRACE_PREFIX} or more of them",
            )
        where = "trace_id = ?" if len(prefix) >= 32 else "starts_with(trace_id, ?)"
        rows = self.rows(
            f"SELECT {SPAN_FIELDS} FROM wanted WHERE {where} AND {_HAS_TRACE} "  # noqa: S608
            "ORDER BY start_time, span_id",
            (prefix,),
            Wanted("spans", traces=(prefix,)),
        )
        ids = sorted({row[0] for row in rows})
        if len(ids) > 1:
            raise UsageError(
                f"{trace_id!r} begins {len(ids)} traces", hint=f"for example {', '.join(ids[:3])}"
            )
        return [span_of(row) for row in rows]

    def matching_spans(self, search: Search, trace_id: str) -> frozenset[str]:
        """The ids of those spans of a trace that match.

        Raises:
            SearchError: The search names a field that spans don't have.
        """
        condition = search.condition("spans")
        rows = self.rows(
            f"SELECT span_id FROM wanted WHERE trace_id = ? AND {condition.sql}",  # noqa: S608
            (trace_id, *condition.parameters),
            Wanted("spans", pairs=search.pairs(), traces=(trace_id,)),
        )
        return frozenset(span_id for (span_id,) in rows)

    def logs(
        self,
        search: Search = EVERYTHING,
        *,
        limit: int = 500,
        trace_id: str | None = None,
        since_unix_nano: int | None = None,
    ) -> list[LogRecord]:
        """The newest matching log records, newest last.

        Raises:
            SearchError: The search names a field that log records don't have.
        """
        condition = _of_logs(search, since_unix_nano, trace_id)
        wanted = _wanted_logs(search, since_unix_nano, trace_id)

        def look(begin: int) -> list[Row]:
            later = condition.since("time", begin) if begin else condition
            return self.rows(
                f"SELECT {LOG_FIELDS} FROM wanted WHERE {later.sql} ORDER BY time DESC LIMIT ?",  # noqa: S608
                (*later.parameters, limit),
                replace(wanted, since_unix_nano=max(begin, wanted.since_unix_nano)),
            )

        def since(count: int) -> int:
            return 0 if trace_id else self.newest_since(wanted, count)

        return [log_of(row) for row in reversed(newest_rows(look, since, limit))]

    def logs_around(self, service: str, time_unix_nano: int, count: int) -> list[LogRecord]:
        """The records of a service at a moment, with so many before and after it, newest last."""
        before, after = (
            f"SELECT {LOG_FIELDS} FROM all_logs WHERE service = ? AND time {order} LIMIT ?"  # noqa: S608
            for order in (
                "<= make_timestamp_ns(?) ORDER BY time DESC",
                "> make_timestamp_ns(?) ORDER BY time",
            )
        )
        rows = self.rows(before, (service, time_unix_nano, count + 1))[::-1]
        rows += self.rows(after, (service, time_unix_nano, count))
        return [log_of(row) for row in rows]

    def log_rates(
        self, search: Search, since_unix_nano: int, *, trace_id: str | None = None
    ) -> LogRates:
        """How many matching records came in each second, by severity.

        Raises:
            SearchError: The search names a field that log records don't have.
        """
        condition = _of_logs(search, since_unix_nano, trace_id)
        wanted = _wanted_logs(search, since_unix_nano, trace_id)
        counted = self.rows(
            "SELECT epoch_ns(time) // 1000000000 AS second, severity_number, count(*)"  # noqa: S608
            f" FROM wanted WHERE {condition.sql} GROUP BY ALL ORDER BY ALL",
            condition.parameters,
            wanted,
        )
        [(with_trace, services)] = self.rows(
            "SELECT count(*) FILTER (trace_id <> ''), count(DISTINCT service)"  # noqa: S608
            f" FROM wanted WHERE {condition.sql}",
            condition.parameters,
            wanted,
        )
        by_second = [(second, severity, records) for second, severity, records in counted]
        return LogRates(by_second, with_trace, services)

    def services(self, since_unix_nano: int = 0) -> list[ServiceSummary]:
        """Every service with spans, by name."""
        rows = self.rows(_SERVICES, (since_unix_nano,), Wanted("spans", since_unix_nano))
        return [ServiceSummary(*row[:5], *row[5]) for row in rows]

    def newest_since(self, wanted: Wanted, count: int) -> int:
        """A time after which there are about `count` rows, or as many as there are: then 0."""
        with self._lock:
            since = self._sources.newest_since(self.refresh().manifest, wanted.kind, count)
            return since if since > wanted.since_unix_nano else 0

    def most_rows(self, wanted: Wanted) -> int:
        """How many rows of segments are read for what is wanted, at most."""
        with self._lock:
            manifest = self.refresh().manifest
            return self._sources.most_rows(manifest, wanted)

    def query(self, sql: str, times: TimeRange = ALL_TIMES) -> Result:
        """Ask for rows in SQL, read-only; the tables are those of docs/query.md.

        Args:
            sql: One statement.
            times: The tables hold rows of this time only.

        Raises:
            UsageError: The SQL does not parse, bind or run, or does not only read.
        """
        with self._lock:
            try:
                return self._tried(
                    lambda view: open_query(
                        self.layout, view, self._tails, self._sources, sql, times
                    )
                )
            except duckdb.Error as error:
                raise sql_error(error, sql) from None

    def rows(
        self, sql: str, parameters: Sequence[object], wanted: Wanted | None = None
    ) -> list[Row]:
        """All rows of a query over `all_spans` and `all_logs` as the store is now.

        Args:
            sql: The query.
            parameters: A value for each `?` in it.
            wanted: What `wanted` in the query is to hold; there may be more in it.

        Raises:
            StoreDamaged: A segment turned out to be damaged while it was read.
        """

        def ask(view: View) -> list[Row]:
            connection, query = self._connected(), sql
            if wanted is not None:
                query = _with_wanted(self._sources.sql(view.manifest, wanted), sql)
            self._show_tables(connection, view, query)
            return connection.execute(query, list(parameters)).fetchall()

        with self._lock:
            return self._tried(ask)

    def _tried(self, ask: Callable[[View], Answer]) -> Answer:
        """What a question to DuckDB gives, asked again where files are not as the look found them.

        Raises:
            StoreDamaged: A segment is damaged within.
        """
        for again in (self._look_again, self._look_at_footers, None):
            view = self.refresh()
            try:
                return ask(view)
            except duckdb.Error as error:
                if again is None or not again(view, error):
                    raise damage_behind(self.layout, view.manifest, error) or error from None
        raise AssertionError  # pragma: no cover

    def _look_again(self, view: View, error: duckdb.Error) -> bool:
        """For a segment that was replaced and whose grace ran out since the look, or is gone."""
        if not may_be_damage(self.layout, view.manifest, error):
            return False
        self._seen = None
        self._health.forget()
        return True

    def _look_at_footers(self, view: View, error: duckdb.Error) -> bool:
        """For a footer that is damaged within; whether that leaves a segment out."""
        self._view = self._health.readable_by_footers(view)
        self._shown.clear()
        return self._view != view

    def _connected(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = _connect()
            self._shown.clear()
        return self._connection

    def _show_tables(self, connection: duckdb.DuckDBPyConnection, view: View, query: str) -> None:
        """Make those of `all_<kind>` and `tail_<kind>` that a query names."""
        for kind in ROW_KINDS:
            everything, tail = f"all_{kind}", f"tail_{kind}"
            if tail not in self._shown and (tail in query or everything in query):
                show_tail(connection, self._tails, kind)
                self._shown.add(tail)
            if everything not in self._shown and everything in query:
                paths = [self.layout.segments / one.name for one in view.manifest.of_kind(kind)]
                show_rows(connection, kind, all_rows_sql(kind, paths))
                self._shown.add(everything)


def _with_wanted(source: str, sql: str) -> str:
    """A query in which `wanted` is the answer of another; it may begin with names of its own."""
    rest = sql.strip()
    more = "," + rest.removeprefix("WITH ") if rest.startswith("WITH ") else " " + rest
    return f"WITH wanted AS ({source}){more}"


def _connect() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("SET temp_directory = ''")
    connection.execute("SET parquet_metadata_cache = true")
    connection.execute("SET enable_progress_bar = false")  # it would be drawn on stdout
    add_macros(connection)
    return connection


def _of_logs(search: Search, since_unix_nano: int | None, trace_id: str | None) -> Condition:
    """The condition on log records for a search, a time and a trace."""
    condition = search.condition("logs").since("time", since_unix_nano)
    if trace_id is None:
        return condition
    return Condition(f"{condition.sql} AND trace_id = ?", (*condition.parameters, trace_id))


def _wanted_logs(search: Search, since_unix_nano: int | None, trace_id: str | None) -> Wanted:
    traces = None if trace_id is None else (trace_id,)
    return Wanted("logs", since_unix_nano or 0, search.pairs(), traces)
