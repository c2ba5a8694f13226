"""Records of a request as they are at one moment, and requests made of records.

A record's state is one map of three parts: the item under its OTTL name (`span`, `log`, `metric`,
`profile`), its `resource` and its `scope`. Paths lead into it as they do in a statement.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor import Descriptor

from otx.model.signal import Signal
from otx.otlp.open_view import open_class
from otx.otlp.wire import WIRE
from otx.ottl.profile_dictionary import Dictionary, dictionary_of
from otx.ottl.records import ITEMS
from otx.ottl.unit_tests.short_form import Message, fill, message_of, put_attributes
from otx.ottl.unit_tests.shortened import Short, shortened
from otx.ottl.unit_tests.yaml_values import mapping, text_of
from otx.ottl.yaml_places import YamlPath

WORDS: Mapping[Signal, str] = {
    Signal.TRACES: "span",
    Signal.LOGS: "log",
    Signal.METRICS: "metric",
    Signal.PROFILES: "profile",
}
"""What OTTL calls the items of each signal."""

RESOURCE_FIELDS = frozenset(("attributes", "dropped_attributes_count", "entity_refs", "schema_url"))
"""A resource with any of these is written with its fields, another as the map of its attributes."""

_TITLE_WIDTH = 60


@dataclass(frozen=True, slots=True)
class Part:
    """A map in a test file and where it stands."""

    data: Any = None
    path: YamlPath = ()


@dataclass(frozen=True, slots=True)
class WrittenRecord:
    """A record in the short form."""

    item: Part
    resource: Part = field(default_factory=Part)
    scope: Part = field(default_factory=Part)


@dataclass(frozen=True, slots=True)
class RecordState:
    """What a record says.

    Attributes:
        signal: Whose item it is.
        short: Its three parts.
    """

    signal: Signal
    short: Short

    @property
    def word(self) -> str:
        """What OTTL calls such an item."""
        return WORDS[self.signal]

    @property
    def title(self) -> str:
        """What people know it by: its name or body."""
        item = self.short[self.word]
        shown = item.get("body") if self.signal is Signal.LOGS else item.get("name")
        if shown is None:
            return ""
        text = f'"{shown}"' if isinstance(shown, str) else str(shown)
        return text if len(text) <= _TITLE_WIDTH else text[: _TITLE_WIDTH - 1] + "…"


def states_of(signal: Signal, body: bytes) -> list[RecordState]:
    """The records of a request in their order."""
    request: Any = open_class(signal).FromString(body)
    dictionary = dictionary_of(request) if signal is Signal.PROFILES else None
    return [
        RecordState(signal, short)
        for short in _shorts(signal, request, _Descriptors(signal), dictionary)
    ]


def request_of(signal: Signal, records: Sequence[WrittenRecord]) -> bytes:
    """A request of records; neighbours of one resource and scope share them.

    Raises:
        Unreadable: A record says something that OTLP cannot hold.
    """
    outer, middle, inner = ITEMS[signal]
    known = _Descriptors(signal)
    request: Any = open_class(signal)()
    group = part = None
    last: WrittenRecord | None = None
    for record in records:
        if group is None or last is None or record.resource.data != last.resource.data:
            group = getattr(request, outer).add()
            _fill_above(group, group.resource, known.resource, record.resource)
            part = None
        if part is None or last is None or record.scope.data != last.scope.data:
            part = getattr(group, middle).add()
            _fill_above(part, part.scope, known.scope, record.scope)
        fill(getattr(part, inner).add(), known.item, record.item.data, record.item.path)
        last = record
    body: bytes = request.SerializeToString()
    return body


def written(short: Short, signal: Signal) -> WrittenRecord:
    """A state as a record that can be written; paths are those of the state."""
    word = WORDS[signal]
    return WrittenRecord(
        Part(short.get(word), (word,)),
        Part(short.get("resource"), ("resource",)),
        Part(short.get("scope"), ("scope",)),
    )


def normalised(short: Short, signal: Signal) -> Short:
    """A state as it would be read from OTLP: enums as words, numbers of their field's type.

    Raises:
        Unreadable: It says something that OTLP cannot hold.
    """
    return states_of(signal, request_of(signal, [written(short, signal)]))[0].short


class _Descriptors:
    """OTLP's own definitions of a signal's messages."""

    def __init__(self, signal: Signal) -> None:
        outer, middle, inner = ITEMS[signal]
        request: Any = WIRE[signal].request_class.DESCRIPTOR
        groups = message_of(request, outer)
        parts = message_of(groups, middle)
        self.resource = message_of(groups, "resource")
        self.scope = message_of(parts, "scope")
        self.item = message_of(parts, inner)


def _shorts(
    signal: Signal, request: Message, known: _Descriptors, dictionary: Dictionary | None
) -> Iterator[Short]:
    outer, middle, inner = ITEMS[signal]
    for group in getattr(request, outer):
        resource = _above(group, group.resource, known.resource)
        for part in getattr(group, middle):
            scope = _above(part, part.scope, known.scope)
            for item in getattr(part, inner):
                short = shortened(item, known.item, dictionary)
                yield {WORDS[signal]: short, "resource": resource, "scope": scope}


def _above(group: Message, message: Message, official: Descriptor) -> Short:
    """A resource or scope with the schema URL, which OTLP keeps beside it."""
    short = shortened(message, official)
    if group.schema_url:
        short["schema_url"] = str(group.schema_url, "utf-8", "surrogateescape")
    return short


def _fill_above(group: Message, message: Message, official: Descriptor, part: Part) -> None:
    """Fill a resource or scope."""
    data = mapping(part.data, part.path)
    if official.name == "Resource" and not data.keys() & RESOURCE_FIELDS:
        put_attributes(message.attributes, data, part.path)
        return
    known = dict(data)
    schema_url = known.pop("schema_url", None)
    if schema_url is not None:
        text = text_of(schema_url, (*part.path, "schema_url"))
        group.schema_url = text.encode("utf-8", "surrogateescape")
    fill(message, official, known, part.path)
