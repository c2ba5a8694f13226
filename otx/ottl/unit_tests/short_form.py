"""Records as people write them in a test: from YAML to messages of OTLP.

`{name: /cart, kind: SERVER, attributes: {http.method: GET}}` is a span. Fields are called what
OTTL's paths call them, attributes and bodies are plain maps and values, enums are their words
without the prefix, ids are hex. A metric's kind is its `type`, the fields of that kind stand
beside it, and a number's type is that of the YAML: `value: 1` is an int, `value: 1.0` a double.
`otx.ottl.shortened` is the way back.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from otx.otlp.any_value import encode_any, encode_key_value
from otx.ottl.otlp_fields import METRIC_TYPES, Message, message_of
from otx.ottl.unit_tests.scalar_fields import INT64, any_value, int_of, scalar
from otx.ottl.unit_tests.yaml_values import Unreadable, listing, mapping, unknown_key
from otx.ottl.yaml_places import YamlPath

Put: TypeAlias = Callable[[Message, Any, YamlPath], None]

_NUMBERS = ("as_int", "as_double")


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


def put_attributes(container: Any, data: object, path: YamlPath) -> None:
    """Append the attributes of a map to a repeated field.

    Raises:
        Unreadable: A value has no OTLP form.
    """
    for key, value in mapping(data, path).items():
        container.append(encode_key_value(key, any_value(value, (*path, key))))


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
        return lambda message, data, path: setattr(message, name, encode_any(any_value(data, path)))
    if inner is not None and field.is_repeated:
        return lambda message, data, path: _put_messages(getattr(message, name), inner, data, path)
    if inner is not None:
        return lambda message, data, path: fill(getattr(message, name), inner, data, path)
    read = scalar(field)
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
        message.as_int = int_of(data, path, INT64)
