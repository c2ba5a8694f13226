"""Comparison: which values are equal, which come first, and which cannot be compared.

What cannot be compared is unequal, and every other operator is false; that is never an error
(the table of the language's comparison rules).
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from otx.ottl.syntax import Call, CompareOperator, Expression, Parenthesis
from otx.ottl.values import (
    Duration,
    Opaque,
    ProfileId,
    SpanId,
    Time,
    TraceId,
    Value,
    is_map,
)

Compare: TypeAlias = Callable[[Value, Value], bool]

_NUMBERS = {int, float}
_ORDERED = {bool, str, bytes, Time, Duration}
_IDS = {TraceId, SpanId, ProfileId}
OPERATORS: Mapping[CompareOperator, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def comparison(symbol: CompareOperator) -> Compare:
    """The function of an operator."""
    compare = OPERATORS[symbol]
    is_unequal = symbol == "!="
    is_equality = symbol in ("==", "!=")
    nils = symbol in ("==", "<=", ">=")

    def run(left: Value, right: Value) -> bool:
        kind, other = type(left), type(right)
        if kind is other and kind in _ORDERED:
            if kind is str and not is_equality:
                return bool(compare(_octets(left), _octets(right)))
            if kind is Time:
                return bool(compare(left.unix_nano, right.unix_nano))
            if kind is Duration:
                return bool(compare(left.ns, right.ns))
            if kind is not bytes or (left and right):
                return bool(compare(left, right))
        if kind in _NUMBERS and other in _NUMBERS:
            if kind is not other:
                return bool(compare(float(left), float(right)))
            return bool(compare(left, right))
        if is_nil(left) and is_nil(right):
            return nils
        if is_equality and _are_alike(left, right):
            return deep_equal(left, right) is not is_unequal
        return is_unequal

    return run


def comparison_of(symbol: CompareOperator, left: Expression, right: Expression) -> Compare:
    """The function of an operator between two expressions."""
    if gives_texts(left) is gives_texts(right):
        return comparison(symbol)
    is_unequal = symbol == "!="
    return lambda _, __: is_unequal


def gives_texts(node: Expression) -> bool:
    """Whether an expression gives the list of `Split`, sorted or not.

    Go's form of it is comparable with no other list. Two of them end the Collector; here they are
    compared as lists are.
    """
    while isinstance(node, Parenthesis):
        node = node.inner
    if not isinstance(node, Call) or node.keys:
        return False
    if node.name == "Sort":
        targets = [one.value for one in node.arguments if one.name in ("", "target")]
        return bool(targets) and gives_texts(targets[0])
    return node.name == "Split"


def is_nil(value: Value) -> bool:
    """Whether a value counts as nil, as bytes of no length do: the Collector reads them as nil."""
    return value is None or value == b""


def deep_equal(left: Value, right: Value) -> bool:
    """Equality inside maps and lists: kinds have to agree, so 1 and 1.0 differ."""
    kind = type(left)
    if kind is list:
        return type(right) is list and len(left) == len(right) and all(map(deep_equal, left, right))
    if is_map(left):
        return (
            is_map(right)
            and len(left) == len(right)
            and all(key in right and deep_equal(one, right[key]) for key, one in left.items())
        )
    return kind is type(right) and bool(left == right)


def _are_alike(left: Value, right: Value) -> bool:
    if type(left) in _IDS or type(left) in (list, Opaque):
        return type(left) is type(right)
    return is_map(left) and is_map(right)


def _octets(text: str) -> bytes:
    # By bytes as Go does: code points sort alike, but for surrogate escapes.
    return text.encode("utf-8", "surrogateescape")
