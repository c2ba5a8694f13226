"""Text that is no UTF-8, made valid: what cannot be read becomes U+FFFD, all else stays as it is.

Senders' requests are checked before (`otx.otlp.decode`), but OTTL cuts texts by bytes and has
escapes for single ones. Protobuf's own parsers refuse such a request as a whole.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from otx.otlp.any_value import MAX_DEPTH, content_of, fields, read_varint, varint
from otx.otlp.json_text import is_utf8

_SHAPES: Mapping[str, Mapping[int, str]] = {
    "KeyValue": {1: "text", 2: "AnyValue"},
    "AnyValue": {1: "text", 5: "ArrayValue", 6: "KeyValueList"},
    "ArrayValue": {1: "AnyValue"},
    "KeyValueList": {1: "KeyValue"},
}
"""Where texts are in the messages of common.proto: what each field holds."""


def make_valid(message: Message, official: Descriptor) -> None:
    """Make the texts of a message of the open view valid, those in its attributes too.

    Args:
        message: The message.
        official: What it is in OTLP's own definition.
    """
    for field, value in message.ListFields():
        known = official.fields_by_name[field.name]
        repair = _repair_of(known)
        if repair is None:
            continue
        if not known.is_repeated:
            made = repair(value)
            if made is not None:
                setattr(message, field.name, made)
        else:
            for at, one in enumerate(value):
                made = repair(one)
                if made is not None:
                    value[at] = made


def valid_value(data: bytes, name: str) -> bytes:
    """A serialised `AnyValue` or `KeyValue` with its texts made valid.

    Raises:
        ValueError: It is malformed, or nested deeper than `MAX_DEPTH`.
    """
    return _valid(data, name, 4 * MAX_DEPTH)


def first_invalid(data: bytes, descriptor: Descriptor, depth: int = 4 * MAX_DEPTH) -> str:
    """The field of the first text in a serialised message that is no UTF-8; "" where all are.

    Fields are called what OTLP/JSON calls them: `resourceSpans[0].scopeSpans[0].spans[2].name`.

    Raises:
        ValueError: The message is malformed, or nested deeper than `depth`.
    """
    if depth <= 0:
        raise ValueError("it is nested too deep")
    seen: Counter[int] = Counter()
    for tag, content in fields(data):
        field = descriptor.fields_by_number.get(tag >> 3)
        if field is None or tag & 7 != 2:
            continue
        step = field.json_name
        if field.is_repeated:
            step += f"[{seen[field.number]}]"
            seen[field.number] += 1
        if field.message_type is not None:
            if within := first_invalid(content, field.message_type, depth - 1):
                return f"{step}.{within}"
        elif field.type == FieldDescriptor.TYPE_STRING and not is_utf8(content):
            return step
    return ""


def _repair_of(field: FieldDescriptor) -> "Callable[[Any], bytes | None] | None":
    """What to do with a field's value: it gives new bytes, or None where it works in place."""
    inner = field.message_type
    if inner is None:
        return _valid_text if field.type == FieldDescriptor.TYPE_STRING else None
    if inner.name in _SHAPES:
        return lambda value: valid_value(value, inner.name)

    def within(value: Message) -> None:
        make_valid(value, inner)

    return within


def _valid_text(data: bytes) -> bytes:
    return data.decode("utf-8", "replace").encode()


def _valid(data: bytes, name: str, depth: int) -> bytes:
    if depth <= 0:
        raise ValueError(f"a value is nested deeper than {MAX_DEPTH} levels")
    shape = _SHAPES[name]
    out = bytearray()
    at = 0
    while at < len(data):
        begun = at
        tag, at = read_varint(data, at)
        inner = shape.get(tag >> 3)
        begin, at = content_of(data, at, tag)
        if tag & 7 != 2 or inner is None:
            out += data[begun:at]
            continue
        content = data[begin:at]
        made = _valid_text(content) if inner == "text" else _valid(content, inner, depth - 1)
        out += varint(tag) + varint(len(made)) + made
    return bytes(out)
