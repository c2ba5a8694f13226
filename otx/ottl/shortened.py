"""Messages of OTLP as the maps that people write in a test: the way back from `short_form`."""

from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from otx.otlp.any_value import decode_any, key_of, value_of
from otx.ottl.errors import ExecutionError
from otx.ottl.profile_dictionary import Dictionary
from otx.ottl.unit_tests.scalar_fields import ID_BYTES, enum_words
from otx.ottl.unit_tests.short_form import METRIC_TYPES, Message, message_of

Short: TypeAlias = dict[str, Any]

_INDEX = "_strindex"


def shortened(
    message: Message, official: Descriptor, dictionary: Dictionary | None = None
) -> Short:
    """What a message says, without fields that are not set.

    Args:
        message: A message of the open view.
        official: What the message is in OTLP's own definition.
        dictionary: Of a request of profiles, whose texts and attributes lie there.
    """
    short: Short = {}
    for field, value in message.ListFields():
        known = official.fields_by_name[field.name]
        if official.name == "Metric" and field.name in METRIC_TYPES:
            short["type"] = field.name
            short.update(shortened(value, message_of(official, field.name)))
        elif dictionary is not None and field.name.endswith(_INDEX):
            short[field.name.removesuffix(_INDEX)] = _text(dictionary, value)
        elif dictionary is not None and field.name == "attribute_indices":
            short["attributes"] = dict(_attribute(dictionary, index) for index in value)
        elif field.name in ("as_int", "as_double"):
            short["value"] = value
        else:
            found = _value(known, value, dictionary)
            if found != {} or field.name == "body":
                short[field.name] = found
    return short


def _value(field: FieldDescriptor, value: Any, dictionary: Dictionary | None) -> Any:
    inner = field.message_type
    if inner is not None and inner.name == "KeyValue":
        return {key_of(one): value_of(one) for one in value}
    if inner is not None and inner.name == "AnyValue":
        return decode_any(value)
    if inner is not None and field.is_repeated:
        return [shortened(one, inner, dictionary) for one in value]
    if inner is not None:
        return shortened(value, inner, dictionary)
    if field.is_repeated:
        return [_scalar(field, one) for one in value]
    return _scalar(field, value)


def _scalar(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None:
        words = {number: word for word, number in enum_words(field.enum_type).items()}
        return words.get(value, value)
    if field.name in ID_BYTES:
        return value.hex()
    if field.type == FieldDescriptor.TYPE_STRING:
        return str(value, "utf-8", "surrogateescape")
    return value


def _text(dictionary: Dictionary, index: int) -> Any:
    try:
        return dictionary.text(index)
    except ExecutionError:
        return index


def _attribute(dictionary: Dictionary, index: int) -> tuple[str, Any]:
    try:
        key, value = dictionary.attribute(index)
    except ExecutionError as error:
        return f"#{index}", str(error)
    return key, decode_any(value)
