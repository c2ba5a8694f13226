"""ParseKeyValue and ToKeyValueString: the way there and back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.functions.parse_key_value import split_quoted
from tests.ottl import log_record
from tests.ottl.log_record import Evaluate


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        ("k1=v1 k2=v2", "", {"k1": "v1", "k2": "v2"}),
        ("  k1=v1   k2=v2 ", "", {"k1": "v1", "k2": "v2"}),
        ("name=\"   ottl \" job='sw eng'", "", {"name": "ottl", "job": "sw eng"}),
        ("a=b c=d", ', "=", ";"', {"a": "b c=d"}),
        ("a==b=", "", {"a": "=b="}),
        ("a=", "", {"a": ""}),
        ("=b", "", {"": "b"}),
        ("a=1 a=2", "", {"a": "2"}),
        (r"a=\"b c=d", "", {"a": '\\"b', "c": "d"}),
        (
            "k1@*v1_!_k2@**v2_!__k3@@*v3__",
            ', "@*", "_!_"',
            {"k1": "v1", "k2": "*v2", "_k3@": "v3__"},
        ),
    ],
)
def test_a_text_is_taken_apart(
    evaluate: Evaluate, text: str, arguments: str, value: dict[str, str]
) -> None:
    assert evaluate(f'ParseKeyValue(attributes["x"]{arguments})', {"x": text}) == value


@pytest.mark.parametrize("text", ["", "novalue", "a=b c", 'a="b', "a='b\""])
def test_what_is_no_text_of_keys_and_values(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(ExecutionError):
        evaluate('ParseKeyValue(attributes["x"])', {"x": text})


@pytest.mark.parametrize(
    "text",
    [
        'ParseKeyValue("a", "=", "=")',
        'ParseKeyValue("a", "", ";")',
        'ParseKeyValue("a", " ")',
        "ParseKeyValue(5)",
        'ToKeyValueString({"a": 1}, "x", "x")',
        'ToKeyValueString({"a": 1}, "=", "")',
        'ToKeyValueString("x")',
    ],
)
def test_what_a_statement_cannot_say(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(OttlError):
        evaluate(text)


@pytest.mark.parametrize(
    ("source", "arguments", "text"),
    [
        ({"b": "2", "a": "1"}, "", "b=2 a=1"),
        ({"b": "2", "a": "1"}, ", sort_output=true", "a=1 b=2"),
        ({"key 1": "v=1", "k": 'q"'}, "", '"key 1"="v=1" k=q\\"'),
        (
            {"a": 1.5, "b": True, "c": None, "d": [1, {"x": "<"}]},
            "",
            'a=1.5 b=true c= d=[1,{\\"x\\":\\"<\\"}]',
        ),
        ({"a": "1", "b": "x,y"}, ', ":", ","', 'a:1,b:"x,y"'),
        ({}, "", ""),
    ],
)
def test_a_map_is_put_together(
    evaluate: Evaluate, source: dict[str, Any], arguments: str, text: str
) -> None:
    assert evaluate(f'ToKeyValueString(attributes["m"]{arguments})', {"m": source}) == text


WORDS = st.text("abc é=;'", min_size=1, max_size=6).map(str.strip).filter(bool)


@given(
    st.dictionaries(
        WORDS.filter(lambda k: not set(k) & set("=;'")),
        WORDS.filter(lambda v: "'" not in v),
        min_size=1,
        max_size=4,
    )
)
def test_reading_undoes_writing(source: dict[str, str]) -> None:
    # A value that begins with the delimiter is part of a key's quotes only by chance.
    text = log_record.evaluate('ToKeyValueString(attributes["m"], "=", ";")', {"m": source})
    assert log_record.evaluate('ParseKeyValue(attributes["x"], "=", ";")', {"x": text}) == source


@given(st.text("a ;'\"\\", max_size=12))
def test_a_split_keeps_all_but_delimiters_and_quotes(text: str) -> None:
    try:
        parts = split_quoted(text, ";")
    except ExecutionError:
        return
    assert all(parts)
    assert sum(map(len, parts)) <= len(text)
