"""OTLP/JSON straight into the open view and back, by tables like those of `otx.otlp.json_codec`.

An attribute becomes its serialised bytes at once. What is odd (a second value in an AnyValue, an
unknown key in a KeyValue, a profile's indexes) goes through the official messages, whose errors
name the place.
"""

from collections import Counter
from collections.abc import Callable, Container
from functools import cache
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message

from otx.model.signal import Signal
from otx.otlp.any_value import encode_key_value, key_of, value_of
from otx.otlp.json_codec import (
    InvalidJson,
    read_message,
    scalar_codec,
    wanted,
    warn_of_name,
    write_message,
)
from otx.otlp.valid_text import valid_value
from otx.otlp.wire import WIRE

_Known: TypeAlias = dict[bytes, Any]
"""Attributes of one document that were written before: the same ones come again and again."""

_F = FieldDescriptor
_Warnings: TypeAlias = Counter[str]
_Read: TypeAlias = Callable[[_Warnings, Any, Any], None]
_Write: TypeAlias = Callable[[Any, _Known], Any]
_INT64 = range(-(1 << 63), 1 << 63)


def read_open(
    message: Message, document: object, descriptor: Descriptor, warnings: Counter[str]
) -> None:
    """Fill an empty message of the open view from parsed OTLP/JSON.

    Args:
        message: The message.
        document: What a JSON parser made of the text.
        descriptor: The official descriptor of the same message.
        warnings: Takes what is accepted though it should not be sent.

    Raises:
        InvalidJson: The document is no such message.
    """
    _fill(warnings, message, document, _reader(descriptor))


def write_open(message: Message, descriptor: Descriptor) -> dict[str, Any]:
    """The OTLP/JSON object of a message of the open view."""
    return _written(message, descriptor, {})


def _written(message: Message, descriptor: Descriptor, known: _Known) -> dict[str, Any]:
    writers = _writers(descriptor)
    written = {}
    for field, value in message.ListFields():
        name, write = writers[field.number]
        written[name] = write(value, known)
    return written


def _fill(warnings: _Warnings, message: Any, document: object, readers: dict[str, Any]) -> None:
    if not isinstance(document, dict):
        raise wanted("an object", document)
    chosen: dict[str, str] = {}
    for key, value in document.items():
        found = readers.get(key)
        if found is None or value is None:
            if found is None:
                warn_of_misspelling(key, readers, warnings)
            continue
        read, choice = found
        if choice:
            if choice in chosen:
                raise InvalidJson(f"{chosen[choice]!r} and {key!r} exclude each other")
            chosen[choice] = key
        try:
            read(warnings, message, value)
        except InvalidJson as error:
            raise error.within(key) from None


def warn_of_misspelling(key: str, known: Container[str], warnings: Counter[str]) -> None:
    """Take down an unknown key that is a known one in snake case."""
    if "_" not in key:
        return
    first, *rest = key.split("_")
    right = first + "".join(part.capitalize() for part in rest)
    if right in known:
        warnings[f"{key!r} is ignored: OTLP/JSON calls it {right!r}"] += 1


@cache
def _reader(descriptor: Descriptor) -> dict[str, tuple[_Read, str]]:
    """Readers by JSON name, each with the oneof that it belongs to."""
    readers = {}
    for field in descriptor.fields:
        oneof = field.containing_oneof
        is_choice = oneof is not None and len(oneof.fields) > 1
        readers[field.json_name] = (
            _field_reader(field),
            oneof.name if is_choice and oneof is not None else "",
        )
    return readers


def _field_reader(field: FieldDescriptor) -> _Read:
    name, inner = field.name, field.message_type
    if inner is not None:
        if inner.name == "KeyValue":
            return _read_attributes(name)
        if inner.name == "AnyValue":
            return _read_value(name, field)
        return _read_messages(name, inner) if field.is_repeated else _read_message(name, inner)
    read, _ = scalar_codec(field)
    is_text = field.type == _F.TYPE_STRING
    if field.is_repeated:
        return _read_scalars(name, read, is_text)
    if is_text:
        return _read_text(name)

    def read_scalar(warnings: _Warnings, message: Any, value: Any) -> None:
        if field.enum_type is not None and isinstance(value, str):
            warn_of_name(field.json_name, value, warnings)
        setattr(message, name, read(value))

    return read_scalar if field.enum_type is not None else _read_plain(name, read)


def _read_plain(name: str, read: Callable[[Any], Any]) -> _Read:
    def run(_: _Warnings, message: Any, value: Any) -> None:
        setattr(message, name, read(value))

    return run


def _read_text(name: str) -> _Read:
    def run(_: _Warnings, message: Any, value: Any) -> None:
        if type(value) is not str:
            raise wanted("a string", value)
        setattr(message, name, value.encode())

    return run


def _read_scalars(name: str, read: Callable[[Any], Any], is_text: bool) -> _Read:
    def run(_: _Warnings, message: Any, value: Any) -> None:
        if not isinstance(value, list):
            raise wanted("an array", value)
        items = [read(one) for one in value]
        getattr(message, name).extend([one.encode() for one in items] if is_text else items)

    return run


def _read_message(name: str, inner: Descriptor) -> _Read:
    def run(warnings: _Warnings, message: Any, value: Any) -> None:
        child = getattr(message, name)
        child.SetInParent()
        _fill(warnings, child, value, _reader(inner))

    return run


def _read_messages(name: str, inner: Descriptor) -> _Read:
    def run(warnings: _Warnings, message: Any, value: Any) -> None:
        if not isinstance(value, list):
            raise wanted("an array", value)
        container, readers = getattr(message, name), _reader(inner)
        for index, one in enumerate(value):
            try:
                _fill(warnings, container.add(), one, readers)
            except InvalidJson as error:
                raise error.within(index) from None

    return run


def _read_attributes(name: str) -> _Read:
    def run(warnings: _Warnings, message: Any, value: Any) -> None:
        if not isinstance(value, list):
            raise wanted("an array", value)
        entries: list[bytes] = []
        try:
            entries.extend(_key_value(one, warnings) for one in value)
        except InvalidJson as error:
            raise error.within(len(entries)) from None
        getattr(message, name).extend(entries)

    return run


def _key_value(entry: Any, warnings: _Warnings) -> bytes:
    """A KeyValue's bytes; the commonest forms at once, the others by the official message."""
    if type(entry) is dict and len(entry) == 2:
        key, value = entry.get("key"), entry.get("value")
        if type(key) is str and type(value) is dict and len(value) == 1:
            ((kind, content),) = value.items()
            if _PLAIN.get(kind) is type(content):
                return encode_key_value(key, content)
            if kind == "intValue" and type(content) in (int, str):
                number = _whole(content)
                if number is not None:
                    return encode_key_value(key, number)
    message = official_message("KeyValue")()
    read_message(message, entry, warnings)
    return message.SerializeToString()


_PLAIN: dict[Any, Any] = {"stringValue": str, "boolValue": bool, "doubleValue": float}
"""Values that JSON has of their own, by the only type that needs no second look."""


def _whole(content: "int | str") -> int | None:
    """An int64 as OTLP/JSON writes it; None for what has to be looked at closer."""
    if type(content) is str:
        digits = content[1:] if content[:1] == "-" else content
        if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
            return None
        return int(content)
    return content if isinstance(content, int) and content in _INT64 else None


def _read_value(name: str, field: FieldDescriptor) -> _Read:
    def run(warnings: _Warnings, message: Any, value: Any) -> None:
        if field.is_repeated:
            raise InvalidJson("a list of values is not part of OTLP")
        official = official_message("AnyValue")()
        read_message(official, value, warnings)
        setattr(message, name, official.SerializeToString())

    return run


@cache
def _writers(descriptor: Descriptor) -> dict[int, tuple[str, _Write]]:
    """Writers by field number, each with the JSON name."""
    return {field.number: (field.json_name, _field_writer(field)) for field in descriptor.fields}


def _field_writer(field: FieldDescriptor) -> _Write:
    inner = field.message_type
    if inner is not None:
        if inner.name == "KeyValue":
            return _write_attributes
        if inner.name == "AnyValue":
            return _write_value
        if field.is_repeated:
            return lambda value, known: [_written(one, inner, known) for one in value]
        return lambda value, known: _written(value, inner, known)
    if field.type == _F.TYPE_STRING:
        if field.is_repeated:
            return lambda value, _: [_text(one) for one in value]
        return lambda value, _: _text(value)
    _, write = scalar_codec(field)
    if field.is_repeated:
        return lambda value, _: [write(one) for one in value]
    return lambda value, _: write(value)


def _write_attributes(value: Any, known: _Known) -> list[Any]:
    written = []
    for data in value:
        entry = known.get(data)
        if entry is None:
            entry = known[data] = _written_entry(data)
        written.append(entry)
    return written


def _written_entry(data: bytes) -> dict[str, Any]:
    """The OTLP/JSON object of a KeyValue; of the commonest kinds without a message."""
    try:
        key, value = key_of(data), value_of(data)
    except ValueError:
        return write_message(_parsed("KeyValue", data))
    if key and key.isascii():
        if isinstance(value, str) and value.isascii():
            return {"key": key, "value": {"stringValue": value}}
        if isinstance(value, bool):
            return {"key": key, "value": {"boolValue": value}}
        if isinstance(value, int):
            return {"key": key, "value": {"intValue": str(value)}}
    return write_message(_parsed("KeyValue", data))


def _write_value(value: bytes, _: _Known) -> dict[str, Any]:
    return write_message(_parsed("AnyValue", value))


def _parsed(name: str, data: bytes) -> Message:
    """An official message; text in it that is no UTF-8, which OTTL can make, is made valid."""
    try:
        return official_message(name).FromString(data)
    except DecodeError:
        return official_message(name).FromString(valid_value(data, name))


def _text(value: bytes) -> str:
    # JSON is UTF-8: what is none is shown by the replacement character.
    return value.decode("utf-8", "replace")


@cache
def official_message(name: str) -> type[Message]:
    """An official message of common.proto."""
    from opentelemetry.proto.common.v1 import common_pb2

    found: type[Message] = getattr(common_pb2, name)
    return found


def official_descriptor(signal: Signal) -> Descriptor:
    """The descriptor of a signal's request."""
    descriptor: Any = WIRE[signal].request_class.DESCRIPTOR
    found: Descriptor = descriptor
    return found
