"""The function that gives an exponential histogram the buckets of an explicit one."""

import random
from collections.abc import Sequence
from typing import Any

from otx.ottl.errors import ExecutionError
from otx.ottl.exponential_buckets import DISTRIBUTIONS, check_bounds, explicit_counts
from otx.ottl.functions.registry import Example, Run, editor_builder
from otx.ottl.parameters import ConstDouble, ConstText
from otx.ottl.records import MetricRecord


@editor_builder(
    "convert_exponential_histogram_to_histogram",
    component="transform",
    contexts=("metric",),
    example=Example(
        'convert_exponential_histogram_to_histogram("upper", [1.0, 2.0, 4.0])',
        '[{"name":"m","histogram":{"aggregationTemporality":1,"dataPoints":[{"count":"6",'
        '"bucketCounts":["1","2","3","0"],"explicitBounds":[1,2,4]}]}}]',
        '[{"name":"m","exponentialHistogram":{"aggregationTemporality":1,"dataPoints":['
        '{"count":"6","scale":0,"zeroCount":"1","positive":{"bucketCounts":["2","3"]}}]}}]',
    ),
)
def convert_exponential_histogram_to_histogram(
    distribution_fn: ConstText, explicit_bounds: list[ConstDouble]
) -> Run:
    """Turn an exponential histogram into one with the given bounds; other metrics stay."""
    name = distribution_fn or "random"
    if name not in DISTRIBUTIONS:
        raise ExecutionError(f"a distribution is one of {', '.join(DISTRIBUTIONS)}, not {name!r}")
    place = DISTRIBUTIONS[name]
    check_bounds(explicit_bounds)

    def run(record: MetricRecord) -> None:
        if record.kind != "exponential_histogram":
            return
        record.flush()
        source = record.data
        counted = [
            explicit_counts(point, explicit_bounds, place, _random_bits)
            for point in source.data_points
        ]
        made = type(record.item)().histogram
        made.aggregation_temporality = source.aggregation_temporality
        for point, counts in zip(source.data_points, counted, strict=True):
            _add_point(made.data_points, point, explicit_bounds, counts)
        record.item.histogram.CopyFrom(made)
        # The Collector makes a new metric, without the old one's metadata.
        record.attributes.clear()
        record.flush()
        record.forget()

    return run


def _random_bits() -> int:
    return random.getrandbits(64)


def _add_point(points: Any, source: Any, bounds: Sequence[float], counts: Sequence[int]) -> None:
    point = points.add(
        start_time_unix_nano=source.start_time_unix_nano,
        time_unix_nano=source.time_unix_nano,
        count=source.count,
        flags=source.flags,
        explicit_bounds=bounds,
        bucket_counts=counts,
    )
    for field in ("sum", "min", "max"):
        if source.HasField(field):
            setattr(point, field, getattr(source, field))
    point.attributes.extend(source.attributes)
    point.exemplars.extend(source.exemplars)
