"""What a person's SQL asks for, as far as it is plain: one trace of one table.

A statement is read as DuckDB's own parser reads it (`json_serialize_sql`). Only what cannot mean
anything else counts: the statement reads from one table alone, once, and takes of it nothing but
rows whose `trace_id` is a given text. Then other rows may be left unread: they could not be in the
answer. Anything else is no scope, which costs time and no answer.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import duckdb
import orjson

from otx.store.row_tables import RowKind

Node: TypeAlias = Any
"""A part of DuckDB's syntax tree: a mapping, a list or a plain value."""

_KINDS: Mapping[str, RowKind] = {
    "spans": "spans",
    "span_events": "spans",
    "span_links": "spans",
    "logs": "logs",
}
"""Tables with a `trace_id` that is the one of the rows they are made of."""
_PLAIN_TABLE = frozenset(
    ("type", "alias", "table_name", "qualified_name", "query_location", "query_location_length")
)
"""What a table has that is neither sampled nor has columns of other names."""
_READERS = ("BASE_TABLE", "TABLE_FUNCTION")
"""References that read rows; `query('…')` is a function and reads what it likes."""
_WHOLE_ID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class TraceScope:
    """All that a statement reads: rows of one kind that belong to one trace."""

    kind: RowKind
    trace_id: str


def trace_scope(connection: duckdb.DuckDBPyConnection, sql: str) -> TraceScope | None:
    """The one trace that a statement is about; None where that is not plain to see."""
    serialize = "SELECT json_serialize_sql(?::VARCHAR, skip_null := true, skip_empty := true)"
    try:
        [(text,)] = connection.execute(serialize, [sql]).fetchall()
        nodes = list(_nodes(orjson.loads(text)))
    except (duckdb.Error, orjson.JSONDecodeError):
        return None  # what is wrong with it, or its depth, is said when it is bound
    if sum(node.get("type") in _READERS for node in nodes) != 1:
        return None
    return next((found for node in nodes if (found := _scope_of(node))), None)


def _nodes(tree: Node) -> Iterator[Mapping[str, Node]]:
    """All mappings of a tree, however deep it is."""
    left = [tree]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            yield part
            left += part.values()
        elif isinstance(part, list):
            left += part


def _scope_of(node: Mapping[str, Node]) -> TraceScope | None:
    """What a SELECT takes of its table."""
    table = node.get("from_table")
    if node.get("type") != "SELECT_NODE" or not table or table.get("type") != "BASE_TABLE":
        return None
    kind = _KINDS.get(table["table_name"])
    if kind is None or not table.keys() <= _PLAIN_TABLE:
        return None
    name = table.get("alias", table["table_name"])
    for condition in _conjuncts(node.get("where_clause")):
        trace_id = _trace_id_of(condition, name)
        if trace_id is not None:
            return TraceScope(kind, trace_id)
    return None


def _conjuncts(condition: Node) -> Iterator[Mapping[str, Node]]:
    """The conditions that must all hold."""
    left = [condition] if condition else []
    while left:
        part = left.pop()
        if part.get("type") == "CONJUNCTION_AND":
            left += part["children"]
        else:
            yield part


def _trace_id_of(condition: Mapping[str, Node], table: str) -> str | None:
    """The id that a condition compares the table's trace id with."""
    if condition.get("type") != "COMPARE_EQUAL":
        return None
    sides = condition["left"], condition["right"]
    for column, constant in (sides, sides[::-1]):
        if column.get("column_names") in (["trace_id"], [table, "trace_id"]):
            literal = constant.get("literal", {})
            text = literal.get("text", "") if literal.get("kind") == "STRING" else ""
            return text if _WHOLE_ID.fullmatch(text) else None
    return None
