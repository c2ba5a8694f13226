"""Functions on numbers."""

import math

import pytest

from otx.ottl.errors import ExecutionError
from tests.ottl.log_record import Evaluate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Log(1)", 0.0),
        ("Log(10.0)", math.log(10)),
        ('Log("2.5")', math.log(2.5)),
        ("Log(true)", 0.0),
        ('Log(Double("inf"))', math.inf),
    ],
)
def test_log(evaluate: Evaluate, text: str, value: float) -> None:
    assert evaluate(text) == value


def test_log_of_what_is_no_number(evaluate: Evaluate) -> None:
    assert math.isnan(evaluate('Log(Double("nan"))'))


@pytest.mark.parametrize(
    "text", ["Log(0)", "Log(-1)", "Log(false)", 'Log(attributes["missing"])', "Log(trace_id)"]
)
def test_log_refuses(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(ExecutionError):
        evaluate(text)
