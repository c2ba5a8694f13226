"""Repeated fields of the JSON view, as the parts of protobuf's containers that statements need.

What lies in a list of JSON is turned into what the open view has there when it is read, and back
when it is put there. A field that is empty is not there at all.
"""

from collections.abc import Callable, Iterable, Iterator, MutableSequence
from typing import Any, Protocol


class Holder(Protocol):
    """A message, as its repeated fields know it."""

    fields: dict[str, Any]

    def put(self, json_name: str, content: Any) -> None:
        """Set a field to what JSON has for it; None removes it."""


class JsonList(MutableSequence[Any]):
    """A repeated field of numbers, texts or attributes."""

    __slots__ = ("_decode", "_encode", "_name", "_parent")

    def __init__(
        self,
        parent: Holder,
        json_name: str,
        decode: Callable[[Any], Any],
        encode: Callable[[Any], Any],
    ) -> None:
        """Look at a field.

        Args:
            parent: The message.
            json_name: The field.
            decode: Gives what the open view has for what JSON has.
            encode: Gives the opposite.
        """
        self._parent = parent
        self._name = json_name
        self._decode = decode
        self._encode = encode

    def __len__(self) -> int:
        return len(self._parent.fields.get(self._name, ()))

    def __iter__(self) -> Iterator[Any]:
        return map(self._decode, self._parent.fields.get(self._name, ()))

    def __getitem__(self, at: Any) -> Any:
        found = self._parent.fields.get(self._name, [])[at]
        return [self._decode(one) for one in found] if type(at) is slice else self._decode(found)

    def __setitem__(self, at: Any, value: Any) -> None:
        is_slice = type(at) is slice
        made = [self._encode(one) for one in value] if is_slice else self._encode(value)
        content = self._content()
        content[at] = made
        self._put(content)

    def __delitem__(self, at: Any) -> None:
        content = self._content()
        del content[at]
        self._put(content)

    def insert(self, at: int, value: Any) -> None:
        """Put a value before another."""
        content = self._content()
        content.insert(at, self._encode(value))
        self._put(content)

    def extend(self, values: Iterable[Any]) -> None:
        """Append values."""
        made = [self._encode(one) for one in values]
        self._put(self._content() + made)

    def _content(self) -> list[Any]:
        found: list[Any] = self._parent.fields.get(self._name, [])
        return found

    def _put(self, content: list[Any]) -> None:
        if content or self._name in self._parent.fields:
            self._parent.put(self._name, content or None)


class JsonMessages(JsonList):
    """A repeated field of messages; those that are put there are copied, as protobuf does."""

    __slots__ = ("_kind",)

    def __init__(self, parent: Holder, json_name: str, kind: Callable[..., Any]) -> None:
        """Look at a field.

        Args:
            parent: The message.
            json_name: The field.
            kind: Makes a message of its object.
        """
        super().__init__(parent, json_name, kind, _copied_fields)
        self._kind = kind

    def add(self, **values: Any) -> Any:
        """Append a new message, with fields that are set."""
        content = self._content()
        content.append({})
        self._put(content)
        return self._kind(content[-1], **values)

    def keep(self, messages: Iterable[Holder]) -> None:
        """Leave these, which are in its order."""
        self._put([one.fields for one in messages])


def copied_object(value: Any) -> Any:
    """What JSON has, without what both could change."""
    if type(value) is dict:
        return {key: copied_object(one) for key, one in value.items()}
    return [copied_object(one) for one in value] if type(value) is list else value


def _copied_fields(message: Holder) -> dict[str, Any]:
    copied: dict[str, Any] = copied_object(message.fields)
    return copied
