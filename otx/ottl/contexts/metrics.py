"""Metrics, data points and exemplars."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from otx.ottl.contexts.accessor import (
    Accessor,
    attributes,
    double,
    identifier,
    integer,
    refuse,
    text,
    times,
)
from otx.ottl.contexts.context import Context, paths
from otx.ottl.contexts.resources import PARENTS
from otx.ottl.errors import ExecutionError
from otx.ottl.values import Opaque, SpanId, TraceId, Value

KINDS = ("", "gauge", "sum", "histogram", "exponential_histogram", "summary")

METRIC_ENUMS = {
    "AGGREGATION_TEMPORALITY_UNSPECIFIED": 0,
    "AGGREGATION_TEMPORALITY_DELTA": 1,
    "AGGREGATION_TEMPORALITY_CUMULATIVE": 2,
    **{f"METRIC_DATA_TYPE_{kind.upper() or 'NONE'}": n for n, kind in enumerate(KINDS)},
}
POINT_ENUMS = {**METRIC_ENUMS, "FLAG_NONE": 0, "FLAG_NO_RECORDED_VALUE": 1}


def _of_data(name: str, type_: str, kinds: Sequence[str], wanted: type) -> Accessor:
    """A field that some kinds of metric have: nil elsewhere, and setting it there does nothing."""

    def get(record: Any) -> Value:
        return getattr(record.data, name) if record.kind in kinds else None

    def set_(record: Any, value: Value) -> None:
        if type(value) is not wanted:
            raise refuse(name, type_, value)
        if record.kind in kinds:
            setattr(record.data, name, value)

    return Accessor(type_, get, set_)


def _get_points(record: Any) -> Value:
    for point in record.points:
        point.flush()
    points = record.data.data_points if record.kind else ()
    return Opaque(
        f"{record.kind} data points", tuple(point.SerializeToString() for point in points)
    )


def _set_points(record: Any, value: Value) -> None:
    wanted = f"{record.kind} data points"
    if value is not None and (not isinstance(value, Opaque) or value.kind != wanted):
        raise refuse("data_points", wanted, value)
    if record.kind:
        points = record.data.data_points
        del points[:]
        for content in value.content if value is not None else ():
            points.add().ParseFromString(content)
    record.forget()


def _set_nothing(_: Any, value: Value) -> None:
    """Setting a metric's type is a documented no-op."""
    if value is None:
        raise refuse("type", "int", value)


METRIC = Context(
    "metric",
    paths(
        name=text("name"),
        description=text("description"),
        unit=text("unit"),
        type=Accessor("int", lambda record: KINDS.index(record.kind), _set_nothing),
        aggregation_temporality=_of_data(
            "aggregation_temporality", "int", ("sum", "histogram", "exponential_histogram"), int
        ),
        is_monotonic=_of_data("is_monotonic", "bool", ("sum",), bool),
        data_points=Accessor("list of data points", _get_points, _set_points, is_nullable=True),
        metadata=attributes(),
    ),
    parents=PARENTS,
    enums=METRIC_ENUMS,
)

_NUMBERS = ("gauge", "sum")
_HISTOGRAMS = ("histogram", "exponential_histogram")


def _on(kinds: Sequence[str], name: str, accessor: Accessor) -> Accessor:
    """A path of some kinds of data point: nil on others, and an error to set there."""
    inner_get, inner_set = accessor.get, accessor.set

    def get(record: Any) -> Value:
        return inner_get(record) if record.kind in kinds else None

    def set_(record: Any, value: Value) -> None:
        if record.kind not in kinds:
            raise ExecutionError(f"{name} cannot be set on a {record.kind} data point")
        assert inner_set is not None  # noqa: S101 - every path here can be written
        inner_set(record, value)

    sections = {
        section: _on(kinds, f"{name}.{section}", inner)
        for section, inner in accessor.sections.items()
    }
    return Accessor(accessor.type, get, set_, sections=sections, is_nullable=accessor.is_nullable)


def _number(field: str, wanted: type[int] | type[float]) -> Accessor:
    """One of the two forms of a value: the other reads as zero, and setting one changes the form."""
    type_ = "int" if wanted is int else "double"

    def get(record: Any) -> Value:
        return getattr(record.item, field) if record.item.WhichOneof("value") == field else wanted()

    def set_(record: Any, value: Value) -> None:
        if type(value) is not wanted:
            raise refuse(f"value_{type_}", type_, value)
        setattr(record.item, field, value)

    return Accessor(type_, get, set_)


def _numbers(field: str, kind: str, of: Any = attrgetter("item")) -> Accessor:
    """A list of numbers that can only be copied."""

    def get(record: Any) -> Value:
        return Opaque(kind, tuple(getattr(of(record), field)))

    def set_(record: Any, value: Value) -> None:
        if value is not None and (not isinstance(value, Opaque) or value.kind != kind):
            raise refuse(field, kind, value)
        container = getattr(of(record), field)
        del container[:]
        container.extend(value.content if value is not None else ())

    return Accessor(kind, get, set_, is_nullable=True)


def _messages(field: str, kind: str) -> Accessor:
    """A list of messages that can only be copied."""

    def get(record: Any) -> Value:
        record.flush()
        return Opaque(kind, tuple(one.SerializeToString() for one in getattr(record.item, field)))

    def set_(record: Any, value: Value) -> None:
        if value is not None and (not isinstance(value, Opaque) or value.kind != kind):
            raise refuse(field, kind, value)
        record.flush()
        container = getattr(record.item, field)
        del container[:]
        for content in value.content if value is not None else ():
            container.add().ParseFromString(content)
        record.forget()

    return Accessor(kind, get, set_, is_nullable=True)


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
        "offset": integer("offset", 32, of),
        "bucket_counts": _numbers("bucket_counts", "list of uint64", of),
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
            (*_NUMBERS, *_HISTOGRAMS), "exemplars", _messages("exemplars", "list of exemplars")
        ),
        count=_on((*_HISTOGRAMS, "summary"), "count", integer("count", signed=False)),
        sum=_on((*_HISTOGRAMS, "summary"), "sum", double("sum")),
        bucket_counts=_on(
            ("histogram",), "bucket_counts", _numbers("bucket_counts", "list of uint64")
        ),
        explicit_bounds=_on(
            ("histogram",), "explicit_bounds", _numbers("explicit_bounds", "list of doubles")
        ),
        scale=_on(("exponential_histogram",), "scale", integer("scale", 32)),
        zero_count=_on(
            ("exponential_histogram",), "zero_count", integer("zero_count", signed=False)
        ),
        positive=_on(("exponential_histogram",), "positive", _buckets("positive")),
        negative=_on(("exponential_histogram",), "negative", _buckets("negative")),
        quantile_values=_on(
            ("summary",), "quantile_values", _messages("quantile_values", "list of quantiles")
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
    enums=POINT_ENUMS,
)
