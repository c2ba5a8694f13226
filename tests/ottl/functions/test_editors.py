"""The editors of one value, one key or one element."""

from typing import Any

import pytest

from otx.ottl.errors import ExecutionError, OttlError
from tests.ottl.log_record import Change, changed_record

DATA = {"s": "x", "n": 7, "l": ["a", 2, "c"], "e": None, "by": b"\1", "m": {"k": {"deep": 1}}}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ('"x"', "x"),
        ("5", 5),
        ("1.5", 1.5),
        ("true", True),
        ("0x0102", b"\1\2"),
        ("nil", None),
        ('["a", [1], nil]', ["a", [1], None]),
        ('{"a": {"b": nil}, "c": []}', {"a": {"b": None}, "c": []}),
        ('attributes["m"]', {"k": {"deep": 1}}),
        ('attributes["missing"]', None),
    ],
)
def test_set_writes_any_value(change: Change, value: str, kept: Any) -> None:
    assert change(f'set(attributes["t"], {value})', DATA)["t"] == kept


def test_set_copies_deeply() -> None:
    record = changed_record('set(attributes["m"]["copy"], attributes["m"])', DATA)
    assert record.attributes["m"]["copy"]["k"] == {"deep": 1}


@pytest.mark.parametrize(
    ("source", "kept"),
    [("attributes", {"a": {"b": 1}}), ('attributes["a"]', {"b": 1}), ('{"k": 1}', {"k": 1})],
)
def test_set_replaces_a_whole_map(change: Change, source: str, kept: Any) -> None:
    assert change(f"set(attributes, {source})", {"a": {"b": 1}}) == kept


def test_set_nil_empties_a_map(change: Change) -> None:
    assert change("set(attributes, nil)", DATA) == {}


@pytest.mark.parametrize(
    "statement",
    [
        "set(severity_text, nil)",
        "set(severity_text, 5)",
        "set(attributes, [1])",
        'set(attributes["t"], time)',
        'set(attributes["t"], {"a": trace_id})',
    ],
)
def test_set_refuses(change: Change, statement: str) -> None:
    with pytest.raises(ExecutionError):
        change(statement, DATA)


@pytest.mark.parametrize(
    ("path", "emptied"),
    [
        ("s", ""),
        ("n", 0),
        ("by", b""),
        ("l", []),
        ("m", {}),
        ("e", None),
        ("missing", None),
    ],
)
def test_clear_writes_the_empty_value(change: Change, path: str, emptied: Any) -> None:
    assert change(f'clear(attributes["{path}"])', DATA)[path] == emptied


def test_clear_makes_the_way_to_what_is_missing(change: Change) -> None:
    assert change('clear(attributes["a"]["b"])')["a"] == {"b": None}


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("time", "time_unix_nano", 11651379494838206464),
        ("time_unix_nano", "time_unix_nano", 0),
        ("trace_id", "trace_id", b""),
        ("severity_text", "severity_text", b""),
        ("severity_number", "severity_number", 0),
    ],
)
def test_clear_of_fields(path: str, field: str, value: Any) -> None:
    assert getattr(changed_record(f"clear({path})").item, field) == value


@pytest.mark.parametrize(
    ("statement", "kept"),
    [
        ('append(attributes["t"], "v")', ["v"]),
        ('append(attributes["t"], nil)', [None]),
        ('append(attributes["t"], "v", ["w", 1])', ["v", "w", 1]),
        ('append(attributes["t"], values = [])', []),
        ('append(attributes["t"], [1, [2]])', [[1, [2]]]),
        ('append(attributes["t"], attributes["by"])', [b"\1"]),
    ],
)
def test_append_makes_a_list(change: Change, statement: str, kept: Any) -> None:
    assert change(statement, DATA)["t"] == kept


@pytest.mark.parametrize(
    ("path", "kept"),
    [("l", ["a", 2, "c", 9]), ("s", ["x", 9]), ("n", [7, 9]), ("e", [9]), ("by", [b"\1", 9])],
)
def test_append_extends_what_is_there(change: Change, path: str, kept: Any) -> None:
    assert change(f'append(attributes["{path}"], 9)', DATA)[path] == kept


@pytest.mark.parametrize(
    "statement",
    [
        'append(attributes["m"], 1)',
        'append(attributes["t"], {"a": 1})',
        'append(attributes["t"], attributes["l"])',
        'append(attributes["t"], [attributes["l"]])',
        'append(attributes["t"], [{"a": 1}])',
        'append(attributes["t"], time)',
        'append(severity_text, "x")',
    ],
)
def test_append_refuses_what_the_collector_cannot_store(change: Change, statement: str) -> None:
    with pytest.raises(ExecutionError):
        change(statement, DATA)


def test_append_needs_something(change: Change) -> None:
    with pytest.raises(OttlError, match="value or values"):
        change('append(attributes["t"])')


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ("0", [2, "c"]),
        ("2", ["a", 2]),
        ("0, 3", []),
        ("1, 3", ["a"]),
        ("1, 1", ["a", 2, "c"]),
    ],
)
def test_delete_index(change: Change, arguments: str, kept: Any) -> None:
    assert change(f'delete_index(attributes["l"], {arguments})', DATA)["l"] == kept


def test_delete_index_may_empty_an_empty_list(change: Change) -> None:
    assert change('delete_index(attributes["l"], 0, 0)', {"l": []})["l"] == []


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("l", "3"),
        ("l", "3, 3"),
        ("l", "-1"),
        ("l", "2, 1"),
        ("l", "0, 4"),
        ("s", "0"),
        ("missing", "0"),
        ("l", 'attributes["s"]'),
    ],
)
def test_delete_index_out_of_range(change: Change, path: str, arguments: str) -> None:
    with pytest.raises(ExecutionError):
        change(f'delete_index(attributes["{path}"], {arguments})', DATA)


def test_delete_key(change: Change) -> None:
    assert change('delete_key(attributes, "a")', {"a": 1, "b": 2}) == {"b": 2}
    assert change('delete_key(attributes, "x")', {"a": 1}) == {"a": 1}
    assert change('delete_key(attributes["m"], attributes["s"])', {"m": {"x": 1}, "s": "x"}) == {
        "m": {},
        "s": "x",
    }


@pytest.mark.parametrize(
    "arguments",
    ['attributes["s"], "x"', 'attributes["missing"], "x"', 'attributes, attributes["n"]'],
)
def test_delete_key_refuses(change: Change, arguments: str) -> None:
    with pytest.raises(ExecutionError):
        change(f"delete_key({arguments})", DATA)
