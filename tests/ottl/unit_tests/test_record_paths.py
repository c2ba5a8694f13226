"""Paths into records, changes made along them, and changes found between two states."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.changes import path_text
from otx.ottl.unit_tests.record_paths import (
    InvalidPath,
    applied,
    difference,
    parse_path,
)

PARTS = ("span", "metric", "resource", "scope")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("span.name", ("span", "name")),
        ("span.status.code", ("span", "status", "code")),
        ('span.attributes["http.method"]', ("span", "attributes", "http.method")),
        ('spanevent[0].attributes["a"]["b"]', ("span", "events", 0, "attributes", "a", "b")),
        ("spanlink[1]", ("span", "links", 1)),
        ('resource.attributes["a\\"b\\\\"]', ("resource", "attributes", 'a"b\\')),
    ],
)
def test_a_path_is_read_and_written(text: str, steps: tuple[str | int, ...]) -> None:
    assert parse_path(text, PARTS) == steps
    assert path_text(steps) == text


@pytest.mark.parametrize(
    ("text", "written", "value"),
    [
        ("datapoint[1].value_int", "metric.data_points[1].value", 1),
        ("datapoint[1].value_double", "metric.data_points[1].value", 1.0),
        ("datapoint[0].exemplar[2].int_value", "metric.data_points[0].exemplars[2].value", 1),
        ("datapoint[0].exemplar[2].double_value", "metric.data_points[0].exemplars[2].value", 0.5),
        ('datapoint[0].attributes["value_int"]', None, 1),
        ("datapoint[0].quantile_values[1].value", None, 0.5),
        ("spanevent[0].name", "span.events[0].name", "x"),
        ('spanlink[0].attributes["k"]', 'span.links[0].attributes["k"]', "x"),
    ],
)
def test_parts_are_called_as_ottl_calls_them_or_as_the_record_is_written(
    text: str, written: str | None, value: Any
) -> None:
    steps = parse_path(text, PARTS)
    assert path_text(steps, value) == text
    assert written is None or parse_path(written, PARTS) == steps


def test_a_part_without_its_position_is_refused() -> None:
    with pytest.raises(InvalidPath) as refused:
        parse_path("datapoint.value_int", PARTS)
    assert "datapoint[0]" in refused.value.hint


def test_the_long_name_of_a_scope_is_known() -> None:
    assert parse_path("instrumentation_scope.name", PARTS) == ("scope", "name")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "name",
            "does not say whose field it is",
            "write span.name, metric.name",
        ),
        ("span", "does not say whose field it is", ""),
        ("log.body", "does not say whose field it is", ""),
        ("span.attributes[", "is no path", ""),
        ("1 + 1", "is no path", ""),
        ("span.attributes[span.name]", "a key is a text or a number", ""),
    ],
)
def test_what_is_no_path_is_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(InvalidPath) as refused:
        parse_path(text, PARTS)
    assert message in str(refused.value)
    assert hint in refused.value.hint


def test_positions_of_removals_are_those_of_the_input() -> None:
    state = {"span": {"events": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}}
    changes: dict[Any, Any] = {
        ("span", "events", 0): None,
        ("span", "events", 1): None,
        ("span", "events", 2, "name"): "d",
    }
    assert applied(state, changes) == {"span": {"events": [{"name": "d"}]}}
    assert state["span"]["events"][2] == {"name": "c"}


def test_missing_maps_and_lists_are_made_on_the_way() -> None:
    made = applied({}, {("span", "attributes", "a", "b"): 1, ("span", "events", 0): {"name": "e"}})
    assert made == {"span": {"attributes": {"a": {"b": 1}}, "events": [{"name": "e"}]}}


@pytest.mark.parametrize(
    ("steps", "value", "message"),
    [
        (("span", "name"), None, "span.name is not in the input, so nothing can remove it"),
        (("span", "events", 1), {}, "there is no spanevent[1]: the list has 0"),
        (("span", "events", 0), None, "there is no spanevent[0]: the list has 0"),
        (("span", "events", "a"), 1, "span.events cannot hold span.events.a"),
        (("span", "kind", "a"), 1, "span.kind cannot hold span.kind.a"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused(
    steps: tuple[str | int, ...], value: Any, message: str
) -> None:
    with pytest.raises(InvalidPath) as refused:
        applied({"span": {"events": [], "kind": "SERVER"}}, {steps: value})
    assert str(refused.value) == message
    assert refused.value.steps == steps


def test_a_value_that_became_empty_is_said_by_the_whole_map() -> None:
    after = {"log": {"attributes": {"a": None, "b": 1}}}
    changes = difference({"log": {"attributes": {"a": 1, "b": 1}}}, after)
    assert changes == {("log", "attributes"): {"a": None, "b": 1}}


LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text(max_size=3)
FILLED = st.recursive(
    LEAVES,
    lambda inner: (
        st.dictionaries(st.text(max_size=3), inner, max_size=3) | st.lists(inner, max_size=3)
    ),
    max_leaves=6,
)
STATES = st.fixed_dictionaries(
    {
        "span": st.fixed_dictionaries(
            {"name": st.text(max_size=3)},
            optional={
                "attributes": st.dictionaries(st.text(max_size=3), FILLED, min_size=1, max_size=3),
                "events": st.lists(
                    st.fixed_dictionaries({"name": st.text(max_size=2)}), min_size=1, max_size=4
                ),
            },
        ),
        "resource": st.just({}),
    }
)


@given(STATES, STATES)
def test_the_changes_between_two_states_make_the_one_of_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    changes = difference(before, after)
    assert difference(applied(before, changes), after) == {}
    assert {parse_path(path_text(steps), PARTS) for steps in changes} == set(changes)


def test_how_an_empty_value_is_expected_is_said() -> None:
    with pytest.raises(InvalidPath) as refused:
        applied({"span": {}}, {("span", "attributes", "n"): None})
    assert refused.value.hint.endswith("the whole map that has it: span.attributes: {n: null}")
    with pytest.raises(InvalidPath) as refused:
        applied({"span": {}}, {("span", "name"): None})
    assert refused.value.hint == ""
