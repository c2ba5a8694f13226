"""Requests cut into smaller ones, between resources, scopes, records and data points.

They are cut as bytes: a part is the fields round a list (resource, scope, schema URL, a metric's
name) as they came, and some of the list's elements as they came, so that nothing is lost that this
otx does not know, and the order stays. Every part of a profiles request has the whole dictionary,
and a profile is not cut: its samples mean something only together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TypeAlias

from otx.model.signal import Signal
from otx.otlp.any_value import content_of, read_varint, varint

_Path: TypeAlias = Sequence[frozenset[int]]
"""For each level, the numbers of the fields that lead further down."""

_LENGTH_DELIMITED = 2
_LISTS: _Path = (frozenset((1,)), frozenset((2,)), frozenset((2,)))
"""Resources, their scopes, and the spans, log records, metrics or profiles of each."""
_POINTS: _Path = (frozenset((5, 7, 9, 10, 11)), frozenset((1,)))
"""A metric's gauge, sum, histogram, exponential histogram or summary, and its data points."""
_SAMPLES: _Path = (frozenset((2,)),)

_CUT_AT = dict.fromkeys(Signal, _LISTS) | {Signal.METRICS: (*_LISTS, *_POINTS)}
_COUNTED_AT = _CUT_AT | {Signal.PROFILES: (*_LISTS, *_SAMPLES)}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a request, or what cannot be a part of one.

    Attributes:
        body: Protobuf bytes; None where one element alone makes it too large.
        records: Spans, log records, data points or samples in it.
        size: Bytes of the body, or of the one that the element would make.
    """

    body: bytes | None
    records: int
    size: int


def split_request(signal: Signal, body: bytes, limit: int) -> Iterator[Part]:
    """A request as several of at most so many bytes, in order; one that is not larger is the part.

    Args:
        signal: Of what.
        body: An Export…ServiceRequest, protobuf.
        limit: Bytes.

    Raises:
        ValueError: The bytes are no protobuf.
    """
    return _cut(body, _CUT_AT[signal], _COUNTED_AT[signal], limit)


def _cut(message: bytes, path: _Path, counted: _Path, room: int) -> Iterator[Part]:
    """A message as several of at most `room` bytes."""
    if len(message) <= room:
        yield Part(message, _count(message, counted), len(message))
        return
    around, elements = _parted(message, path[0]) if path else (message, [])
    if not elements:
        yield Part(None, _count(message, counted), len(message))
        return
    inside = room - len(around)
    taken: list[bytes] = []
    size = records = 0
    for tag, element in elements:
        for part in _cut(element, path[1:], counted[1:], _most_behind_length(inside - len(tag))):
            begin = tag + varint(part.size)
            if part.body is None:
                yield Part(None, part.records, len(around) + len(begin) + part.size)
                continue
            field = begin + part.body
            if taken and size + len(field) > inside:
                yield Part(around + b"".join(taken), records, len(around) + size)
                taken, size, records = [], 0, 0
            taken.append(field)
            size += len(field)
            records += part.records
    if taken:
        yield Part(around + b"".join(taken), records, len(around) + size)


def _most_behind_length(room: int) -> int:
    """How many bytes there may be where their length, a varint, stands before them."""
    return next(room - width for width in range(1, 11) if room - width < 1 << 7 * width)


def _count(message: bytes, counted: _Path) -> int:
    """How many records a message holds; it is one where nothing leads further down."""
    if not counted:
        return 1
    return sum(_count(element, counted[1:]) for _, element in _parted(message, counted[0])[1])


def _parted(message: bytes, numbers: frozenset[int]) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The messages in the fields of some numbers, each behind its tag; and all else before."""
    around: list[bytes] = []
    elements: list[tuple[bytes, bytes]] = []
    at = 0
    while at < len(message):
        start = at
        tag, after_tag = read_varint(message, start)
        begin, at = content_of(message, after_tag, tag)
        if tag & 7 == _LENGTH_DELIMITED and tag >> 3 in numbers:
            elements.append((message[start:after_tag], message[begin:at]))
        else:
            around.append(message[start:at])
    return b"".join(around), _one_of(elements) if numbers == _POINTS[0] else elements


def _one_of(elements: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The last of some messages of which there is one, put together where it came in pieces."""
    if not elements:
        return []
    last = elements[-1][0]
    run = takewhile(lambda element: element[0] == last, reversed(elements))
    return [(last, b"".join(reversed([content for _, content in run])))]
