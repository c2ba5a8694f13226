"""Whole requests whose ids and times are moved at once, as arithmetic on one large number.

A request's bytes are read as one little-endian number. A mask has a one at the lowest bit of each
field that changes, so that mask times d, combined with the number, changes every such field by d:
exclusive-or gives ids that are new together and keep their relations, addition moves times. No
carry leaves a field: times are far below 2^64, and exclusive-or has none. That is a handful of
operations for thousands of fields, where overwriting them one by one costs a span a microsecond.
"""

import random
import struct
from collections.abc import Iterable, Mapping

from otx.otlp.synthetic.template import Template

_U64 = struct.Struct("<Q")
_ID_MASKS = 8
"""A block gives 2^8 sets of ids by one exclusive-or each before new masks are drawn."""
LAG_NS = 20_000_000
"""How much too old a request may be: moving its times costs half as much as all the rest."""
_SPREAD_NS = 50_000_000
"""The groups of a request end within this time."""


class Block:
    """A request that is given out again and again, each time with other ids and times.

    Attributes:
        records: Records that it holds.
    """

    def __init__(
        self,
        body: bytes,
        records: int,
        id_places: Iterable[int],
        time_places: Iterable[int],
        end_unix_nano: int,
        rng: random.Random,
        lag_ns: int = LAG_NS,
        growing: Mapping[int, int] | None = None,
    ) -> None:
        """Take over a request whose ids and times are in place.

        Args:
            body: The request.
            records: Its records.
            id_places: Where eight bytes of an id begin.
            time_places: Where a fixed64 of nanoseconds begins.
            end_unix_nano: The time for which it was made.
            rng: What ids are made of.
            lag_ns: How much older than asked for it may be.
            growing: How much a fixed64 at a place grows each time.
        """
        self.records = records
        self._size = len(body)
        self._number = int.from_bytes(body, "little")
        self._ids = _sum(self._size, dict.fromkeys(id_places, 1))
        self._times = _sum(self._size, dict.fromkeys(time_places, 1))
        self._growth = _sum(self._size, growing or {})
        self._lag_ns = lag_ns
        self._end_unix_nano = end_unix_nano
        self._rng = rng
        self._steps: list[int] = []
        self._given = 0

    def next(self, end_unix_nano: int) -> bytes:
        """The request with new ids, moved to a time or up to the lag before it."""
        self._number ^= self._next_ids()
        if self._given > 1 and self._growth:
            self._number += self._growth
        shift_ns = end_unix_nano - self._end_unix_nano
        if not 0 <= shift_ns < self._lag_ns:
            self._number += self._times * shift_ns
            self._end_unix_nano = end_unix_nano
        return self._number.to_bytes(self._size, "little")

    def _next_ids(self) -> int:
        """What changes the ids to some that were never there.

        A Gray code walks through all sums of the steps, one step a time; a multiplication for
        each request would cost as much as everything else.
        """
        place = self._given % (1 << _ID_MASKS)
        self._given += 1
        if place == 0:
            self._steps = [self._ids * self._rng.getrandbits(64) for _ in range(_ID_MASKS + 1)]
            return self._steps[_ID_MASKS]
        return self._steps[(place & -place).bit_length() - 1]


class BlockBuilder:
    """Puts templates together to a block.

    Attributes:
        records: Records so far.
        size: Bytes so far.
    """

    def __init__(self, rng: random.Random, end_unix_nano: int, lag_ns: int = LAG_NS) -> None:
        self.records = 0
        self.size = 0
        self._rng = rng
        self._end_unix_nano = end_unix_nano
        self._lag_ns = lag_ns
        self._parts: list[bytes] = []
        self._id_places: list[int] = []
        self._time_places: list[int] = []

    def add(self, template: Template) -> None:
        """Add a template with ids of its own."""
        end = self._end_unix_nano - self._rng.randrange(_SPREAD_NS)
        start = end - template.duration_ns
        ids = self._rng.randbytes(16), self._rng.getrandbits(64)
        body = template.stamp(*ids, start)
        self.add_encoded(body, template.records, template.id_places, template.time_places)

    def add_encoded(
        self, body: bytes, records: int, id_places: Iterable[int], time_places: Iterable[int]
    ) -> None:
        """Add bytes whose ids and times are in place; arguments as those of a block."""
        self._parts.append(body)
        self._id_places += [self.size + place for place in id_places]
        self._time_places += [self.size + place for place in time_places]
        self.size += len(body)
        self.records += records

    def build(self, growing: Mapping[int, int] | None = None) -> Block:
        """The block; `growing` as a block's."""
        return Block(
            b"".join(self._parts),
            self.records,
            self._id_places,
            self._time_places,
            self._end_unix_nano,
            self._rng,
            self._lag_ns,
            growing,
        )


def _sum(size: int, values: Mapping[int, int]) -> int:
    """The number whose bytes have a fixed64 at each place."""
    encoded = bytearray(size)
    for place, value in values.items():
        _U64.pack_into(encoded, place, value)
    return int.from_bytes(encoded, "little")
