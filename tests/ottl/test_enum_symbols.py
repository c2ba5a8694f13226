"""Numbers that are enums."""

import pytest

from otx.ottl.enum_symbols import enum_symbol, symbol_of_word


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


@pytest.mark.parametrize(
    ("path", "word", "symbol"),
    [
        ("span.status.code", "ERROR", "STATUS_CODE_ERROR"),
        ("metric.type", "exponential_histogram", "METRIC_DATA_TYPE_EXPONENTIAL_HISTOGRAM"),
        ("span.status.code", "LOUD", ""),
        ("span.name", "ERROR", ""),
        ('span.attributes["x.code"]', "ERROR", ""),
    ],
)
def test_the_words_of_tests_have_symbols_too(path: str, word: str, symbol: str) -> None:
    assert symbol_of_word(path, word) == symbol
