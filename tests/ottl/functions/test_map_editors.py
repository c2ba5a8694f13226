"""The editors of a map's keys."""

from typing import Any

import pytest

from otx.ottl.errors import ExecutionError, OttlError
from tests.ottl.log_record import Change

DATA = {"http.url": "/", "http.method": "GET", "flags": 1, "m": {"x": 1, "y": 2}}


@pytest.mark.parametrize(
    ("statement", "keys"),
    [
        ('delete_matching_keys(attributes, "^http")', ["flags", "m"]),
        ('delete_matching_keys(attributes, "L")', ["http.url", "http.method", "flags", "m"]),
        ('delete_matching_keys(attributes, "(?i)L|M")', []),
        ('delete_matching_keys(attributes, "")', []),
        ('keep_matching_keys(attributes, "^http")', ["http.url", "http.method"]),
        ('keep_matching_keys(attributes, "none")', []),
        ('keep_keys(attributes, ["flags", "nothing"])', ["flags"]),
        ('keep_keys(attributes, [attributes["http.method"], "m"])', ["m"]),
        ("keep_keys(attributes, [])", []),
        ("limit(attributes, 4, [])", ["http.url", "http.method", "flags", "m"]),
        ("limit(attributes, 2, [])", ["http.url", "http.method"]),
        ('limit(attributes, 2, ["m"])', ["http.url", "m"]),
        ('limit(attributes, 2, ["m", "nothing"])', ["http.url", "m"]),
        ('limit(attributes, 2, ["m", "m"])', ["m"]),
        ("limit(attributes, 0, [])", []),
    ],
)
def test_which_keys_stay(change: Change, statement: str, keys: list[str]) -> None:
    assert list(change(statement, DATA)) == keys


@pytest.mark.parametrize(
    "editor",
    [
        'delete_matching_keys(attributes["m"], "x")',
        'keep_matching_keys(attributes["m"], "y")',
        'keep_keys(attributes["m"], ["y"])',
        'limit(attributes["m"], 1, ["y"])',
    ],
)
def test_nested_maps(change: Change, editor: str) -> None:
    assert change(editor, DATA)["m"] == {"y": 2}


@pytest.mark.parametrize("path", ["flags", "missing"])
@pytest.mark.parametrize(
    "rest",
    ['delete_matching_keys(PATH, "x")', 'keep_keys(PATH, ["x"])', "limit(PATH, 1, [])"],
)
def test_only_maps(change: Change, path: str, rest: str) -> None:
    with pytest.raises(ExecutionError, match="map"):
        change(rest.replace("PATH", f'attributes["{path}"]'), DATA)


@pytest.mark.parametrize(
    "statement",
    [
        'delete_matching_keys(attributes, "(")',
        "limit(attributes, -1, [])",
        'limit(attributes, 1, ["a", "b"])',
        'merge_maps(attributes, {}, "replace")',
        "keep_keys(attributes, [1])",
        'keep_keys(attributes, attributes["l"])',
    ],
)
def test_refused_before_any_record(change: Change, statement: str) -> None:
    with pytest.raises(OttlError):
        change(statement)


def test_a_pattern_from_a_record_is_refused_when_it_is_met(change: Change) -> None:
    with pytest.raises(ExecutionError, match="regular expression"):
        change('delete_matching_keys(attributes, attributes["p"])', {"p": "("})


def test_keys_that_are_no_utf8(change: Change) -> None:
    assert change('delete_matching_keys(attributes, "^a.b$")', {"a\udcffb": 1, "c\udcff": 2}) == {
        "c\udcff": 2
    }


@pytest.mark.parametrize(
    ("strategy", "merged"),
    [
        ("insert", {"a": 1, "b": 2}),
        ("update", {"a": 9}),
        ("upsert", {"a": 9, "b": 2}),
    ],
)
def test_merge_maps(change: Change, strategy: str, merged: Any) -> None:
    assert change(f'merge_maps(attributes, {{"a": 9, "b": 2}}, "{strategy}")', {"a": 1}) == merged


def test_merged_values_are_copies(change: Change) -> None:
    data = {"from": {"l": [1]}, "to": {}}
    merged = change('merge_maps(attributes["to"], attributes["from"], "upsert")', data)
    assert merged == {"from": {"l": [1]}, "to": {"l": [1]}}


@pytest.mark.parametrize("source", ['attributes["missing"]', 'attributes["flags"]', "body"])
def test_merge_maps_takes_maps(change: Change, source: str) -> None:
    with pytest.raises(ExecutionError, match="map"):
        change(f'merge_maps(attributes, {source}, "upsert")', DATA)
