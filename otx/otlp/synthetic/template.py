"""Messages encoded once and stamped out again with new ids and times.

Building a span through protobuf's Python messages costs 17 µs; overwriting its ids and times in
bytes that are encoded already costs 1. Each field that changes is given a random marker when the
message is built, and the markers are then looked up in the bytes.
"""

import random
import struct
from dataclasses import dataclass

_U64 = struct.Struct("<Q")
_ID = struct.Struct(">Q")
_TRACE_PREFIX = 8
"""W3C Trace Context asks for randomness on the right of a trace id."""


class Markers:
    """Gives out markers while a message is built, and remembers what they stand for."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.trace_id = rng.randbytes(16)
        self.span_ids: list[bytes] = []
        self.times: list[tuple[int, int]] = []

    def span_id(self) -> bytes:
        """A marker for a new span id."""
        self.span_ids.append(self._rng.randbytes(8))
        return self.span_ids[-1]

    def time(self, after_start_ns: int) -> int:
        """A marker for a time so long after the start."""
        marker = self._rng.getrandbits(63) | 1 << 62
        self.times.append((marker, after_start_ns))
        return marker


@dataclass(frozen=True, slots=True)
class Template:
    """Encoded messages with the places of their ids and times.

    Attributes:
        body: The bytes with markers in them.
        records: Records that the bytes hold.
        duration_ns: From the start to the end of the last of them.
    """

    body: bytes
    records: int
    duration_ns: int
    _trace_ids: tuple[int, ...]
    _span_ids: tuple[tuple[int, int], ...]
    _times: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, body: bytes, markers: Markers, records: int) -> "Template":
        """Find the markers in encoded bytes."""
        return cls(
            body=body,
            records=records,
            duration_ns=max((after for _, after in markers.times), default=0),
            _trace_ids=tuple(_places(body, markers.trace_id)),
            _span_ids=tuple(
                (place, number)
                for number, marker in enumerate(markers.span_ids)
                for place in _places(body, marker)
            ),
            _times=tuple(
                (place, after)
                for marker, after in markers.times
                for place in _places(body, _U64.pack(marker))
            ),
        )

    @property
    def id_places(self) -> list[int]:
        """Where eight bytes of each id begin: span ids, and the random part of trace ids."""
        traces = [place + _TRACE_PREFIX for place in self._trace_ids]
        return traces + [place for place, _ in self._span_ids]

    @property
    def time_places(self) -> list[int]:
        """Where each time begins, a fixed64."""
        return [place for place, _ in self._times]

    def stamp(self, trace_id: bytes, span_id_base: int, start_unix_nano: int) -> bytes:
        """The bytes with new ids and times.

        Args:
            trace_id: 16 bytes.
            span_id_base: The first span id as a number; the others follow it.
            start_unix_nano: When the first record starts.
        """
        stamped = bytearray(self.body)
        for place in self._trace_ids:
            stamped[place : place + 16] = trace_id
        for place, number in self._span_ids:
            _ID.pack_into(stamped, place, (span_id_base + number) & 0xFFFF_FFFF_FFFF_FFFF or 1)
        for place, after_start_ns in self._times:
            _U64.pack_into(stamped, place, start_unix_nano + after_start_ns)
        return bytes(stamped)


def _places(body: bytes, marker: bytes) -> list[int]:
    places = []
    place = body.find(marker)
    while place >= 0:
        places.append(place)
        place = body.find(marker, place + len(marker))
    return places
