"""Converters of lists and maps."""

from typing import Any

import pytest

from otx.ottl.errors import ExecutionError, OttlError
from tests.ottl.log_record import Evaluate

DATA = {
    "l": ["b", 2, "a"],
    "m": {"y": 1, "x": [1]},
    "s": "text",
    "e": None,
    "maps": [{"k": "a", "v": {"n": 1}}, {"k": "b", "v": {"n": 2}}],
    "mixed": [[1], b"\1", None],
    "by": b"",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('Coalesce([attributes["missing"], attributes["e"], "x", "y"])', "x"),
        ('Coalesce(["", "x"])', ""),
        ('Coalesce([attributes["missing"]])', None),
        ('Coalesce([1, attributes["s"]["x"]])', 1),
        ('Coalesce(values = [nil, attributes["l"]])', ["b", 2, "a"]),
        ('ContainsValue(attributes["l"], "a")', True),
        ('ContainsValue(attributes["l"], 2.0)', True),
        ('ContainsValue(attributes["l"], "2")', False),
        ('ContainsValue(["a"], attributes["s"])', False),
        ("ContainsValue([true], 1)", False),
        ('ContainsValue(attributes["mixed"], nil)', True),
        ('ContainsValue(attributes["mixed"], attributes["by"])', True),
        ('ContainsValue(attributes["mixed"], [1])', True),
        ('ContainsValue(attributes["mixed"], [1.0])', False),
        ('ContainsValue(attributes["maps"], {"v": {"n": 2}, "k": "b"})', True),
        ("ContainsValue([1], time)", False),
        ('Keys(attributes["m"])', ["y", "x"]),
        ('Keys({"a": 1})', ["a"]),
        ('Values(attributes["m"])', [1, [1]]),
        ('Values({"a": nil})', [None]),
        ('SliceToMap(attributes["l"])', {"0": "b", "1": 2, "2": "a"}),
        ("SliceToMap([])", {}),
        ('SliceToMap(attributes["maps"], ["k"], ["v", "n"])', {"a": 1, "b": 2}),
        ('SliceToMap(attributes["maps"], valuePath = ["k"])', {"0": "a", "1": "b"}),
        ('SliceToMap(attributes["maps"], ["k"])["b"]["v"]["n"]', 2),
    ],
)
def test_value(evaluate: Evaluate, text: str, value: Any) -> None:
    assert evaluate(text, DATA) == value


@pytest.mark.parametrize(
    ("elements", "ascending"),
    [
        ("3, 1, 2", [1, 2, 3]),
        ("1.5, 10.25, -1.0", [-1.0, 1.5, 10.25]),
        ("3, 1.5, 2", [1.5, 2, 3]),
        ('"b", "a", "B"', ["B", "a", "b"]),
        ("true, false", [False, True]),
        ('3, 20, "1"', ["1", 20, 3]),
        ('true, "b", 1, 1.5, nil', [None, 1, 1.5, "b", True]),
        ("", []),
        ("[2], [1]", [[2], [1]]),
        ("0x02, 0x01", [b"\2", b"\1"]),
        ('"é", "z", "\U0001f600", "\uffff"', ["z", "é", "\uffff", "\U0001f600"]),
    ],
)
def test_sort(evaluate: Evaluate, elements: str, ascending: list[Any]) -> None:
    assert evaluate(f"Sort([{elements}])") == ascending


def test_sort_descending(evaluate: Evaluate) -> None:
    assert evaluate('Sort([1, 3, 2], "desc")') == [3, 2, 1]
    assert evaluate('Sort([2, 2.0, 3], order = "desc")') == [3, 2, 2.0]


def test_sort_puts_what_is_no_number_first(evaluate: Evaluate) -> None:
    sorted_ = evaluate('Sort(attributes["l"])', {"l": [1.0, float("nan"), float("-inf")]})
    assert sorted_[0] != sorted_[0]
    assert sorted_[1:] == [float("-inf"), 1.0]


def test_sort_leaves_lists_of_maps(evaluate: Evaluate) -> None:
    assert evaluate('Sort(attributes["maps"])', DATA) == DATA["maps"]


def test_sorted_lists_may_stand_in_map_literals(evaluate: Evaluate) -> None:
    assert evaluate('{"a": Sort(attributes["l"])}', DATA) == {"a": [2, "a", "b"]}


@pytest.mark.parametrize(
    "text",
    [
        'Sort([attributes["m"]])',
        'Sort([{"a": 1}])',
        'Sort([attributes["l"]])',
        "Sort([time])",
        'Sort(attributes["s"])',
        'Sort(attributes["missing"])',
        'ContainsValue(attributes["s"], "t")',
        'ContainsValue(attributes["missing"], 1)',
        'ContainsValue([attributes["l"]], 1)',
        'Keys(attributes["l"])',
        'Values(attributes["missing"])',
        'SliceToMap(attributes["s"])',
        'SliceToMap(attributes["l"], ["k"])',
        'SliceToMap(attributes["maps"], [])',
        'SliceToMap(attributes["maps"], ["v"])',
        'SliceToMap(attributes["maps"], ["k", "x"])',
        'SliceToMap(attributes["maps"], ["k"], ["missing"])',
        'Coalesce([attributes["s"]["x"], 1])',
        '{"a": attributes["l"]}',
        '{"a": [attributes["l"]]}',
    ],
)
def test_refused_on_a_record(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(ExecutionError):
        evaluate(text, DATA)


@pytest.mark.parametrize(
    "text",
    [
        "Coalesce([])",
        'Coalesce("x")',
        'Coalesce(attributes["l"])',
        'ContainsValue("hello", "h")',
        'ContainsValue([{"a": 1}], 1)',
        "Keys([1])",
        'Sort([1], "up")',
        'SliceToMap([{"k": "a"}], ["k"])',
        'SliceToMap(attributes["l"], [attributes["s"]])',
        '{"a": [[{"b": 1}]]}',
    ],
)
def test_refused_before_any_record(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(OttlError):
        evaluate(text, DATA)
