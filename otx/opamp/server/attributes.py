"""What an agent says of itself, as plain values, and as the labels that selectors look at."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from otx.opamp.opamp_pb2 import AnyValue, KeyValue

Value: TypeAlias = (
    "str | bool | int | float | bytes | list[Value] | dict[str, Value] | None"  # JSON's, and bytes
)
Attributes: TypeAlias = Mapping[str, Value]


def read_attributes(pairs: Iterable[KeyValue]) -> dict[str, Value]:
    """Key -> value; of a key that is there twice the last one holds."""
    return {pair.key: _value(pair.value) for pair in pairs}


def label_text(value: Value) -> str:
    """A value as a selector compares it: text as it is, `true`, `42`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.hex()
    return "" if value is None else str(value)


def _value(value: AnyValue) -> Value:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return read_attributes(value.kvlist_value.values)
    plain: Value = getattr(value, kind)
    return plain
