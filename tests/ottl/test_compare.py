"""Comparison: the table of the language, and what follows from it."""

import itertools
from typing import Any

import pytest

from otx.ottl.compare import comparison, deep_equal
from otx.ottl.values import Duration, Opaque, SpanId, Time, TraceId
from tests.ottl.log_record import holds, log_batch

OPERATORS: Any = ("==", "!=", "<", "<=", ">", ">=")

ORDERED = [
    (False, True),
    (1, 2),
    (-1, 0.5),
    (1.5, 2),
    (2**53, 2.0**53 + 2),
    ("", "a"),
    ("a", "b"),
    ("Z", "a"),
    ("z", "é"),
    ("\uffff", "\U0001f600"),
    ("é", "\udcff"),
    (b"\1", b"\2"),
    (b"\1\2", b"\2"),
    (Time(1), Time(2)),
    (Duration(1), Duration(2)),
]

EQUAL = [
    (True, True),
    (1, 1),
    (1, 1.0),
    (2**53 + 1, 2.0**53),
    ("a", "a"),
    (b"\1", b"\1"),
    (Time(5, 0, "UTC"), Time(5, 3600, "CET")),
    (Duration(1), Duration(1)),
    (None, None),
    (b"", None),
    (b"", b""),
]

UNORDERED_EQUAL = [
    ([1, "a"], [1, "a"]),
    ({"a": 1, "b": [None]}, {"b": [None], "a": 1}),
    (TraceId(bytes(16)), TraceId(bytes(16))),
    (SpanId(b"\1" * 8), SpanId(b"\1" * 8)),
    (Opaque("status", (b"",)), Opaque("status", (b"",))),
    ([], []),
    ({}, {}),
]

KINDS: list[Any] = [
    None,
    True,
    1,
    "1",
    b"1",
    Time(1),
    Duration(1),
    [1],
    {"1": 1},
    TraceId(b"\1" * 16),
    SpanId(b"\1" * 8),
]


def outcome(left: Any, right: Any) -> str:
    """The operators that hold."""
    return " ".join(one for one in OPERATORS if comparison(one)(left, right))


@pytest.mark.parametrize(("less", "more"), ORDERED)
def test_ordered(less: Any, more: Any) -> None:
    assert outcome(less, more) == "!= < <="
    assert outcome(more, less) == "!= > >="


@pytest.mark.parametrize(("left", "right"), EQUAL)
def test_equal(left: Any, right: Any) -> None:
    assert outcome(left, right) == outcome(right, left) == "== <= >="


@pytest.mark.parametrize(("left", "right"), UNORDERED_EQUAL)
def test_equal_but_without_order(left: Any, right: Any) -> None:
    assert outcome(left, right) == "=="


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([1], [1.0]),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ({"a": 1}, {"a": True}),
        ({"a": None}, {"b": None}),
        ({"a": None}, {}),
        ([b""], [None]),
        (TraceId(bytes(16)), TraceId(b"\1" * 16)),
        (Opaque("a", ()), Opaque("b", ())),
        (b"", b"\1"),
        (float("nan"), float("nan")),
    ],
)
def test_unequal(left: Any, right: Any) -> None:
    assert outcome(left, right) == outcome(right, left) == "!="


@pytest.mark.parametrize(("left", "right"), itertools.permutations(KINDS, 2))
def test_other_kinds_cannot_be_compared(left: Any, right: Any) -> None:
    assert outcome(left, right) == "!="


def test_attributes_equal_a_map() -> None:
    (record,) = log_batch({"a": [1], "b": {"c": None}}).items()
    assert deep_equal(record.attributes, {"b": {"c": None}, "a": [1]})
    assert deep_equal({"b": {"c": None}, "a": [1]}, record.attributes)
    assert not deep_equal(record.attributes, {"a": [1]})


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ('attributes["missing"] == nil', True),
        ('attributes["e"] == nil', True),
        ('attributes["none"] == nil', True),
        ('attributes["none"] != nil', False),
        ('attributes["s"] == "x"', True),
        ('attributes["n"] == "7"', False),
        ('attributes["n"] != "7"', True),
        ('attributes["n"] < 7.5', True),
        ('attributes["missing"] < 5', False),
        ('attributes["l"] == [1, nil]', True),
        ('[1, nil] != attributes["l"]', False),
        ('attributes == {"n": 7}', False),
        # Go holds the parts of a text in a form that equals no other list.
        ('Split("x", ",") == ["x"]', False),
        ('[attributes["s"]] != Split(attributes["s"], ",")', True),
        ('Sort(Split("b,a", ",")) == ["a", "b"]', False),
        ('Sort(["b", "a"]) == ["a", "b"]', True),
        ('Split("x", ",")[0] == "x"', True),
        ('Split("x", ",") == Split("x", ";")', True),
        ('trace_id == "00"', False),
        ("nil <= nil", True),
        ("1 < 2 and not 2 < 1", True),
    ],
)
def test_in_a_condition(condition: str, truth: bool) -> None:
    data = {"e": None, "none": b"", "s": "x", "n": 7, "l": [1, None]}
    assert holds(condition, data) is truth
