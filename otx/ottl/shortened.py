"""Messages of OTLP as maps that people read, with fields called as OTTL's paths call them.

A metric's kind is its `type`, and the fields of that kind stand beside it; attributes and bodies
are plain maps and values; what a profile's numbers stand for is read from its dictionary. Every
account of a record is made from these maps: differences, `--trace`, tests.
"""

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from otx.otlp.any_value import decode_any, key_of, value_of
from otx.ottl.errors import ExecutionError
from otx.ottl.otlp_fields import ID_BYTES, METRIC_TYPES, Message, enum_words, message_of
from otx.ottl.profile_dictionary import Dictionary

Short: TypeAlias = dict[str, Any]
Form: TypeAlias = Literal["written", "stored"]
"""As people write a record in a test, with words for enums and one entry a key; or as it is stored,
with OTTL's numbers and every entry of a key."""

_INDEX = "_strindex"


class Again(str):
    """A key that stands there once more: only the first entry of a key counts to OTTL.

    Attributes:
        key: The key.
        entry: Which of its entries it is; the second is 2.
    """

    __slots__ = ("entry", "key")
    key: str
    entry: int

    def __new__(cls, key: str, entry: int) -> "Again":
        """Stand for an entry; as a text it is another than every key that people use."""
        made = super().__new__(cls, f"{key}\0{entry}")
        made.key, made.entry = key, entry
        return made


def shortened(
    message: Message,
    official: Descriptor,
    dictionary: Dictionary | None = None,
    form: Form = "written",
) -> Short:
    """What a message says, without fields that are not set.

    Args:
        message: A message of the open view.
        official: What the message is in OTLP's own definition.
        dictionary: Of a request of profiles, whose texts and attributes lie there.
        form: What enums and repeated keys become.
    """
    return _Reader(dictionary, form).message(message, official)


class _Reader:
    def __init__(self, dictionary: Dictionary | None, form: Form) -> None:
        self._dictionary = dictionary
        self._form = form

    def message(self, message: Message, official: Descriptor) -> Short:
        short: Short = {}
        dictionary = self._dictionary
        for field, value in message.ListFields():
            known = official.fields_by_name[field.name]
            if official.name == "Metric" and field.name in METRIC_TYPES:
                short["type"] = self._metric_type(field.name)
                short.update(self.message(value, message_of(official, field.name)))
            elif dictionary is not None and field.name.endswith(_INDEX):
                short[field.name.removesuffix(_INDEX)] = _text(dictionary, value)
            elif dictionary is not None and field.name == "attribute_indices":
                pairs = (_attribute(dictionary, index) for index in value)
                short["attributes"] = self._entries(pairs)
            elif field.name in ("as_int", "as_double"):
                short["value"] = value
            else:
                found = self._value(known, value)
                if found != {} or field.name == "body":
                    short[field.name] = found
        return short

    def _metric_type(self, name: str) -> str | int:
        return name if self._form == "written" else METRIC_TYPES.index(name) + 1

    def _value(self, field: FieldDescriptor, value: Any) -> Any:
        inner = field.message_type
        if inner is None:
            return (
                [self._scalar(field, one) for one in value]
                if field.is_repeated
                else self._scalar(field, value)
            )
        if inner.name == "KeyValue":
            return self._entries((key_of(one), value_of(one)) for one in value)
        if inner.name == "AnyValue":
            return decode_any(value)
        if field.is_repeated:
            return [self.message(one, inner) for one in value]
        return self.message(value, inner)

    def _entries(self, pairs: Iterable[tuple[str, Any]]) -> Short:
        found: Short = {}
        entries: dict[str, int] = {}
        for key, value in pairs:
            entry = entries[key] = entries.get(key, 0) + 1
            if entry == 1:
                found[key] = value
            elif self._form == "stored":
                found[Again(key, entry)] = value
        return found

    def _scalar(self, field: FieldDescriptor, value: Any) -> Any:
        if field.enum_type is not None and self._form == "written":
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
