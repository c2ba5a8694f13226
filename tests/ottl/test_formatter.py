"""Formatting changes how a text looks, and nothing of what it says."""

import pytest
from hypothesis import given

from otx.ottl.errors import OttlError
from otx.ottl.formatter import format_condition, format_statement, format_value_expression
from otx.ottl.parser import parse_condition, parse_statement
from tests.ottl.trees import conditions, shape, statements
from tests.ottl.vector_case import load


@pytest.mark.parametrize(
    ("text", "formatted"),
    [
        ('set( name,"a" )', 'set(name, "a")'),
        ('set(a["b"] [0],1+2*-3)', 'set(a["b"][0], 1 + 2 * -3)'),
        ("set(a,[1,2.,.5,0xFF])", "set(a, [1, 2., .5, 0xFF])"),
        ('set(a,{"x":nil,})', 'set(a, {"x": nil})'),
        ("set(a,b=true)where not(x==1)", "set(a, b=true) where not (x == 1)"),
        ("f(a,(k,_)=>k==1)", "f(a, (k, _) => k == 1)"),
        (r'set(a, "\u00e9\x41\n")', r'set(a, "éA\n")'),
    ],
)
def test_a_statement_is_written_well(text: str, formatted: str) -> None:
    assert format_statement(text) == formatted


def test_a_long_condition_goes_to_lines_of_its_own() -> None:
    text = 'set(a, 1) where x == "one" and y == "two" and z == "three"'
    assert format_statement(text, width=30).splitlines() == [
        "set(a, 1)",
        '  where x == "one"',
        '    and y == "two"',
        '    and z == "three"',
    ]


def test_a_value_expression_and_a_condition_are_written_well() -> None:
    assert format_value_expression('Concat(["a"],"b") [0]') == 'Concat(["a"], "b")[0]'
    assert format_condition("a==1 or b==2", width=5) == "a == 1\nor b == 2"


@pytest.mark.parametrize(
    "text", sorted({text for case in load() for text in case.get("statements", ())})
)
def test_every_statement_of_the_vectors_keeps_its_meaning(text: str) -> None:
    try:
        tree = parse_statement(text)
    except OttlError:
        return  # it is there to be refused
    formatted = format_statement(text, width=40)
    assert shape(parse_statement(formatted)) == shape(tree)
    assert format_statement(formatted, width=40) == formatted


@given(statements)
def test_formatting_a_statement_changes_nothing_it_says(text: str) -> None:
    formatted = format_statement(text)
    assert shape(parse_statement(formatted)) == shape(parse_statement(text))
    assert format_statement(formatted) == formatted


@given(conditions)
def test_formatting_a_condition_changes_nothing_it_says(text: str) -> None:
    formatted = format_condition(text, width=30)
    assert shape(parse_condition(formatted)) == shape(parse_condition(text))
    assert format_condition(formatted, width=30) == formatted
