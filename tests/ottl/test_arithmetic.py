"""Calculation with numbers, times and durations."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.arithmetic import calculation, negative, positive, truncate
from otx.ottl.errors import ExecutionError
from otx.ottl.syntax import MathOperator
from otx.ottl.values import INT64_MAX, INT64_MIN, Duration, Time

INT64 = st.integers(INT64_MIN, INT64_MAX)


@pytest.mark.parametrize(
    ("left", "operator", "right", "result"),
    [
        (7, "/", 2, 3),
        (-7, "/", 2, -3),
        (7, "/", -2, -3),
        (INT64_MAX, "+", 1, INT64_MIN),
        (INT64_MIN, "-", 1, INT64_MAX),
        (INT64_MIN, "/", -1, INT64_MIN),
        (1 << 40, "*", 1 << 40, 0),
        (1, "+", 0.5, 1.5),
        (7, "/", 2.0, 3.5),
        (1e308, "*", 10, math.inf),
        (1e308, "/", 1e-10, math.inf),
        (Time(10), "-", Time(4), Duration(6)),
        (Time(INT64_MAX), "-", Time(-10), Duration(INT64_MAX)),
        (Time(10), "+", Duration(4), Time(14)),
        (Time(10), "-", Duration(4), Time(6)),
        (Duration(4), "+", Time(10), Time(14)),
        (Duration(4), "+", Duration(3), Duration(7)),
        (Duration(4), "-", Duration(5), Duration(-1)),
        (Duration(INT64_MAX), "+", Duration(1), Duration(INT64_MIN)),
    ],
)
def test_results(left: Any, operator: MathOperator, right: Any, result: Any) -> None:
    got = calculation(operator)(left, right)
    assert (type(got), got) == (type(result), result)


@pytest.mark.parametrize(
    ("left", "operator", "right"),
    [
        (1, "/", 0),
        (1.0, "/", 0.0),
        (1, "/", -0.0),
        (Duration(1), "-", Time(1)),
        (Time(1), "+", Time(1)),
        (Time(1), "*", 2),
        (Duration(1), "*", 2),
        (Duration(4), "/", Duration(2)),
        (1, "+", Duration(1)),
        (None, "+", 1),
        (1, "+", None),
        (True, "+", 1),
        ("a", "+", "b"),
        ([1], "+", [2]),
        ({}, "-", {}),
        (b"a", "+", b"b"),
    ],
)
def test_errors(left: Any, operator: MathOperator, right: Any) -> None:
    with pytest.raises(ExecutionError):
        calculation(operator)(left, right)


@given(INT64, INT64)
def test_int64_stays_int64(left: int, right: int) -> None:
    for operator in ("+", "-", "*"):
        assert INT64_MIN <= calculation(operator)(left, right) <= INT64_MAX
    assert calculation("-")(calculation("+")(left, right), right) == left


@given(INT64, INT64.filter(bool))
def test_division_goes_towards_zero(left: int, right: int) -> None:
    quotient = calculation("/")(left, right)
    if (left, right) != (INT64_MIN, -1):
        rest = left - quotient * right
        assert abs(rest) < abs(right)
        assert rest == 0 or (rest < 0) == (left < 0)


def test_signs() -> None:
    assert negative(5) == -5
    assert negative(INT64_MIN) == INT64_MIN
    assert math.copysign(1, negative(0.0)) == -1
    assert positive("a") == "a"


@pytest.mark.parametrize("value", [None, True, "1", Duration(1), Time(1), [], {}])
def test_only_numbers_have_a_negative(value: Any) -> None:
    with pytest.raises(ExecutionError):
        negative(value)


@pytest.mark.parametrize(
    ("value", "cut"),
    [
        (1.9, 1),
        (-1.9, -1),
        (2.0**62, 1 << 62),
        (2.0**63, INT64_MIN),
        (-(2.0**63), INT64_MIN),
        (math.nan, INT64_MIN),
        (-math.inf, INT64_MIN),
    ],
)
def test_truncated(value: float, cut: int) -> None:
    assert truncate(value) == cut
