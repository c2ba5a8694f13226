"""Merging the data points of a metric that have the same attributes and time.

What is the same, and what becomes of histograms, is as the Collector has it (its module
`aggregateutil`): attributes are compared as JSON, so that 1 and 1.0 are the same, and histograms
are always summed up. Its shortcomings are kept, because users ask what it will do: a point that is
alone is not counted, and exponential buckets of different offsets can get misplaced.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from otx.ottl.arithmetic import calculation, truncate
from otx.ottl.errors import ExecutionError
from otx.ottl.records import MetricRecord, PointRecord
from otx.ottl.value_json import json_text
from otx.ottl.values import wrap_int64

Msg: TypeAlias = Any
Fold: TypeAlias = Callable[[Sequence[Any]], Any]
"""Makes one number of several, which are all doubles or all int64."""

MAX_BUCKETS = 100_000
"""How far apart two offsets may be: the Collector has no bound, memory has."""

_UINT64 = 1 << 64
_DELTA = 1
_divide = calculation("/")


def aggregate(record: MetricRecord, fold: Fold) -> None:
    """Merge what is the same; histograms do not ask for the fold.

    Raises:
        ExecutionError: Histograms of one group differ in their buckets.
    """
    if not record.kind:
        return
    groups: dict[Any, list[Msg]] = {}
    if record.kind != "summary":
        for point in record.points:
            groups.setdefault(_sameness(point), []).append(point.item)
    merged = [_merged(record.kind, group, fold).SerializeToString() for group in groups.values()]
    points = record.data.data_points
    del points[:]
    for content in merged:
        points.add().ParseFromString(content)


def _sameness(point: PointRecord) -> tuple[Any, ...]:
    item, kind = point.item, point.kind
    try:
        attributes = json_text(point.attributes)
    except ExecutionError:  # numbers without a form in JSON
        attributes = repr(sorted(point.attributes.items()))
    key: tuple[Any, ...] = (attributes, item.time_unix_nano)
    if kind != "gauge" and point.metric.data.aggregation_temporality == _DELTA:
        key += (item.start_time_unix_nano,)
    if kind in ("gauge", "sum"):
        return key
    layout = tuple(item.explicit_bounds) if kind == "histogram" else (item.scale,)
    return (*key, layout, item.HasField("min"), item.HasField("max"), item.flags)


def _merged(kind: str, group: Sequence[Msg], fold: Fold) -> Msg:
    first, *others = group
    if kind in _MERGE_BUCKETS:
        others = [other for other in others if other.count]
        for other in others:
            _merge_histogram(first, other)
            _MERGE_BUCKETS[kind](first, other)
    elif not _merge_numbers(group, fold):
        return first
    first.start_time_unix_nano = min(one.start_time_unix_nano for one in (first, *others))
    return first


def _merge_numbers(group: Sequence[Msg], fold: Fold) -> bool:
    """Merge numbers into the first point; not where that has none."""
    first = group[0]
    kind = first.WhichOneof("value")
    if kind == "as_double":
        first.as_double = fold([_as_double(one) for one in group])
    elif kind == "as_int":
        # A double among ints is cut for the extremes, and nothing to a sum.
        as_int = _int_or_zero if fold in (_sum, _mean) else _as_int
        first.as_int = fold([as_int(one) for one in group])
    return kind is not None


def _as_double(point: Msg) -> float:
    return float(getattr(point, point.WhichOneof("value") or "as_double"))


def _as_int(point: Msg) -> int:
    is_double = point.WhichOneof("value") == "as_double"
    return truncate(point.as_double) if is_double else int(point.as_int)


def _int_or_zero(point: Msg) -> int:
    return int(point.as_int) if point.WhichOneof("value") == "as_int" else 0


def _sum(numbers: Sequence[Any]) -> Any:
    if type(numbers[0]) is int:
        return wrap_int64(sum(numbers))
    total = numbers[0]
    for number in numbers[1:]:  # not `sum`, which compensates rounding since Python 3.12
        total += number
    return total


def _mean(numbers: Sequence[Any]) -> Any:
    return _divide(_sum(numbers), len(numbers))


def _median(numbers: Sequence[Any]) -> Any:
    in_order = sorted(numbers, key=lambda number: (number == number, number))  # NaNs first
    half = len(in_order) // 2
    if len(in_order) % 2:
        return in_order[half]
    return _divide(_sum(in_order[half - 1 : half + 1]), 2)


def _extreme(choose: Callable[[Sequence[Any]], Any]) -> Fold:
    def fold(numbers: Sequence[Any]) -> Any:
        return math.nan if any(map(math.isnan, numbers)) else choose(numbers)

    return fold


def _count(numbers: Sequence[Any]) -> Any:
    return type(numbers[0])(len(numbers)) if len(numbers) > 1 else numbers[0]


AGGREGATIONS: Mapping[str, Fold] = {
    "sum": _sum,
    "mean": _mean,
    "min": _extreme(min),
    "max": _extreme(max),
    "median": _median,
    "count": _count,
}


def _merge_histogram(into: Msg, other: Msg) -> None:
    """What both kinds of histogram have. A sum is kept while every point has one."""
    into.count = (into.count + other.count) % _UINT64
    if into.HasField("sum") and other.HasField("sum"):
        into.sum += other.sum
    else:
        into.ClearField("sum")
    if into.HasField("min"):
        into.min = min(into.min, other.min)
    if into.HasField("max"):
        into.max = max(into.max, other.max)
    into.exemplars.extend(other.exemplars)


def _merge_explicit(into: Msg, other: Msg) -> None:
    counts = into.bucket_counts
    if len(other.bucket_counts) > len(counts):
        raise ExecutionError("histograms with the same bounds have different numbers of buckets")
    for at, count in enumerate(other.bucket_counts):
        counts[at] = (counts[at] + count) % _UINT64


def _merge_exponential(into: Msg, other: Msg) -> None:
    into.zero_count = (into.zero_count + other.zero_count) % _UINT64
    for side in ("negative", "positive"):
        _merge_side(getattr(into, side), getattr(other, side))


def _merge_side(into: Msg, other: Msg) -> None:
    counts = list(into.bucket_counts)
    shift = other.offset - into.offset
    if shift < 0:
        # Counts of lower buckets are put in front, one after the other, wherever they belong.
        counts = [count for count in other.bucket_counts if count] + counts
    else:
        _add_behind(counts, other.bucket_counts, shift)
    if shift and other.bucket_counts:
        into.offset = min(into.offset, other.offset)
        empty = next((at for at, count in enumerate(counts) if count), len(counts))
        del counts[:empty]
    into.bucket_counts[:] = counts


def _add_behind(counts: list[int], others: Sequence[int], shift: int) -> None:
    for at, count in enumerate(others, shift):
        if shift and not count:
            continue
        if at >= MAX_BUCKETS + len(counts):
            raise ExecutionError("the offsets of exponential histograms are too far apart")
        counts.extend([0] * (at + 1 - len(counts)))
        counts[at] = (counts[at] + count) % _UINT64


_MERGE_BUCKETS: Mapping[str, Callable[[Msg, Msg], None]] = {
    "histogram": _merge_explicit,
    "exponential_histogram": _merge_exponential,
}
