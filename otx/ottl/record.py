"""What every record has: a message, its attributes, and the cache of the group that runs on it."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from otx.otlp.json_list import JsonMessages
from otx.otlp.json_view import JsonMessage
from otx.ottl.attributes import AttributeMap, WireAttributes
from otx.ottl.json_attributes import JsonAttributes
from otx.ottl.profile_dictionary import ProfileAttributes

Msg: TypeAlias = Any
"""A message of the open view or the JSON view, whose fields Python's types do not know."""


class Record:
    """A message that statements run on.

    Attributes:
        item: The message.
        cache: The `cache` map of the group that runs; None until it is named.
    """

    ATTRIBUTES = "attributes"
    __slots__ = ("_attributes", "cache", "item")

    def __init__(self, item: Msg) -> None:
        self.item = item
        self.cache: dict[str, Any] | None = None
        self._attributes: AttributeMap | ProfileAttributes | None = None

    @property
    def attributes(self) -> AttributeMap | ProfileAttributes:
        """Its attributes."""
        if self._attributes is None:
            self._attributes = _attribute_map(self.item, self.ATTRIBUTES)
        return self._attributes

    def children(self) -> "Iterator[Record]":
        """Records below this one that were made so far."""
        return iter(())

    def flush(self) -> None:
        """Write back what changed here and below."""
        if self._attributes is not None:
            self._attributes.flush()
        for child in self.children():
            child.flush()

    def forget(self) -> None:
        """Look at the message anew: it was replaced by other means."""
        self._attributes = None


def attributes_of(record: Record) -> "AttributeMap | ProfileAttributes":
    """The same as `record.attributes`, which every statement asks for, at half its price."""
    found = record._attributes
    return record.attributes if found is None else found


def _attribute_map(item: Msg, field: str) -> AttributeMap:
    if isinstance(item, JsonMessage):
        return JsonAttributes(item, field)
    return WireAttributes(getattr(item, field))


def keep_only(container: Any, kept: list[Msg]) -> None:
    """Leave in a repeated field the messages that are kept, which are in its order."""
    if len(kept) == len(container):
        return
    if isinstance(container, JsonMessages):
        container.keep(kept)
        return
    wanted = iter(kept)
    following = next(wanted, None)
    dropped = []
    for at, message in enumerate(container):
        if message is following:
            following = next(wanted, None)
        else:
            dropped.append(at)
    for at in reversed(dropped):
        del container[at]
