"""List and map literals: what the Collector takes apart and what it refuses."""

from typing import Any

import pytest

from otx.ottl.composites import ListOf, MapOf, plain
from otx.ottl.errors import ExecutionError
from otx.ottl.lift import Always
from otx.ottl.values import Time


def from_data(value: Any) -> Any:
    """A closure that is no literal."""
    return lambda _: value


def test_a_list_literal_gives_copies() -> None:
    inner = [1]
    made = ListOf([from_data(inner), Always("x")])(None)
    made[0].append(2)
    assert inner == [1]


@pytest.mark.parametrize(
    ("items", "is_literal"),
    [
        ([Always(1)], True),
        ([ListOf([Always(1)]), MapOf([("a", Always(1))])], True),
        ([], True),
        ([from_data(1)], False),
        ([ListOf([from_data(1)])], False),
    ],
)
def test_what_is_known_before_any_record(items: list[Any], is_literal: bool) -> None:
    assert ListOf(items).is_literal is is_literal
    assert MapOf([("k", item) for item in items]).is_literal is is_literal


def test_a_plain_list_may_hold_lists_that_are_literals() -> None:
    literal = ListOf([Always(1), ListOf([from_data("x")])])
    assert plain(literal)(None) == [1, ["x"]]


@pytest.mark.parametrize("value", [{"a": 1}, [1], Time(0)])
def test_a_plain_list_holds_nothing_else(value: Any) -> None:
    literal = ListOf([from_data(value)])
    assert literal(None) == [value]
    with pytest.raises(ExecutionError):
        literal.plain(None)


def test_what_is_no_literal_stays_as_it_is() -> None:
    closure = from_data([{"a": 1}])
    assert plain(closure) is closure


@pytest.mark.parametrize(
    ("item", "value"),
    [
        (from_data({"a": [1]}), {"a": [1]}),
        (ListOf([from_data({"a": 1})]), [{"a": 1}]),
        (ListOf([ListOf([Always(1)])]), [[1]]),
        (Always(None), None),
    ],
)
def test_members_of_a_map(item: Any, value: Any) -> None:
    assert MapOf([("k", item)])(None) == {"k": value}


@pytest.mark.parametrize(
    "item",
    [
        from_data([1]),
        from_data(Time(0)),
        ListOf([from_data([1])]),
        ListOf([ListOf([from_data({"a": 1})])]),
    ],
)
def test_members_that_a_map_refuses(item: Any) -> None:
    with pytest.raises(ExecutionError):
        MapOf([("k", item)])(None)
