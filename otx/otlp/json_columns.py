"""Attributes as JSON text, a column at a time: no Python object for each value.

JSON keeps a string from a number and a map from a list, and any SQL engine can look into it. What
JSON cannot say is written in OTLP/JSON's own words: bytes are `{"bytesValue": base64}`, and NaN
and the infinities `{"doubleValue": "NaN"}`. A map that has just one such key itself is put into
`{"kvlistValue": …}`, so that `read_value` gives back what was sent. A double always has a point or
an exponent. Keys that occur twice stay twice.
"""

import json
import math
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, TypeAlias

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from otx.model.telemetry import AttributeValue

Column: TypeAlias = Any
"""A pyarrow Array; pyarrow carries no types."""

_ESCAPED = bytes([*range(0x20), 0x22, 0x5C])
"""What may not stand in a JSON string as it is (RFC 8259, section 7)."""
_NEEDS_ESCAPE = r'["\\\x00-\x1f]'
_QUOTE, _NOTHING = pa.scalar('"', pa.string()), pa.scalar("", pa.string())
"""Scalars of Arrow, as are all constants here: to find the type of a Python one takes 50 µs."""
_COLON, _COMMA = pa.scalar(":", pa.string()), pa.scalar(",", pa.string())
_OPEN, _CLOSE = pa.scalar("{", pa.string()), pa.scalar("}", pa.string())
_NULL, _NO_TEXT = pa.scalar("null", pa.string()), pa.scalar(None, pa.string())
_POINT_ZERO = pa.scalar(".0", pa.string())
_WRAPPERS = frozenset({"bytesValue", "doubleValue", "kvlistValue"})
_MAX_DEPTH = 100
"""Deeper values are cut to null; protobuf itself parses no more than 100 levels."""


def member_texts(keys: Column, values: Column) -> Column:
    """JSON members, `"key":value`, of columns of keys and of values of the column view."""
    distinct = keys.dictionary_encode()
    names = _json_strings(distinct.dictionary).take(distinct.indices)
    return pc.binary_join_element_wise(names, value_texts(values), _COLON)


def object_texts(members_of_each: Column) -> Column:
    """JSON objects of lists of members."""
    members = pc.binary_join(members_of_each, _COMMA)
    return pc.binary_join_element_wise(_OPEN, members, _CLOSE, _NOTHING)


def value_texts(values: Column) -> Column:
    """JSON texts of an AnyValue column of the column view; `null` where no value is set."""
    strings = _child(values, "string_value")
    parts = [
        pc.if_else(strings.is_valid(), _json_strings(strings), _NO_TEXT),
        pc.cast(_child(values, "int_value"), pa.string()),
        pc.cast(_child(values, "bool_value"), pa.string()),
        _double_texts(_child(values, "double_value")),
        _slow_texts(_child(values, "array_value"), _array_text),
        _slow_texts(_child(values, "kvlist_value"), _map_text),
        _slow_texts(_child(values, "bytes_value"), _bytes_text),
    ]
    present = [part for part in parts if part.null_count < len(part)]
    if not present:
        return pa.array(["null"] * len(values), pa.string())
    return pc.coalesce(*present, _NULL)


def has_doubled_values(values: Column) -> bool:
    """Whether some AnyValue has two values set: legal on the wire, where the last one counts."""
    children = [_child(values, field.name) for field in values.type]
    set_in_all = sum(len(c) - c.null_count for c in children)
    if not set_in_all:
        return False
    set_at_all = reduce(pc.or_, (c.is_valid() for c in children if c.null_count < len(c)))
    return bool(set_in_all != set_at_all.true_count)


def merged(fields: Column) -> Column:
    """The bytes of each message that the column view keeps as bytes; null where there is none.

    The bytes of a list lie one behind the other, so that only their bounds have to be found.
    """
    parts = fields.flatten()
    if not len(parts):
        return pa.nulls(len(fields), pa.binary())
    _, bounds, data = parts.buffers()
    part_bounds = pa.Array.from_buffers(
        pa.int32(), len(parts) + 1, [None, bounds], offset=parts.offset
    )
    ends = part_bounds.take(bounds_of(fields))
    is_there = pc.greater(pc.list_value_length(fields), pa.scalar(0, pa.int32()))
    buffers = [is_there.buffers()[1], ends.buffers()[1], data]
    return pa.Array.from_buffers(pa.binary(), len(fields), buffers)


def bounds_of(lists: Column) -> Column:
    """Where each list begins and ends in `lists.flatten()`, which drops what a slice leaves out."""
    offsets = lists.offsets
    return pc.subtract(offsets, offsets[0])


def attributes_text(attributes: Sequence[KeyValue]) -> str:
    """The JSON object of a few attributes, read one by one: for what many spans share."""
    return _object_text(attributes, depth=0)


def number_texts(value: float) -> frozenset[str]:
    """The ways in which this module writes a double: a column at a time, and one by one."""
    column = _double_texts(pa.array([value], pa.float64()))
    return frozenset({column[0].as_py(), _double_text(value)})


def read_value(text: str) -> AttributeValue:
    """The value that a JSON text of this module stands for; the first of equal keys counts."""
    return _unwrapped(_loaded(text))


def read_attributes(text: str) -> Mapping[str, AttributeValue]:
    """The attributes that a JSON object of this module stands for; the first of equal keys counts.

    So it is with `attr` of SQL and with searches.
    """
    document = _loaded(text)
    return {key: _unwrapped(value) for key, value in document.items()}


def _loaded(text: str) -> Any:
    found = orjson.loads(text)  # the last of equal keys
    # As many keys as there are ends of keys: none is there twice.
    ends = text.count('":')
    is_flat = isinstance(found, dict) and ends <= len(found)
    if not ends or is_flat or ends <= _count_keys(found):
        return found
    return json.loads(text, object_pairs_hook=_first_of_each)


def _count_keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_count_keys, value.values()))
    return sum(map(_count_keys, value)) if isinstance(value, list) else 0


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return found


def _child(values: Column, name: str) -> Column:
    child = values.field(name)
    return merged(child) if name in ("array_value", "kvlist_value") else child


def _json_strings(strings: Column) -> Column:
    """JSON string literals. Nearly no text needs an escape, so that is found out in one go."""
    data = strings.buffers()[2]
    raw = data.to_pybytes() if data is not None else b""
    quoted = pc.binary_join_element_wise(_QUOTE, strings, _QUOTE, _NOTHING)
    if len(raw.translate(None, _ESCAPED)) == len(raw):
        return quoted
    needs = pc.fill_null(
        pc.match_substring_regex(strings, _NEEDS_ESCAPE), pa.scalar(False, pa.bool_())
    )
    escaped = [orjson.dumps(text).decode() for text in strings.filter(needs).to_pylist()]
    return pc.replace_with_mask(quoted, needs, pa.array(escaped, pa.string()))


def _double_texts(values: Column) -> Column:
    """Texts of the doubles among many values that are none; those alone are looked at."""
    nothing = pa.nulls(len(values), pa.string())
    doubles = values.drop_null()
    if not len(doubles):
        return nothing
    texts = pc.cast(doubles, pa.string())
    whole = pc.match_substring_regex(texts, r"^-?[0-9]+$")
    texts = pc.if_else(whole, pc.binary_join_element_wise(texts, _POINT_ZERO, _NOTHING), texts)
    odd = pc.invert(pc.is_finite(doubles))
    odd_texts = [_double_text(value) for value in doubles.filter(odd).to_pylist()]
    texts = pc.replace_with_mask(texts, odd, pa.array(odd_texts, pa.string()))
    return pc.replace_with_mask(nothing, values.is_valid(), texts)


def _slow_texts(values: Column, write: "Any") -> Column:
    """Texts of the few values that are read one by one; null where there is none."""
    if values.null_count == len(values):
        return pa.nulls(len(values), pa.string())
    distinct = values.dictionary_encode()
    texts = pa.array([write(value) for value in distinct.dictionary.to_pylist()], pa.string())
    return texts.take(distinct.indices)


def _array_text(data: bytes) -> str:
    return _list_text(ArrayValue.FromString(data).values, depth=0)


def _map_text(data: bytes) -> str:
    return _map_of(KeyValueList.FromString(data).values, depth=0)


def _bytes_text(data: bytes) -> str:
    return f'{{"bytesValue":"{b64encode(data).decode()}"}}'


def _double_text(value: float) -> str:
    if math.isnan(value):
        return '{"doubleValue":"NaN"}'
    if math.isinf(value):
        return '{"doubleValue":"Infinity"}' if value > 0 else '{"doubleValue":"-Infinity"}'
    return orjson.dumps(value).decode()


def _value_text(value: AnyValue, depth: int) -> str:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return orjson.dumps(value.string_value).decode()
    if kind == "int_value":
        return str(value.int_value)
    if kind == "bool_value":
        return "true" if value.bool_value else "false"
    if kind == "double_value":
        return _double_text(value.double_value)
    if kind == "bytes_value":
        return _bytes_text(value.bytes_value)
    if depth < _MAX_DEPTH and kind == "array_value":
        return _list_text(value.array_value.values, depth)
    if depth < _MAX_DEPTH and kind == "kvlist_value":
        return _map_of(value.kvlist_value.values, depth)
    return "null"


def _list_text(values: Sequence[AnyValue], depth: int) -> str:
    return "[" + ",".join(_value_text(value, depth + 1) for value in values) + "]"


def _map_of(entries: Sequence[KeyValue], depth: int) -> str:
    text = _object_text(entries, depth)
    if entries and entries[0].key in _WRAPPERS and len({entry.key for entry in entries}) == 1:
        return f'{{"kvlistValue":{text}}}'
    return text


def _object_text(entries: Sequence[KeyValue], depth: int) -> str:
    members = (
        f"{orjson.dumps(entry.key).decode()}:{_value_text(entry.value, depth + 1)}"
        for entry in entries
    )
    return "{" + ",".join(members) + "}"


def _unwrapped(value: Any) -> AttributeValue:
    if isinstance(value, list):
        return [_unwrapped(item) for item in value]
    if not isinstance(value, dict):
        plain: AttributeValue = value
        return plain
    if len(value) == 1:
        ((key, inner),) = value.items()
        if key == "bytesValue" and isinstance(inner, str):
            return b64decode(inner)
        if key == "doubleValue" and isinstance(inner, str):
            return float(inner)
        if key == "kvlistValue" and isinstance(inner, dict):
            return {name: _unwrapped(item) for name, item in inner.items()}
    return {name: _unwrapped(item) for name, item in value.items()}
