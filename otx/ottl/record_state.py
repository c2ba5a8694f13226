"""Records of a request as they are at one moment.

A record's state is one map of three parts: the item under its OTTL name (`span`, `log`, `metric`,
`profile`), its `resource` and its `scope`. Paths lead into it as they do in a statement
(`otx.ottl.changes`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor

from otx.model.signal import Signal
from otx.otlp.open_view import open_class
from otx.otlp.wire import WIRE
from otx.ottl.otlp_fields import Message, message_of
from otx.ottl.profile_dictionary import Dictionary, dictionary_of
from otx.ottl.records import (
    ITEMS,
    ExemplarRecord,
    ItemRecord,
    PartRecord,
    PointRecord,
    SampleRecord,
)
from otx.ottl.shortened import Form, Short, shortened
from otx.ottl.value_text import title_text

WORDS: Mapping[Signal, str] = {
    Signal.TRACES: "span",
    Signal.LOGS: "log",
    Signal.METRICS: "metric",
    Signal.PROFILES: "profile",
}
"""What OTTL calls the items of each signal."""

ITEM_NOUNS: Mapping[Signal, str] = {**WORDS, Signal.LOGS: "log record"}
"""What people call one item of each signal."""


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
        """What people know it by: its name or the beginning of its body."""
        item = self.short[self.word]
        shown = item.get("body" if self.signal is Signal.LOGS else "name")
        return "" if shown is None else title_text(shown)

    @property
    def full_title(self) -> str:
        """What it is, its title, and the ids of a span."""
        title = self.title or ("without a body" if self.signal is Signal.LOGS else "")
        text = f"{ITEM_NOUNS[self.signal]} {title}".rstrip()
        if self.signal is not Signal.TRACES:
            return text
        item = self.short[self.word]
        return f"{text}, trace {item.get('trace_id', '')} span {item.get('span_id', '')}"


def states_of(signal: Signal, body: bytes, form: Form = "written") -> list[RecordState]:
    """The records of a request in their order.

    The open view is read, because a statement may have made a text that is no UTF-8.
    """
    request: Any = open_class(signal).FromString(body)
    dictionary = dictionary_of(request) if signal is Signal.PROFILES else None
    return [
        RecordState(signal, short)
        for short in _shorts(signal, request, Descriptors(signal), dictionary, form)
    ]


def state_of(record: ItemRecord) -> RecordState:
    """An item of an opened batch as it is now, without what lies above it, as it is stored.

    Raises:
        ExecutionError: What statements made of it has no OTLP form.
    """
    record.flush()
    signal = record.scope.signal
    item = shortened(
        record.item, Descriptors(signal).item, record.resource.dictionary, form="stored"
    )
    return RecordState(signal, {WORDS[signal]: item})


def item_of(record: Any) -> Any:
    """The item that a record is or belongs to; None for a resource or scope."""
    if isinstance(record, PartRecord):
        return record.span
    if isinstance(record, (PointRecord, ExemplarRecord)):
        return record.metric
    if isinstance(record, SampleRecord):
        return record.profile
    return record if isinstance(record, ItemRecord) else None


class Descriptors:
    """OTLP's own definitions of a signal's messages.

    Attributes:
        resource: That of its resources.
        scope: That of its scopes.
        item: That of its items.
    """

    def __init__(self, signal: Signal) -> None:
        outer, middle, inner = ITEMS[signal]
        request: Any = WIRE[signal].request_class.DESCRIPTOR
        groups = message_of(request, outer)
        parts = message_of(groups, middle)
        self.resource = message_of(groups, "resource")
        self.scope = message_of(parts, "scope")
        self.item = message_of(parts, inner)


def _shorts(
    signal: Signal,
    request: Message,
    known: Descriptors,
    dictionary: Dictionary | None,
    form: Form,
) -> Iterator[Short]:
    outer, middle, inner = ITEMS[signal]
    for group in getattr(request, outer):
        resource = _above(group, group.resource, known.resource, form)
        for part in getattr(group, middle):
            scope = _above(part, part.scope, known.scope, form)
            for item in getattr(part, inner):
                short = shortened(item, known.item, dictionary, form)
                yield {WORDS[signal]: short, "resource": resource, "scope": scope}


def _above(group: Message, message: Message, official: Descriptor, form: Form) -> Short:
    """A resource or scope with the schema URL, which OTLP keeps beside it."""
    short = shortened(message, official, form=form)
    if group.schema_url:
        short["schema_url"] = str(group.schema_url, "utf-8", "surrogateescape")
    return short
