"""Whether an export request is beyond any doubt, at a third of the cost of parsing it.

The library of `native/` walks the bytes once, without building a message, against a table that is
made here of OTLP's own descriptors. It says yes to a request that the official parser takes, that
is no denser than `otx.otlp.density` allows, and of which nothing is to be told to its sender: no
span that breaks a rule of `otx.otlp.oddity`, no record with a key twice, no time in seconds, no
index of a string outside of profiles. All else is left to `otx.otlp.decode`, which parses and says
why.
"""

import ctypes
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from otx.model.signal import Signal
from otx.otlp.caution import Caution
from otx.otlp.density import MAX_GROWTH, MAX_STEPS, UNSUSPECTED_BYTES, shape_of
from otx.otlp.native import library
from otx.otlp.oddity import MAX_UNIX_NANO
from otx.otlp.sender_habits import FIRST_S, STRING_INDICES, resource_cautions
from otx.otlp.wire import WIRE

_SLOTS, _MESSAGES, _NUMBERS = 32, 64, 8
"""Fields of a message, messages of a request, and numbers of a field (`struct field`)."""
_LARGEST = (1 << 16) - 1
_ANY_MEMORY = (1 << 64) - 1
_F = FieldDescriptor


class _Kind(IntEnum):
    """`enum kind` of native/check.c."""

    VARINT, FIXED64, FIXED32, TEXT, BYTES, MESSAGE = range(6)
    PACKED_VARINT, PACKED_FIXED64, PACKED_FIXED32 = range(6, 9)


class _Role(IntEnum):
    """`enum role` of native/check.c."""

    NONE, TRACE_ID, SPAN_ID, START, END, TIME, ATTRIBUTES, KEY, RESOURCE = range(9)


_FIXED_64 = (_F.TYPE_FIXED64, _F.TYPE_SFIXED64, _F.TYPE_DOUBLE)
_FIXED_32 = (_F.TYPE_FIXED32, _F.TYPE_SFIXED32, _F.TYPE_FLOAT)
_KINDS = {
    **dict.fromkeys(_FIXED_64, _Kind.FIXED64),
    **dict.fromkeys(_FIXED_32, _Kind.FIXED32),
    _F.TYPE_STRING: _Kind.TEXT,
    _F.TYPE_BYTES: _Kind.BYTES,
    _F.TYPE_MESSAGE: _Kind.MESSAGE,
}
"""All others are varints."""
_WIRE_TYPES = {_Kind.VARINT: 0, _Kind.FIXED64: 1, _Kind.FIXED32: 5}
"""All others are bytes, 2."""
_PACKED = {
    _Kind.VARINT: _Kind.PACKED_VARINT,
    _Kind.FIXED64: _Kind.PACKED_FIXED64,
    _Kind.FIXED32: _Kind.PACKED_FIXED32,
}
_SPAN_ROLES = {
    "trace_id": _Role.TRACE_ID,
    "span_id": _Role.SPAN_ID,
    "start_time_unix_nano": _Role.START,
    "end_time_unix_nano": _Role.END,
    "attributes": _Role.ATTRIBUTES,
}
_RECORD_ROLES = {"time_unix_nano": _Role.TIME, "attributes": _Role.ATTRIBUTES}
_RESOURCE_ROLES = {"resource": _Role.RESOURCE}
_POINTS = (
    "NumberDataPoint",
    "HistogramDataPoint",
    "ExponentialHistogramDataPoint",
    "SummaryDataPoint",
)
_ROLES: Mapping[str, Mapping[str, _Role]] = {
    "Span": _SPAN_ROLES,
    "LogRecord": _RECORD_ROLES,
    **dict.fromkeys(_POINTS, _RECORD_ROLES),
    "KeyValue": {"key": _Role.KEY},
    "ResourceSpans": _RESOURCE_ROLES,
    "ResourceLogs": _RESOURCE_ROLES,
    "ResourceMetrics": _RESOURCE_ROLES,
    "ResourceProfiles": _RESOURCE_ROLES,
}
"""What is looked at by message and field, as `otx.otlp.decode` has it looked at."""
_REQUIRED = (_Role.TRACE_ID, _Role.SPAN_ID, _Role.START, _Role.END)
_RECORDS: Mapping[Signal, Iterable[str]] = {
    Signal.TRACES: ("Span",),
    Signal.LOGS: ("LogRecord",),
    Signal.METRICS: _POINTS,
    Signal.PROFILES: ("Sample",),
}


class _Look(ctypes.Structure):
    """`struct request` of native/check.c."""

    _fields_ = (
        ("counts", ctypes.c_uint64 * _MESSAGES),
        ("memory", ctypes.c_uint64),
        ("fields", ctypes.c_uint64),
        ("most_memory", ctypes.c_uint64),
        ("most_fields", ctypes.c_uint64),
        ("resource_begin", ctypes.c_uint64),
        ("resource_end", ctypes.c_uint64),
        ("last_nano", ctypes.c_uint64),
        ("odd_from", ctypes.c_uint64),
        ("odd_to", ctypes.c_uint64),
    )


@dataclass(frozen=True, slots=True)
class Sound:
    """What a request holds that is beyond doubt.

    Attributes:
        records: Spans, log records, data points or samples.
        groups: Resources and scopes.
        cautions: What its first resource is told of.
    """

    records: int
    groups: int
    cautions: tuple[Caution, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How requests of a signal are looked at.

    Attributes:
        table: For each message `_SLOTS` fields of `_NUMBERS` numbers (`struct field`).
        records: The messages that are counted as records, by their place in the table.
        groups: Those that are resources and scopes.
    """

    table: ctypes.Array[ctypes.c_uint16]
    records: tuple[int, ...]
    groups: tuple[int, ...]


def quick_check(signal: Signal, body: bytes) -> Sound | None:
    """What a request holds; None where it has to be parsed to be sure, or to say what is wrong."""
    native = library()
    if native is None:
        return None
    plan = _plan_of(signal)
    is_suspect = len(body) > UNSUSPECTED_BYTES
    look = _Look(
        most_memory=MAX_GROWTH * len(body) if is_suspect else _ANY_MEMORY,
        most_fields=MAX_STEPS,
        last_nano=MAX_UNIX_NANO,
        odd_from=FIRST_S,
        odd_to=FIRST_S * 10**9,
    )
    if not native.otx_check(body, len(body), plan.table, ctypes.byref(look)):
        return None
    if look.memory > look.most_memory or look.fields > look.most_fields:
        return None
    resource = body[look.resource_begin : look.resource_end]
    return Sound(
        records=sum(look.counts[place] for place in plan.records),
        groups=sum(look.counts[place] for place in plan.groups),
        cautions=resource_cautions(resource),
    )


@cache
def _plan_of(signal: Signal) -> _Plan:
    wire = WIRE[signal]
    request: Any = wire.request_class
    places: dict[str, int] = {}
    messages = _messages_of(request.DESCRIPTOR, places)
    table = array("H")
    for message in messages:
        table.extend(_row(signal, message, places))
    return _Plan(
        (ctypes.c_uint16 * len(table))(*table),
        tuple(places[name] for name in _RECORDS[signal]),
        tuple(place for name, place in places.items() if _is_group(name)),
    )


def _messages_of(top: Descriptor, places: dict[str, int]) -> list[Descriptor]:
    """A message and all within it; `places` gets where each stands, by its name."""
    found = [top]
    places[top.name] = 0
    for message in found:
        for field in message.fields:
            inner = field.message_type
            if inner is not None and inner.name not in places:
                places[inner.name] = len(found)
                found.append(inner)
    return found


def _is_group(name: str) -> bool:
    return name.startswith(("Resource", "Scope")) and name != "Resource"


def _row(signal: Signal, message: Descriptor, places: Mapping[str, int]) -> "array[int]":
    """The fields of a message: of each tag, kind, child, once, role, memory, two unused numbers.

    In the place of field 0, which there is none of, `once` has the bits of what must be there, and
    `role` says whether any field has one.
    """
    row = array("H", bytes(2 * _SLOTS * _NUMBERS))
    bits: dict[str, int] = {}
    shape = shape_of(message)
    roles = _ROLES.get(message.name, {})
    for field in message.fields:
        oneof = field.containing_oneof
        alone = oneof.name if oneof else field.name
        once = 0 if field.is_repeated else bits.setdefault(alone, 1 << len(bits))
        if field.number >= _SLOTS or once > _LARGEST:
            continue  # of a later OTLP: left to the parser, as is what nobody knows
        if field.name in STRING_INDICES and signal is not Signal.PROFILES:
            continue  # its sender is told of it
        role = roles.get(field.name, _Role.NONE)
        kind, inner = _kind(field), field.message_type
        tag = field.number << 3 | _WIRE_TYPES.get(kind, 2)
        child = places[inner.name] if inner is not None else 0
        memory = shape.held.get(field.number, (0, None))[0]
        at = field.number * _NUMBERS
        row[at : at + 6] = array("H", (tag, kind, child, once, role, memory))
        row[3] |= once if role in _REQUIRED else 0
        row[4] |= role
    return row


def _kind(field: FieldDescriptor) -> _Kind:
    kind = _KINDS.get(field.type, _Kind.VARINT)
    return _PACKED.get(kind, kind) if field.is_repeated else kind
