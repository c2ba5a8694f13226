"""Calculation: int64 and float64, and what time and duration make of one another."""

import math
import operator
from collections.abc import Callable, Mapping
from typing import TypeAlias

from otx.ottl.errors import ExecutionError
from otx.ottl.syntax import MathOperator
from otx.ottl.values import INT64_MAX, INT64_MIN, Duration, Time, Value, kind_of, wrap_int64

Calculate: TypeAlias = Callable[[Value, Value], Value]


def _divide_ints(left: int, right: int) -> int:
    """Go's integer division, which goes towards zero."""
    _refuse_zero(right)
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _divide_floats(left: float, right: float) -> float:
    _refuse_zero(right)
    return left / right


def _refuse_zero(divisor: float) -> None:
    if divisor == 0:
        raise ExecutionError("division by zero")


_INTS: Mapping[MathOperator, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide_ints,
}
_FLOATS: Mapping[MathOperator, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide_floats,
}


def calculation(symbol: MathOperator) -> Calculate:
    """The function of an operator; it raises ExecutionError for what it does not take."""
    ints, floats = _INTS[symbol], _FLOATS[symbol]

    def run(left: Value, right: Value) -> Value:
        kind, other = type(left), type(right)
        if kind is int and other is int:
            return wrap_int64(ints(left, right))
        if kind in (int, float) and other in (int, float):
            return floats(float(left), float(right))
        result = _of_times(symbol, left, right)
        if result is None:
            raise ExecutionError(f"{kind_of(left)} {symbol} {kind_of(right)} cannot be calculated")
        return result

    return run


def _of_times(symbol: MathOperator, left: Value, right: Value) -> Value:
    kinds = (type(left), symbol, type(right))
    if kinds == (Time, "-", Time):
        # Go's Sub stops at the ends of int64, while sums of durations go round.
        return Duration(min(max(left.unix_nano - right.unix_nano, INT64_MIN), INT64_MAX))
    if kinds == (Time, "+", Duration):
        return left.plus(right.ns)
    if kinds == (Time, "-", Duration):
        return left.plus(-right.ns)
    if kinds == (Duration, "+", Time):
        return right.plus(left.ns)
    if kinds == (Duration, "+", Duration):
        return Duration(wrap_int64(left.ns + right.ns))
    if kinds == (Duration, "-", Duration):
        return Duration(wrap_int64(left.ns - right.ns))
    return None


def negative(value: Value) -> Value:
    """Unary minus.

    Raises:
        ExecutionError: The value is no number.
    """
    if type(value) is int:
        return wrap_int64(-value)
    if type(value) is float:
        return -value
    raise ExecutionError(f"a {kind_of(value)} has no negative")


def positive(value: Value) -> Value:
    """Unary plus, which changes nothing and takes anything."""
    return value


def truncate(value: float) -> int:
    """A double as int64, cut towards zero; what does not fit is what Go makes of it on amd64."""
    if -(2.0**63) <= value < 2.0**63:
        return math.trunc(value)
    return INT64_MIN
