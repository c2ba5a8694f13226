"""SQL from a person over a store: read-only, whatever the SQL says.

A query gets a database of its own in memory in which the store's tables are views. Before the
person's SQL is looked at, that database loses access to every file but the segments it shows,
and its settings are locked. One statement that answers with rows is taken; what would write (COPY,
ATTACH, EXPORT, …) is refused by its kind, so that not even a segment can be overwritten.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import StatementType

from otx.errors import OtxError, UsageError
from otx.store.damage import damage_behind, may_be_damage
from otx.store.layout import Layout
from otx.store.readable import Value, readable, reader_of
from otx.store.row_tables import ROW_TABLES, RowKind
from otx.store.sources import Sources, Wanted
from otx.store.sql_scope import trace_scope
from otx.store.tail import LogTails, View
from otx.store.views import ALL_TABLES, Tables, quote, tables_in

MEMORY_LIMIT = "1GiB"
_BATCH_ROWS = 10_000
_OF_DAMAGE = ("Invalid Error", "IO Error", "INTERNAL Error", "Serialization Error")
"""What DuckDB calls errors that may come from a file that is not as it was written."""
_READS = {StatementType.SELECT, StatementType.EXPLAIN}
_EXPLAIN = re.compile(r"\s*explain(\s+analyze)?(\s*\([^)]*\))?\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result and its DuckDB type, `JSON` for attributes."""

    name: str
    type: str


class Result:
    """The answer to one query, fetched as it is iterated, once.

    Attributes:
        columns: Its columns; names that occur twice get a number.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        relation: duckdb.DuckDBPyRelation,
        sql: str,
        damage: Callable[[duckdb.Error], OtxError | None],
    ) -> None:
        self._sql = sql
        self._damage = damage
        self._connection = connection
        self._relation = relation
        self._types = relation.types
        shown = [str(kind) for kind in relation.types]
        names = _distinct(relation.columns)
        self.columns = tuple(map(Column, names, shown))

    def rows(self) -> Iterator[tuple[Value, ...]]:
        """The rows: times as RFC 3339 text with nanoseconds, nested values and JSON as such.

        NaN and the infinities, for which JSON has no words, are texts as in OTLP/JSON.

        Raises:
            UsageError: The query fails on the data.
            StoreDamaged: A segment turned out to be damaged.
        """
        fields = ", ".join(
            readable(f"#{index + 1}", kind) for index, kind in enumerate(self._types)
        )
        readers = [reader_of(kind) for kind in self._types]
        try:
            for batch in self._batches(_reader(self._relation.project(fields))):
                columns = [
                    list(map(reader, column.to_pylist())) if reader else column.to_pylist()
                    for column, reader in zip(batch.columns, readers, strict=True)
                ]
                yield from zip(*columns, strict=True)
        except duckdb.Error as error:
            raise self._error(error) from None

    def arrow(self) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """The rows as Arrow, types kept: their schema and batches of them.

        Raises:
            UsageError: The query fails on the data.
            StoreDamaged: A segment turned out to be damaged.
        """
        try:
            renamed = ", ".join(
                f"#{i + 1} AS {_identifier(column.name)}" for i, column in enumerate(self.columns)
            )
            reader = _reader(self._relation.project(renamed))
        except duckdb.Error as error:
            raise self._error(error) from None
        return reader.schema, self._batches(reader)

    def _batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        try:
            yield from reader
        except (pa.ArrowException, OSError) as error:  # of Arrow's interface, DuckDB's text in it
            text = str(error)
            is_damage = any(words in text for words in _OF_DAMAGE)
            kind = duckdb.Error if is_damage else duckdb.DataError
            raise self._error(kind(text)) from None

    def _error(self, error: duckdb.Error) -> OtxError:
        return self._damage(error) or sql_error(error, self._sql)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Rows of a time: from `since_unix_nano` on and before `until_unix_nano`, if there is one."""

    since_unix_nano: int = 0
    until_unix_nano: int | None = None


ALL_TIMES = TimeRange()


def open_query(
    layout: Layout,
    view: View,
    tails: LogTails,
    sources: Sources,
    sql: str,
    times: TimeRange = ALL_TIMES,
) -> Result:
    """Bind a statement to what a look at a store found; nothing is computed yet.

    Args:
        layout: Where the store is.
        view: What the look found.
        tails: The logs' tails at that look.
        sources: Knows what of the segments need not be read.
        sql: The statement.
        times: The only rows that there are for it, by the time that their table goes by.

    Raises:
        UsageError: The SQL does not parse or bind, or is no single statement that reads.
        duckdb.Error: What may come of a segment that is gone or damaged.
    """
    connection = duckdb.connect(":memory:")
    # Binding and running both read the footers of all segments.
    connection.execute("SET parquet_metadata_cache = true")
    scope = trace_scope(connection, sql)

    def rows_sql(kind: RowKind) -> str:
        traces = (scope.trace_id,) if scope is not None and scope.kind == kind else None
        wanted = Wanted(
            kind,
            times.since_unix_nano,
            traces=traces,
            until_unix_nano=times.until_unix_nano,
        )
        rows = sources.sql(view.manifest, wanted)
        return rows if times == ALL_TIMES else _within(rows, ROW_TABLES[kind].time, times)

    tables = Tables(connection, tails, rows_sql)
    tables.show(tables_in(sql))
    _lock(connection, [layout.segments / segment.name for segment in view.manifest.segments])
    try:
        _refuse_what_writes(connection, sql)
        relation = _bound(connection, tables, sql)
    except duckdb.Error as error:
        if may_be_damage(layout, view.manifest, error):
            raise
        raise sql_error(_with_place(connection, sql, error), sql) from None
    return Result(connection, relation, sql, partial(damage_behind, layout, view.manifest))


def _lock(connection: duckdb.DuckDBPyConnection, segments: Iterable[Path]) -> None:
    """Let a connection read some files and nothing else, for good."""
    for setting in (
        f"memory_limit = '{MEMORY_LIMIT}'",
        "temp_directory = ''",
        f"allowed_paths = [{', '.join(quote(str(path)) for path in segments)}]",
        "enable_external_access = false",
        "enable_progress_bar = false",  # it would be drawn on stdout
        "TimeZone = 'UTC'",  # the tables' times are; else a cast would move them by the machine's
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


def _bound(
    connection: duckdb.DuckDBPyConnection, tables: Tables, sql: str
) -> duckdb.DuckDBPyRelation:
    """A statement over the tables that it names, or over all where it means others, or none."""
    try:
        return connection.sql(sql)
    except duckdb.Error:
        tables.show(ALL_TABLES)
        return connection.sql(sql)


def _within(rows: str, time: str, times: TimeRange) -> str:
    """A query of those rows of another that are of a time."""
    condition = f"{time} >= make_timestamp_ns({times.since_unix_nano})"
    if times.until_unix_nano is not None:
        condition += f" AND {time} < make_timestamp_ns({times.until_unix_nano})"
    return f"SELECT * FROM ({rows}) WHERE {condition}"  # noqa: S608 - fixed names and numbers


def sql_error(error: duckdb.Error, sql: str) -> UsageError:
    """What is wrong with a query, with its line and a caret under the place."""
    what, _, place = str(error).partition("\n\n")
    message = what.replace("\n", "; ")
    shown = re.match(r"LINE \d+: (.*)\n( *)(\^+)", place)
    if shown is None:
        return UsageError(message, hint="DESCRIBE spans lists the columns of a table")
    # DuckDB counts the lines of what the SQL was wrapped in.
    line, carets = shown[1], len(shown[3])
    lines = sql.splitlines()
    number = lines.index(line) + 1 if line in lines else 1
    column = len(shown[2]) - place.index(": ") - 2
    margin = f"LINE {number}: "
    return UsageError(f"{message}\n{margin}{line}\n{' ' * (len(margin) + column)}{'^' * carets}")


def _with_place(
    connection: duckdb.DuckDBPyConnection, sql: str, error: duckdb.Error
) -> duckdb.Error:
    """The same error with its line, which a relation's binder leaves out."""
    if "LINE " not in str(error):
        try:
            connection.execute(f"PREPARE placed AS\n{sql}")
        except duckdb.Error as placed:
            return placed
    return error


def _reader(relation: duckdb.DuckDBPyRelation) -> Any:
    """Batches of rows, fetched as they are asked for."""
    return relation.to_arrow_reader(_BATCH_ROWS)


def _refuse_what_writes(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise UsageError(
            f"otx query takes one statement, not {len(statements)}", hint="quote the SQL"
        )
    kind = statements[0].type
    if kind not in _READS:
        raise UsageError(
            f"otx query only reads; this is {kind.name}", hint="start with SELECT, FROM or DESCRIBE"
        )
    if kind is StatementType.EXPLAIN:
        # EXPLAIN ANALYZE runs what it explains.
        _refuse_what_writes(connection, _EXPLAIN.sub("", sql, count=1))


def _distinct(names: Sequence[str]) -> list[str]:
    """Names with a number behind those that were there before."""
    distinct: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in distinct:
            number += 1
            candidate = f"{name}_{number}"
        distinct.append(candidate)
    return distinct


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
