"""ParseCSV in statements; rows are tested where they are read."""

import pytest

from otx.ottl.errors import ExecutionError, OttlError
from tests.ottl.log_record import Evaluate

QUOTED = {"x": 'a,"b,c",d'}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('ParseCSV(attributes["x"], "x,y,z")', {"x": "a", "y": "b,c", "z": "d"}),
        ('ParseCSV("1|2", "x|y", "|")', {"x": "1", "y": "2"}),
        ('ParseCSV("1,2", "x|y", headerDelimiter="|")', {"x": "1", "y": "2"}),
        ('ParseCSV("1,2", "x,x")', {"x": "2"}),
        (
            'ParseCSV(attributes["x"], "w,x,y,z", mode="ignoreQuotes")',
            dict(zip("wxyz", QUOTED["x"].split(","), strict=True)),
        ),
        ('ParseCSV(attributes["bare"], "x", mode="lazyQuotes")', {"x": 'v"1'}),
        ('ParseCSV("", "x", mode="ignoreQuotes")', {"x": ""}),
    ],
)
def test_values(evaluate: Evaluate, text: str, value: dict[str, str]) -> None:
    assert evaluate(text, {**QUOTED, "bare": 'v"1'}) == value


@pytest.mark.parametrize(
    "text",
    [
        'ParseCSV("a", "x", "::")',
        'ParseCSV("a", "x", "")',
        'ParseCSV("a", "x", headerDelimiter="ab")',
        'ParseCSV("a", "x", mode="loose")',
        'ParseCSV("a", "x", attributes["x"])',
        'ParseCSV(5, "x")',
    ],
)
def test_what_a_statement_cannot_say(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(OttlError):
        evaluate(text)


@pytest.mark.parametrize(
    "text",
    [
        'ParseCSV("a,b", "x")',
        'ParseCSV("", "x")',
        'ParseCSV("a", "")',
        'ParseCSV(attributes["bare"], "x")',
        'ParseCSV(attributes["missing"], "x")',
    ],
)
def test_what_a_record_cannot_have(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(ExecutionError):
        evaluate(text, {"bare": 'v"1'})
