"""Functions that give a metric another type: gauge, sum, summary."""

from typing import Any

from otx.otlp.any_value import encode_key_value, key_of
from otx.ottl.functions.new_metrics import TEMPORALITIES, Temporality, add_number, derived
from otx.ottl.functions.registry import Example, Run, editor_builder
from otx.ottl.parameters import ConstBool, ConstText
from otx.ottl.records import MetricRecord

_SUM = (
    '[{"name":"m","sum":{"dataPoints":[{"asInt":"5"}],"aggregationTemporality":2,'
    '"isMonotonic":true}}]'
)
_GAUGE = '[{"name":"m","gauge":{"dataPoints":[{"asInt":"5"}]}}]'
_SUMMARY = (
    '[{"name":"m","summary":{"dataPoints":[{"count":"3","sum":6,'
    '"quantileValues":[{"quantile":0.5,"value":2}]}]}}]'
)


@editor_builder(
    "convert_sum_to_gauge",
    component="transform",
    contexts=("metric",),
    example=Example('convert_sum_to_gauge() where name == "m"', _GAUGE, _SUM),
)
def convert_sum_to_gauge() -> Run:
    """Turn a sum into a gauge with the same data points; other metrics stay as they are."""

    def run(record: MetricRecord) -> None:
        if record.kind != "sum":
            return
        record.flush()
        # Both keep their points in field 1, so that a gauge reads what a bare sum writes.
        record.item.sum.ClearField("aggregation_temporality")
        record.item.sum.ClearField("is_monotonic")
        _replace_data(record, "gauge")

    return run


@editor_builder(
    "convert_gauge_to_sum",
    component="transform",
    contexts=("metric",),
    example=Example('convert_gauge_to_sum("cumulative", true) where name == "m"', _SUM, _GAUGE),
)
def convert_gauge_to_sum(string_agg_temp: Temporality, monotonic: ConstBool) -> Run:
    """Turn a gauge into a sum with the same data points; other metrics stay as they are."""
    temporality = TEMPORALITIES[string_agg_temp]

    def run(record: MetricRecord) -> None:
        if record.kind != "gauge":
            return
        record.flush()
        _replace_data(record, "sum")
        record.item.sum.aggregation_temporality = temporality
        record.item.sum.is_monotonic = monotonic

    return run


def _replace_data(record: MetricRecord, kind: str) -> None:
    content = record.data.SerializeToString()
    data = getattr(record.item, kind)
    data.SetInParent()
    data.ParseFromString(content)
    record.forget()


@editor_builder(
    "convert_summary_quantile_val_to_gauge",
    component="transform",
    contexts=("metric",),
    example=Example(
        'convert_summary_quantile_val_to_gauge() where name == "m"',
        _SUMMARY[:-1]
        + ',{"name":"m.quantiles","gauge":{"dataPoints":[{"attributes":[{"key":"quantile",'
        '"value":{"doubleValue":0.5}}],"asDouble":2}]}}]',
        _SUMMARY,
    ),
)
def convert_summary_quantile_val_to_gauge(
    attribute_key: ConstText = "quantile", suffix: ConstText = ".quantiles"
) -> Run:
    """Add a gauge with a data point for each quantile of a summary."""

    def run(record: MetricRecord) -> None:
        if record.kind != "summary":
            return
        made = derived(record, suffix)
        made.gauge.SetInParent()
        for source in record.data.data_points:
            for quantile in source.quantile_values:
                point = add_number(made.gauge.data_points, source, as_double=quantile.value)
                _put_double(point.attributes, attribute_key, quantile.quantile)
        record.scope.add(made)

    return run


def _put_double(attributes: Any, key: str, value: float) -> None:
    entry = encode_key_value(key, value)
    for at, data in enumerate(attributes):
        if key_of(data) == key:
            attributes[at] = entry
            return
    attributes.append(entry)
