"""The converters that take a lambda."""

from typing import Any

import pytest

from otx.ottl.contexts.logs import LOG
from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.program import compile_value_expression
from tests.ottl.log_record import Change, Evaluate

DATA = {
    "l": ["a", 2, None],
    "n": [1, 2, 3],
    "m": {"x": "a", "y": 2},
    "maps": [{"name": "x", "v": 1}, {"name": "y", "v": 2}],
    "none": [],
    "limit": 2,
    "s": "text",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('All(attributes["n"], (_, v) => v > 0)', True),
        ('All(attributes["n"], (_, v) => v > 1)', False),
        ('All(attributes["none"], (_, v) => false)', True),
        ('Any(attributes["m"], (k, v) => k == "y" and v == 2)', True),
        ('Any(attributes["none"], (_, _) => true)', False),
        ('Any(attributes["l"], (_, v) => v == nil)', True),
        ('Any(attributes["l"], (i, v) => v == "a" or v["x"] == 1)', True),
        ('Filter(attributes["l"], (i, v) => i > 0)', [2, None]),
        ('Filter(attributes["m"], (_, v) => v == 2)', {"y": 2}),
        ('Filter(attributes["n"], (_, v) => v >= attributes["limit"])', [2, 3]),
        ('Filter(attributes["n"], (attributes, _) => attributes == 0)', [1]),
        ('Filter(attributes["maps"], (_, v) => v["name"] == "y")', [{"name": "y", "v": 2}]),
        ("Filter([1, 2], (_, v) => not (v == 1))", [2]),
        ('Find(attributes["n"], (_, v) => v > 1)', 2),
        ('Find(attributes["n"], (_, v) => v > 9)', None),
        (
            'Find(attributes["m"], (k, _) => k == "y", (k, v) => {"k": k, "v": v})',
            {"k": "y", "v": 2},
        ),
        ('Find(attributes["n"], (_, v) => v > 1, (i, v) => i == 1)', True),
        ('Find(attributes["maps"], (_, v) => v["v"] == 2)["name"]', "y"),
        ('MapEach(attributes["n"], (i, v) => v * 10 + i)', [10, 21, 32]),
        ('MapEach(attributes["m"], (k, _) => k)', {"x": "x", "y": "y"}),
        ('MapEach(attributes["maps"], (_, m) => m["v"])', [1, 2]),
        ('MapEach(["a"], (_, v) => [v, 1])', [["a", 1]]),
        ("MapEach([1, 2], (_, a) => MapEach([10, 20], (_, b) => a + b))", [[11, 21], [12, 22]]),
        ("MapEach([1, 2], (_, a) => MapEach([10], (_, a) => a))", [[10], [10]]),
        ('MapKeys(attributes["m"], (k, v) => When(() => k == "x", "z", k))', {"z": "a", "y": 2}),
        ('MapKeys(attributes["m"], (_, _) => "same")', {"same": 2}),
        ('Reduce(attributes["n"], 0, (sum, _, v) => sum + v)', 6),
        ('Reduce(attributes["none"], "seed", (_, _, v) => v)', "seed"),
        ('Reduce(attributes["m"], 0, (count, _, _) => count + 1)', 2),
        ("Reduce([1, 2], nil, (_, _, v) => v)", 2),
        ('When(() => attributes["limit"] == 2, "yes", attributes["s"]["x"])', "yes"),
        ('When(() => attributes["limit"] == 3, attributes["s"]["x"], "no")', "no"),
        ("When(() => true, [1], nil)", [1]),
    ],
)
def test_value(evaluate: Evaluate, text: str, value: Any) -> None:
    assert evaluate(text, DATA) == value


@pytest.mark.parametrize(
    "text",
    [
        'All(attributes["n"], (_, v) => v)',
        'Any(attributes["n"], (_, v) => nil)',
        'Filter(attributes["s"], (_, _) => true)',
        'Filter(attributes["missing"], (_, _) => true)',
        'Filter([{"a": 1}], (_, _) => true)',
        'Find(attributes["n"], (_, _) => true, (_, _) => nil)',
        'MapEach(attributes["n"], (_, _) => nil)',
        'MapEach(attributes["n"], (_, _) => time)',
        'MapEach(attributes["maps"], (_, v) => v["missing"])',
        'MapEach(attributes["maps"], (_, v) => [v])',
        'MapEach(attributes["l"], (_, v) => v * 2)',
        'MapKeys(attributes["m"], (_, v) => v)',
        'MapKeys(attributes["n"], (_, _) => "k")',
        'Reduce(attributes["n"], 0, (_, _, _) => nil)',
        'Reduce(attributes["s"], 0, (_, _, v) => v)',
        'When(() => attributes["limit"], 1, 2)',
    ],
)
def test_refused_on_a_record(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(ExecutionError):
        evaluate(text, DATA)


@pytest.mark.parametrize(
    "text",
    [
        "Filter([1], (v) => v == 1)",
        "MapEach([1], 1)",
        "Reduce([1], 0, (acc, v) => v)",
        "When(true, 1, 2)",
        "When((x) => true, 1, 2)",
        "Find([1], (_, v) => true, (k) => k)",
    ],
)
def test_refused_before_any_record(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(OttlError):
        evaluate(text, DATA)


def test_conditions_take_lambdas_too(change: Change) -> None:
    changed = change('set(attributes["t"], 1) where Any(attributes["n"], (_, v) => v == 3)', DATA)
    assert changed["t"] == 1


def test_the_gate_has_to_be_on() -> None:
    with pytest.raises(OttlError, match=r"ottl\.functions\.enableLambda"):
        compile_value_expression("When(() => true, 1, 2)", LOG, FunctionSet())
