"""OTLP/JSON to protobuf messages and back, by tables made from the messages' descriptors.

OTLP's JSON is not protobuf's standard mapping (OTLP specification, "JSON Protobuf Encoding"):
trace and span ids are hex, enums are numbers, keys are lowerCamelCase only, and unknown keys are
ignored. What a reader of the letter would lose in silence (a snake_case key) or refuse (an enum's
name) is read as far as that is safe, and named in a warning. Profile ids are hex too, as the
Collector has them.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

MAX_DEPTH = 100
"""Messages within messages: what protobuf's own parsers take by default."""

_SHOWN_STEPS = 16
"""Of a longer path the beginning and the end are told."""

Scalar: TypeAlias = "str | int | float | bool | bytes"
ReadScalar: TypeAlias = Callable[[Any], Scalar]
WriteScalar: TypeAlias = Callable[[Any], Any]

_HEX_FIELDS = {"trace_id", "span_id", "parent_span_id", "profile_id"}
_F = FieldDescriptor
_INT_RANGES = {
    _F.TYPE_INT32: (-(1 << 31), (1 << 31) - 1),
    _F.TYPE_SINT32: (-(1 << 31), (1 << 31) - 1),
    _F.TYPE_SFIXED32: (-(1 << 31), (1 << 31) - 1),
    _F.TYPE_UINT32: (0, (1 << 32) - 1),
    _F.TYPE_FIXED32: (0, (1 << 32) - 1),
    _F.TYPE_INT64: (-(1 << 63), (1 << 63) - 1),
    _F.TYPE_SINT64: (-(1 << 63), (1 << 63) - 1),
    _F.TYPE_SFIXED64: (-(1 << 63), (1 << 63) - 1),
    _F.TYPE_UINT64: (0, (1 << 64) - 1),
    _F.TYPE_FIXED64: (0, (1 << 64) - 1),
}
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
"""A number of JSON (RFC 8259, 6), which a text has to be in its place."""
_SPECIAL_DOUBLES = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_JSON_TYPES = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


class InvalidJson(ValueError):
    """JSON that is no OTLP message; its text names the place and what is wrong there."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self._problem = problem
        self._steps: list[str | int] = []

    def within(self, step: str | int) -> InvalidJson:
        """The same error seen from one level further out."""
        self._steps.append(step)
        return self

    def __str__(self) -> str:
        steps = [f"[{one}]" if isinstance(one, int) else f".{one}" for one in reversed(self._steps)]
        if len(steps) > _SHOWN_STEPS:
            steps[_SHOWN_STEPS - 4 : -2] = ["…"]
        return f"{''.join(steps).removeprefix('.') or 'the document'}: {self._problem}"


@dataclass(frozen=True, slots=True)
class _Field:
    """How one field is read and written. `read` is None for a message."""

    name: str
    json_name: str
    is_repeated: bool
    oneof: str
    read: ReadScalar | None
    write: WriteScalar | None
    enum: EnumDescriptor | None


@dataclass(frozen=True, slots=True)
class _Table:
    """The fields of one message type."""

    by_json_name: dict[str, _Field]
    by_name: dict[str, _Field]
    has_oneof: bool


def read_message(message: Message, document: object, warnings: Counter[str]) -> None:
    """Fill an empty message from parsed OTLP/JSON.

    Args:
        message: The message to fill.
        document: What a JSON parser made of the text.
        warnings: Takes what is accepted though it should not be sent, and how often.

    Raises:
        InvalidJson: The document is no such message.
    """
    _fill(message, document, warnings, 1)


def write_message(message: Message) -> dict[str, Any]:
    """The OTLP/JSON object of a message, of what a JSON writer takes."""
    table = _table(message.DESCRIPTOR)
    written: dict[str, Any] = {}
    for descriptor, value in message.ListFields():
        field = table.by_name[descriptor.name]
        write = field.write or write_message
        written[field.json_name] = (
            [write(item) for item in value] if field.is_repeated else write(value)
        )
    return written


def _fill(message: Message, document: object, warnings: Counter[str], depth: int) -> None:
    if not isinstance(document, dict):
        raise wanted("an object", document)
    if depth > MAX_DEPTH:
        raise InvalidJson(
            f"values are nested too deep: readers of OTLP take {MAX_DEPTH} messages within one"
            " another, of which a list is two and a map three"
        )
    table = _table(message.DESCRIPTOR)
    if table.has_oneof:
        _check_oneofs(table, document)
    for key, value in document.items():
        field = table.by_json_name.get(key)
        if field is None:
            if key in table.by_name:
                right = table.by_name[key].json_name
                warnings[f"{key!r} is ignored: OTLP/JSON calls it {right!r}"] += 1
            continue
        if value is None:
            continue
        try:
            _set(message, field, value, warnings, depth)
        except InvalidJson as error:
            raise error.within(key) from None


def _set(message: Message, field: _Field, value: Any, warnings: Counter[str], depth: int) -> None:
    read = field.read
    if field.is_repeated:
        if not isinstance(value, list):
            raise wanted("an array", value)
        _append(getattr(message, field.name), field, value, warnings, depth)
    elif read is None:
        child = getattr(message, field.name)
        child.SetInParent()
        _fill(child, value, warnings, depth + 1)
    else:
        if field.enum is not None and isinstance(value, str):
            warn_of_name(field.json_name, value, warnings)
        setattr(message, field.name, read(value))


def _append(
    container: Any, field: _Field, values: list[Any], warnings: Counter[str], depth: int
) -> None:
    read = field.read
    for index, value in enumerate(values):
        try:
            if read is None:
                _fill(container.add(), value, warnings, depth + 1)
            else:
                container.append(read(value))
        except InvalidJson as error:
            raise error.within(index) from None


def _check_oneofs(table: _Table, document: dict[str, Any]) -> None:
    seen: dict[str, str] = {}
    for key, value in document.items():
        field = table.by_json_name.get(key)
        if field is not None and field.oneof and value is not None:
            if field.oneof in seen:
                raise InvalidJson(f"{seen[field.oneof]!r} and {key!r} exclude each other")
            seen[field.oneof] = key


def warn_of_name(json_name: str, value: str, warnings: Counter[str]) -> None:
    """Take down an enum that is sent as text, where that is no number."""
    if not value.lstrip("-").isdigit():
        warnings[f"{json_name!r} is sent as the name {value!r}: OTLP/JSON wants a number"] += 1


@cache
def _table(descriptor: Descriptor) -> _Table:
    fields = [_field(field) for field in descriptor.fields]
    return _Table(
        by_json_name={field.json_name: field for field in fields},
        by_name={field.name: field for field in fields},
        has_oneof=any(field.oneof for field in fields),
    )


def _field(field: FieldDescriptor) -> _Field:
    is_message = field.type == _F.TYPE_MESSAGE
    oneof = field.containing_oneof
    # A proto3 `optional` is a oneof of one, which excludes nothing.
    is_choice = oneof is not None and len(oneof.fields) > 1
    return _Field(
        name=field.name,
        json_name=field.json_name,
        is_repeated=field.is_repeated,
        oneof=oneof.name if is_choice and oneof is not None else "",
        read=None if is_message else _reader(field),
        write=None if is_message else _writer(field),
        enum=field.enum_type,
    )


def scalar_codec(field: FieldDescriptor) -> tuple[ReadScalar, WriteScalar]:
    """How a field that is no message is read from JSON and written to it."""
    return _reader(field), _writer(field)


def _reader(field: FieldDescriptor) -> ReadScalar:
    if field.type in _INT_RANGES:
        return _int_reader(*_INT_RANGES[field.type])
    if field.enum_type is not None:
        return _enum_reader(field.enum_type)
    if field.type == _F.TYPE_BYTES:
        return _read_hex if field.name in _HEX_FIELDS else _read_base64
    readers: dict[int, ReadScalar] = {
        _F.TYPE_STRING: _read_string,
        _F.TYPE_BOOL: _read_bool,
        _F.TYPE_DOUBLE: _read_double,
        _F.TYPE_FLOAT: _read_double,
    }
    return readers[field.type]


def _writer(field: FieldDescriptor) -> WriteScalar:
    if field.type == _F.TYPE_BYTES:
        return bytes.hex if field.name in _HEX_FIELDS else _write_base64
    if field.type in _INT_RANGES and _INT_RANGES[field.type][1] >= 1 << 32:
        return str
    if field.type in (_F.TYPE_DOUBLE, _F.TYPE_FLOAT):
        return json_of_double
    return _as_it_is


def wanted(what: str, value: object) -> InvalidJson:
    """The error for a value of another JSON type than the one that is wanted."""
    return InvalidJson(f"{what} is wanted, not {_JSON_TYPES.get(type(value), 'that')}")


def _read_string(value: object) -> str:
    if not isinstance(value, str):
        raise wanted("a string", value)
    return value


def _read_bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise wanted("true or false", value)
    return value


def _read_double(value: object) -> float:
    if isinstance(value, str):
        if value in _SPECIAL_DOUBLES:
            return _SPECIAL_DOUBLES[value]
        # Not float(): it takes "1_0", " 1", "nan" and digits of every script.
        if _NUMBER.fullmatch(value) is None or math.isinf(float(value)):
            raise InvalidJson(f"{_quoted(value)} is no number that a double can hold")
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wanted("a number", value)
    return float(value)


def _int_reader(low: int, high: int) -> ReadScalar:
    bits = 64 if high >= 1 << 32 else 32
    kind = f"{bits}-bit integer" if low else f"unsigned {bits}-bit integer"

    def read(value: Any) -> int:
        if isinstance(value, str):
            number = _parse_int(value)
        elif isinstance(value, float) and value.is_integer():
            number = int(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            number = value
        else:
            raise wanted("an integer", value)
        if number is None or not low <= number <= high:
            raise InvalidJson(f"{_quoted(str(value))} is no {kind}")
        return number

    return read


def _parse_int(text: str) -> int | None:
    digits = text.removeprefix("-")
    # Not int(): it takes "1_000", " 1" and digits of every script, and any length.
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 20 else None


def _enum_reader(enum: EnumDescriptor) -> ReadScalar:
    read_number = _int_reader(-(1 << 31), (1 << 31) - 1)

    def read(value: Any) -> Scalar:
        if isinstance(value, str) and value in enum.values_by_name:
            number: int = enum.values_by_name[value].number
            return number
        return read_number(value)

    return read


def _read_hex(value: object) -> bytes:
    if not isinstance(value, str):
        raise wanted("a string of hex digits", value)
    try:
        return binascii.unhexlify(value)
    except ValueError:
        raise InvalidJson(
            f"{_quoted(value)} is no even number of hex digits{_if_base64(value)}"
        ) from None


def _if_base64(value: str) -> str:
    """What protobuf's own JSON makes of ids of 8 and 16 bytes, named."""
    is_id = (len(value), value.count("=")) in ((12, 1), (24, 2))
    return ": it looks like base64, which OTLP/JSON has no ids in" if is_id else ""


def _read_base64(value: object) -> bytes:
    if not isinstance(value, str):
        raise wanted("a string of base64", value)
    # Both alphabets and missing padding are taken, as by protobuf's own JSON readers.
    padded = value + "=" * (-len(value) % 4)
    try:
        return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        raise InvalidJson(f"{_quoted(value)} is no base64") from None


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")


def _write_base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def json_of_double(value: float) -> float | str:
    """A double as OTLP/JSON writes it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _as_it_is(value: Any) -> Any:
    return value
