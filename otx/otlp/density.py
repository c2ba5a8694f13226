"""Whether a request would take far more memory than its bytes: looked at before it is parsed.

An empty `Span` is two bytes on the wire and 176 in the parser's memory, so that a limit on bytes
is none on memory. What real senders write grows by 3 times, the densest that means something
(arrays of small integers) by 12, so `MAX_GROWTH` is beyond them.

Looking at all of a request costs more than parsing it. Therefore random places of the body are
drawn, and only the messages that such a place lies in are walked, each one level deep: where a
message of n bytes that is walked holds children of c bytes of memory, c/n over all places is an
unbiased estimate of memory by byte. Dense parts cannot hide, because a part's chance to be drawn
is its share of the body.

The layout of messages in memory is that of upb, protobuf's parser (`upb/mini_table`).
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from otx.model.units import format_count
from otx.otlp.any_value import read_varint
from otx.otlp.refusal import Reason, Refusal

UNSUSPECTED_BYTES = 1 << 20
"""A smaller body costs 90 MiB at the worst, and is not looked at."""
MAX_GROWTH = 16
"""Bytes of memory for each byte of a request."""
MAX_STEPS = 2_000_000
"""Fields that are walked before a request counts as too dense: less than a second of CPU."""
MIN_JSON_BYTES = 10
"""For each object or array; `{"intValue":"1"},` are seventeen."""
_PLACES = 64
_MAX_DEPTH = 100
"""How deep protobuf's own parsers go."""

_JSON_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_F = FieldDescriptor
_TEXTS = (_F.TYPE_STRING, _F.TYPE_BYTES)
_SIZES = {
    _F.TYPE_STRING: 16,
    _F.TYPE_BYTES: 16,
    _F.TYPE_BOOL: 1,
    _F.TYPE_ENUM: 4,
    _F.TYPE_INT32: 4,
    _F.TYPE_UINT32: 4,
    _F.TYPE_SINT32: 4,
    _F.TYPE_FIXED32: 4,
    _F.TYPE_SFIXED32: 4,
    _F.TYPE_FLOAT: 4,
}
_POINTER: Final = 8
_LENGTH_DELIMITED, _START_GROUP, _END_GROUP = 2, 3, 4
_FIXED = {1: 8, 5: 4}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a message holds that takes memory.

    Attributes:
        name: The message's.
        held: By field number, the memory of one element in bytes, and its shape if a message.
    """

    name: str
    held: "dict[int, tuple[int, Shape | None]]" = field(default_factory=dict)


def check_density(body: bytes, descriptor: Descriptor, chance: Random) -> None:
    """Refuse a request that grows by more than `MAX_GROWTH` when it is parsed.

    What is malformed is left to the parser, as far as what comes before it may be parsed.

    Args:
        body: Protobuf bytes.
        descriptor: What they are.
        chance: Draws the places that are looked at.

    Raises:
        Refusal: `Reason.TOO_LARGE`.
    """
    places = sorted(chance.randrange(len(body)) for _ in range(_PLACES)) if body else []
    _Look(body, places).at(0, len(body), shape_of(descriptor), 0)


def check_json_density(body: bytes) -> None:
    """Refuse JSON that has more than an object or array for each `MIN_JSON_BYTES`.

    An object of Python's takes 64 bytes and a place in its array, and `{},` are three.

    Raises:
        Refusal: `Reason.TOO_LARGE`.
    """
    most = min(len(body) // MIN_JSON_BYTES, MAX_STEPS)
    beyond = _brackets(body, 0, len(body)) - most
    texts = iter(_JSON_TEXT.finditer(body) if beyond > 0 else ())
    while beyond > 0 and (text := next(texts, None)) is not None:
        beyond -= _brackets(body, *text.span())
    if beyond <= 0:
        return
    raise Refusal(
        Reason.TOO_LARGE, f"more than {format_count(most)} JSON objects and arrays in the body"
    )


class _Look:
    """One look at a body."""

    def __init__(self, body: bytes, places: Sequence[int]) -> None:
        self._body = body
        self._places = places
        self._left = MAX_GROWTH * len(body)
        """Memory that what is walked may still take: that much is certain."""
        self._steps = MAX_STEPS
        self._growth: Counter[str] = Counter()
        """By the message they are in, the estimated memory of a request's messages."""

    def at(self, begin: int, end: int, shape: Shape, depth: int) -> None:
        """Walk a message that places lie in, and those within it.

        Raises:
            Refusal: The request is too dense.
        """
        inside = self._places_in(begin, end)
        if depth > _MAX_DEPTH or not inside:
            return
        before = self._left
        children = self._walk(begin, end, shape)
        share = inside / len(self._places) * len(self._body) / (end - begin)
        self._growth[shape.name] += round((before - self._left) * share)
        if self._growth.total() > MAX_GROWTH * len(self._body):
            raise self._too_dense(self._growth.most_common(1)[0][0])
        for child_begin, child_end, child in children:
            self.at(child_begin, child_end, child, depth + 1)

    def _walk(self, begin: int, end: int, shape: Shape) -> list[tuple[int, int, Shape]]:
        """Count the memory of a message's fields; the messages among them that hold places."""
        body, held, left, steps = self._body, shape.held, self._left, self._steps
        chosen: list[tuple[int, int, Shape]] = []
        groups = 0
        at, place = begin, self._place_from(begin)
        try:
            while at < end:
                steps -= 1
                if left < 0:
                    raise self._too_dense(shape.name)
                if steps < 0:
                    raise _too_many(shape.name)
                tag, at = body[at], at + 1
                if tag > 127:
                    tag, at = read_varint(body, at - 1)
                kind = tag & 7
                if kind == _LENGTH_DELIMITED:
                    size, at = body[at], at + 1
                    if size > 127:
                        size, at = read_varint(body, at - 1)
                    memory, inner = _NOTHING if groups else held.get(tag >> 3, _NOTHING)
                    left -= memory
                    if place < at + size:
                        if inner is not None and at + size <= end:
                            chosen.append((at, at + size, inner))
                        place = self._place_from(at + size)
                    at += size
                elif kind == 0:
                    at = at + 1 if body[at] < 128 else read_varint(body, at)[1]
                elif kind in _FIXED:
                    at += _FIXED[kind]
                elif kind == _START_GROUP:
                    groups += 1
                elif kind == _END_GROUP and groups:
                    groups -= 1
                else:
                    break
        except (IndexError, ValueError):
            pass  # it is malformed: the parser stops here as well, and says why
        self._left, self._steps = left, steps
        return chosen

    def _places_in(self, begin: int, end: int) -> int:
        return bisect_left(self._places, end) - bisect_left(self._places, begin)

    def _place_from(self, at: int) -> int:
        """The first place at an offset or behind it; the body's end where there is none."""
        index = bisect_left(self._places, at)
        return self._places[index] if index < len(self._places) else len(self._body)

    def _too_dense(self, holder: str) -> Refusal:
        return Refusal(
            Reason.TOO_LARGE,
            f"too many tiny messages: {format_count(len(self._body))} bytes would take more than "
            f"{MAX_GROWTH} times that in memory, most of it for what stands directly in {holder}",
        )


def _too_many(holder: str) -> Refusal:
    return Refusal(
        Reason.TOO_LARGE,
        f"too many fields: more than {format_count(MAX_STEPS)} before the end of a {holder}",
    )


def _brackets(body: bytes, begin: int, end: int) -> int:
    return body.count(b"{", begin, end) + body.count(b"[", begin, end)


_NOTHING: Final[tuple[int, None]] = (0, None)


@cache
def shape_of(descriptor: Descriptor) -> Shape:
    """The shape of a message and of all within it, which may hold itself."""
    return _shaped(descriptor, {})


def _shaped(descriptor: Descriptor, known: dict[str, Shape]) -> Shape:
    shape = known.get(descriptor.full_name)
    if shape is None:
        shape = known[descriptor.full_name] = Shape(descriptor.name)
        for one in descriptor.fields:
            inner = one.message_type
            if inner is not None:
                slots = 2 * _POINTER if one.is_repeated else 0
                shape.held[one.number] = (_size(inner) + slots, _shaped(inner, known))
            elif one.is_repeated and one.type in _TEXTS:
                shape.held[one.number] = (2 * _SIZES[one.type], None)
    return shape


def _size(descriptor: Descriptor) -> int:
    """Bytes of an empty message: its header, and its fields, of a oneof the largest."""
    alone = sum(_field_size(one) for one in descriptor.fields if one.containing_oneof is None)
    oneofs = sum(4 + max(map(_field_size, one.fields)) for one in descriptor.oneofs)
    return (_POINTER + alone + oneofs + 7) // 8 * 8


def _field_size(one: FieldDescriptor) -> int:
    if one.is_repeated or one.message_type is not None:
        return _POINTER
    return _SIZES.get(one.type, 8)
