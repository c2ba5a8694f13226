"""OTLP/JSON brought to its normal form where it lies: checked, and written in one way.

The normal form is what a writer of OTLP/JSON makes of the same message (`write_message`): 64-bit
integers are texts, enums numbers, ids lower-case hex; defaults, nulls and unknown keys are gone.
Senders write nearly all of it so, and then nothing is made anew. What is refused, and in which
words, is what `otx.otlp.json_codec` refuses; what is odd goes through its messages.
"""

import math
from binascii import unhexlify
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from otx.otlp.json_codec import (
    InvalidJson,
    read_message,
    scalar_codec,
    wanted,
    warn_of_name,
    write_message,
)
from otx.otlp.json_open import official_message, warn_of_misspelling

_F = FieldDescriptor
_Warnings: TypeAlias = Counter[str]
_Rule: TypeAlias = Callable[[Any, _Warnings], Any]
"""Gives the normal form of a field's value: the value itself where it is in it."""
_Rules: TypeAlias = tuple[dict[str, _Rule], dict[str, str]]
"""Rules by JSON name, and the oneofs that fields belong to."""

_GONE: Any = object()
"""The normal form of what is left out."""


def normalise(document: object, descriptor: Descriptor, warnings: Counter[str]) -> dict[str, Any]:
    """Bring parsed OTLP/JSON to its normal form, in place.

    Args:
        document: What a JSON parser made of the text.
        descriptor: The official descriptor of the message that it is.
        warnings: Takes what is accepted though it should not be sent.

    Returns:
        The document.

    Raises:
        InvalidJson: The document is no such message.
    """
    return _normal_message(document, _rules(descriptor), warnings)


def _normal_message(document: Any, rules: _Rules, warnings: _Warnings) -> dict[str, Any]:
    if type(document) is not dict:
        raise wanted("an object", document)
    known, choices = rules
    chosen: dict[str, str] = {}
    changed: list[tuple[str, Any]] = []
    for key, value in document.items():
        rule = known.get(key)
        if rule is None or value is None:
            if rule is None:
                warn_of_misspelling(key, known, warnings)
            changed.append((key, _GONE))
            continue
        if choices and key in choices:
            first = chosen.setdefault(choices[key], key)
            if first != key:
                raise InvalidJson(f"{first!r} and {key!r} exclude each other")
        try:
            normal = rule(value, warnings)
        except InvalidJson as error:
            raise error.within(key) from None
        if normal is not value:
            changed.append((key, normal))
    for key, normal in changed:
        if normal is _GONE:
            del document[key]
        else:
            document[key] = normal
    return document


@cache
def _rules(descriptor: Descriptor) -> _Rules:
    choices = {
        field.json_name: oneof.name
        for oneof in descriptor.oneofs
        for field in oneof.fields
        # A proto3 `optional` is a oneof of one, which excludes nothing.
        if len(oneof.fields) > 1
    }
    return {field.json_name: _rule(field) for field in descriptor.fields}, choices


def _rule(field: FieldDescriptor) -> _Rule:
    inner = field.message_type
    if inner is None:
        if field.is_repeated:
            return _scalars_rule(_scalar_rule(field, keeps_default=True))
        return _scalar_rule(field, keeps_default=field.has_presence)
    if inner.name == "KeyValue":
        return _normal_entries
    if inner.name == "AnyValue":
        return _normal_value
    if field.is_repeated:
        return _messages_rule(inner)
    return lambda value, warnings: _normal_message(value, _rules(inner), warnings)


def _messages_rule(inner: Descriptor) -> _Rule:
    def rule(values: Any, warnings: _Warnings) -> Any:
        if type(values) is not list:
            raise wanted("an array", values)
        rules = _rules(inner)
        for at, value in enumerate(values):
            try:
                _normal_message(value, rules, warnings)
            except InvalidJson as error:
                raise error.within(at) from None
        return values or _GONE

    return rule


def _scalars_rule(of_one: _Rule) -> _Rule:
    def rule(values: Any, warnings: _Warnings) -> Any:
        if type(values) is not list:
            raise wanted("an array", values)
        for at, value in enumerate(values):
            values[at] = of_one(value, warnings)
        return values or _GONE

    return rule


def _scalar_rule(field: FieldDescriptor, *, keeps_default: bool) -> _Rule:
    """The rule of a scalar: the commonest form of it at once, others by way of their value."""
    read, write = scalar_codec(field)
    is_enum = field.enum_type is not None

    def by_value(value: Any, warnings: _Warnings) -> Any:
        if is_enum and type(value) is str:
            warn_of_name(field.json_name, value, warnings)
        content = read(value)
        if not content and not keeps_default and not is_negative_zero(content):
            return _GONE
        return write(content)

    if field.type == _F.TYPE_STRING:
        return _text_rule(by_value)
    if field.type in _DIGITS:
        return _digits_rule(by_value, _DIGITS[field.type])
    if write is bytes.hex:
        return _hex_rule(by_value)
    if is_enum or field.type in (_F.TYPE_UINT32, _F.TYPE_FIXED32):
        return _small_rule(by_value)
    return by_value


_DIGITS = {_F.TYPE_UINT64: 19, _F.TYPE_FIXED64: 19, _F.TYPE_INT64: 18, _F.TYPE_SFIXED64: 18}
"""How many digits every number of a type can have."""


def _text_rule(by_value: _Rule) -> _Rule:
    def rule(value: Any, warnings: _Warnings) -> Any:
        return value if type(value) is str and value else by_value(value, warnings)

    return rule


def _digits_rule(by_value: _Rule, most: int) -> _Rule:
    def rule(value: Any, warnings: _Warnings) -> Any:
        is_normal = (
            type(value) is str
            and value.isdigit()
            and value[0] != "0"
            and len(value) <= most
            and value.isascii()
        )
        return value if is_normal else by_value(value, warnings)

    return rule


def _small_rule(by_value: _Rule) -> _Rule:
    def rule(value: Any, warnings: _Warnings) -> Any:
        return value if type(value) is int and 0 < value < 1 << 31 else by_value(value, warnings)

    return rule


def _hex_rule(by_value: _Rule) -> _Rule:
    def rule(value: Any, warnings: _Warnings) -> Any:
        try:
            if value and unhexlify(value).hex() == value:
                return value
        except (TypeError, ValueError):
            pass
        return by_value(value, warnings)

    return rule


def is_negative_zero(content: Any) -> bool:
    """Whether a value is the one zero that is no default."""
    return type(content) is float and math.copysign(1.0, content) < 0


def _normal_entries(values: Any, warnings: _Warnings) -> Any:
    """Attributes, of which the commonest forms are seen to be normal at once."""
    if type(values) is not list:
        raise wanted("an array", values)
    plain = _PLAIN
    for at, entry in enumerate(values):
        try:
            key, value = entry["key"], entry["value"]
            (kind,) = value
            content = value[kind]
            if type(key) is str and key and len(entry) == 2:
                if type(content) is plain.get(kind):
                    continue
                if kind == "intValue" and _is_normal_int(content):
                    continue
        except (KeyError, TypeError, ValueError):
            pass
        try:
            values[at] = _by_message("KeyValue", entry, warnings)
        except InvalidJson as error:
            raise error.within(at) from None
    return values or _GONE


_PLAIN: dict[Any, type] = {"stringValue": str, "boolValue": bool, "doubleValue": float}
"""Contents of an AnyValue that are in their normal form whenever they are of this type."""


def _is_normal_int(content: Any) -> bool:
    """Whether an int64 is written in its normal form; not sure of negative and large ones."""
    return (
        type(content) is str
        and content.isdigit()
        and len(content) < 19
        and content.isascii()
        and (content[0] != "0" or content == "0")
    )


def _normal_value(value: Any, warnings: _Warnings) -> Any:
    # The open view has an Empty value as no bytes, which is what none is.
    return _by_message("AnyValue", value, warnings) or _GONE


def _by_message(name: str, document: Any, warnings: _Warnings) -> dict[str, Any]:
    message = official_message(name)()
    read_message(message, document, warnings)
    return write_message(message)
