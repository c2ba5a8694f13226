"""Metrics, data points and exemplars."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from otx.ottl.contexts.accessor import (
    Accessor,
    Set,
    attributes,
    double,
    identifier,
    integer,
    refuse,
    text,
    times,
)
from otx.ottl.contexts.context import Context, paths
from otx.ottl.contexts.repeated import content_of, counts, doubles, messages
from otx.ottl.contexts.resources import PARENTS
from otx.ottl.errors import Unfit
from otx.ottl.values import Opaque, SpanId, TraceId, Value

_NUMBERS = ("gauge", "sum")
_HISTOGRAMS = ("histogram", "exponential_histogram")
KINDS = ("", "gauge", "sum", "histogram", "exponential_histogram", "summary")

METRIC_ENUMS = {
    "AGGREGATION_TEMPORALITY_UNSPECIFIED": 0,
    "AGGREGATION_TEMPORALITY_DELTA": 1,
    "AGGREGATION_TEMPORALITY_CUMULATIVE": 2,
    **{f"METRIC_DATA_TYPE_{kind.upper() or 'NONE'}": n for n, kind in enumerate(KINDS)},
}
POINT_ENUMS = {**METRIC_ENUMS, "FLAG_NONE": 0, "FLAG_NO_RECORDED_VALUE": 1}


def _temporality(record: Any, value: Value) -> None:
    record.data.aggregation_temporality = (value + (1 << 31)) % (1 << 32) - (1 << 31)


def _monotonic(record: Any, value: Value) -> None:
    record.data.is_monotonic = value


def _of_data(name: str, kinds: Sequence[str], wanted: type[int] | type[bool], put: Set) -> Accessor:
    """A field that some kinds of metric have: nil elsewhere, and setting it there does nothing."""

    def get(record: Any) -> Value:
        return getattr(record.data, name) if record.kind in kinds else None

    def set_(record: Any, value: Value) -> None:
        if type(value) is not wanted:
            raise refuse(name, wanted.__name__, value)
        if record.kind in kinds:
            put(record, value)

    return Accessor(wanted.__name__, get, set_, is_optional=True)


def _points_kind(record: Any) -> str:
    """What data points a metric takes: those of gauges and sums are of one kind."""
    kind = "number" if record.kind in _NUMBERS else record.kind
    return f"list of {kind} data points".replace("_", " ")


def _get_points(record: Any) -> Value:
    if not record.kind:
        return None
    for point in record.points:
        point.flush()
    points = record.data.data_points
    return Opaque(_points_kind(record), tuple(point.SerializeToString() for point in points))


def _set_points(record: Any, value: Value) -> None:
    if not record.kind:
        return
    content = content_of("data_points", _points_kind(record), value)
    record.flush()
    points = record.data.data_points
    del points[:]
    for data in content:
        points.add().ParseFromString(data)
    record.forget()


def _set_nothing(_: Any, __: Value) -> None:
    """Setting a metric's type is a documented no-op."""


METRIC = Context(
    "metric",
    paths(
        name=text("name"),
        description=text("description"),
        unit=text("unit"),
        type=Accessor(
            "int", lambda record: KINDS.index(record.kind), _set_nothing, is_nullable=True
        ),
        aggregation_temporality=_of_data(
            "aggregation_temporality", ("sum", *_HISTOGRAMS), int, _temporality
        ),
        is_monotonic=_of_data("is_monotonic", ("sum",), bool, _monotonic),
        data_points=Accessor("list of data points", _get_points, _set_points, is_nullable=True),
        metadata=attributes(),
    ),
    parents=PARENTS,
    enums=METRIC_ENUMS,
)


def _on(kinds: Sequence[str], name: str, accessor: Accessor) -> Accessor:
    """A path of some kinds of data point: nil on others, and an error to set there."""
    inner_get, inner_set = accessor.get, accessor.set

    def get(record: Any) -> Value:
        return inner_get(record) if record.kind in kinds else None

    def set_(record: Any, value: Value) -> None:
        if record.kind not in kinds:
            raise Unfit(name, f"cannot be set on a {record.kind} data point")
        assert inner_set is not None  # noqa: S101 - every path here can be written
        inner_set(record, value)

    sections = {
        section: _on(kinds, f"{name}.{section}", inner)
        for section, inner in accessor.sections.items()
    }
    return Accessor(
        accessor.type,
        get,
        set_,
        sections=sections,
        is_nullable=accessor.is_nullable,
        is_optional=True,
    )


def _number(field: str, wanted: type[int] | type[float]) -> Accessor:
    """One of the two forms of a value: the other reads as zero; setting one changes the form."""
    type_ = "int" if wanted is int else "double"

    def get(record: Any) -> Value:
        return getattr(record.item, field) if record.item.WhichOneof("value") == field else wanted()

    def set_(record: Any, value: Value) -> None:
        if type(value) is not wanted:
            raise refuse(f"value_{type_}", type_, value)
        setattr(record.item, field, value)

    return Accessor(type_, get, set_)


def _buckets(field: str) -> Accessor:
    """One side of an exponential histogram."""
    of = attrgetter(f"item.{field}")

    def get(record: Any) -> Value:
        return Opaque("buckets", (of(record).SerializeToString(),))

    def set_(record: Any, value: Value) -> None:
        if not isinstance(value, Opaque) or value.kind != "buckets":
            raise refuse(field, "buckets", value)
        of(record).ParseFromString(value.content[0])

    sections = {
        "offset": integer("offset", 32, f"item.{field}"),
        "bucket_counts": counts("bucket_counts", of),
    }
    return Accessor("buckets", get, set_, sections=sections)


DATAPOINT = Context(
    "datapoint",
    paths(
        times("start_time"),
        times("time"),
        attributes=attributes(),
        flags=integer("flags", 32, signed=False),
        value_double=_on(_NUMBERS, "value_double", _number("as_double", float)),
        value_int=_on(_NUMBERS, "value_int", _number("as_int", int)),
        exemplars=_on(
            (*_NUMBERS, *_HISTOGRAMS), "exemplars", messages("exemplars", "list of exemplars")
        ),
        count=_on((*_HISTOGRAMS, "summary"), "count", integer("count", signed=False)),
        sum=_on((*_HISTOGRAMS, "summary"), "sum", double("sum")),
        bucket_counts=_on(("histogram",), "bucket_counts", counts("bucket_counts")),
        explicit_bounds=_on(("histogram",), "explicit_bounds", doubles("explicit_bounds")),
        scale=_on(("exponential_histogram",), "scale", integer("scale", 32)),
        zero_count=_on(
            ("exponential_histogram",), "zero_count", integer("zero_count", signed=False)
        ),
        positive=_on(("exponential_histogram",), "positive", _buckets("positive")),
        negative=_on(("exponential_histogram",), "negative", _buckets("negative")),
        quantile_values=_on(
            ("summary",), "quantile_values", messages("quantile_values", "list of quantiles")
        ),
    ),
    parents={"metric": (METRIC, attrgetter("metric")), **PARENTS},
    enums=POINT_ENUMS,
)

EXEMPLAR = Context(
    "exemplar",
    paths(
        times("time"),
        double_value=_number("as_double", float),
        int_value=_number("as_int", int),
        trace_id=identifier("trace_id", TraceId, 16),
        span_id=identifier("span_id", SpanId, 8),
        filtered_attributes=attributes(),
    ),
    parents={
        "datapoint": (DATAPOINT, attrgetter("datapoint")),
        "metric": (METRIC, attrgetter("metric")),
        **PARENTS,
    },
)
