"""Which tables a statement gets, and that it cannot tell that others are not made."""

from collections.abc import Callable
from pathlib import Path

import pytest

from otx.errors import UsageError
from otx.store.reader import Store
from otx.store.views import ALL_TABLES, tables_in
from tests.store.segments import converted


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT 1", set()),
        ("SELECT * FROM spans ORDER BY name DESC", {"spans"}),
        ('FROM main."SPANS" JOIN Logs USING (trace_id)', {"spans", "logs"}),
        ("SELECT count(*) FROM otel_metrics_sum", {"otel_metrics_sum"}),
        ("SHOW TABLES", ALL_TABLES),
        ("describe", ALL_TABLES),
        ("DESC spans", ALL_TABLES),
        ("FROM duckdb_views()", ALL_TABLES),
        ("FROM information_schema.tables", ALL_TABLES),
        ("FROM query_table('sp' || 'ans')", ALL_TABLES),
        ("FROM query('FROM sp' || 'ans')", ALL_TABLES),
    ],
)
def test_the_tables_are_those_that_are_named_unless_others_may_be_meant(
    sql: str, tables: set[str]
) -> None:
    assert tables_in(sql) == tables


@pytest.fixture
def store(store_dir: Path, span_request: Callable[..., bytes]) -> Store:
    converted(store_dir, span_request("a", 2))
    return Store(store_dir)


def test_who_asks_what_there_is_sees_all_of_it(store: Store) -> None:
    shown = {name for (name,) in store.query("SHOW TABLES").rows()}
    listed = {name for (name,) in store.query("SELECT view_name FROM duckdb_views()").rows()}
    assert shown >= ALL_TABLES
    assert listed >= ALL_TABLES


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM query_table('sp' || 'ans')",
        "SELECT count(*) FROM query('FROM sp' || 'ans')",
        "SELECT count(*) FROM all_spans",
        "WITH logs AS (FROM spans) SELECT count(*) FROM logs",
    ],
)
def test_a_table_is_found_however_it_is_named(store: Store, sql: str) -> None:
    assert list(store.query(sql).rows()) == [(2,)]


def test_a_name_that_is_none_is_told_with_those_that_are_like_it(store: Store) -> None:
    with pytest.raises(UsageError, match='Did you mean "spans"'):
        store.query("SELECT * FROM spanz")
