"""Spans, their events and their links."""

from operator import attrgetter
from typing import Any

from otx.ottl.contexts.accessor import (
    Accessor,
    Get,
    attributes,
    identifier,
    integer,
    refuse,
    text,
    times,
)
from otx.ottl.contexts.context import Context, Parent, paths
from otx.ottl.contexts.repeated import content_of
from otx.ottl.contexts.resources import PARENTS
from otx.ottl.contexts.trace_state import trace_state
from otx.ottl.errors import ExecutionError, Unfit
from otx.ottl.values import Opaque, SpanId, TraceId, Value

_KINDS = ("Unspecified", "Internal", "Server", "Client", "Producer", "Consumer")

SPAN_ENUMS = {
    **{f"SPAN_KIND_{name.upper()}": number for number, name in enumerate(_KINDS)},
    "STATUS_CODE_UNSET": 0,
    "STATUS_CODE_OK": 1,
    "STATUS_CODE_ERROR": 2,
}


def _kind_text(names: tuple[str, ...], section: str) -> Accessor:
    """The kind as one of some names."""

    def get(record: Any) -> Value:
        number = record.item.kind
        return names[number] if 0 <= number < len(names) else ""

    def set_(record: Any, value: Value) -> None:
        if type(value) is not str:
            raise refuse(f"kind.{section}", "string", value)
        if value not in names:
            raise ExecutionError(f"{value!r} is no span kind: those are {', '.join(names)}")
        record.item.kind = names.index(value)

    return Accessor("string", get, set_, texts=names)


def _kind() -> Accessor:
    number = integer("kind", 32)
    sections = {
        "string": _kind_text(_KINDS, "string"),
        "deprecated_string": _kind_text(
            tuple(f"SPAN_KIND_{name.upper()}" for name in _KINDS), "deprecated_string"
        ),
    }
    return Accessor("int", number.get, number.set, sections=sections)


def _flags() -> Accessor:
    """The flags, which unlike other unsigned fields refuse what does not fit."""
    number = integer("flags", 32, signed=False)
    assert number.set is not None  # noqa: S101 - it was just made
    put = number.set

    def set_(record: Any, value: Value) -> None:
        if type(value) is int and not 0 <= value < 1 << 32:
            raise ExecutionError(f"{value} does not fit into the 32 bits of flags")
        put(record, value)

    return Accessor("int", number.get, set_)


def _status() -> Accessor:
    def get(record: Any) -> Value:
        return Opaque("status", (record.item.status.SerializeToString(),))

    def set_(record: Any, value: Value) -> None:
        if not isinstance(value, Opaque) or value.kind != "status":
            raise refuse("status", "status", value)
        record.item.status.ParseFromString(value.content[0])

    sections = {
        "code": integer("code", 32, "item.status"),
        "message": text("message", "item.status"),
    }
    return Accessor("status", get, set_, sections=sections)


def _parts(name: str) -> Accessor:
    """The events or links of a span, which can be copied between spans."""
    kind = f"span {name}"

    def get(record: Any) -> Value:
        for part in getattr(record, name):
            part.flush()
        content = tuple(part.SerializeToString() for part in getattr(record.item, name))
        return Opaque(kind, content)

    def set_(record: Any, value: Value) -> None:
        content = content_of(name, kind, value)
        container = getattr(record.item, name)
        del container[:]
        for data in content:
            container.add().ParseFromString(data)
        if name == "events":
            record.forget_events()
        else:
            record.forget_links()

    return Accessor(f"list of {name}", get, set_, is_nullable=True)


SPAN = Context(
    "span",
    paths(
        times("start_time"),
        times("end_time"),
        trace_id=identifier("trace_id", TraceId, 16),
        span_id=identifier("span_id", SpanId, 8),
        parent_span_id=identifier("parent_span_id", SpanId, 8),
        trace_state=trace_state(),
        name=text("name"),
        kind=_kind(),
        flags=_flags(),
        attributes=attributes(),
        dropped_attributes_count=integer("dropped_attributes_count", 32, signed=False),
        events=_parts("events"),
        dropped_events_count=integer("dropped_events_count", 32, signed=False),
        links=_parts("links"),
        dropped_links_count=integer("dropped_links_count", 32, signed=False),
        status=_status(),
    ),
    parents=PARENTS,
    enums=SPAN_ENUMS,
)

_PARENTS: dict[str, Parent] = {"span": (SPAN, attrgetter("span")), **PARENTS}


def _index(record: Any) -> Value:
    return record.index


def _no_index(_: Any) -> Value:
    raise ExecutionError("no event_index: processors of a Collector do not supply it")


def _fixed_index(_: Any, __: Value) -> None:
    raise Unfit("event_index", "is read-only")


def _spanevent(index: Get) -> Context:
    return Context(
        "spanevent",
        paths(
            times("time"),
            name=text("name"),
            attributes=attributes(),
            dropped_attributes_count=integer("dropped_attributes_count", 32, signed=False),
            event_index=Accessor("int", index, _fixed_index, is_nullable=True),
        ),
        parents=_PARENTS,
        enums=SPAN_ENUMS,
    )


SPANEVENT = _spanevent(_index)

PROCESSOR_SPANEVENT = _spanevent(_no_index)
"""As the transform and filter processors have it: events are not numbered for them."""

SPANLINK = Context(
    "spanlink",
    paths(
        trace_id=identifier("trace_id", TraceId, 16),
        span_id=identifier("span_id", SpanId, 8),
        trace_state=trace_state(),
        attributes=attributes(),
        dropped_attributes_count=integer("dropped_attributes_count", 32, signed=False),
        flags=integer("flags", 32, signed=False),
    ),
    parents=_PARENTS,
    enums=SPAN_ENUMS,
)
