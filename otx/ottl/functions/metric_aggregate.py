"""Functions that merge the data points of a metric: aggregate_on_attributes and its sibling."""

from collections.abc import Collection
from typing import Literal

from otx.ottl.aggregation import AGGREGATIONS, Fold, aggregate
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Run, editor_builder
from otx.ottl.parameters import ConstText
from otx.ottl.records import MetricRecord

Aggregation = Literal["sum", "mean", "min", "max", "median", "count"]


def _points(*entries: tuple[str, int]) -> str:
    shown = ",".join(
        f'{{"attributes":[{{"key":"host","value":{{"stringValue":"{host}"}}}}],"asInt":"{number}"}}'
        for host, number in entries
    )
    return f'[{{"name":"m","gauge":{{"dataPoints":[{shown}]}}}}]'


@editor_builder(
    "aggregate_on_attributes",
    fails="the metric is a summary",
    component="transform",
    contexts=("metric",),
    example=Example(
        'aggregate_on_attributes("sum", [])',
        '[{"name":"m","gauge":{"dataPoints":[{"asInt":"3"}]}}]',
        _points(("a", 1), ("b", 2)),
    ),
)
def aggregate_on_attributes(
    aggregation_function: Aggregation, attributes: list[ConstText] | None = None
) -> Run:
    """Merge data points that are equal in the listed attributes, and drop the other attributes."""
    fold = AGGREGATIONS[aggregation_function]
    kept = None if attributes is None else frozenset(attributes)

    def run(record: MetricRecord) -> None:
        if record.kind == "summary":
            raise ExecutionError("aggregate_on_attributes does not take a summary")
        if kept is not None:
            for point in record.points:
                point.attributes.keep(kept)
        _aggregate(record, fold)

    return run


@editor_builder(
    "aggregate_on_attribute_value",
    component="transform",
    contexts=("metric",),
    example=Example(
        'aggregate_on_attribute_value("max", "host", ["a", "b"], "all")',
        _points(("all", 2)),
        _points(("a", 1), ("b", 2)),
    ),
)
def aggregate_on_attribute_value(
    aggregation_function: Aggregation,
    attribute: ConstText,
    values: list[ConstText],
    new_value: ConstText,
) -> Run:
    """Give an attribute one value for several, and merge the data points that are equal then.

    A summary loses its data points, as it does in the Collector.
    """
    fold = AGGREGATIONS[aggregation_function]
    replaced: Collection[str] = frozenset(values)

    def run(record: MetricRecord) -> None:
        for point in record.points:
            found = point.attributes
            if attribute in found:
                value = found[attribute]
                # To the Collector everything that is no text has the text "".
                if (value if type(value) is str else "") in replaced:
                    found[attribute] = new_value
        _aggregate(record, fold)

    return run


def _aggregate(record: MetricRecord, fold: Fold) -> None:
    for point in record.points:
        point.flush()
    aggregate(record, fold)
    record.attributes.clear()  # the Collector makes a new metric, without the old one's metadata
    record.flush()
    record.forget()
