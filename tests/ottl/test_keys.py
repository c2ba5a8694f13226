"""Keys that are read and written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl import keys
from otx.ottl.errors import ExecutionError
from otx.ottl.lift import Always
from otx.ottl.values import Time

DATA = {"m": {"k": "v", "e": None}, "l": ["a", {"x": 1}], "s": "text", "by": b"\1", "e": None}


@pytest.mark.parametrize(
    ("way", "found"),
    [
        (["s"], "text"),
        (["m", "k"], "v"),
        (["l", 1, "x"], 1),
        (["missing"], None),
        (["missing", "x", 0], None),
        (["m", "missing", 1.5], None),
        (["e"], None),
    ],
)
def test_read(way: list[Any], found: Any) -> None:
    assert keys.read(DATA, way) == found


@pytest.mark.parametrize("read", [keys.read, keys.read_result])
def test_keys_that_are_known_lead_where_others_lead(read: Any) -> None:
    def whole(_: Any) -> Any:
        return DATA

    known = keys.indexed(read, whole, [Always("l"), Always(1), Always("x")])
    asked = keys.indexed(read, whole, [Always("l"), lambda record: record, Always("x")])
    assert known(None) == asked(1) == 1
    with pytest.raises(ExecutionError):
        asked(2)


@pytest.mark.parametrize(
    "way",
    [
        ["l", 2],
        ["l", -1],
        ["l", "x"],
        ["m", 0],
        ["s", "x"],
        ["s", 0],
        ["by", 0],
        ["e", "x"],
        [None],
    ],
)
def test_read_refuses(way: list[Any]) -> None:
    with pytest.raises(ExecutionError):
        keys.read(DATA, way)


def test_keys_behind_a_missing_one_are_not_asked_for() -> None:
    def way() -> Any:
        yield "missing"
        raise AssertionError

    assert keys.read(DATA, way()) is None


@pytest.mark.parametrize("way", [["missing"], ["m", "missing"], ["l", 2], ["l", "x"], ["s", 0]])
def test_a_result_has_to_have_the_key(way: list[Any]) -> None:
    with pytest.raises(ExecutionError):
        keys.read_result(DATA, way)


def test_a_result_is_read_like_data_otherwise() -> None:
    assert keys.read_result(DATA, ["l", 1, "x"]) == 1


def written(content: Any, way: list[Any], value: Any) -> Any:
    keys.write(content, iter(way), value)
    return content


@pytest.mark.parametrize(
    ("content", "way", "result"),
    [
        ({}, ["a"], {"a": 9}),
        ({}, ["a", "b"], {"a": {"b": 9}}),
        ({}, ["a", 2], {"a": [None, None, 9]}),
        ({}, ["a", -1], {"a": [9]}),
        ({}, ["a", 1, "b"], {"a": [None, {"b": 9}]}),
        ({"a": None}, ["a", 0, 1], {"a": [[None, 9]]}),
        ({"a": [1, 2]}, ["a", 1], {"a": [1, 9]}),
        ({"a": [1, None]}, ["a", 1, "b"], {"a": [1, {"b": 9}]}),
        ([{"a": 1}], [0, "a"], [{"a": 9}]),
    ],
)
def test_write(content: Any, way: list[Any], result: Any) -> None:
    assert written(content, way, 9) == result


@pytest.mark.parametrize(
    ("content", "way"),
    [
        ({"a": []}, ["a", 0]),
        ({"a": [1]}, ["a", 1]),
        ({"a": [1]}, ["a", "x"]),
        ({"a": {}}, ["a", 0]),
        ({"a": "s"}, ["a", "x"]),
        ({"a": "s"}, ["a", 0]),
        ({}, ["a", keys.MAX_PADDING + 1]),
        ([], [0]),
        (None, ["a"]),
        ({}, [None]),
    ],
)
def test_write_refuses(content: Any, way: list[Any]) -> None:
    with pytest.raises(ExecutionError):
        keys.write(content, iter(way), 9)


@pytest.mark.parametrize(
    ("way", "value", "left"),
    [
        (["a", "b"], Time(0), {"a": {"b": None}}),
        (["a", "b", 1.5], 9, {"a": {"b": None}}),
        (["a", None], 9, {"a": None}),
    ],
)
def test_what_was_made_on_the_way_stays(way: list[Any], value: Any, left: Any) -> None:
    content: dict[str, Any] = {}
    with pytest.raises(ExecutionError):
        keys.write(content, iter(way), value)
    assert content == left


@given(st.lists(st.one_of(st.text(max_size=3), st.integers(0, 3)), min_size=1, max_size=5))
def test_what_was_written_is_read(way: list[str | int]) -> None:
    content: dict[str, Any] = {}
    keys.write(content, iter(["root", *way]), "value")
    assert keys.read(content, ["root", *way]) == "value"
