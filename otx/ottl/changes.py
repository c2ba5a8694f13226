"""What a run changed: two states of a record as paths, and where they differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from otx.model.signal import Signal
from otx.otlp.any_value import decode_any, key_of, value_of
from otx.otlp.open_view import open_class
from otx.otlp.wire import WIRE
from otx.ottl.errors import ExecutionError
from otx.ottl.profile_dictionary import Dictionary, dictionary_of
from otx.ottl.records import ITEMS

Sign: TypeAlias = Literal["+", "-", "~"]
Flat: TypeAlias = dict[str, Any]
"""A record's fields by path, as OTTL writes them."""

ITEM_NOUNS = {
    Signal.TRACES: "span",
    Signal.METRICS: "metric",
    Signal.LOGS: "log record",
    Signal.PROFILES: "profile",
}
"""What people call one item of each signal."""

_MISSING: Any = object()
_INDEX = "_strindex"
_ATTRIBUTES = "attribute_indices"
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
    """The items of a request, in order.

    The open view is read, because a statement may have made a text that is no UTF-8.
    """
    outer, middle, inner = ITEMS[signal]
    request: Any = open_class(signal).FromString(body)
    official: Any = WIRE[signal].request_class.DESCRIPTOR
    groups = _below(official, outer)
    parts = _below(groups, middle)
    items = _below(parts, inner)
    reader = _Reader(dictionary_of(request) if signal is Signal.PROFILES else None)
    found: list[ItemState] = []
    for group in getattr(request, outer):
        resource = reader.above(group, group.resource, _below(groups, "resource"))
        for part in getattr(group, middle):
            scope = reader.above(part, part.scope, _below(parts, "scope"))
            found += [
                ItemState(
                    _title(signal, item), resource, scope, dict(reader.fields(item, items, ""))
                )
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


def _below(message: Descriptor, field: str) -> Descriptor:
    """What the message in a field is."""
    inner = message.fields_by_name[field].message_type
    assert inner is not None  # noqa: S101 - the field holds a message
    return inner


class _Reader:
    """Reads messages of the open view by path; in profiles by the request's dictionary."""

    def __init__(self, dictionary: Dictionary | None) -> None:
        self._dictionary = dictionary

    def above(self, group: Any, message: Any, official: Descriptor) -> Flat:
        """A resource or scope, with the schema URL that stands beside it."""
        flat = dict(self.fields(message, official, ""))
        if group.schema_url:
            flat["schema_url"] = _text(group.schema_url)
        return flat

    def fields(self, message: Any, official: Descriptor, prefix: str) -> Iterator[tuple[str, Any]]:
        """The fields that are set, by path.

        Args:
            message: A message of the open view.
            official: What it is in OTLP's own definition.
            prefix: What stands before the paths.
        """
        for descriptor, value in message.ListFields():
            known = official.fields_by_name[descriptor.name]
            name = f"{prefix}{known.name}"
            inner = known.message_type
            if inner is None:
                yield from self._plain(known, name, value)
            elif inner.name == "KeyValue":
                for entry in value:
                    yield from _value(f'{name}["{key_of(entry)}"]', value_of(entry))
            elif inner.name == "AnyValue":
                yield from _value(name, decode_any(value))
            elif known.is_repeated:
                for at, one in enumerate(value):
                    yield from self.fields(one, inner, f"{name}[{at}].")
            else:
                yield from self.fields(value, inner, f"{name}.")

    def _plain(self, field: FieldDescriptor, name: str, value: Any) -> Iterator[tuple[str, Any]]:
        """A number, a text or bytes; what a profile's number stands for in the dictionary."""
        try:
            if self._dictionary is not None and field.name.endswith(_INDEX):
                yield name.removesuffix(_INDEX), self._dictionary.text(value)
                return
            if self._dictionary is not None and field.name == _ATTRIBUTES:
                found = [self._dictionary.attribute(index) for index in value]
                for key, data in found:
                    path = f'{name.removesuffix(_ATTRIBUTES)}attributes["{key}"]'
                    yield from _value(path, decode_any(data))
                return
        except ExecutionError:
            pass  # the dictionary lacks it: the number is all there is
        yield name, _plain(field, value)


def _plain(field: FieldDescriptor, value: Any) -> Any:
    if field.is_repeated:
        is_text = field.type == FieldDescriptor.TYPE_STRING
        return [_text(one) for one in value] if is_text else list(value)
    if field.name in _HEX:
        return value.hex()
    return _text(value) if field.type == FieldDescriptor.TYPE_STRING else value


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _value(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A value by its leaves, so that a diff shows what changed inside a map."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _value(f'{path}["{key}"]', inner)
    else:
        yield path, value


def _title(signal: Signal, item: Any) -> str:
    if signal is Signal.TRACES:
        return f'span "{_text(item.name)}" {item.trace_id.hex()} {item.span_id.hex()}'
    if signal is Signal.LOGS:
        body = decode_any(item.body)
        return f"log record {body!r}" if not isinstance(body, str) else f'log record "{body}"'
    if signal is Signal.METRICS:
        return f'metric "{_text(item.name)}"'
    return "profile"
