"""What is known of values before there are any."""

from collections.abc import Callable, MutableMapping
from typing import Annotated, Any, Literal

import pytest

from otx.ottl.functions.registry import all_functions
from otx.ottl.static_kinds import (
    ANY,
    can_be_equal,
    kinds_of_annotation,
    may_be,
    may_be_other,
    with_article,
    words_of,
)
from otx.ottl.values import Time, TraceId


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (int, "int"),
        (int | None, "int or nil"),
        (Annotated[str | None, "of a parameter"], "string or nil"),
        (dict[str, Any] | list[Any], "map or list"),
        (MutableMapping[str, Any], "map"),
        (Callable[[Any], bool], "bool"),
        (Callable[[Any], Any], "any"),
        (Literal["a", 1], "int or string"),
        (TraceId, "TraceID"),
        (Time, "time"),
        (type(None), "nil"),
    ],
)
def test_an_annotation_tells_kinds(hint: Any, words: str) -> None:
    assert words_of(kinds_of_annotation(hint)) == words


def test_kinds_are_told_in_words() -> None:
    assert words_of(()) == "nothing"
    assert [with_article((one,)) for one in ("int", "nil", "list of events")] == [
        "an int",
        "nil",
        "a list of events",
    ]


@pytest.mark.parametrize(
    ("left", "right", "can"),
    [
        ({"int"}, {"double"}, True),
        ({"int"}, {"string"}, False),
        ({"int", "nil"}, {"nil"}, True),
        ({"string"}, {"nil"}, False),
        ({"bytes"}, {"nil"}, True),
        ({"list of uint64"}, {"list"}, True),
        ({"map"}, {"list"}, False),
        (ANY, {"time"}, True),
    ],
)
def test_what_cannot_be_compared_is_never_equal(left: Any, right: Any, can: bool) -> None:
    assert can_be_equal(frozenset(left), frozenset(right)) is can
    assert can_be_equal(frozenset(right), frozenset(left)) is can


def test_any_may_be_everything() -> None:
    assert may_be(ANY, {"int"})
    assert may_be_other(ANY, {"int"})
    assert not may_be(frozenset(("string",)), {"int"})
    assert not may_be_other(frozenset(("int",)), {"int", "double"})


def test_every_converter_has_a_result_and_no_editor_has() -> None:
    results = {name: one.result for name, one in all_functions().items()}
    assert all((result == "nothing") is name[0].islower() for name, result in results.items())
    assert (results["Len"], results["IsMatch"], results["Int"]) == ("int", "bool", "int or nil")
    assert (results["ParseJSON"], results["Now"], results["Coalesce"]) == (
        "map or list",
        "time",
        "any",
    )
