"""Numbers that are enums."""

import pytest

from otx.ottl.enum_symbols import enum_symbol


@pytest.mark.parametrize(
    ("path", "value", "symbol"),
    [
        ("span.kind", 2, "SPAN_KIND_SERVER"),
        ("status.code", 2, "STATUS_CODE_ERROR"),
        ("metric.type", 1, "METRIC_DATA_TYPE_GAUGE"),
        ("metric.aggregation_temporality", 2, "AGGREGATION_TEMPORALITY_CUMULATIVE"),
        ("log.severity_number", 9, "SEVERITY_NUMBER_INFO"),
        ("span.kind", 99, ""),
        ("span.kind", True, ""),
        ("span.kind", None, ""),
        ('span.attributes["a.kind"]', 2, ""),
        ("datapoint[0].value_int", 2, ""),
    ],
)
def test_a_number_at_the_path_of_an_enum_has_a_symbol(
    path: str, value: object, symbol: str
) -> None:
    assert enum_symbol(path, value) == symbol
