"""Statements where conditions are wanted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.checking import check_source
from otx.ottl.condition_hints import hint_for_condition
from otx.ottl.errors import OttlError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.parser import parse_condition
from otx.ottl.source import read_source


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (
            'set(span.name, "x")',
            "a condition stands here, and no statement: what is true or false, as in a == b",
        ),
        ('set(name, "x") where kind == 2', "a condition stands here, and no statement: kind == 2"),
        ("drop() where kind == 2", "a condition stands here, and no statement: kind == 2"),
        ("where kind == 2", "a condition stands alone, without where: kind == 2"),
        ('name == "x" where kind == 2', 'conditions are joined by and: name == "x" and kind == 2'),
        ("no condition at all", ""),
    ],
)
def test_the_hint_is_the_condition_in_it(text: str, hint: str) -> None:
    assert hint_for_condition(text) == hint
    with pytest.raises(OttlError) as caught:
        parse_condition(text)
    assert caught.value.hint == hint or not hint


@given(
    st.lists(
        st.sampled_from(["where", "filter", "drop()", "a == 1", "set(a, 1)", "and"]), max_size=9
    )
)
def test_no_text_is_a_fault(words: list[str]) -> None:
    assert isinstance(hint_for_condition(" ".join(words)), str)


def test_hints_name_the_contexts_that_the_key_allows() -> None:
    source = 'transform:\n  log_statements:\n    - set(attributes["x"], ERROR)\n'
    (found,) = check_source(read_source(source, "c.yaml", {}), FunctionSet())
    assert found.hint == "write log.attributes, scope.attributes, resource.attributes"
