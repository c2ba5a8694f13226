"""Errors of statements and of records."""

import pytest

from otx.ottl.errors import ExecutionError, Unfit
from tests.ottl.log_record import evaluate


def test_a_reason_that_quotes_a_large_value_is_cut() -> None:
    assert str(ExecutionError("a short one")) == "a short one"
    text = str(ExecutionError("'" + "x" * 1_000_000 + "' is no number"))
    assert len(text) < 500
    assert text.startswith("'xxx") and text.endswith("is no number")


def test_the_innermost_part_that_is_told_of_stays() -> None:
    error = ExecutionError("'x' is no number").within("Int(log.body)")
    assert str(error.within("String(Int(log.body))")) == "Int(log.body): 'x' is no number"


def test_a_part_is_told_on_one_short_line() -> None:
    text = str(ExecutionError("no").within("Concat([\n  log.body],\n" + "x" * 200))
    assert text.startswith("Concat([ log.body], xxx") and text.endswith("x…: no")
    assert len(text) < 120


def test_what_a_path_does_not_take_is_told_of_the_whole_path() -> None:
    error = Unfit("name", "takes a string, not int 2")
    assert str(error) == "name takes a string, not int 2"
    assert str(error.within("span.name")) == "span.name takes a string, not int 2"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('Int(attributes["s"])', "Int(attributes[\"s\"]): 'x' is no integer of base 10"),
        ('Log(Int(attributes["s"]))', "Int(attributes[\"s\"]): 'x' is no integer"),
        ("Substring(body, 0, 99)", "Substring(body, 0, 99): the text has 9 bytes"),
        (
            'Substring(attributes["n"], 0, 1)',
            'Substring(attributes["n"], 0, 1): a string is wanted, not int 5',
        ),
        ('Sort(attributes["s"])', 'Sort(attributes["s"]): '),
        ("body + 1", "body + 1: "),
        ("-body", "-body: "),
        ('attributes["s"]["a"]', 'log.attributes["s"]["a"]: a string cannot be indexed'),
    ],
)
def test_a_failing_expression_names_what_failed_in_it(text: str, reason: str) -> None:
    with pytest.raises(ExecutionError) as caught:
        evaluate(text, {"s": "x", "n": 5}, "some text")
    assert str(caught.value).startswith(reason)
