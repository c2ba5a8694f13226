"""Functions on data points: sums from summaries, and histograms with fewer buckets."""

from collections.abc import Callable
from typing import Any, Literal

from otx.ottl.errors import ExecutionError
from otx.ottl.functions.new_metrics import TEMPORALITIES, Temporality, add_number, derived
from otx.ottl.functions.registry import Example, Run, editor_builder
from otx.ottl.lift import Always
from otx.ottl.parameters import ConstBool, ConstText, DoubleLike, Get
from otx.ottl.records import PointRecord
from otx.ottl.values import INT64_MAX, wrap_int64

TOLERANCE = 1e-12
"""How far a bound may be from the one that is named."""

_SUMMARY = '[{"name":"m","unit":"s","summary":{"dataPoints":[{"count":"3","sum":6}]}}]'
_HISTOGRAM = (
    '[{"name":"m","histogram":{"aggregationTemporality":1,"dataPoints":[{"count":"10",'
    '"bucketCounts":["1","2","3","4"],"explicitBounds":[1,2,3]}]}}]'
)


@editor_builder(
    "convert_summary_count_val_to_sum",
    component="transform",
    contexts=("datapoint",),
    example=Example(
        'convert_summary_count_val_to_sum("delta", true)',
        _SUMMARY[:-1] + ',{"name":"m_count","unit":"s","sum":{"aggregationTemporality":1,'
        '"isMonotonic":true,"dataPoints":[{"asInt":"3"}]}}]',
        _SUMMARY,
    ),
)
def convert_summary_count_val_to_sum(
    string_agg_temp: Temporality, monotonic: ConstBool, suffix: ConstText = "_count"
) -> Run:
    """Add a sum of the counts of a summary, once for each of its data points."""
    return _summary_to_sum(
        string_agg_temp, suffix, lambda point: {"as_int": wrap_int64(point.count)}, monotonic
    )


@editor_builder(
    "convert_summary_sum_val_to_sum",
    component="transform",
    contexts=("datapoint",),
    example=Example(
        'convert_summary_sum_val_to_sum("cumulative", false)',
        _SUMMARY[:-1] + ',{"name":"m_sum","unit":"s","sum":{"aggregationTemporality":2,'
        '"dataPoints":[{"asDouble":6}]}}]',
        _SUMMARY,
    ),
)
def convert_summary_sum_val_to_sum(
    string_agg_temp: Temporality, monotonic: ConstBool, suffix: ConstText = "_sum"
) -> Run:
    """Add a sum of the sums of a summary, once for each of its data points."""
    return _summary_to_sum(
        string_agg_temp, suffix, lambda point: {"as_double": point.sum}, monotonic
    )


def _summary_to_sum(
    temporality: str,
    suffix: str,
    value_of: Callable[[Any], dict[str, float]],
    monotonic: bool,
) -> Run:
    def run(record: PointRecord) -> None:
        metric = record.metric
        if metric.kind != "summary":
            return
        made = derived(metric, suffix)
        made.sum.aggregation_temporality = TEMPORALITIES[temporality]
        made.sum.is_monotonic = monotonic
        for source in metric.data.data_points:
            add_number(made.sum.data_points, source, **value_of(source))
        metric.scope.add(made)

    return run


@editor_builder(
    "merge_histogram_buckets",
    lazy=("target_value",),
    component="transform",
    contexts=("datapoint",),
    example=Example(
        "merge_histogram_buckets(2.0)",
        '[{"name":"m","histogram":{"aggregationTemporality":1,"dataPoints":[{"count":"10",'
        '"bucketCounts":["1","5","4"],"explicitBounds":[1,3]}]}}]',
        _HISTOGRAM,
    ),
)
def merge_histogram_buckets(
    target_value: Get[DoubleLike],
    method: Literal["remove_explicit_bound", "limit_buckets"] = "remove_explicit_bound",
) -> Run:
    """Remove one bound of a histogram, or merge neighbouring buckets down to a number of them."""
    reduce = _remove_bound if method == "remove_explicit_bound" else _limit_buckets
    if isinstance(target_value, Always):
        _checked(target_value.value, method)

    def run(record: PointRecord) -> None:
        if record.kind != "histogram":
            return
        target = _checked(target_value(record), method)
        counts, bounds = record.item.bucket_counts, record.item.explicit_bounds
        if len(counts) == len(bounds) + 1 > 1:
            reduce(counts, bounds, target)

    return run


def _checked(target: float | None, method: str) -> float:
    if target is None:
        raise ExecutionError("target_value cannot be nil")
    is_whole = 1 <= target <= float(INT64_MAX) and target == int(target)
    if method == "limit_buckets" and not is_whole:
        raise ExecutionError(f"target_value is a number of buckets for {method}, not {target}")
    return target


def _remove_bound(counts: Any, bounds: Any, target: float) -> None:
    for at, bound in enumerate(bounds):
        if abs(bound - target) < TOLERANCE:
            counts[at + 1] = (counts[at] + counts[at + 1]) % (1 << 64)
            del counts[at]
            del bounds[at]
            return


def _limit_buckets(counts: Any, bounds: Any, target: float) -> None:
    most = int(target)
    is_increasing = all(bounds[at] < bounds[at + 1] for at in range(len(bounds) - 1))
    if len(counts) <= most or not is_increasing:
        return
    size = -(-len(counts) // most)
    merged = [sum(counts[at : at + size]) % (1 << 64) for at in range(0, len(counts), size)]
    bounds[:] = bounds[size - 1 :: size]
    counts[:] = merged
