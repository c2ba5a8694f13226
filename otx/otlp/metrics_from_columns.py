"""Rows of data points back to OTLP, as `otx.otlp.from_columns` does it for spans and log records.

Data points of one metric come under one metric again: those under one scope that have its name,
unit, description, metadata, type, temporality and monotonicity. What comes back differs in this
alone: times beyond 2262, metrics without data points, enum values that OTLP does not know, and
what resources and scopes lose of every signal (`otx.otlp.from_columns`).
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from otx.model.signal import Signal
from otx.model.telemetry import TEMPORALITIES
from otx.otlp.column_groups import Table
from otx.otlp.from_columns import (
    OF_A_RESOURCE,
    OF_A_SCOPE,
    Row,
    encoded_attributes,
    plain_rows,
    request_of,
)
from otx.otlp.metric_columns import METRIC_SCHEMA

_OF_A_METRIC = ("name", "description", "unit", "metadata", "type", "temporality", "monotonic")
_metric_of = itemgetter(*OF_A_RESOURCE, *OF_A_SCOPE, *_OF_A_METRIC)
_PLAIN_FIELDS = {
    "gauge": (),
    "sum": (),
    "histogram": ("count",),
    "exponential_histogram": ("count", "scale", "zero_count", "zero_threshold"),
    "summary": ("count", "sum"),
}
"""Of each type, the fields of a data point that are there in any case."""


def metrics_request(rows: Table) -> bytes:
    """An `ExportMetricsServiceRequest` of rows of `METRIC_SCHEMA`."""
    metrics: dict[tuple[Any, ...], Any] = {}

    def add(scope: Any, row: Row) -> None:
        key = _metric_of(row)
        if key not in metrics:
            metrics[key] = _metric(scope, row)
        _fill_point(metrics[key].data_points.add(), row)

    return request_of(Signal.METRICS, plain_rows(rows, METRIC_SCHEMA), add)


def _metric(scope: Any, row: Row) -> Any:
    """Add the metric of a row; what holds its data points."""
    metric = scope.metrics.add(
        name=row["name"].encode(),
        description=row["description"].encode(),
        unit=row["unit"].encode(),
        metadata=encoded_attributes(row["metadata"]),
    )
    data = getattr(metric, row["type"])
    if row["temporality"] is not None:
        data.aggregation_temporality = TEMPORALITIES.index(row["temporality"])
    if row["monotonic"] is not None:
        data.is_monotonic = row["monotonic"]
    return data


def _fill_point(point: Any, row: Row) -> None:
    kind = row["type"]
    point.time_unix_nano = row["time"]
    point.start_time_unix_nano = row["start_time"]
    point.flags = row["flags"]
    point.attributes.extend(encoded_attributes(row["attributes"]))
    for name in _PLAIN_FIELDS[kind]:
        setattr(point, name, row[name])
    if kind in ("gauge", "sum"):
        _fill_value(point, row)
    elif kind == "summary":
        for one in row["quantiles"]:
            point.quantile_values.add(**one)
    else:
        _fill_histogram(point, row)
    _add_exemplars(point, row["exemplars"] or ())


def _fill_histogram(point: Any, row: Row) -> None:
    for name in ("sum", "min", "max"):
        if row[name] is not None:
            setattr(point, name, row[name])
    if row["type"] == "histogram":
        point.bucket_counts.extend(row["bucket_counts"])
        point.explicit_bounds.extend(row["explicit_bounds"])
        return
    for side in ("positive", "negative"):
        if row[f"{side}_offset"] is not None:
            buckets = getattr(point, side)
            buckets.SetInParent()
            buckets.offset = row[f"{side}_offset"]
            buckets.bucket_counts.extend(row[f"{side}_counts"])


def _add_exemplars(point: Any, exemplars: Iterable[Row]) -> None:
    for one in exemplars:
        exemplar = point.exemplars.add(
            time_unix_nano=one["time"],
            trace_id=bytes.fromhex(one["trace_id"]),
            span_id=bytes.fromhex(one["span_id"]),
            filtered_attributes=encoded_attributes(one["attributes"]),
        )
        _fill_value(exemplar, one)


def _fill_value(holder: Any, row: Row) -> None:
    """An integer or a double, or neither where nothing was recorded."""
    if row["value_int"] is not None:
        holder.as_int = row["value_int"]
    elif row["value"] is not None:
        holder.as_double = row["value"]
