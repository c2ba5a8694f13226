"""The newest traces are the same, however little is looked at to find them."""

from collections.abc import Sequence
from dataclasses import dataclass
from unittest.mock import patch

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from otx.store import trace_list
from otx.store.search import Condition, parse_search
from otx.store.sources import Wanted
from otx.store.trace_list import Row, newest_rows, newest_traces

SPANS = st.lists(
    st.tuples(st.integers(1, 9), st.integers(1, 40), st.integers(0, 9), st.sampled_from("abc")),
    max_size=40,
)
"""Trace, start, duration and name of each."""


@dataclass
class Table:
    """Spans as a store shows them, and what was read of them."""

    connection: duckdb.DuckDBPyConnection
    read: int = 0

    def rows(self, sql: str, parameters: Sequence[object], wanted: Wanted | None) -> list[Row]:
        since = wanted.since_unix_nano if wanted else 0
        source = f"SELECT * FROM all_spans WHERE start_time >= make_timestamp_ns({since})"
        (counted,) = self.connection.execute(f"SELECT count(*) FROM ({source})").fetchall()
        if wanted is not None and wanted.traces is None:
            self.read += counted[0]
        return self.connection.execute(
            f"WITH wanted AS ({source}) {sql}", list(parameters)
        ).fetchall()

    def newest_since(self, wanted: Wanted, count: int) -> int:
        rows = self.connection.execute(
            "SELECT epoch_ns(start_time) FROM all_spans ORDER BY 1 DESC LIMIT ?", [count]
        ).fetchall()
        since = rows[-1][0] if len(rows) == count else 0
        return since if since > wanted.since_unix_nano else 0

    def most_rows(self, wanted: Wanted) -> int:
        return 1_000_000


def table(spans: Sequence[tuple[int, int, int, str]]) -> Table:
    connection = duckdb.connect()
    connection.execute(
        "CREATE MACRO is_trace_id(id) AS length(id) = 32;"
        "CREATE TABLE all_spans(trace_id TEXT, start_time TIMESTAMP_NS, end_time TIMESTAMP_NS,"
        " name TEXT, service TEXT, status TEXT, parent_span_id TEXT)"
    )
    for trace, start, duration, name in spans:
        connection.execute(
            "INSERT INTO all_spans VALUES"
            " (?, make_timestamp_ns(?), make_timestamp_ns(?), ?, 'shop', 'OK', '')",
            [f"{trace:032x}", start, start + duration, name],
        )
    return Table(connection)


@given(SPANS, st.integers(1, 5), st.sampled_from(["", "name:a", "name:z", "-name:b"]), st.data())
def test_as_a_look_at_every_span_finds_them(
    spans: list[tuple[int, int, int, str]], limit: int, text: str, data: st.DataObject
) -> None:
    since = data.draw(st.none() | st.integers(1, 40))
    condition = parse_search(text).condition("spans").since("start_time", since)
    store = table(spans)
    expected = trace_list._all(store, condition, limit)

    with (
        patch.object(trace_list, "_FEW_SPANS", 1),
        patch.object(trace_list, "_SPANS_A_TRACE", 1),
        patch.object(trace_list, "_MORE_SPANS", 2),
    ):
        found = newest_traces(store, condition, Wanted(since_unix_nano=since or 0), limit)

    assert found == expected


def test_what_many_spans_have_is_found_in_the_newest() -> None:
    store = table([(number, number, 1, "a") for number in range(1, 3001)])

    found = newest_traces(store, Condition("name = 'a'"), Wanted(), 10)

    assert [one.start_unix_nano for one in found] == list(range(3000, 2990, -1))
    assert store.read == 2000


def test_a_trace_that_began_long_ago_comes_after_those_that_began_later() -> None:
    spans = [(1, 1, 9, "a"), *((number, number, 1, "b") for number in range(2, 3000))]

    found = newest_traces(table([*spans, (1, 3000, 9, "a")]), Condition("true"), Wanted(), 3)

    assert [int(one.trace_id, 16) for one in found] == [2999, 2998, 2997]


def test_rows_are_looked_for_further_back_until_there_are_enough() -> None:
    begins: list[int] = []

    def look(begin: int) -> list[Row]:
        begins.append(begin)
        return [(time,) for time in range(99_000, begin - 1, -33_000)][:2]

    found = newest_rows(look, lambda count: max(100_000 - count, 0), limit=2)

    assert (found, begins) == ([(99_000,), (66_000,)], [98_000, 84_000, 0])
