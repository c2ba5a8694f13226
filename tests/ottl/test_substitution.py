"""Replacement of matches, beyond what the tests of `replace_pattern` show."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.patterns import compile_regex
from otx.ottl.substitution import contains, parse_template, replace_each, replacer


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("plain", ("plain",)),
        ("", ("",)),
        ("$", ("$",)),
        ("$$", ("$",)),
        ("$$1", ("$1",)),
        ("$1", (1,)),
        ("a$1b", ("a",)),
        ("a${1}b", ("a", 1, "b")),
        ("${n}$n-", (2, 2, "-")),
        ("$0", (0,)),
        ("$3${01}$é", ("",)),
        ("${n", ("${n",)),
        ("${}$-", ("${}$-",)),
        ("$99999999999", ("",)),
    ],
)
def test_templates(text: str, template: tuple[str | int, ...]) -> None:
    assert parse_template(text, compile_regex("(a)(?P<n>b)")) == template


def test_nothing_found() -> None:
    pattern = compile_regex("x")
    assert replacer(pattern, ("y",))("abc") is None
    assert replace_each(pattern, "abc", lambda match: "y") is None
    assert not contains(pattern, "abc")


TEXTS = st.text(alphabet="abé€\U0001f600\udcff", max_size=12)


@given(TEXTS, st.sampled_from(["a", "é", "[ab]+", "a|€", "(a)b", "."]), st.text("xy$é", max_size=3))
def test_as_python_does_where_nothing_empty_matches(text: str, regex: str, new: str) -> None:
    literal = new.replace("$", "")
    found = replacer(compile_regex(regex), (literal,))(text)
    assert found == (re.sub(regex, literal, text) if re.search(regex, text) else None)


@given(TEXTS)
def test_empty_matches_stand_between_characters(text: str) -> None:
    assert replacer(compile_regex(""), ("-",))(text) == "-" + "".join(f"{c}-" for c in text)


@given(TEXTS)
def test_a_match_replaced_by_itself_changes_nothing(text: str) -> None:
    for regex in ("a*", "é", "(a|b)?", "."):
        assert replacer(compile_regex(regex), (0,))(text) in (text, None)
