"""ParseSeverity: levels by texts and numbers."""

from typing import Any

import pytest

from otx.ottl.errors import ExecutionError, OttlError
from tests.ottl.log_record import Evaluate

LEVELS = (
    '{"error": [{"equals": ["err", "7"]}, {"range": {"min": 3, "max": 4}}], '
    '"info": [{"range": {"min": -1, "max": 2}}], "server": [{"range": "5xx"}]}'
)


@pytest.mark.parametrize(
    ("value", "level"),
    [("err", "error"), ("7", "error"), (3, "error"), (4, "error"), (-1, "info"), (599, "server")],
)
def test_a_level_is_found(evaluate: Evaluate, value: Any, level: str) -> None:
    assert evaluate(f'ParseSeverity(attributes["x"], {LEVELS})', {"x": value}) == level


@pytest.mark.parametrize("value", ["", "ERR", 5, 499, 600, 3.0, True, None, b"err", ["err"]])
def test_no_level_is_an_error(evaluate: Evaluate, value: Any) -> None:
    with pytest.raises(ExecutionError):
        evaluate(f'ParseSeverity(attributes["x"], {LEVELS})', {"x": value})


@pytest.mark.parametrize(
    "mapping",
    [
        '{"e": "x"}',
        '{"e": [1]}',
        '{"e": [{"range": "6xx"}]}',
        '{"e": [{"range": {"min": 1}}]}',
        '{"e": [{"range": {"min": 1.0, "max": 2}}]}',
        '{"e": [{"equals": "x"}]}',
        '{"e": [{"equals": [1]}]}',
        '{"e": [{"equals": [attributes["x"]]}]}',
        'attributes["m"]',
    ],
)
def test_a_wrong_mapping_is_found_when_a_record_comes(evaluate: Evaluate, mapping: str) -> None:
    with pytest.raises(ExecutionError):
        evaluate(f'ParseSeverity("x", {mapping})', {"x": "x", "m": {}})


@pytest.mark.parametrize("mapping", ['"x"', "nil", "[]", "5"])
def test_a_mapping_is_a_map(evaluate: Evaluate, mapping: str) -> None:
    with pytest.raises(OttlError):
        evaluate(f'ParseSeverity("x", {mapping})')
