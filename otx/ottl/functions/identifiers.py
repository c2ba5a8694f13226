"""Ids of traces, spans and profiles, unique ids, and the sampling decision that an id holds."""

import binascii
import re
import secrets
import time
import uuid as uuids
from typing import Any, TypeVar

from otx.ottl.contexts.trace_state import parse as parse_trace_state
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Gives, converter, converter_builder
from otx.ottl.lift import Always
from otx.ottl.parameters import ConstDouble, Get, OctetsLike
from otx.ottl.values import ProfileId, SpanId, TraceId

Id = TypeVar("Id", TraceId, SpanId, ProfileId)

_ALL_RANDOMNESS = 1 << 56
_RANDOMNESS = re.compile("(?:^|;)rv:([0-9a-f]{14})(?:;|$)")


@converter_builder(
    "TraceID",
    fails="target is neither 16 bytes nor 32 hexadecimal digits",
    example=Example(
        'String(TraceID("0102030405060708090a0b0c0d0e0f10"))',
        '"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]"',
    ),
)
def trace_id(target: Get[OctetsLike]) -> Gives[TraceId]:
    """A trace id from 16 bytes, or a text of 32 hexadecimal digits."""
    return _ids(target, TraceId, 16)


@converter_builder(
    "SpanID",
    fails="target is neither 8 bytes nor 16 hexadecimal digits",
    example=Example("String(SpanID(0x0102030405060708))", '"[1,2,3,4,5,6,7,8]"'),
)
def span_id(target: Get[OctetsLike]) -> Gives[SpanId]:
    """A span id from 8 bytes, or a text of 16 hexadecimal digits."""
    return _ids(target, SpanId, 8)


@converter_builder(
    "ProfileID",
    fails="target is neither 16 bytes nor 32 hexadecimal digits",
    example=Example(
        'String(ProfileID("0102030405060708090a0b0c0d0e0f10"))',
        '"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]"',
    ),
)
def profile_id(target: Get[OctetsLike]) -> Gives[ProfileId]:
    """A profile id from 16 bytes, or a text of 32 hexadecimal digits."""
    return _ids(target, ProfileId, 16)


def _ids(target: Get[bytes | None], kind: type[Id], size: int) -> Gives[Id]:
    def make(octets: bytes | None) -> Id:
        return kind(_id_octets(octets or b"", size))

    if isinstance(target, Always):
        fixed = make(target.value)
        return lambda _: fixed
    return lambda record: make(target(record))


def _id_octets(octets: bytes, size: int) -> bytes:
    if len(octets) == size:
        return octets
    if len(octets) == size * 2:
        try:
            return binascii.unhexlify(octets)
        except binascii.Error:
            pass
    raise ExecutionError(f"an id is {size} bytes or {size * 2} hexadecimal digits")


@converter("UUID", is_pure=False, example=Example("Len(UUID())", "36"))
def uuid() -> str:
    """A new random UUID."""
    return str(uuids.uuid4())


@converter("UUIDv7", since="0.138", is_pure=False, example=Example("Len(UUIDv7())", "36"))
def uuid_v7() -> str:
    """A new UUID that begins with the time, so that later ones sort behind."""
    # 48 bits of milliseconds, the version, then 12 + 62 bits of chance around the variant.
    milliseconds = time.time_ns() // 1_000_000 & (1 << 48) - 1
    number = milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64
    return str(uuids.UUID(int=number | 0b10 << 62 | secrets.randbits(62)))


@converter_builder(
    "TraceIDRatioBasedSampler",
    contexts=("span",),
    is_extension=True,
    example=Example("TraceIDRatioBasedSampler(1.0)", "true"),
)
def trace_id_ratio_based_sampler(ratio: ConstDouble) -> Gives[bool]:
    """Whether a sampler of OpenTelemetry keeps this span's trace at a ratio from 0.0 to 1.0.

    The decision is that of consistent probability sampling: the same for all spans of a trace, and
    a trace kept at a low ratio is kept at every higher one.
    """
    if not 0 <= ratio <= 1:
        raise ExecutionError(f"a ratio is between 0.0 and 1.0, not {ratio}")
    threshold = _ALL_RANDOMNESS - round(ratio * _ALL_RANDOMNESS)
    return lambda record: _randomness(record) >= threshold


def _randomness(record: Any) -> int:
    """The 56 random bits of a trace: those that the tracestate tells, else the id's last ones."""
    state: bytes = record.span.item.trace_state
    if b"rv:" in state:
        members = parse_trace_state(state.decode("utf-8", "replace")) or {}
        told = _RANDOMNESS.search(members.get("ot", ""))
        if told:
            return int(told[1], 16)
    return int.from_bytes(record.span.item.trace_id[-7:], "big")
