"""The driver of the tables gives what lark gives: the same trees, and errors at the same tokens."""

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark import Lark, Token
from lark.exceptions import UnexpectedInput, UnexpectedToken

from otx.ottl import lalr
from otx.ottl.grammar_tables import GRAMMAR, STARTS
from otx.ottl.lalr import Branch, TooDeep, Unexpected, ottl_automaton

PIECES = st.sampled_from(
    [
        *("set(", "(", ")", "[", "]", "{", "}", ",", ".", "=", "=>", "==", "+", "-", "*", "/"),
        *(" where ", " not ", " and ", " or ", "nil", "true", "where", "whereX", "nila", "_"),
        *("a", "A", "Ab", "1", "1.5", ".5", "0xff", '"x"', '"', '"k":', "span.kind", "F(x)"),
        *("(k, v) => ", " ", "\n", "#", "é"),
    ]
)


@cache
def lark() -> Lark:
    return Lark(
        GRAMMAR.read_text(),
        parser="lalr",
        start=list(STARTS),
        propagate_positions=True,
        maybe_placeholders=False,
    )


def plain(part: Any) -> Any:
    """A tree of either make as names, places and lists."""
    if isinstance(part, Token):
        return part.type, str(part), part.start_pos, part.end_pos
    if isinstance(part, lalr.Token):
        return tuple(part)
    children = [plain(child) for child in part.children]
    if isinstance(part, Branch):
        return part.rule, part.start, part.end, children
    return part.data, part.meta.start_pos, part.meta.end_pos, children


def by_lark(text: str, start: str) -> Any:
    try:
        return plain(lark().parse(text, start=start))
    except UnexpectedToken as error:
        return error.token.type, len(text) if error.token.type == "$END" else error.token.start_pos
    except UnexpectedInput as error:
        return "", error.pos_in_stream


def by_tables(text: str, start: str) -> Any:
    try:
        return plain(ottl_automaton().parse(text, start, 1_000))
    except Unexpected as error:
        return error.token.terminal, error.token.start


@pytest.mark.parametrize("start", STARTS)
@given(st.lists(PIECES, max_size=16).map("".join))
def test_any_text_gives_the_same(start: str, text: str) -> None:
    assert by_tables(text, start) == by_lark(text, start)


@pytest.mark.parametrize(
    "text",
    [
        'set(attributes["a"]["b"], [1, {"x": -2.5, "y": 0xff}]) where not (a == 1 or b.c != nil)',
        "f((k, v) => (k == v), named = G, other = -(1 + 2) * 3)",
        'set(where, Concat(["a"], "")["x"][0]) where where == true and IsMatch(name, "x")',
    ],
)
def test_a_statement_gives_the_same(text: str) -> None:
    assert by_tables(text, "statement") == by_lark(text, "statement")
    assert isinstance(ottl_automaton().parse(text, "statement", 100), Branch)


def test_what_is_nested_deeper_than_allowed_is_told() -> None:
    ottl_automaton().parse("[[[1]]]", "value_expression", 5)
    with pytest.raises(TooDeep) as caught:
        ottl_automaton().parse("[[[1]]]", "value_expression", 3)
    assert (caught.value.start, caught.value.end) == (0, 7)


def test_a_long_list_takes_no_time_to_speak_of() -> None:
    text = f"[{','.join(['1'] * 100_000)}]"
    (tree,) = ottl_automaton().parse(text, "value_expression", 100).children
    assert isinstance(tree, Branch)
    assert len(tree.children) == 100_000
