"""The grammar of older sketches: the hint shows what OTTL writes, and that parses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.errors import OttlError
from otx.ottl.parser import parse_condition, parse_statement
from otx.ottl.sketch_hints import hint_for_sketch


def hint_of(text: str) -> str:
    with pytest.raises(OttlError) as caught:
        parse_statement(text)
    return caught.value.hint


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ('set span.name = "x"', 'set(span.name, "x")'),
        (
            'set span.attributes["x"] = "y" where span.name == "z"',
            'set(span.attributes["x"], "y") where span.name == "z"',
        ),
        (
            'set span.attributes["x"] = "a where b" where span.name != nil',
            'set(span.attributes["x"], "a where b") where span.name != nil',
        ),
        ('span.attributes["x"] = "a where b"', 'set(span.attributes["x"], "a where b")'),
        ("log.body = log.attributes", "set(log.body, log.attributes)"),
        (
            'set span.name = Concat(["a", "b"], "")\n  where true',
            'set(span.name, Concat(["a", "b"], "")) where true',
        ),
    ],
)
def test_an_assignment_is_answered_with_set(text: str, form: str) -> None:
    assert hint_of(text) == f"write {form}"
    parse_statement(form)


@pytest.mark.parametrize(
    "text",
    ['filter span.name == "x"', 'filter(span.name == "x")', 'drop where span.name == "x"'],
)
def test_a_filter_is_answered_with_its_condition(text: str) -> None:
    hint = hint_of(text)
    assert hint.endswith('the text alone: span.name == "x"')
    parse_condition(hint.partition(": ")[2])


def test_what_would_not_parse_is_not_proposed() -> None:
    assert hint_of("set span.name = 'x'") == (
        'a statement is a call of an editor: set(attributes["key"], "value")'
    )
    parse_statement('set(attributes["key"], "value")')
    assert hint_of("filter span.name = 1").endswith(': span.name == "x"')


def test_other_mistakes_keep_their_own_hints() -> None:
    assert hint_for_sketch('set(span.name, "x")') == ""
    assert "keywords are lower-case" in hint_of('set(span.name, "x") WHERE true')


@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    hint = hint_for_sketch(text)
    if hint.startswith("write "):
        parse_statement(hint.removeprefix("write "))
