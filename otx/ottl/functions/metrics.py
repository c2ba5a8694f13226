"""Functions on whole metrics: copies, scales, and what the filter processor asks of them."""

from typing import Any

from otx.ottl.arithmetic import truncate
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Gives, Run, converter_builder, editor_builder
from otx.ottl.parameters import ConstDouble, ConstText, Get, Text
from otx.ottl.records import MetricRecord

_GAUGE = '[{"name":"m","unit":"s","gauge":{"dataPoints":[{"asInt":"5"}]}}]'


@editor_builder(
    "copy_metric",
    component="transform",
    contexts=("metric",),
    example=Example(
        'copy_metric(name="n") where name == "m"',
        '[{"name":"m","unit":"s","gauge":{"dataPoints":[{"asInt":"5"}]}},'
        '{"name":"n","unit":"s","gauge":{"dataPoints":[{"asInt":"5"}]}}]',
        _GAUGE,
    ),
)
def copy_metric(
    name: Get[Text] | None = None,
    description: Get[Text] | None = None,
    unit: Get[Text] | None = None,
) -> Run:
    """Add a copy of a metric, under another name, description or unit where one is given."""
    given = {"name": name, "description": description, "unit": unit}
    changes = {field: text for field, text in given.items() if text is not None}

    def run(record: MetricRecord) -> None:
        record.flush()
        # An argument that fails leaves the copy behind, as it does in the Collector.
        copied = record.scope.add(record.item).item
        for field, text in changes.items():
            setattr(copied, field, text(record).encode("utf-8", "surrogateescape"))

    return run


@editor_builder(
    "scale_metric",
    fails="the metric is an exponential histogram",
    component="transform",
    contexts=("metric",),
    example=Example(
        'scale_metric(1000.0, "ms")',
        '[{"name":"m","unit":"ms","gauge":{"dataPoints":[{"asInt":"5000"}]}}]',
        _GAUGE,
    ),
)
def scale_metric(multiplier: ConstDouble, unit: Get[Text] | None = None) -> Run:
    """Multiply the values of a metric; counts stay; exponential histograms cannot be scaled."""

    def run(record: MetricRecord) -> None:
        new_unit = None if unit is None else unit(record)
        scale = _SCALES.get(record.kind)
        if scale is None:
            kind = record.kind.replace("_", " ") or "metric without data"
            raise ExecutionError(f"scale_metric does not take a {kind}")
        record.flush()
        for point in record.data.data_points:
            scale(point, multiplier)
        if new_unit is not None:
            record.item.unit = new_unit.encode("utf-8", "surrogateescape")

    return run


def _scale_number(point: Any, multiplier: float) -> None:
    """A number point or an exemplar: an int stays one."""
    kind = point.WhichOneof("value")
    if kind == "as_int":
        point.as_int = truncate(float(point.as_int) * multiplier)
    elif kind == "as_double":
        point.as_double *= multiplier


def _scale_histogram(point: Any, multiplier: float) -> None:
    for field in ("sum", "min", "max"):
        if point.HasField(field):
            setattr(point, field, getattr(point, field) * multiplier)
    bounds = point.explicit_bounds
    bounds[:] = [bound * multiplier for bound in bounds]
    for exemplar in point.exemplars:
        _scale_number(exemplar, multiplier)


def _scale_summary(point: Any, multiplier: float) -> None:
    point.sum *= multiplier
    for quantile in point.quantile_values:
        quantile.value *= multiplier


_SCALES = {
    "gauge": _scale_number,
    "sum": _scale_number,
    "histogram": _scale_histogram,
    "summary": _scale_summary,
}


@converter_builder(
    "HasAttrKeyOnDatapoint",
    fails="the metric has no data",
    component="filter",
    contexts=("metric",),
    is_pure=False,
    example=Example(
        'HasAttrKeyOnDatapoint("k")',
        "true",
        '[{"name":"m","gauge":{"dataPoints":[{"asInt":"5","attributes":[{"key":"k",'
        '"value":{"stringValue":"v"}}]}]}}]',
    ),
)
def has_attr_key_on_datapoint(key: ConstText) -> Gives[bool]:
    """Whether any data point of a metric has an attribute with a key."""

    def run(record: MetricRecord) -> bool:
        return any(key in point.attributes for point in _points(record))

    return run


@converter_builder(
    "HasAttrOnDatapoint",
    fails="the metric has no data",
    component="filter",
    contexts=("metric",),
    is_pure=False,
    example=Example(
        'HasAttrOnDatapoint("k", "v")',
        "true",
        '[{"name":"m","gauge":{"dataPoints":[{"asInt":"5","attributes":[{"key":"k",'
        '"value":{"stringValue":"v"}}]}]}}]',
    ),
)
def has_attr_on_datapoint(key: ConstText, expected_val: ConstText) -> Gives[bool]:
    """Whether the first data point of a metric that has an attribute has it with this text."""

    def run(record: MetricRecord) -> bool:
        for point in _points(record):
            if key in point.attributes:
                value = point.attributes[key]
                # To the Collector everything that is no text has the text "".
                return (value if type(value) is str else "") == expected_val
        return False

    return run


def _points(record: MetricRecord) -> Any:
    if not record.kind:
        raise ExecutionError("the metric has no data, so that it has no type")
    return record.points
