"""Selectors mean what kubectl's mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.opamp.server.selector import Selector, Term, parse_selector

LABELS = {"env": "prod", "region": "eu-west", "canary": "", "host.name": "a"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True),
        ("env=prod", True),
        ("env==prod", True),
        ("env = prod", True),
        ("env=test", False),
        ("env!=test", True),
        ("env!=prod", False),
        ("nothing!=prod", True),
        ("env in (prod, test)", True),
        ("env in (test)", False),
        ("env notin (test,dev)", True),
        ("nothing notin (a)", True),
        ("canary", True),
        ("!canary", False),
        ("!nothing", True),
        ("canary=", True),
        ("env=prod,region=eu-west", True),
        ("env=prod, region in (us)", False),
        ("host.name=a,!b", True),
    ],
)
def test_a_selector_matches(text: str, holds: bool) -> None:
    assert parse_selector(text).matches(LABELS) is holds


@pytest.mark.parametrize(
    "text", ["=", "a=b=c,", "a in b", "a in (b", ",", "a,,b", "a b", "(a)", "!"]
)
def test_what_is_no_selector_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(UsageError, match="character"):
        parse_selector(text)


def test_demands_of_several_texts_add_up() -> None:
    assert parse_selector(["env=prod", "canary"]) == parse_selector("env=prod,canary")


def test_specificity_counts_labels() -> None:
    assert parse_selector("").specificity == 0
    assert parse_selector("a,a!=x,b=1").specificity == 2


keys = st.from_regex(r"[a-z][a-z0-9._/-]{0,8}", fullmatch=True)
texts = st.from_regex(r"[A-Za-z0-9._:-]{0,8}", fullmatch=True)
terms = st.one_of(
    st.builds(Term, keys, st.sampled_from(["exists", "absent"])),
    st.builds(
        Term,
        keys,
        st.sampled_from(["in", "notin"]),
        st.lists(texts, min_size=1, max_size=3, unique=True).map(tuple),
    ),
)


@given(st.lists(terms, max_size=5, unique=True).map(lambda found: Selector(tuple(found))))
def test_what_is_written_is_read_again(selector: Selector) -> None:
    assert set(parse_selector(str(selector)).terms) == set(selector.terms)


@given(st.text(max_size=30))
def test_any_text_is_a_selector_or_a_clear_error(text: str) -> None:
    try:
        parse_selector(text).matches(LABELS)
    except UsageError as error:
        assert error.hint
