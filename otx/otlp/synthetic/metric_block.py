"""Collections of metrics put together to one request that goes on where it was, again and again.

Beside times and the ids of exemplars the totals of monotonic sums change: each grows by as much as
it grew within the request and a bit more, which is one more addition on the whole request. What is
cumulative keeps the time at which it began.
"""

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, MetricsData

from otx.otlp.synthetic.block import Block, BlockBuilder
from otx.otlp.wire import Generated

_U64 = struct.Struct("<Q")
_MOST_GROWTH = 40
"""How much more than within the request a total may grow."""
_TRACE_PREFIX = 8


@dataclass(frozen=True, slots=True)
class Series:
    """One monotonic sum: its service and its attributes."""

    service: str
    attributes: str


class MetricBlockBuilder:
    """Puts collections together.

    Attributes:
        steps: How much each total grows from one request to the next; known when it is built.
    """

    def __init__(self, rng: random.Random, end_unix_nano: int) -> None:
        self.steps: dict[Series, int] = {}
        self._rng = rng
        self._builder = BlockBuilder(rng, end_unix_nano, lag_ns=0)
        self._totals: dict[Series, list[tuple[int, int]]] = {}

    @property
    def records(self) -> int:
        """Data points so far."""
        return self._builder.records

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._builder.size

    def add(self, data: MetricsData, service: str, points: int) -> None:
        """Add the collection of one service; its values are as they will be sent first."""
        marks = _Marks(self._rng)
        totals = []
        (scope,) = data.resource_metrics[0].scope_metrics
        for metric in scope.metrics:
            for point in points_of(metric):
                marks.mark_times(metric, point)
                if metric.sum.is_monotonic:
                    total = point.as_int
                    series = Series(service, str(point.attributes))
                    totals.append((series, total, marks.mark(point, "as_int")))
        body = bytearray(data.SerializeToString())
        places = marks.settle(body)
        for series, total, mark in totals:
            at = self._builder.size + places[mark]
            self._totals.setdefault(series, []).append((at, total))
        ids = [places[mark] for mark in marks.ids]
        self._builder.add_encoded(bytes(body), points, ids, [places[mark] for mark in marks.times])

    def build(self) -> Block:
        """The block."""
        for series, seen in self._totals.items():
            grown = seen[-1][1] - seen[0][1]
            self.steps[series] = grown + self._rng.randint(1, _MOST_GROWTH)
        growing = {
            place: self.steps[series] for series, seen in self._totals.items() for place, _ in seen
        }
        return self._builder.build(growing)


def points_of(metric: Metric) -> Generated:
    """The data points of a metric, whatever its kind is."""
    return getattr(metric, str(metric.WhichOneof("data"))).data_points


class _Marks:
    """Values that are replaced by markers, looked up in the encoded bytes, and put back.

    Attributes:
        ids: Numbers of the marks of ids.
        times: Numbers of the marks of times.
    """

    def __init__(self, rng: random.Random) -> None:
        self.ids: list[int] = []
        self.times: list[int] = []
        self._rng = rng
        self._marked: list[tuple[bytes, bytes]] = []

    def mark(self, holder: Generated, name: str) -> int:
        """Mark a fixed64; the mark's number."""
        marker = self._rng.getrandbits(62) | 1 << 61
        self._marked.append((_U64.pack(marker), _U64.pack(getattr(holder, name))))
        setattr(holder, name, marker)
        return len(self._marked) - 1

    def mark_times(self, metric: Metric, point: Generated) -> None:
        """Mark what moves with time in a data point and its exemplars."""
        self.times.append(self.mark(point, "time_unix_nano"))
        if metric.WhichOneof("data") in ("histogram", "exponential_histogram"):  # these are delta
            self.times.append(self.mark(point, "start_time_unix_nano"))
        for exemplar in _exemplars(point):
            self.times.append(self.mark(exemplar, "time_unix_nano"))
            for id_bytes in (exemplar.trace_id[_TRACE_PREFIX:], exemplar.span_id):
                # Random already, so each is its own marker.
                self._marked.append((id_bytes, id_bytes))
                self.ids.append(len(self._marked) - 1)

    def settle(self, body: bytearray) -> list[int]:
        """Put the values back; where each of them stands."""
        places = []
        for marker, value in self._marked:
            place = body.index(marker)
            body[place : place + len(value)] = value
            places.append(place)
        return places


def _exemplars(point: Generated) -> Iterator[Generated]:
    if "exemplars" in point.DESCRIPTOR.fields_by_name:
        yield from point.exemplars
