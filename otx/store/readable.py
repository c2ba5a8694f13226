"""Values of a query's answer in the forms that text has for them.

DuckDB writes most of them, in one pass over a batch: times as RFC 3339 in UTC with nanoseconds,
those within lists and structures too, and lists and structures as JSON, which is then read here.
"""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import orjson
from duckdb.sqltypes import DuckDBPyType

Value: TypeAlias = Any
"""None, bool, int, float, str, or what JSON makes of a nested value."""

_NESTED = {"list", "struct", "map", "array", "union"}
_TIMES = {"timestamp", "timestamp_ns", "timestamp_ms", "timestamp_s"}
_ZONED = "timestamp with time zone"
_HUGE = {"hugeint", "uhugeint"}
"""What sums of integers are; Arrow has no integers of that size and gives decimals."""


class DoubledKeys(dict[str, Value]):
    """A JSON object with a key that is there twice.

    `[]` finds the first, as `attr` does; whoever writes it out goes by `items`, which has all.
    """

    def __init__(self, pairs: Sequence[tuple[str, Value]]) -> None:
        super().__init__(reversed(pairs))
        self._pairs = pairs

    def items(self) -> Any:
        """All keys and values, in their order."""
        return self._pairs


def readable(field: str, kind: DuckDBPyType) -> str:
    """The SQL that makes of a field what `reader_of` reads.

    Args:
        field: SQL for it.
        kind: Its type.
    """
    name = kind.id
    if name in _NESTED:
        return f"to_json({_with_times(field, kind)})"
    if name in _TIMES or name == _ZONED:
        return _time(field, name)
    if name == "decimal":
        return f"{field}::DOUBLE"
    if name in ("boolean", "double", "float") or name.endswith(("int", "integer")):
        return field
    return field if name == "varchar" else f"{field}::VARCHAR"


def reader_of(kind: DuckDBPyType) -> Callable[[Value], Value] | None:
    """What makes a value of a type one that JSON has words for; None where each is one."""
    if kind.id in _NESTED or str(kind) == "JSON":
        return _parsed
    if kind.id in _HUGE:
        return _whole
    return _worded if kind.id in ("double", "float", "decimal") else None


def _time(field: str, name: str) -> str:
    utc = f"timezone('UTC', {field})" if name == _ZONED else field
    return f"strftime({utc}::TIMESTAMP_NS, '%Y-%m-%dT%H:%M:%S.%nZ')"


def _with_times(field: str, kind: DuckDBPyType, depth: int = 0) -> str:
    """SQL for a field whose times, however deep, are texts."""
    name = kind.id
    if name in _TIMES or name == _ZONED:
        return _time(field, name)
    if name not in ("list", "struct") or not _has_times(kind):
        return field
    if name == "list":
        item = f"item_{depth}"
        changed = _with_times(item, _children(kind)["child"], depth + 1)
        return f"list_transform({field}, lambda {item}: {changed})"
    parts = ", ".join(
        f"{_identifier(part)} := {_with_times(_part(field, part), of, depth)}"
        for part, of in _children(kind).items()
    )
    return f"CASE WHEN {field} IS NOT NULL THEN struct_pack({parts}) END"


def _has_times(kind: DuckDBPyType) -> bool:
    if kind.id in ("list", "struct"):
        return any(map(_has_times, _children(kind).values()))
    return kind.id in _TIMES or kind.id == _ZONED


def _children(kind: DuckDBPyType) -> dict[str, DuckDBPyType]:
    """What a list or a structure is made of."""
    return {name: child for name, child in kind.children if isinstance(child, DuckDBPyType)}


def _part(field: str, name: str) -> str:
    text = name.replace("'", "''")
    return f"struct_extract({field}, '{text}')"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _parsed(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        pass
    else:
        # As many keys as there are ends of keys: none is there twice, which would be lost here.
        ends = value.count('":')
        is_flat = isinstance(found, dict) and ends <= len(found)
        if not ends or is_flat or ends <= _count_keys(found):
            return found
    try:
        # DuckDB writes NaN and Infinity as they are.
        return json.loads(value, parse_constant=str, object_pairs_hook=_object)
    except ValueError:
        return value


def _count_keys(value: Value) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_count_keys, value.values()))
    return sum(map(_count_keys, value)) if isinstance(value, list) else 0


def _object(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else DoubledKeys(pairs)


def _whole(value: Value) -> Value:
    return None if value is None else int(value)


def _worded(value: Value) -> Value:
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
