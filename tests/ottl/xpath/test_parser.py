"""XPath expressions, parsed."""

import pytest

from otx.ottl.errors import ExecutionError
from otx.ottl.xpath.parser import parse_xpath
from otx.ottl.xpath.syntax import Call, Constant, NodeTest, Operation, Root, Step

A = NodeTest("element", local="a")


def test_paths() -> None:
    assert parse_xpath("/a") == Step("child", A, Root())
    assert parse_xpath("@p:a") == Step("attribute", NodeTest("attribute", "p", "a"), None)
    assert parse_xpath("/") == Root()
    # All below in the order of the document, unless places are counted by parent.
    assert parse_xpath("//a") == Step("descendant", A, Root())
    below = Step("descendant-or-self", NodeTest("node"), Root())
    assert parse_xpath("//a[1]") == Step("child", A, below, (Constant(1.0),))


def test_operators_have_ranks() -> None:
    one, two = Constant(1.0), Constant(2.0)
    product = Operation("*", two, Constant(3.0))
    assert parse_xpath("1 + 2 * 3 = 1 or a") == Operation(
        "or", Operation("=", Operation("+", one, product), one), Step("child", A, None)
    )
    assert parse_xpath("--1") == one
    assert parse_xpath("-1") == Operation("*", one, Constant(-1.0))


def test_calls() -> None:
    assert parse_xpath("fn:concat('x', 1)") == Call("concat", (Constant("x"), Constant(1.0)))


def test_what_follows_is_ignored() -> None:
    assert parse_xpath("/a b") == parse_xpath("/a")
    assert parse_xpath("/a]") == parse_xpath("/a")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "[",
        "/a[",
        "/a[]",
        "//",
        "a//",
        "a/",
        "@",
        "$x",
        "(",
        "(1",
        "foo()",
        "count()",
        "x:y()",
        "bogus::a",
        "namespace::a",
        "contains('a')",
        "matches('a', '(')",
        "text(1)",
        "a/(b|c)",
        "1 +",
        "(" * 300 + "1" + ")" * 300,
        "/a }",
    ],
)
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(ExecutionError):
        parse_xpath(text)
