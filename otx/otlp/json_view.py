"""The open view of OTLP over parsed JSON: the same messages, kept in the objects of the parser.

Whoever reads and writes a message of `otx.otlp.open_view` can be given one of these: texts, ids,
attributes and values come and go as bytes. Nothing is converted until it is asked for, and what
nobody names stays the object that the parser made. Objects are in their normal form
(`otx.otlp.json_normal`) and stay in it. A message is a look at an object and has no state of its
own; one that is absent becomes part of its parent when something in it is set.
"""

from base64 import b64decode
from binascii import unhexlify
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from otx.model.signal import Signal
from otx.otlp.json_codec import scalar_codec
from otx.otlp.json_list import JsonList, JsonMessages, copied_object
from otx.otlp.json_normal import is_negative_zero
from otx.otlp.json_open import official_descriptor
from otx.otlp.json_values import (
    Entry,
    bytes_of_entry,
    bytes_of_json,
    entry_of_bytes,
    json_of_bytes,
)
from otx.otlp.open_view import open_class

_F = FieldDescriptor


class JsonMessage:
    """A message, as the parts of protobuf's interface that statements need have it.

    Attributes:
        DESCRIPTOR: The official one.
        fields: Its JSON object.
    """

    DESCRIPTOR: ClassVar[Descriptor]
    _opened: ClassVar[Any]
    _json_names: ClassVar[Mapping[str, str]]
    _names: ClassVar[Mapping[str, str]]
    _oneofs: ClassVar[Mapping[str, tuple[str, ...]]]
    _rivals: ClassVar[Mapping[str, tuple[str, ...]]]
    __slots__ = ("_parent", "_place", "fields")

    def __init__(
        self,
        fields: dict[str, Any] | None = None,
        parent: "JsonMessage | None" = None,
        place: str = "",
        /,
        **values: Any,
    ) -> None:
        """Look at an object, or make a new one.

        Args:
            fields: The object.
            parent: The message that it becomes part of when something is set.
            place: Where in the parent.
            values: Fields to set.
        """
        self.fields: dict[str, Any] = {} if fields is None else fields
        self._parent = parent
        self._place = place
        if values:
            self._set(values)

    def own(self) -> dict[str, Any]:
        """Its object as part of its parent's, to be written to."""
        if self._parent is not None:
            self.fields = self._parent._adopted(self._place, self.fields)
            self._parent = None
        return self.fields

    def put(self, json_name: str, content: Any) -> None:
        """Set a field to what JSON has for it; None removes it."""
        fields = self.fields if self._parent is None else self.own()
        if json_name in self._rivals:
            for rival in self._rivals[json_name]:
                fields.pop(rival, None)
        if content is None:
            fields.pop(json_name, None)
        else:
            fields[json_name] = content

    def entries(self, name: str) -> list[Entry]:
        """The objects of a field of attributes; not to be changed."""
        found: list[Entry] = self.fields.get(self._json_names[name], [])
        return found

    def put_entries(self, name: str, entries: list[Entry]) -> None:
        """Set a field of attributes."""
        json_name = self._json_names[name]
        if entries:
            self.own()[json_name] = entries
        elif json_name in self.fields:
            del self.fields[json_name]

    def SetInParent(self) -> None:  # noqa: N802 - protobuf's names, here and below
        """Make it part of its parent, even if it is empty."""
        self.own()

    def HasField(self, name: str) -> bool:  # noqa: N802
        """Whether a field is set that has presence."""
        return self._json_names[name] in self.fields

    def ClearField(self, name: str) -> None:  # noqa: N802
        """Remove a field."""
        self.fields.pop(self._json_names[name], None)

    def WhichOneof(self, oneof: str) -> str | None:  # noqa: N802
        """The field of a oneof that is set."""
        fields = self.fields
        for json_name in self._oneofs[oneof]:
            if json_name in fields:
                return self._names[json_name]
        return None

    def ListFields(self) -> list[tuple[FieldDescriptor, Any]]:  # noqa: N802
        """What is set, in the order of the fields' numbers."""
        known = self.DESCRIPTOR.fields_by_name
        fields = sorted((known[self._names[one]] for one in self.fields), key=_number_of)
        return [(field, getattr(self, field.name)) for field in fields]

    def CopyFrom(self, other: "JsonMessage") -> None:  # noqa: N802
        """Become a copy of another message."""
        copied = copied_object(other.fields)
        fields = self.own()
        fields.clear()
        fields.update(copied)

    def SerializeToString(self, **_: Any) -> bytes:  # noqa: N802
        """The bytes of the same message."""
        opened = self._opened()
        self._pour(opened)
        data: bytes = opened.SerializeToString()
        return data

    def ParseFromString(self, data: bytes) -> None:  # noqa: N802
        """Become the message of some bytes."""
        opened = self._opened.FromString(data)
        self.own().clear()
        self._absorb(opened)

    def _set(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            if isinstance(value, list):
                getattr(self, name).extend(value)
            else:
                setattr(self, name, value)

    def _adopted(self, json_name: str, fields: dict[str, Any]) -> dict[str, Any]:
        """The object of a child that was absent, as part of this one."""
        found: dict[str, Any] | None = self.own().get(json_name)
        if found is not None:
            return found
        self.put(json_name, fields)
        return fields

    def _pour(self, opened: Any) -> None:
        """Set in a message of the open view what is set here."""
        for field, value in self.ListFields():
            name = field.name
            if isinstance(value, JsonMessage):
                child = getattr(opened, name)
                child.SetInParent()
                value._pour(child)
            elif isinstance(value, JsonMessages):
                container = getattr(opened, name)
                for one in value:
                    one._pour(container.add())
            elif isinstance(value, JsonList):
                getattr(opened, name).extend(value)
            else:
                setattr(opened, name, value)

    def _absorb(self, opened: Any) -> None:
        """Set here what is set in a message of the open view."""
        for field, value in opened.ListFields():
            mine = getattr(self, field.name)
            if isinstance(mine, JsonMessage):
                mine.own()
                mine._absorb(value)
            elif isinstance(mine, JsonMessages):
                for one in value:
                    mine.add()._absorb(one)
            elif isinstance(mine, JsonList):
                mine.extend(value)
            else:
                setattr(self, field.name, value)


def _number_of(field: FieldDescriptor) -> int:
    return field.number


@cache
def json_view(signal: Signal) -> type[JsonMessage]:
    """The JSON view of a signal's `Export…ServiceRequest`."""
    return _view(official_descriptor(signal), open_class(signal).DESCRIPTOR)


@cache
def _view(official: Descriptor, opened: Any) -> type[JsonMessage]:
    """The class of a message, given its descriptors in OTLP and in the open view."""
    rivals = {
        field.json_name: tuple(one.json_name for one in oneof.fields if one is not field)
        for oneof in official.oneofs
        for field in oneof.fields
        if len(oneof.fields) > 1
    }
    members: dict[str, Any] = {
        "__slots__": (),
        "DESCRIPTOR": official,
        "_opened": message_factory.GetMessageClass(opened),
        "_json_names": {field.name: field.json_name for field in official.fields},
        "_names": {field.json_name: field.name for field in official.fields},
        "_oneofs": {one.name: tuple(f.json_name for f in one.fields) for one in official.oneofs},
        "_rivals": rivals,
    }
    for field in official.fields:
        members[field.name] = _property(field, opened.fields_by_name[field.name])
    return type(official.name, (JsonMessage,), members)


def _property(field: FieldDescriptor, opened: Any) -> property:
    name, inner = field.json_name, field.message_type
    if inner is not None and inner.name == "AnyValue":
        return _scalar(field, bytes_of_json, json_of_bytes, b"")
    if inner is not None and inner.name == "KeyValue":
        return property(lambda one: JsonList(one, name, bytes_of_entry, entry_of_bytes))
    if inner is not None and field.is_repeated:
        return property(lambda one: JsonMessages(one, name, _view(inner, opened.message_type)))
    if inner is not None:
        return _child(name, inner, opened)
    decode, encode = _codec(field)
    if field.is_repeated:
        return property(lambda one: JsonList(one, name, decode or _as_it_is, encode))
    default = b"" if field.type == _F.TYPE_STRING else field.default_value
    return _scalar(field, decode, encode, default)


def _codec(field: FieldDescriptor) -> tuple[Any, Any]:
    """What the open view has for a scalar in its normal form, and the opposite."""
    _, encode = scalar_codec(field)
    if field.type == _F.TYPE_STRING:
        return _bytes_of_text, _text_of_bytes
    if field.type == _F.TYPE_BYTES:
        return (unhexlify if encode is bytes.hex else b64decode), encode
    if field.type in (_F.TYPE_DOUBLE, _F.TYPE_FLOAT):
        return float, encode
    return int if encode is str else None, encode


def _child(name: str, inner: Descriptor, opened: Any) -> property:
    def get(message: JsonMessage) -> JsonMessage:
        kind = _view(inner, opened.message_type)
        fields = message.fields.get(name)
        return kind({}, message, name) if fields is None else kind(fields)

    return property(get)


def _scalar(field: FieldDescriptor, decode: Any, encode: Any, default: Any) -> property:
    name = field.json_name
    keeps_default = field.has_presence and field.message_type is None

    def get(message: JsonMessage) -> Any:
        content = message.fields.get(name)
        return default if content is None else decode(content)

    def get_as_it_is(message: JsonMessage) -> Any:
        return message.fields.get(name, default)

    def set_(message: JsonMessage, value: Any) -> None:
        is_there = value or keeps_default or is_negative_zero(value)
        message.put(name, encode(value) if is_there else None)

    return property(get_as_it_is if decode is None else get, set_)


def _as_it_is(content: Any) -> Any:
    return content


def _bytes_of_text(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text_of_bytes(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
