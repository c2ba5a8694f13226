"""What `otx send` takes its records from, for each signal; the same seed makes the same again.

Small amounts are stamped group by group. What fills a whole request comes from a few requests that
are put together once and then moved as a whole (`otx.otlp.synthetic.block`).
"""

import random
from typing import Protocol

from otx.model.signal import Signal
from otx.otlp.synthetic.block import Block, BlockBuilder
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.template import Template

_BLOCKS = 4
"""Different requests under load; each takes some 5 ms to make, and 4 MB with its masks."""


class Source(Protocol):
    """Makes up records.

    Attributes:
        head: Goes before the records of each request.
    """

    head: bytes

    def next(self, end_unix_nano: int, most_records: int) -> tuple[bytes, int]:
        """Bytes of at least one and at most `most_records` records, and how many.

        The bytes of several calls, joined behind `head`, are one request.
        """


class Picker(Protocol):
    """Gives out templates of one signal, and decides which come how often.

    Attributes:
        head: As of a source.
    """

    head: bytes

    def pick(self, most_records: int) -> Template:
        """A template of at most so many records."""


class TemplateSource:
    """Stamps out what a picker gives (`Source`)."""

    def __init__(
        self, picker: Picker, rng: random.Random, block_records: int, block_bytes: int
    ) -> None:
        """Put nothing together before it is needed.

        Args:
            picker: Where templates come from.
            rng: What ids are made of.
            block_records: Records of a full request.
            block_bytes: The most bytes of one.
        """
        self.head = picker.head
        self._picker = picker
        self._rng = rng
        self._block_records = block_records
        self._block_bytes = block_bytes
        self._blocks: list[Block] = []

    def next(self, end_unix_nano: int, most_records: int) -> tuple[bytes, int]:
        """The bytes of a group of records, or of a whole request of them, that ends at a time."""
        if most_records >= self._block_records:
            return self._next_block(end_unix_nano)
        template = self._picker.pick(most_records)
        start = end_unix_nano - template.duration_ns
        body = template.stamp(self._rng.randbytes(16), self._rng.getrandbits(64), start)
        return body, template.records

    def _next_block(self, end_unix_nano: int) -> tuple[bytes, int]:
        if len(self._blocks) < _BLOCKS:
            self._blocks.append(self._build(end_unix_nano))
            block = self._blocks[-1]
        else:
            block = self._rng.choice(self._blocks)
        return block.next(end_unix_nano), block.records

    def _build(self, end_unix_nano: int) -> Block:
        builder = BlockBuilder(self._rng, end_unix_nano)
        while builder.records < self._block_records:
            template = self._picker.pick(self._block_records - builder.records)
            if builder.records and builder.size + len(template.body) > self._block_bytes:
                break
            builder.add(template)
        return builder.build()


def make_source(
    signal: Signal, shape: Shape, rng: random.Random, block_records: int, block_bytes: int
) -> Source:
    """The source of a signal; arguments as for `TemplateSource`."""
    if signal is Signal.METRICS:
        from otx.otlp.synthetic.metrics import MetricSource

        return MetricSource(shape, rng, block_records, block_bytes)
    return TemplateSource(_picker(signal, shape, rng), rng, block_records, block_bytes)


def _picker(signal: Signal, shape: Shape, rng: random.Random) -> Picker:
    # A signal's messages take 10 ms to import, and one command sends one signal.
    if signal is Signal.LOGS:
        from otx.otlp.synthetic.logs import LogPicker

        return LogPicker(shape, rng)
    if signal is Signal.PROFILES:
        from otx.otlp.synthetic.profiles import ProfilePicker

        return ProfilePicker(shape, rng)
    from otx.otlp.synthetic.traces import TraceSource

    return TraceSource(shape, rng)
