"""Data points of the made-up shop: every kind of metric, and series that go on where they were.

A series is one service, one metric and one set of attributes. What is cumulative only grows, what
is delta begins where it ended before; so collections are built from the series' state. Full
requests are put together once and go on from there (`otx.otlp.synthetic.metric_block`).
"""

import math
import random
from bisect import bisect_left
from collections.abc import Callable, Mapping

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    Exemplar,
    ExponentialHistogram,
    Gauge,
    Histogram,
    Metric,
    MetricsData,
    NumberDataPoint,
    ScopeMetrics,
    Sum,
    Summary,
)

from otx import __version__
from otx.otlp.synthetic.block import Block
from otx.otlp.synthetic.metric_block import MetricBlockBuilder, Series, points_of
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.shop import Service, services
from otx.otlp.synthetic.values import SCOPE, Value, pairs, resource_of

_CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
_DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""The buckets that the semantic conventions advise for durations of HTTP."""
_SCALE = 3
"""Of exponential histograms: buckets grow by the eighth root of two."""
_QUANTILES = (0.5, 0.9, 0.99)
_INTERVAL_NS = 10_000_000_000
_TURN_NS = 1_000
"""From one service's collection to the next one's within a request."""
_CALLS = 20
"""About how many requests an operation serves from one collection to the next."""


class MetricSource:
    """Collects one service's metrics after the other's (`otx.otlp.synthetic.source.Source`)."""

    head = b""

    def __init__(
        self, shape: Shape, rng: random.Random, block_records: int, block_bytes: int
    ) -> None:
        """Collect nothing before it is asked for; arguments as for `TemplateSource`."""
        self._shape = shape
        self._rng = rng
        self._services = [_Series(one, shape, rng) for one in services(shape.services)]
        self._block_records = block_records
        self._block_bytes = block_bytes
        self._block: Block | None = None
        self._steps: dict[Series, int] = {}
        self._sent_again = 0
        self._turn = 0

    def next(self, end_unix_nano: int, most_records: int) -> tuple[bytes, int]:
        """The bytes of one service's metrics cut to so many points, or of a whole request."""
        if most_records < self._block_records:
            self._catch_up()
            _, data, points = self._collect(end_unix_nano, most_records)
            return data.SerializeToString(), points
        if self._block is None:
            self._block = self._build(end_unix_nano)
        else:
            self._sent_again += 1
        return self._block.next(end_unix_nano), self._block.records

    def _catch_up(self) -> None:
        """Let the series go on behind what full requests have counted."""
        for series in self._services if self._sent_again else ():
            series.grow({name: step * self._sent_again for name, step in self._steps.items()})
        self._sent_again = 0

    def _collect(self, now: int, most_records: int) -> tuple[str, MetricsData, int]:
        """The service whose turn it is, its metrics, and how many points they have."""
        series = self._services[self._turn % len(self._services)]
        self._turn += 1
        data = MetricsData()
        resource_metrics = data.resource_metrics.add()
        resource_metrics.resource.CopyFrom(resource_of(series.name, self._shape.resource))
        scope = resource_metrics.scope_metrics.add()
        scope.scope.name = SCOPE
        scope.scope.version = __version__
        series.collect(scope, now)
        return series.name, data, _cut(scope, most_records)

    def _build(self, end_unix_nano: int) -> Block:
        builder = MetricBlockBuilder(self._rng, end_unix_nano)
        now = end_unix_nano - self._block_records * _TURN_NS
        while builder.records < self._block_records and builder.size < self._block_bytes // 2:
            now += _TURN_NS
            name, data, points = self._collect(now, self._block_records - builder.records)
            builder.add(data, name, points)
        block = builder.build()
        self._steps = builder.steps
        return block


class _Series:
    """The series of one service, with what they have counted so far.

    Attributes:
        name: The service's.
    """

    def __init__(self, service: Service, shape: Shape, rng: random.Random) -> None:
        self.name = service.name
        self._service = service
        self._shape = shape
        self._rng = rng
        self._started = 0
        self._before = 0
        outcomes = (False, True) if shape.errors else (False,)
        self._served = {
            (number, fails): 0 for number in range(len(service.operations)) for fails in outcomes
        }
        self._active = [rng.randint(0, 9) for _ in service.operations]
        self._memory = rng.randint(50 << 20, 400 << 20)
        self._calls = (0, 0.0)

    def collect(self, scope: ScopeMetrics, now_unix_nano: int) -> None:
        """Add every metric with its points of now."""
        self._started = self._started or now_unix_nano - _INTERVAL_NS
        self._before = self._before or self._started
        makers: tuple[tuple[str, str, Callable[[Metric, int], None]], ...] = (
            ("http.server.request.count", "{request}", self._requests),
            ("http.server.active_requests", "{request}", self._active_requests),
            ("http.server.request.duration", "s", self._durations),
            ("process.memory.usage", "By", self._memory_usage),
            ("process.cpu.utilization", "1", self._utilization),
            ("db.client.operation.duration", "s", self._queries),
            ("rpc.server.duration", "ms", self._summary),
        )
        for name, unit, fill in makers:
            fill(scope.metrics.add(name=name, unit=unit), now_unix_nano)
        self._before = now_unix_nano

    def grow(self, steps: Mapping[Series, int]) -> None:
        """Count what was sent of these series elsewhere."""
        for number, fails in self._served:
            point = NumberDataPoint(attributes=self._attributes(number, fails=fails))
            series = Series(self.name, str(point.attributes))
            self._served[number, fails] += steps.get(series, 0)

    def _requests(self, metric: Metric, now: int) -> None:
        total = Sum(aggregation_temporality=_CUMULATIVE, is_monotonic=True)
        for number in range(len(self._service.operations)):
            for _ in range(self._rng.randint(0, 2 * _CALLS)):
                self._served[number, self._rng.random() < self._shape.errors] += 1
        for (number, fails), served in self._served.items():
            total.data_points.add(
                start_time_unix_nano=self._started,
                time_unix_nano=now,
                as_int=served,
                attributes=self._attributes(number, fails=fails),
            )
        metric.sum.CopyFrom(total)

    def _active_requests(self, metric: Metric, now: int) -> None:
        active = Sum(aggregation_temporality=_CUMULATIVE, is_monotonic=False)
        for number in range(len(self._active)):
            self._active[number] = max(0, self._active[number] + self._rng.randint(-2, 2))
            active.data_points.add(
                start_time_unix_nano=self._started,
                time_unix_nano=now,
                as_int=self._active[number],
                attributes=self._attributes(number),
            )
        metric.sum.CopyFrom(active)

    def _durations(self, metric: Metric, now: int) -> None:
        histogram = Histogram(aggregation_temporality=_DELTA)
        for number in range(len(self._service.operations)):
            values = self._values_s()
            point = histogram.data_points.add(
                start_time_unix_nano=self._before,
                time_unix_nano=now,
                count=len(values),
                sum=math.fsum(values),
                min=min(values),
                max=max(values),
                explicit_bounds=_BOUNDS_S,
                bucket_counts=_counts(values),
                attributes=self._attributes(number),
            )
            point.exemplars.append(self._exemplar(max(values), now))
        metric.histogram.CopyFrom(histogram)

    def _queries(self, metric: Metric, now: int) -> None:
        histogram = ExponentialHistogram(aggregation_temporality=_DELTA)
        values = self._values_s()
        point = histogram.data_points.add(
            start_time_unix_nano=self._before,
            time_unix_nano=now,
            count=len(values) + 1,
            sum=math.fsum(values),
            min=0.0,
            max=max(values),
            scale=_SCALE,
            zero_count=1,
            attributes=pairs({"db.system.name": "postgresql", **self._shape.attributes}),
        )
        indices = [_exponential_index(value) for value in values]
        point.positive.offset = min(indices)
        counts = [indices.count(it) for it in range(min(indices), max(indices) + 1)]
        point.positive.bucket_counts.extend(counts)
        point.exemplars.append(self._exemplar(max(values), now))
        metric.exponential_histogram.CopyFrom(histogram)

    def _memory_usage(self, metric: Metric, now: int) -> None:
        self._memory = max(10 << 20, self._memory + self._rng.randint(-1 << 20, 1 << 20))
        gauge = Gauge()
        attributes = pairs(self._shape.attributes)
        gauge.data_points.add(time_unix_nano=now, as_int=self._memory, attributes=attributes)
        metric.gauge.CopyFrom(gauge)

    def _utilization(self, metric: Metric, now: int) -> None:
        gauge = Gauge()
        for mode in ("user", "system"):
            gauge.data_points.add(
                time_unix_nano=now,
                as_double=round(self._rng.random(), 4),
                attributes=pairs({"cpu.mode": mode, **self._shape.attributes}),
            )
        metric.gauge.CopyFrom(gauge)

    def _summary(self, metric: Metric, now: int) -> None:
        summary = Summary()
        values = [value * 1e3 for value in self._values_s()]
        self._calls = self._calls[0] + len(values), self._calls[1] + math.fsum(values)
        point = summary.data_points.add(
            start_time_unix_nano=self._started,
            time_unix_nano=now,
            count=self._calls[0],
            sum=self._calls[1],
            attributes=pairs({"rpc.system": "grpc", **self._shape.attributes}),
        )
        ordered = sorted(values)
        for quantile in _QUANTILES:
            point.quantile_values.add(
                quantile=quantile, value=ordered[int(quantile * (len(ordered) - 1))]
            )
        metric.summary.CopyFrom(summary)

    def _values_s(self) -> list[float]:
        return [self._rng.lognormvariate(-3, 1) for _ in range(self._rng.randint(1, 2 * _CALLS))]

    def _exemplar(self, value: float, now: int) -> Exemplar:
        return Exemplar(
            as_double=value,
            time_unix_nano=now - self._rng.randrange(_INTERVAL_NS),
            trace_id=self._rng.randbytes(16),
            span_id=self._rng.randbytes(8),
            filtered_attributes=pairs({"user.id": f"user-{self._rng.randint(1, 500)}"}),
        )

    def _attributes(self, number: int, *, fails: bool = False) -> list[KeyValue]:
        """Those of one operation's points, the same at each collection."""
        operation = self._service.operations[number]
        values: dict[str, Value] = {
            "http.request.method": operation.method,
            "http.route": operation.route,
            **self._shape.attributes,
        }
        if fails:
            values["error.type"] = "500"
        return pairs(values)


def _counts(values: list[float]) -> list[int]:
    """How many values each bucket has; a bucket holds its upper bound."""
    counts = [0] * (len(_BOUNDS_S) + 1)
    for value in values:
        counts[bisect_left(_BOUNDS_S, value)] += 1
    return counts


def _exponential_index(value: float) -> int:
    """The bucket of a value above 0: base^index < value <= base^(index + 1)."""
    return math.ceil(math.log2(value) * (1 << _SCALE)) - 1


def _cut(scope: ScopeMetrics, most: int) -> int:
    """Take away what is more than so many points; how many are left."""
    left = most
    kept = 0
    for metric in scope.metrics:
        points = points_of(metric)
        del points[left:]
        left -= len(points)
        kept += bool(points)
    del scope.metrics[kept:]
    return most - left
