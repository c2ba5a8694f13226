"""Fields of OTLP's messages that hold one value: how each is read from YAML."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from otx.ottl.otlp_fields import ID_BYTES, enum_words
from otx.ottl.unit_tests.yaml_values import Unreadable, near, text_of, wanted
from otx.ottl.yaml_places import YamlPath

_F = FieldDescriptor
INT64 = range(-(1 << 63), 1 << 63)
_INTS: Mapping[int, range] = {
    **dict.fromkeys((_F.TYPE_INT32, _F.TYPE_SINT32), range(-(1 << 31), 1 << 31)),
    **dict.fromkeys((_F.TYPE_UINT32, _F.TYPE_FIXED32), range(1 << 32)),
    **dict.fromkeys((_F.TYPE_INT64, _F.TYPE_SFIXED64), INT64),
    **dict.fromkeys((_F.TYPE_UINT64, _F.TYPE_FIXED64), range(1 << 64)),
}


def scalar(field: FieldDescriptor) -> Callable[[Any, YamlPath], Any]:
    """What reads a field's value, and refuses what the field cannot hold."""
    if field.enum_type is not None:
        words = enum_words(field.enum_type)
        names = {value.name: value.number for value in field.enum_type.values}
        return lambda data, path: _enum(data, path, words, names)
    if field.name in ID_BYTES:
        size = ID_BYTES[field.name]
        return lambda data, path: _id(data, path, size)
    if field.type == _F.TYPE_STRING:
        return lambda data, path: text_of(data, path).encode("utf-8", "surrogateescape")
    if field.type == _F.TYPE_BYTES:
        return _bytes
    if field.type == _F.TYPE_BOOL:
        return _bool
    if field.type == _F.TYPE_DOUBLE:
        return _double
    allowed = _INTS[field.type]
    return lambda data, path: int_of(data, path, allowed)


def _enum(data: object, path: YamlPath, words: Mapping[str, int], names: Mapping[str, int]) -> int:
    if isinstance(data, str):
        number = words.get(data.upper(), names.get(data.upper()))
        if number is not None:
            return number
        meant = near(data.upper(), words)
        hint = f"did you mean {meant}?" if meant else ""
        raise Unreadable(path, f"{data!r} is none of {', '.join(words)}", hint)
    return int_of(data, path, _INTS[_F.TYPE_INT32])


def _id(data: object, path: YamlPath, size: int) -> bytes:
    try:
        raw = bytes.fromhex(text_of(data, path))
    except ValueError as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(path, f"{data!r} is no hex") from None
    if len(raw) not in (0, size):
        raise Unreadable(path, f"an id of {size} bytes is wanted, not {len(raw)}")
    return raw


def _bytes(data: object, path: YamlPath) -> bytes:
    if isinstance(data, bytes):
        return data
    raise wanted("bytes", data, path, "write !!binary and base64")


def _bool(data: object, path: YamlPath) -> bool:
    if isinstance(data, bool):
        return data
    raise wanted("true or false", data, path)


def _double(data: object, path: YamlPath) -> float:
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        try:
            return float(data)
        except OverflowError:
            raise Unreadable(path, "the number does not fit into a double") from None
    raise wanted("a number", data, path)


def int_of(data: object, path: YamlPath, allowed: range) -> int:
    """A whole number within bounds.

    Raises:
        Unreadable: It is something else.
    """
    if not isinstance(data, int) or isinstance(data, bool):
        raise wanted("an int", data, path)
    if data not in allowed:
        raise Unreadable(path, f"{data} does not fit: {allowed[0]} to {allowed[-1]} do")
    return data


def any_value(value: Any, path: YamlPath) -> Any:
    """A value that attributes and bodies can hold.

    Raises:
        Unreadable: It is none.
    """
    if isinstance(value, Mapping):
        return {key: any_value(one, (*path, key)) for key, one in value.items()}
    if isinstance(value, list):
        return [any_value(one, (*path, at)) for at, one in enumerate(value)]
    if isinstance(value, int) and not isinstance(value, bool):
        return int_of(value, path, INT64)
    if value is None or isinstance(value, (bool, float, str, bytes)):
        return value
    raise wanted("a value of OTLP", value, path)
