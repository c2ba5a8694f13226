"""OTLP metrics to Arrow columns: a row a data point, whatever its metric's type.

What a type does not have is null. Buckets stay as they are on the wire, counts apart from bounds,
so that nothing is computed before somebody asks and all of it can become OTLP again; `otx.store`'s
views put them together. An integer value keeps its 64 bits in `value_int` beside the DOUBLE.

The five types are five fields of which a metric has one. Each is flattened by itself, and the rows
are then put back into the order of the requests.
"""

from collections.abc import Iterator, Sequence
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from otx.model.telemetry import METRIC_TYPES, TEMPORALITIES
from otx.otlp.attribute_columns import attribute_texts
from otx.otlp.column_groups import (
    DROPPED_COUNTS,
    SCHEMA_URLS,
    TIME,
    Batch,
    Table,
    Undecodable,
    finished,
    flattened,
    hex_texts,
    parsed,
    relisted,
    times,
    words_of,
)
from otx.otlp.column_view import metrics_handler
from otx.otlp.json_columns import Column
from otx.otlp.shared_columns import SHARED_TEXT, shared_texts

_EXEMPLAR = pa.struct(
    [
        ("time", TIME),
        ("value", pa.float64()),
        ("value_int", pa.int64()),
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("attributes", pa.string()),
    ]
)
_QUANTILE = pa.struct([("quantile", pa.float64()), ("value", pa.float64())])
_COUNTS = pa.list_(pa.uint64())
_POINT = [
    ("time", TIME),
    ("start_time", TIME),
    ("type", pa.string()),
    ("value", pa.float64()),
    ("value_int", pa.int64()),
    ("count", pa.uint64()),
    ("sum", pa.float64()),
    ("min", pa.float64()),
    ("max", pa.float64()),
    ("explicit_bounds", pa.list_(pa.float64())),
    ("bucket_counts", _COUNTS),
    ("scale", pa.int32()),
    ("zero_count", pa.uint64()),
    ("zero_threshold", pa.float64()),
    ("positive_offset", pa.int32()),
    ("positive_counts", _COUNTS),
    ("negative_offset", pa.int32()),
    ("negative_counts", _COUNTS),
    ("quantiles", pa.list_(_QUANTILE)),
    ("exemplars", pa.list_(_EXEMPLAR)),
    ("attributes", pa.string()),
    ("temporality", pa.string()),
    ("monotonic", pa.bool_()),
    ("flags", pa.uint32()),
]
_SHARED = [
    ("name", SHARED_TEXT),
    ("description", SHARED_TEXT),
    ("unit", SHARED_TEXT),
    ("metadata", SHARED_TEXT),
    ("service", SHARED_TEXT),
    ("resource", SHARED_TEXT),
    ("scope", SHARED_TEXT),
    ("scope_version", SHARED_TEXT),
    ("scope_attributes", SHARED_TEXT),
    ("received_time", TIME),
    *SCHEMA_URLS,
    *DROPPED_COUNTS,
]
METRIC_SCHEMA = pa.schema([*_POINT, *_SHARED])
"""Columns of data points as they are kept."""

_METRIC = "metric_of_row"
_POINT_SCHEMA = pa.schema([*_POINT, (_METRIC, pa.int64())])


def metric_columns(bodies: Sequence[bytes], received_unix_nano: Sequence[int]) -> Batch:
    """Data points of several ExportMetricsServiceRequests as rows of `METRIC_SCHEMA`.

    A metric without data points has no row.

    Raises:
        Undecodable: One of the bodies is no such request; which one is not known.
    """
    batch = parsed(metrics_handler(), bodies)
    groups = flattened(batch, "resource_metrics", "scope_metrics", "metrics")
    metrics = groups.records
    _refuse_several([metrics.field(kind) for kind in METRIC_TYPES], "a metric has two types")
    points = _points(metrics)
    metric_of_row = points[_METRIC].combine_chunks()
    columns = {name: points[name] for name, _ in _POINT}
    for name in ("name", "description", "unit"):
        columns[name] = shared_texts(metrics.field(name), metric_of_row)
    columns["metadata"] = shared_texts(attribute_texts(metrics.field("metadata")), metric_of_row)
    return finished(METRIC_SCHEMA, columns, groups.spread_over(metric_of_row), received_unix_nano)


def _points(metrics: Column) -> Table:
    """The data points of all types, in the order of their metrics."""
    tables = [_POINT_SCHEMA.empty_table(), *_tables(metrics)]
    points = pa.concat_tables(tables)
    if len(tables) == 2:
        return points
    return points.take(pc.sort_indices(points, [(_METRIC, "ascending")]))  # stable


def _tables(metrics: Column) -> Iterator[Table]:
    """The data points of each type that occurs."""
    for kind in METRIC_TYPES:
        data = metrics.field(kind)
        lists = data.field("data_points")
        points = lists.flatten()
        if not len(points):
            continue
        metric_of_row = pc.list_parent_indices(lists)
        columns = _common(points) | _READERS[kind](points)
        columns["type"] = pa.repeat(pa.scalar(kind, pa.string()), len(points))
        if kind in ("sum", "histogram", "exponential_histogram"):
            words = words_of(data.field("aggregation_temporality"), TEMPORALITIES)
            columns["temporality"] = words.take(metric_of_row)
        if kind == "sum":
            columns["monotonic"] = data.field("is_monotonic").take(metric_of_row)
        columns[_METRIC] = metric_of_row.cast(pa.int64())
        arrays = [
            columns[field.name].cast(field.type)
            if field.name in columns
            else pa.nulls(len(points), field.type)
            for field in _POINT_SCHEMA
        ]
        yield pa.Table.from_arrays(arrays, schema=_POINT_SCHEMA)


def _common(points: Column) -> dict[str, Column]:
    """What data points of every type have."""
    return {
        "time": times(points.field("time_unix_nano")).cast(TIME),
        "start_time": times(points.field("start_time_unix_nano")).cast(TIME),
        "attributes": attribute_texts(points.field("attributes")),
        "flags": points.field("flags"),
    }


def _numbers(points: Column) -> dict[str, Column]:
    return _values(points) | {"exemplars": _exemplars(points.field("exemplars"))}


def _histograms(points: Column) -> dict[str, Column]:
    names = ("count", "sum", "min", "max", "bucket_counts", "explicit_bounds")
    columns = {name: points.field(name) for name in names}
    return columns | {"exemplars": _exemplars(points.field("exemplars"))}


def _exponential_histograms(points: Column) -> dict[str, Column]:
    names = ("count", "sum", "min", "max", "scale", "zero_count", "zero_threshold")
    columns = {name: points.field(name) for name in names}
    for side in ("positive", "negative"):
        buckets = points.field(side)
        # Null where the side is not there; a null struct's children have values all the same.
        is_there = buckets.is_valid()
        for column, name in ((f"{side}_offset", "offset"), (f"{side}_counts", "bucket_counts")):
            child = buckets.field(name)
            columns[column] = pc.if_else(is_there, child, pa.scalar(None, child.type))
    return columns | {"exemplars": _exemplars(points.field("exemplars"))}


def _summaries(points: Column) -> dict[str, Column]:
    lists = points.field("quantile_values")
    values = lists.flatten()
    fields = [values.field("quantile"), values.field("value")]
    quantiles = relisted(lists, pa.StructArray.from_arrays(fields, ["quantile", "value"]))
    return {"count": points.field("count"), "sum": points.field("sum"), "quantiles": quantiles}


_READERS = {
    "gauge": _numbers,
    "sum": _numbers,
    "histogram": _histograms,
    "exponential_histogram": _exponential_histograms,
    "summary": _summaries,
}


def _values(items: Column) -> dict[str, Column]:
    """`as_double` or `as_int` as a DOUBLE, and the latter exactly as well."""
    doubles, ints = items.field("as_double"), items.field("as_int")
    _refuse_several([doubles, ints], "a data point or exemplar has two values")
    return {
        "value": pc.coalesce(doubles, pc.cast(ints, pa.float64(), safe=False)),
        "value_int": ints,
    }


def _exemplars(lists: Column) -> Column:
    exemplars = lists.flatten()
    if not len(exemplars):
        return relisted(lists, pa.nulls(0, _EXEMPLAR))
    columns = {
        "time": times(exemplars.field("time_unix_nano")).cast(TIME),
        **_values(exemplars),
        "trace_id": hex_texts(exemplars.field("trace_id")),
        "span_id": hex_texts(exemplars.field("span_id")),
        "attributes": attribute_texts(exemplars.field("filtered_attributes")),
    }
    return relisted(lists, pa.StructArray.from_arrays(list(columns.values()), list(columns)))


def _refuse_several(choices: Sequence[Column], what: str) -> None:
    """Leave what is legal, but means that the last choice counts, to protobuf itself."""
    rows = len(choices[0])
    is_filled = reduce(pc.or_, [choice.is_valid() for choice in choices])
    if sum(rows - choice.null_count for choice in choices) != is_filled.true_count:
        raise Undecodable(what)
