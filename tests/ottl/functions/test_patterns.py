"""ExtractPatterns and ExtractGrokPatterns in statements."""

from typing import Any

import pytest

from otx.ottl.errors import ExecutionError, OttlError
from tests.ottl.log_record import Evaluate


@pytest.mark.parametrize(
    ("text", "pattern", "value"),
    [
        ("k=v", r"(?P<k>\w+)=(?P<v>\w+)", {"k": "k", "v": "v"}),
        ("xyz", r"(?P<a>x)|(?P<b>q)", {"a": "x", "b": ""}),
        ("nothing", r"(?P<n>\d+)", {}),
        ("日本x", r"(?<a>..)x", {"a": "日本"}),
        # Of two groups with one name the last one counts.
        ("xy", r"(?P<a>.)(?P<a>.)", {"a": "y"}),
        ("k=\udcff", r"(?P<v>=.)", {"v": "=\udcff"}),
    ],
)
def test_groups_are_kept_by_name(
    evaluate: Evaluate, text: str, pattern: str, value: dict[str, str]
) -> None:
    call = 'ExtractPatterns(attributes["x"], attributes["p"])'
    assert evaluate(call, {"x": text, "p": pattern}) == value


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ('"%{INT:a:int} %{WORD:b.c}"', {"a": 12, "b.c": "x"}),
        ('"%{INT:a:int} %{WORD}", true', {"a": 12}),
        ('"%{INT} %{WORD}"', {"INT": "12", "WORD": "x"}),
        ('"%{TWO:t}", true, ["TWO=%{INT:i:float} x"]', {"t": "12 x", "i": 12.0}),
        ('"%{INT:a:boolean}"', ExecutionError),
        ('"%{INT:a:number}"', ExecutionError),
        ('"%{UUID:a}"', {}),
        ('attributes["p"]', {"q": "12"}),
        ('attributes["wrong"]', ExecutionError),
    ],
)
def test_pieces_are_kept_by_field(evaluate: Evaluate, arguments: str, value: Any) -> None:
    data = {"x": "12 x", "p": "%{INT:q}", "wrong": "%{NOPE}"}
    call = f'ExtractGrokPatterns(attributes["x"], {arguments})'
    if isinstance(value, dict):
        assert evaluate(call, data) == value
    else:
        with pytest.raises(value):
            evaluate(call, data)


@pytest.mark.parametrize(
    "text",
    [
        'ExtractPatterns("x", "(")',
        'ExtractPatterns(5, "(?P<n>x)")',
        'ExtractGrokPatterns("x", "%{NO_SUCH_PATTERN:x}")',
        'ExtractGrokPatterns("x", "x", true)',
        'ExtractGrokPatterns("x", "%{A}", false, ["A"])',
        'ExtractGrokPatterns("x", "%{A}", false, ["A:b=c"])',
        'ExtractGrokPatterns("x", "%{A}", false, ["A=%{A}"])',
    ],
)
def test_what_a_statement_cannot_say(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(OttlError):
        evaluate(text)


def test_a_pattern_without_names_fails_when_a_record_comes(evaluate: Evaluate) -> None:
    with pytest.raises(ExecutionError):
        evaluate('ExtractPatterns("x", "x")')
