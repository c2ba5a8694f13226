"""Records as people write them in a test: from YAML to messages of OTLP.

`{name: /cart, kind: SERVER, attributes: {http.method: GET}}` is a span. Fields are called what
OTTL's paths call them, attributes and bodies are plain maps and values, enums are their words
without the prefix, ids are hex. A metric's kind is its `type`, the fields of that kind stand
beside it, and a number's type is that of the YAML: `value: 1` is an int, `value: 1.0` a double.
`shortened` is the way back.
"""

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from otx.otlp.any_value import encode_any, encode_key_value
from otx.ottl.yaml_places import YamlPath

Message: TypeAlias = Any
"""A message of the open view: texts, attributes and values are bytes."""
Put: TypeAlias = Callable[[Message, Any, YamlPath], None]

METRIC_TYPES = ("gauge", "sum", "histogram", "exponential_histogram", "summary")
ID_BYTES = {"trace_id": 16, "span_id": 8, "parent_span_id": 8, "profile_id": 16}
ATTRIBUTES = frozenset(("attributes", "filtered_attributes", "metadata"))
"""The fields that are maps of attributes."""

_F = FieldDescriptor
_INT64 = range(-(1 << 63), 1 << 63)
_INTS: Mapping[int, range] = {
    **dict.fromkeys((_F.TYPE_INT32, _F.TYPE_SINT32), range(-(1 << 31), 1 << 31)),
    **dict.fromkeys((_F.TYPE_UINT32, _F.TYPE_FIXED32), range(1 << 32)),
    **dict.fromkeys((_F.TYPE_INT64, _F.TYPE_SFIXED64), _INT64),
    **dict.fromkeys((_F.TYPE_UINT64, _F.TYPE_FIXED64), range(1 << 64)),
}
_NUMBERS = ("as_int", "as_double")


class Unreadable(ValueError):
    """A part of a test file that cannot be used.

    Attributes:
        path: Where it stands.
        hint: What to do about it.
    """

    def __init__(self, path: YamlPath, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.hint = hint


def fill(message: Message, official: Descriptor, data: object, path: YamlPath) -> None:
    """Fill a message with what a map says.

    Args:
        message: A message of the open view.
        official: What the message is in OTLP's own definition.
        data: The map.
        path: Where it stands.

    Raises:
        Unreadable: It says something that the message cannot hold.
    """
    fields = mapping(data, path)
    if official.name == "Metric":
        _fill_metric(message, official, fields, path)
        return
    table = _table(official)
    for key, value in fields.items():
        if key not in table:
            raise unknown_key(path, key, table, "field")
        if value is not None:
            table[key](message, value, (*path, key))


def mapping(data: object, path: YamlPath) -> Mapping[str, Any]:
    """A map; an empty one where nothing is written.

    Raises:
        Unreadable: It is something else.
    """
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise _wanted("a map", data, path)
    return data


def listing(data: object, path: YamlPath) -> Sequence[Any]:
    """A list.

    Raises:
        Unreadable: It is something else.
    """
    if not isinstance(data, list):
        raise _wanted("a list", data, path)
    return data


def text_of(data: object, path: YamlPath) -> str:
    """A text.

    Raises:
        Unreadable: It is something else.
    """
    if not isinstance(data, str):
        raise _wanted("a text", data, path)
    return data


def put_attributes(container: Any, data: object, path: YamlPath) -> None:
    """Append the attributes of a map to a repeated field.

    Raises:
        Unreadable: A value has no OTLP form.
    """
    for key, value in mapping(data, path).items():
        container.append(encode_key_value(key, _checked(value, (*path, key))))


def message_of(official: Descriptor, name: str) -> Descriptor:
    """What a field of messages holds."""
    inner = official.fields_by_name[name].message_type
    assert inner is not None  # noqa: S101 - the caller knows OTLP
    return inner


def enum_words(enum: EnumDescriptor) -> dict[str, int]:
    """The words of an enum without their common prefix."""
    names = [value.name for value in enum.values]
    shared = min(names)
    while not all(name.startswith(shared) for name in names):
        shared = shared[: shared.rstrip("_").rfind("_") + 1]
    return {value.name.removeprefix(shared): value.number for value in enum.values}


def _fill_metric(
    message: Message, official: Descriptor, fields: Mapping[str, Any], path: YamlPath
) -> None:
    own = {name: put for name, put in _table(official).items() if name not in METRIC_TYPES}
    kind = fields.get("type")
    if kind is not None and kind not in METRIC_TYPES:
        raise Unreadable((*path, "type"), f"{kind!r} is none of {', '.join(METRIC_TYPES)}")
    inner = {key: value for key, value in fields.items() if key not in own and key != "type"}
    for key, value in fields.items():
        if key in own and value is not None:
            own[key](message, value, (*path, key))
    if kind is not None:
        data = getattr(message, kind)
        data.SetInParent()
        fill(data, message_of(official, kind), inner, path)
    elif inner:
        key = next(iter(inner))
        if key in _all_metric_fields(official):
            hint = f"write type: {'|'.join(METRIC_TYPES)}"
            raise Unreadable((*path, key), f"{key} needs the metric's type", hint)
        raise unknown_key(path, key, [*own, "type", *_all_metric_fields(official)], "field")


def _all_metric_fields(official: Descriptor) -> list[str]:
    kinds = [message_of(official, kind) for kind in METRIC_TYPES]
    return sorted({field.name for kind in kinds for field in kind.fields})


@cache
def _table(official: Descriptor) -> Mapping[str, Put]:
    """How each field of a message is filled."""
    table = {field.name: _put(field) for field in official.fields}
    if all(name in table for name in _NUMBERS):
        for name in _NUMBERS:
            del table[name]
        table["value"] = _put_number
    return table


def _put(field: FieldDescriptor) -> Put:
    name = field.name
    inner = field.message_type
    if inner is not None and inner.name == "KeyValue":
        return lambda message, data, path: put_attributes(getattr(message, name), data, path)
    if inner is not None and inner.name == "AnyValue":
        return lambda message, data, path: setattr(message, name, encode_any(_checked(data, path)))
    if inner is not None and field.is_repeated:
        return lambda message, data, path: _put_messages(getattr(message, name), inner, data, path)
    if inner is not None:
        return lambda message, data, path: fill(getattr(message, name), inner, data, path)
    read = _scalar(field)
    if field.is_repeated:
        return lambda message, data, path: getattr(message, name).extend(
            [read(one, (*path, at)) for at, one in enumerate(listing(data, path))]
        )
    return lambda message, data, path: setattr(message, name, read(data, path))


def _put_messages(container: Any, official: Descriptor, data: object, path: YamlPath) -> None:
    for at, one in enumerate(listing(data, path)):
        fill(container.add(), official, one, (*path, at))


def _put_number(message: Message, data: object, path: YamlPath) -> None:
    if isinstance(data, float):
        message.as_double = data
    else:
        message.as_int = _int(data, path, _INT64)


def _scalar(field: FieldDescriptor) -> Callable[[Any, YamlPath], Any]:
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
    return lambda data, path: _int(data, path, allowed)


def _enum(data: object, path: YamlPath, words: Mapping[str, int], names: Mapping[str, int]) -> int:
    if isinstance(data, str):
        number = words.get(data.upper(), names.get(data.upper()))
        if number is not None:
            return number
        hint = f"did you mean {_near(data.upper(), words)}?" if _near(data.upper(), words) else ""
        raise Unreadable(path, f"{data!r} is none of {', '.join(words)}", hint)
    return _int(data, path, _INTS[_F.TYPE_INT32])


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
    raise _wanted("bytes", data, path, "write !!binary and base64")


def _bool(data: object, path: YamlPath) -> bool:
    if isinstance(data, bool):
        return data
    raise _wanted("true or false", data, path)


def _double(data: object, path: YamlPath) -> float:
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        return float(data)
    raise _wanted("a number", data, path)


def _int(data: object, path: YamlPath, allowed: range) -> int:
    if not isinstance(data, int) or isinstance(data, bool):
        raise _wanted("an int", data, path)
    if data not in allowed:
        raise Unreadable(path, f"{data} does not fit: {allowed[0]} to {allowed[-1]} do")
    return data


def _checked(value: Any, path: YamlPath) -> Any:
    """A value that attributes and bodies can hold."""
    if isinstance(value, Mapping):
        return {key: _checked(one, (*path, key)) for key, one in value.items()}
    if isinstance(value, list):
        return [_checked(one, (*path, at)) for at, one in enumerate(value)]
    if isinstance(value, int) and not isinstance(value, bool):
        return _int(value, path, _INT64)
    if value is None or isinstance(value, (bool, float, str, bytes)):
        return value
    raise _wanted("a value of OTLP", value, path)


def _wanted(what: str, data: object, path: YamlPath, hint: str = "") -> Unreadable:
    is_scalar = not isinstance(data, (Mapping, list, str))
    if not hint and what in ("a text", "a value of OTLP") and is_scalar:
        hint = "quoted, it is a text"
    return Unreadable(path, f"{what} is wanted, not {_word(data)}", hint)


def _word(data: object) -> str:
    if isinstance(data, Mapping):
        return "a map"
    if isinstance(data, list):
        return "a list"
    if isinstance(data, str):
        return f"the text {data!r}"
    if data is None:
        return "nothing"
    return f"{type(data).__name__} {data}"


def unknown_key(path: YamlPath, key: str, known: Collection[str], what: str = "key") -> Unreadable:
    """The error for a key of a map that has no such key."""
    near = _near(key, known)
    hint = f"did you mean {near}?" if near else f"there are {', '.join(sorted(known))}"
    return Unreadable((*path, key), f"there is no {what} {key!r}", hint)


def _near(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return near[0] if near else ""
