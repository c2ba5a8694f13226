"""The functions of XPath, by the results of the reference."""

import math
from typing import Any

import pytest

from otx.ottl.xml.tree import parse_tree
from otx.ottl.xpath.functions import ARITIES, FUNCTIONS, to_number, to_text

NODES: Any = list(parse_tree("<a>1</a><a> 2 </a><a>x</a>").children())


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("boolean", [""], False),
        ("ceiling", [1.2], 2.0),
        ("concat", ["a", 1.0, True], "a1true"),
        ("contains", ["foo", "oo"], True),
        ("contains", [[], ""], False),
        ("count", [NODES], 3.0),
        ("count", ["x"], 0.0),
        ("ends-with", ["foo", "oo"], True),
        ("floor", [-1.5], -2.0),
        ("lower-case", ["AÉ"], "aé"),
        ("matches", ["foo", "^f"], True),
        ("normalize-space", [" a \n b "], "a b"),
        ("not", [[]], True),
        ("not", [""], False),
        ("number", [" 1.5 "], 1.5),
        ("replace", ["abc", "(b)", "[$1]"], "a[b]c"),
        ("reverse", [NODES], NODES[::-1]),
        ("round", [2.5], 3.0),
        ("round", [-2.5], -2.0),
        ("starts-with", ["foo", "fo"], True),
        ("string", [NODES], "1"),
        ("string-join", [NODES, "-"], "1- 2 -x"),
        ("string-length", ["é"], 2.0),
        ("substring", ["hello", 2.0, 3.0], "ell"),
        ("substring", ["hello", 0.0, 3.0], "he"),
        ("substring", ["hello", -1.0, 4.0], "he"),
        ("substring", ["hello", 1.5, 2.6], "ell"),
        ("substring", ["hello", 0.0], "hello"),
        ("substring", ["hello", 9.0], ""),
        ("substring", ["hello", 2.0, 0.0], ""),
        ("substring-after", ["a=b", "="], "b"),
        ("substring-before", ["a=b", "="], "a"),
        ("substring-before", ["a=b", ""], ""),
        ("sum", [NODES], 3.0),
        ("sum", ["3"], 3.0),
        ("translate", ["abc", "abc", "xy"], "xy"),
    ],
)
def test_values(name: str, arguments: list[Any], value: Any) -> None:
    assert FUNCTIONS[name](*arguments) == value


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (-0.0, "0"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
    ],
)
def test_numbers_as_text(number: float, text: str) -> None:
    assert to_text(number) == text


def test_what_is_no_number() -> None:
    assert all(math.isnan(to_number(value)) for value in ("x", "", NODES[:0]))
    assert (to_number(True), to_number(NODES)) == (1.0, 1.0)


def test_every_function_has_an_arity() -> None:
    of_the_context = {"last", "position", "name", "local-name", "namespace-uri"}
    assert set(ARITIES) == set(FUNCTIONS) | of_the_context
