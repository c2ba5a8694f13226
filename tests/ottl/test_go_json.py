"""JSON, read as the Collector reads it."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.errors import ExecutionError
from otx.ottl.go_json import parse_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":1,"a":2}', {"a": 2.0}),
        (' [1,true,null,"x"]\n', [1.0, True, None, "x"]),
        ("[12345678901234567890]", [12345678901234567890.0]),
        ("[01,1.,-.5,1E+5]", [1.0, 1.0, -0.5, 100000.0]),
        ('["a\nb\x01"]', ["a\nb\x01"]),
        ('["\\ud800","\\ud83d\\ude00","\\ud800\\u0041"]', ["\ufffd", "😀", "\ufffdA"]),
        ('["\udcff"]', ["\udcff"]),
        ('{"a":1}\0 and more', {"a": 1.0}),
        ("[1e-400]", [0.0]),
    ],
)
def test_values(text: str, value: Any) -> None:
    parsed = parse_json(text)
    assert parsed == value
    assert "int" not in {type(one).__name__ for one in parsed}


def test_a_negative_zero_keeps_its_sign() -> None:
    assert math.copysign(1, parse_json("[-0]")[0]) == -1


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "null",
        "1",
        '"a"',
        "{bad",
        "[1,]",
        '{"a":1,}',
        "[1] x",
        "[NaN]",
        "[-Infinity]",
        "[1e400]",
        "[+1]",
        "[.]",
        "[1.2.3]",
        "[--1]",
        "[0x1]",
        '["\\x"]',
        '["a',
        "\ufeff[1]",
        "{'a':1}",
        "[" * 100000,
    ],
)
def test_what_is_no_map_or_list(text: str) -> None:
    with pytest.raises(ExecutionError):
        parse_json(text)


TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(TREES, max_size=3))
def test_what_is_written_comes_back(tree: list[Any]) -> None:
    assert parse_json(json.dumps(tree)) == tree


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{a:1}", "a key in double quotes is wanted, not 'a', at character 2"),
        ("", "a value is wanted, and it ends, at character 1"),
        ('{"a" 1}', "a colon is wanted, not '1', at character 6"),
        ("[1 2]", "a comma or the closing bracket is wanted, not '2', at character 4"),
        ('{"a":"x}', "a text is not closed that begins at character 6"),
        ('["\\q"]', "an escape that JSON does not have at character 3"),
        ("[1]x", "something follows the end of the JSON at character 4"),
        ("[01, 1., x]", "a value is wanted, not 'x', at character 10"),
        ("[-]", "- is no number, at character 2"),
    ],
)
def test_what_is_no_json_is_told_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(ExecutionError) as caught:
        parse_json(text)
    assert str(caught.value) == f"this is no JSON: {reason}"


@given(st.text('[]{}":,01.-eE ax\\u\t', max_size=20))
def test_no_complaint_is_python_s(text: str) -> None:
    try:
        parse_json(text)
    except ExecutionError as error:
        assert "Expecting" not in str(error)
        assert "line 1" not in str(error)
