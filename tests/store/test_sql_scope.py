"""Only what cannot mean anything else is a scope; and what a scope leaves unread is no answer."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otx.model.signal import Signal
from otx.store.conversion import Conversion
from otx.store.layout import Layout
from otx.store.query import TimeRange
from otx.store.reader import Store
from otx.store.sql_scope import TraceScope, trace_scope
from otx.store.wal import LogWriter
from tests.store.conftest import START_UNIX_NANO, log_request_of, span_request_of
from tests.store.segments import converted, indexed

ID = f"{7:032x}"
TRACES = 9
SPANS = 4
SECOND_NS = 1_000_000_000


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as opened:
        yield opened


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT name FROM spans WHERE trace_id = '{id}'", "spans"),
        ("FROM spans WHERE '{id}' = trace_id AND name = 'x' ORDER BY 1 LIMIT 3", "spans"),
        ("SELECT count(*) FROM logs l WHERE (l.trace_id = '{id}' AND body = '') AND 1 = 1", "logs"),
        ("FROM span_events WHERE span_events.trace_id = '{id}'", "spans"),
        ("SELECT max(n) FROM (SELECT name AS n FROM spans WHERE trace_id = '{id}')", "spans"),
        ("WITH t AS (FROM spans WHERE trace_id = '{id}') SELECT (SELECT 1)", "spans"),
    ],
)
def test_a_statement_about_one_trace_is_seen(
    connection: duckdb.DuckDBPyConnection, sql: str, kind: str
) -> None:
    scope = trace_scope(connection, sql.format(id=ID))
    assert scope is not None
    assert scope == TraceScope(scope.kind, ID)
    assert scope.kind == kind


@pytest.mark.parametrize(
    "sql",
    [
        "FROM spans",
        "FROM spans WHERE trace_id = '{id}' OR name = 'x'",
        "FROM spans WHERE NOT trace_id = '{id}'",
        "FROM spans WHERE trace_id <> '{id}'",
        "FROM spans WHERE trace_id = upper('{id}')",
        "FROM spans WHERE trace_id = '0007'",
        "FROM spans WHERE trace_id = 'ABCDEF00000000000000000000000007'",
        "FROM metrics WHERE trace_id = '{id}'",
        "FROM spans JOIN logs USING (trace_id) WHERE trace_id = '{id}'",
        "FROM spans, (SELECT 1) WHERE trace_id = '{id}'",
        "FROM spans WHERE trace_id = '{id}' AND name IN (SELECT name FROM spans)",
        "FROM spans WHERE trace_id = '{id}' UNION FROM spans",
        "SELECT (SELECT count(*) FROM query('FROM spans')) FROM spans WHERE trace_id = '{id}'",
        "FROM spans AS s(span_id, trace_id) WHERE trace_id = '{id}'",
        "FROM spans TABLESAMPLE 10% WHERE trace_id = '{id}'",
        "FROM (VALUES ('{id}')) o(trace_id), LATERAL (FROM spans WHERE o.trace_id = '{id}')",
        "SELECT * FROM spans GROUP BY ALL HAVING trace_id = '{id}'",
        "EXPLAIN FROM spans WHERE trace_id = '{id}'",
        "FROM spans WHERE trace_id = '{id}'; FROM spans",
        "FROM spans WHERE trace_id = '{id}",
        "",
    ],
)
def test_anything_else_is_not(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert trace_scope(connection, sql.format(id=ID)) is None


@pytest.mark.parametrize("depth", [100, 300, 900, 5_000])
def test_a_deep_statement_is_no_fault(connection: duckdb.DuckDBPyConnection, depth: int) -> None:
    for start, end in (("(", ")"), ("NOT (", ")"), ("name = '' AND (", ")"), ("- (", ")")):
        condition = start * depth + "1 = 1" + end * depth
        scope = trace_scope(connection, f"FROM spans WHERE trace_id = '{ID}' AND {condition}")
        assert scope in (None, TraceScope("spans", ID))


@given(text=st.text())
def test_no_text_is_too_odd(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert trace_scope(connection, text) is None


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Indexed segments of some traces and their records, one without indexes, and a tail."""
    store_dir: Path = tmp_path_factory.mktemp("store")
    for first in range(1, TRACES - 2, 3):
        converted(store_dir, *(span_request_of("a", SPANS, trace=first + n) for n in range(3)))
        records = log_request_of("one", "two", trace=first)
        conversion = converted(store_dir, records, signal=Signal.LOGS)
    indexed(conversion)
    converted(store_dir, span_request_of("b", SPANS, trace=TRACES - 1))
    with LogWriter(store_dir) as log:
        log.append(Signal.TRACES, span_request_of("c", SPANS, trace=TRACES), 5).result(60)
    assert len(Conversion(Layout(store_dir)).manifest.segments) > 4
    return Store(store_dir)


def _answer(store: Store, sql: str, times: TimeRange) -> Counter[tuple[object, ...]]:
    return Counter(store.query(sql, times).rows())


@settings(max_examples=30)  # 100 ms each
@given(
    st.sampled_from(["spans", "logs"]),
    st.none() | st.integers(0, TRACES + 1),
    st.integers(-1, TRACES + 2),
    st.none() | st.integers(-1, TRACES + 2),
    st.integers(-1, 1),
)
def test_what_is_left_unread_is_no_part_of_the_answer(
    store: Store, table: str, trace: int | None, since: int, until: int | None, by: int
) -> None:
    times = TimeRange(
        START_UNIX_NANO + since * SECOND_NS + by,
        None if until is None else START_UNIX_NANO + until * SECOND_NS + by,
    )
    time = "start_time" if table == "spans" else "time"
    columns = f"trace_id, span_id, {time}"
    # A text that is computed is nothing to go by.
    unpruned = f"SELECT {columns} FROM {table} WHERE epoch_ns({time}) >= {times.since_unix_nano}"
    if times.until_unix_nano is not None:
        unpruned += f" AND epoch_ns({time}) < {times.until_unix_nano}"
    pruned = f"SELECT {columns} FROM {table}"
    if trace is not None:
        unpruned += f" AND trace_id = lower('{trace:032X}')"
        pruned += f" WHERE trace_id = '{trace:032x}'"
    assert _answer(store, pruned, times) == _answer(store, unpruned, TimeRange())
