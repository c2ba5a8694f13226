"""The editors that write one value, one key or one element: set, clear, append and their kin."""

from typing import Any

from otx.ottl.coerce import sequence
from otx.ottl.composites import ListOf
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Run, editor_builder
from otx.ottl.lift import Always
from otx.ottl.parameters import Get, Integer, Target, Text
from otx.ottl.values import (
    Duration,
    Opaque,
    ProfileId,
    SpanId,
    Time,
    TraceId,
    Value,
    is_map,
    kind_of,
    storable,
)

GO_ZERO_TIME = Time(-6795364578871345152)
"""What the year 1 of Go's zero time is in nanoseconds, cut to 64 bits: `clear(time)` writes it."""

_EMPTY: dict[type, Value] = {
    str: "",
    int: 0,
    float: 0.0,
    bool: False,
    bytes: b"",
    type(None): None,
    Time: GO_ZERO_TIME,
    Duration: Duration(0),
    TraceId: TraceId(bytes(16)),
    SpanId: SpanId(bytes(8)),
    ProfileId: ProfileId(bytes(16)),
}
_SINGLE = {"status", "buckets"}


@editor_builder(
    "set", example=Example('set(attributes["env"], "prod")', '{"env":"prod"}', '{"env":"test"}')
)
def set_(target: Target, value: Get[Any]) -> Run:
    """Write a value to a path; nil empties it."""
    put = target.set
    if isinstance(value, Always):
        constant = value.value
        return lambda record: put(record, constant)
    return lambda record: put(record, value(record))


@editor_builder(
    "clear",
    since="0.160",
    example=Example('clear(attributes["env"])', '{"env":""}', '{"env":"test"}'),
)
def clear(target: Target) -> Run:
    """Write the empty value of what a path holds: 0, "", false, an empty map or list."""
    get, put = target.get, target.set
    return lambda record: put(record, _emptied(get(record)))


def _emptied(value: Value) -> Value:
    kind = type(value)
    if kind is list:
        return []
    if kind is Opaque:
        # A status or buckets stay: the Collector copies nothing over them there.
        return value if value.kind in _SINGLE else Opaque(value.kind, ())
    return _EMPTY.get(kind, {})


@editor_builder(
    "append",
    fails="the target is a map, or what is added one from the data",
    example=Example(
        'append(attributes["tags"], values = ["a", "b"])', '{"tags":["x","a","b"]}', '{"tags":"x"}'
    ),
)
def append(
    target: Target, value: Get[Any] | None = None, values: list[Get[Any]] | None = None
) -> Run:
    """Add one value or several to the end of a list; what is no list becomes the first element."""
    if value is None and values is None:
        raise ExecutionError("it needs value or values")
    added = [*([] if value is None else [value]), *(values or ())]
    get, put = target.get, target.set

    def run(record: Any) -> None:
        found = get(record)
        kept = _elements(found)
        kept += [
            one.plain(record) if isinstance(one, ListOf) else _element(one(record)) for one in added
        ]
        put(record, kept)

    return run


def _elements(found: Value) -> list[Value]:
    """What is there, as the start of a list."""
    if type(found) is list:
        return list(found)
    return [] if found is None else [_element(found)]


def _element(value: Value) -> Value:
    if type(value) is list or is_map(value):
        hint = "only a list literal" if type(value) is list else "no map"
        raise ExecutionError(f"append takes {hint} as an element, not a {kind_of(value)} from data")
    return storable(value)


@editor_builder(
    "delete_index",
    target="list",
    fails="the indexes do not lie within the list",
    since="0.145",
    example=Example('delete_index(attributes["l"], 0, 2)', '{"l":["c"]}', '{"l":["a","b","c"]}'),
)
def delete_index(
    target: Target, start_index: Get[Integer], end_index: Get[Integer] | None = None
) -> Run:
    """Remove the elements of a list from one index up to and without another."""
    edit = target.edit

    def run(record: Any) -> None:
        elements = sequence(edit(record))
        start = start_index(record)
        end = start + 1 if end_index is None else end_index(record)
        size = len(elements)
        if start != 0 or end != size:  # an empty list may be emptied
            _check_range(start, end, size)
        del elements[start:end]

    return run


def _check_range(start: int, end: int, size: int) -> None:
    if not 0 <= start < size:
        raise ExecutionError(f"index {start} is out of range: the list has {size} elements")
    if end < start:
        raise ExecutionError(f"the end {end} lies before the start {start}")
    if end > size:
        raise ExecutionError(f"the end {end} is out of range: the list has {size} elements")


@editor_builder(
    "delete_key",
    target="map",
    example=Example('delete_key(attributes, "a")', '{"b":2}', '{"a":1,"b":2}'),
)
def delete_key(target: Target, key: Get[Text]) -> Run:
    """Remove one key of a map; a key that is not there is none of its business."""
    edit = target.edit

    def run(record: Any) -> None:
        attributes = edit(record)
        if not is_map(attributes):
            raise ExecutionError(f"delete_key takes a map, not a {kind_of(attributes)}")
        name = key(record)
        if name in attributes:  # `pop` would decode the value
            del attributes[name]

    return run
