"""AnyValue and KeyValue as OTLP/JSON in its normal form: to Python values and back.

The counterpart of `otx.otlp.any_value` for JSON. Only what `otx.otlp.json_normal` has looked at
comes here, so nothing is checked but what statements make. Text that is no UTF-8 carries surrogate
escapes here too; whoever writes the objects makes it valid (`valid_document`).
"""

import base64
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from google.protobuf.message import DecodeError, Message

from otx.otlp.any_value import (
    MAX_MESSAGES,
    AnyValue,
    TooDeep,
    decode_any,
    encode_any,
    encode_key_value,
    key_of,
    value_of,
)
from otx.otlp.json_codec import json_of_double, read_message, write_message
from otx.otlp.json_open import official_message

Entry: TypeAlias = dict[str, Any]
"""The JSON object of a KeyValue."""
_SCALARS = (str, bool, int, float)


def key_of_entry(entry: Entry) -> str:
    """The key of a KeyValue; "" where it has none."""
    key: str = entry.get("key", "")
    return key


def value_of_entry(entry: Entry) -> AnyValue:
    """The value of a KeyValue; None for an Empty one or none."""
    value = entry.get("value")
    if value and "stringValue" in value:
        text: str = value["stringValue"]
        return text
    return value_of_json(value) if value else None


def value_of_json(value: dict[str, Any]) -> AnyValue:
    """The value of an AnyValue; None for an Empty one."""
    for kind, content in value.items():
        read = _READERS.get(kind)
        return content if read is None else read(content)
    return None


def entry_of(key: str, value: AnyValue, room: int = MAX_MESSAGES) -> Entry:
    """The KeyValue of a key and a value.

    Raises:
        TooDeep: The value is nested deeper than `room` messages.
        TypeError: The value has no OTLP form.
    """
    content = {"stringValue": value} if type(value) is str else json_of_value(value, room)
    return {"key": key, "value": content} if key else {"value": content}


def json_of_value(value: AnyValue, room: int = MAX_MESSAGES) -> dict[str, Any]:
    """The AnyValue of a value.

    Raises:
        TooDeep: It is nested deeper than `room` messages.
        TypeError: The value has no OTLP form.
    """
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, list):
        return _json_of_list(value, room - 2)
    if isinstance(value, Mapping):
        return _json_of_map(value, room - 3)
    raise TypeError(f"{type(value).__name__} has no OTLP form")


def entry_of_bytes(data: bytes) -> Entry:
    """The JSON object of a serialised KeyValue."""
    key, value = key_of(data), value_of(data)
    if type(value) in _SCALARS:
        return entry_of(key, value)
    try:
        return write_message(official_message("KeyValue").FromString(data))
    except DecodeError:  # a text in it is no UTF-8
        return entry_of(key, value)


def bytes_of_entry(entry: Entry) -> bytes:
    """A KeyValue, serialised."""
    key, value = key_of_entry(entry), value_of_entry(entry)
    if key and type(value) in _SCALARS:
        return encode_key_value(key, value)
    try:
        return _serialised(official_message("KeyValue")(), entry)
    except UnicodeEncodeError:
        return encode_key_value(key, value)


def json_of_bytes(data: bytes) -> dict[str, Any]:
    """The JSON object of a serialised AnyValue."""
    value = decode_any(data)
    if type(value) in _SCALARS:
        return json_of_value(value)
    try:
        return write_message(official_message("AnyValue").FromString(data))
    except DecodeError:
        return json_of_value(value)


def bytes_of_json(content: dict[str, Any]) -> bytes:
    """An AnyValue, serialised."""
    value = value_of_json(content)
    if type(value) in _SCALARS:
        return encode_any(value)
    try:
        return _serialised(official_message("AnyValue")(), content)
    except UnicodeEncodeError:
        return encode_any(value)


def _serialised(message: Message, document: dict[str, Any]) -> bytes:
    # Not by way of the value: of two equal keys in a map both are kept.
    read_message(message, document, Counter())
    return message.SerializeToString()


def valid_document(document: Any) -> Any:
    """A JSON document in which every text is UTF-8: what is none is the replacement character."""
    if type(document) is str:
        return document.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if type(document) is dict:
        return {key: valid_document(one) for key, one in document.items()}
    return [valid_document(one) for one in document] if type(document) is list else document


def _read_list(content: dict[str, Any]) -> list[AnyValue]:
    return [value_of_json(one) for one in content.get("values", ())]


def _read_map(content: dict[str, Any]) -> dict[str, AnyValue]:
    found: dict[str, AnyValue] = {}
    for entry in content.get("values", ()):
        found.setdefault(key_of_entry(entry), value_of_entry(entry))  # the first is found
    return found


_READERS: Mapping[str, Callable[[Any], AnyValue]] = {
    "intValue": int,
    "doubleValue": float,
    "bytesValue": base64.b64decode,
    "arrayValue": _read_list,
    "kvlistValue": _read_map,
}
"""Of what is not itself in JSON."""


def _json_of_list(value: list[AnyValue], room: int) -> dict[str, Any]:
    if room < 0:
        raise TooDeep
    return {"arrayValue": {"values": [json_of_value(one, room) for one in value]} if value else {}}


def _json_of_map(value: Mapping[str, AnyValue], room: int) -> dict[str, Any]:
    if room < 0:
        raise TooDeep
    entries = [entry_of(key, one, room) for key, one in value.items()]
    return {"kvlistValue": {"values": entries} if entries else {}}


_INT64 = 1 << 63


def _json_of_int(value: int) -> dict[str, Any]:
    # What is too large is cut, as it is on the wire.
    return {"intValue": str((value + _INT64) % (2 * _INT64) - _INT64)}


_WRITERS: Mapping[type, Callable[[Any], dict[str, Any]]] = {
    type(None): lambda _: {},
    str: lambda value: {"stringValue": value},
    bool: lambda value: {"boolValue": value},
    int: _json_of_int,
    float: lambda value: {"doubleValue": json_of_double(value)},
    bytes: lambda value: {"bytesValue": base64.b64encode(value).decode("ascii")},
}
