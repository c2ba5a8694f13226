"""Paths: what they mean, and what happens when they are read and written."""

from typing import Any

import pytest

from otx.ottl.contexts.logs import LOG
from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.program import compile_statement
from tests.ottl.log_record import (
    EVERYTHING,
    change,
    changed_record,
    evaluate,
    first_record,
    log_batch,
)

DATA = {"m": {"k": "v", "i": 1}, "l": ["a", {"x": "y"}], "s": "k", "n": 0, "e": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ('attributes["s"]', "k"),
        ('log.attributes["s"]', "k"),
        ('attributes["m"][attributes["s"]]', "v"),
        ('attributes["l"][attributes["m"]["i"]]["x"]', "y"),
        ('attributes["l"][attributes["n"] + 1]["x"]', "y"),
        ('attributes["missing"]["x"][0]', None),
        ('attributes["m"]["missing"][attributes["s"]["no"]]', None),
        ('attributes["e"]', None),
        ("attributes", DATA),
        ("body", {"b": [1]}),
        ('body["b"][0]', 1),
        ('body["x"]', None),
        ("cache", {}),
        ('cache["x"]', None),
        ("severity_number", 0),
    ],
)
def test_read(path: str, found: Any) -> None:
    assert evaluate(path, DATA, {"b": [1]}) == found


@pytest.mark.parametrize(
    "path",
    [
        'attributes["s"]["x"]',
        'attributes["e"]["x"]',
        'attributes["l"]["x"]',
        'attributes["l"][2]',
        'attributes["l"][-1]',
        'attributes["m"][0]',
        "attributes[1]",
        'attributes[attributes["missing"]]',
        'body["x"]',
        "body[0]",
    ],
)
def test_read_refuses(path: str) -> None:
    with pytest.raises(ExecutionError):
        evaluate(path, DATA, "text")


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ('attributes["s"]', {"s": 9}),
        ('attributes["new"]', {"new": 9}),
        ('attributes["m"]["k"]', {"m": {"k": 9, "i": 1}}),
        ('attributes["m"][attributes["s"]]', {"m": {"k": 9, "i": 1}}),
        ('attributes["l"][0]', {"l": [9, {"x": "y"}]}),
        ('attributes["l"][1]["z"]', {"l": ["a", {"x": "y", "z": 9}]}),
        ('attributes["new"][1]["a"]', {"new": [None, {"a": 9}]}),
        ('attributes["e"]["a"]', {"e": {"a": 9}}),
    ],
)
def test_write(path: str, left: dict[str, Any]) -> None:
    assert change(f"set({path}, 9)", DATA) == {**DATA, **left}


@pytest.mark.parametrize(
    ("body", "path", "left"),
    [
        ({"a": {"b": 1}}, 'body["a"]["b"]', {"a": {"b": 9}}),
        ({}, 'body["a"]["b"]', {"a": {"b": 9}}),
        ([1], "body[0]", [9]),
        ("text", "body", 9),
    ],
)
def test_write_body(body: Any, path: str, left: Any) -> None:
    assert changed_record(f"set({path}, 9)", body=body).body == left


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ("text", 'body["a"]'),
        (None, 'body["a"]'),
        (None, "body[0]"),
        ([], "body[0]"),
        ("", 'attributes["s"]["x"]'),
        ("", 'attributes["l"][2]'),
        ("", 'attributes["l"]["x"]'),
        ("", "attributes[0]"),
    ],
)
def test_write_refuses(body: Any, path: str) -> None:
    with pytest.raises(ExecutionError):
        change(f"set({path}, 9)", DATA, body)


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ('attributes["new"]', {"new": None}),
        ('attributes["m"]["new"]', {"m": {"k": "v", "i": 1, "new": None}}),
        ('attributes["s"]', {}),
        ('attributes["new"]["a"]', {"new": {"a": None}}),
    ],
)
def test_a_value_without_otlp_form_leaves_its_key(path: str, left: dict[str, Any]) -> None:
    record = first_record(log_batch(DATA))
    with pytest.raises(ExecutionError, match="convert it first"):
        compile_statement(f"set({path}, time)", LOG, EVERYTHING).run(record)
    assert dict(record.attributes) == {**DATA, **left}


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("atributes", "attributes"),
        ('attributes.http["x"]', "brackets"),
        ("severity_text[0]", "keys"),
        ("log.nothing", "no path"),
        ("resource.cache", "cache"),
        ("span.name", "another context"),
    ],
)
def test_unknown_paths_are_explained(path: str, hint: str) -> None:
    with pytest.raises(OttlError) as caught:
        evaluate(path)
    assert hint in f"{caught.value} {caught.value.hint}"


def test_the_cache_is_a_map_and_never_written() -> None:
    assert change('set(cache["a"]["b"], 1)', DATA) == DATA
    with pytest.raises(ExecutionError, match="map"):
        change("set(cache, 1)")
