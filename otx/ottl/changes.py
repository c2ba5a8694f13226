"""What a run changed: two states of a record as paths, and where they differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from google.protobuf.message import Message

from otx.model.signal import Signal
from otx.otlp.any_value import decode_any
from otx.otlp.wire import WIRE
from otx.ottl.records import ITEMS

Sign: TypeAlias = Literal["+", "-", "~"]
Flat: TypeAlias = dict[str, Any]
"""A record's fields by path, as OTTL writes them."""

_MISSING: Any = object()
_HEX = {"trace_id", "span_id", "parent_span_id", "profile_id"}


@dataclass(frozen=True, slots=True)
class Change:
    """One path whose value is another than before."""

    sign: Sign
    path: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class ItemState:
    """One item with what lies above it, flattened."""

    title: str
    resource: Flat
    scope: Flat
    item: Flat


def item_states(signal: Signal, body: bytes) -> list[ItemState]:
    """The items of a request, in order."""
    outer, middle, inner = ITEMS[signal]
    request = WIRE[signal].request_class.FromString(body)
    found: list[ItemState] = []
    for group in getattr(request, outer):
        resource = flatten(group.resource)
        for part in getattr(group, middle):
            scope = flatten(part.scope)
            found += [
                ItemState(_title(signal, item), resource, scope, flatten(item))
                for item in getattr(part, inner)
            ]
    return found


def changes(before: Flat, after: Flat) -> list[Change]:
    """Where two flattened records differ, in the order of the first and then of the second."""
    found: list[Change] = []
    for path, old in before.items():
        new = after.get(path, _MISSING)
        if new is _MISSING:
            found.append(Change("-", path, before=old))
        elif type(new) is not type(old) or new != old:
            found.append(Change("~", path, old, new))
    found += [Change("+", path, after=new) for path, new in after.items() if path not in before]
    return found


def flatten(message: Message) -> Flat:
    """A message's fields that are set, by path."""
    flat: Flat = {}
    for path, value in _fields(message, ""):
        flat[path] = value
    return flat


def _fields(message: Message, prefix: str) -> Iterator[tuple[str, Any]]:
    for descriptor, value in message.ListFields():
        name = f"{prefix}{descriptor.name}"
        kind = descriptor.message_type.name if descriptor.message_type is not None else ""
        if kind == "KeyValue":
            for entry in value:
                yield from _value(f'{name}["{entry.key}"]', _any(entry.value))
        elif kind == "AnyValue":
            yield from _value(name, _any(value))
        elif kind and descriptor.is_repeated:
            for at, one in enumerate(value):
                yield from _fields(one, f"{name}[{at}].")
        elif kind:
            yield from _fields(value, f"{name}.")
        elif descriptor.is_repeated:
            yield name, list(value)
        else:
            yield name, value.hex() if descriptor.name in _HEX else value


def _any(value: Message) -> Any:
    return decode_any(value.SerializeToString())


def _value(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A value by its leaves, so that a diff shows what changed inside a map."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _value(f'{path}["{key}"]', inner)
    else:
        yield path, value


def _title(signal: Signal, item: Any) -> str:
    if signal is Signal.TRACES:
        return f'span "{item.name}" {item.trace_id.hex()} {item.span_id.hex()}'
    if signal is Signal.LOGS:
        body = _any(item.body)
        return f"log record {body!r}" if not isinstance(body, str) else f'log record "{body}"'
    if signal is Signal.METRICS:
        return f'metric "{item.name}"'
    return "profile"
