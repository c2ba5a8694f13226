"""Functions that make a metric of a histogram or summary: its sum, count, mean or percentile."""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from otx.ottl.errors import ExecutionError
from otx.ottl.functions.new_metrics import add_if_any, add_number, derived, temporality_of
from otx.ottl.functions.registry import Example, Run, editor_builder
from otx.ottl.parameters import ConstBool, ConstDouble, ConstText
from otx.ottl.percentiles import of_exponential_histogram, of_histogram
from otx.ottl.records import MetricRecord
from otx.ottl.values import wrap_int64

Number: TypeAlias = dict[str, float]
"""A data point's value by the name of its field."""

_HISTOGRAM = (
    '[{"name":"m","unit":"s","histogram":{"aggregationTemporality":1,"dataPoints":[{"count":"4",'
    '"sum":6,"bucketCounts":["2","2"],"explicitBounds":[1]}]}}]'
)


def _example(call: str, made: str) -> Example:
    return Example(f'{call} where name == "m"', f"{_HISTOGRAM[:-1]},{made}]", _HISTOGRAM)


@editor_builder(
    "extract_sum_metric",
    fails="the metric is no histogram or summary, or its temporality is unspecified",
    component="transform",
    contexts=("metric",),
    example=_example(
        "extract_sum_metric(true)",
        '{"name":"m_sum","unit":"s","sum":{"aggregationTemporality":1,"isMonotonic":true,'
        '"dataPoints":[{"asDouble":6}]}}',
    ),
)
def extract_sum_metric(monotonic: ConstBool, suffix: ConstText = "_sum") -> Run:
    """Add a sum of what a histogram or summary summed up; points without a sum are left out."""

    def run(record: MetricRecord) -> None:
        _extract(record, "extract_sum_metric", suffix, _sum_of, monotonic=monotonic)

    return run


@editor_builder(
    "extract_count_metric",
    fails="the metric is no histogram or summary, or its temporality is unspecified",
    component="transform",
    contexts=("metric",),
    example=_example(
        "extract_count_metric(true)",
        '{"name":"m_count","unit":"1","sum":{"aggregationTemporality":1,"isMonotonic":true,'
        '"dataPoints":[{"asInt":"4"}]}}',
    ),
)
def extract_count_metric(monotonic: ConstBool, suffix: ConstText = "_count") -> Run:
    """Add a sum of how many values a histogram or summary counted."""

    def run(record: MetricRecord) -> None:
        _extract(record, "extract_count_metric", suffix, _count_of, monotonic=monotonic, unit=b"1")

    return run


@editor_builder(
    "extract_avg_metric",
    component="transform",
    contexts=("metric",),
    since="0.162",
    example=_example(
        "extract_avg_metric()",
        '{"name":"m_avg","unit":"s","gauge":{"dataPoints":[{"asDouble":1.5}]}}',
    ),
)
def extract_avg_metric(suffix: ConstText = "_avg") -> Run:
    """Add a gauge of the mean of a histogram or summary; points without values are left out."""

    def run(record: MetricRecord) -> None:
        temporality_of(record, "extract_avg_metric")
        made = derived(record, suffix)
        points = made.gauge.data_points
        for source in record.data.data_points:
            if source.count and _has_sum(source):
                add_number(points, source, as_double=source.sum / source.count)
        add_if_any(record, made, points)

    return run


def _extract(
    record: MetricRecord,
    function: str,
    suffix: str,
    value_of: Callable[[Any], Number | None],
    *,
    monotonic: bool,
    unit: bytes | None = None,
) -> None:
    temporality = temporality_of(record, function)
    made = derived(record, suffix)
    if unit is not None:
        made.unit = unit
    made.sum.aggregation_temporality = temporality
    made.sum.is_monotonic = monotonic
    points = made.sum.data_points
    for source in record.data.data_points:
        value = value_of(source)
        if value is not None:
            add_number(points, source, **value)
    add_if_any(record, made, points)


def _has_sum(point: Any) -> bool:
    """A summary always has one; histograms may lack it."""
    field = point.DESCRIPTOR.fields_by_name["sum"]
    return not field.has_presence or bool(point.HasField("sum"))


def _sum_of(point: Any) -> Number | None:
    return {"as_double": point.sum} if _has_sum(point) else None


def _count_of(point: Any) -> Number:
    return {"as_int": wrap_int64(point.count)}


_PERCENTILES: dict[str, Callable[[Any, float], float | None]] = {
    "histogram": of_histogram,
    "exponential_histogram": of_exponential_histogram,
}


@editor_builder(
    "extract_percentile_metric",
    component="transform",
    contexts=("metric",),
    example=_example(
        "extract_percentile_metric(25.0)",
        '{"name":"m_p25","unit":"s","description":"p25","gauge":{"dataPoints":[{"asDouble":0.5}]}}',
    ),
)
def extract_percentile_metric(percentile: ConstDouble, suffix: ConstText = "") -> Run:
    """Add a gauge of a percentile that is interpolated in a histogram's buckets."""
    if not 0 < percentile < 100:
        raise ExecutionError(f"a percentile lies between 0 and 100, and {percentile} does not")
    label = f"p{_number_text(percentile)}"
    ending = suffix or f"_{label}"

    def run(record: MetricRecord) -> None:
        find = _PERCENTILES.get(record.kind)
        if find is None:
            return
        made = derived(record, ending)
        text = label.encode()
        made.description = b"%b (%b)" % (made.description, text) if made.description else text
        points = made.gauge.data_points
        for source in record.data.data_points:
            value = find(source, percentile)
            if value is not None:
                add_number(points, source, as_double=value)
        add_if_any(record, made, points)

    return run


def _number_text(number: float) -> str:
    """A percentile as Go's `%g` writes it: between 0 and 100 that is Python's shortest form."""
    return str(int(number)) if math.floor(number) == number else repr(number)
