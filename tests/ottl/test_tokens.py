"""Tokens of texts that parse and of texts that do not, and what of them is still open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.tokens import coloured, is_open, tokens


def test_each_token_has_the_colour_of_what_it_is() -> None:
    text = 'set(span.kind, Int(value = "2")) where kind == SPAN_KIND_SERVER or not IsMatch'
    found = [(token.text, colour) for token, colour in coloured(text) if colour != "sign"]
    assert found == [
        ("set", "editor"),
        ("span", "path"),
        ("kind", "path"),
        ("Int", "converter"),
        ("value", "argument"),
        ('"2"', "text"),
        ("where", "keyword"),
        ("kind", "path"),
        ("SPAN_KIND_SERVER", "enum"),
        ("or", "keyword"),
        ("not", "keyword"),
        ("IsMatch", "converter"),
    ]


def test_numbers_bytes_and_words_of_value_are_told_apart() -> None:
    kinds = [one.kind for one in tokens("0x0a 1 1.5 nil true notes")]
    assert kinds == ["bytes", "number", "number", "keyword", "keyword", "word"]


def test_where_is_a_name_behind_a_dot() -> None:
    assert [one.kind for one in tokens("where a.where")] == ["keyword", "word", "sign", "word"]


def test_what_is_no_token_is_wrong_character_by_character() -> None:
    found = tokens("a && b")
    assert [(one.kind, one.text) for one in found[1:3]] == [("wrong", "&"), ("wrong", "&")]


def test_a_text_without_its_end_is_open_to_the_end() -> None:
    last = tokens('set(a, "b c) d')[-1]
    assert (last.kind, last.text) == ("open text", '"b c) d')


@pytest.mark.parametrize("text", ["set(", 'a["b"', '"x', '[1, {"a": (2', 'set(a["("], "'])
def test_an_open_bracket_or_quote_waits_for_more(text: str) -> None:
    assert is_open(text)


@pytest.mark.parametrize("text", ["", "set()", '"("', r'"a\"b"', ")(", "set(]", "a == 1"])
def test_what_is_complete_or_past_mending_does_not(text: str) -> None:
    assert not is_open(text)


@given(st.text(max_size=40))
def test_tokens_cover_a_text_in_order_and_without_overlap(text: str) -> None:
    at = 0
    for token in tokens(text):
        assert token.start >= at
        assert token.text == text[token.start : token.end] != ""
        assert not text[at : token.start].strip()
        at = token.end
    assert not text[at:].strip()
