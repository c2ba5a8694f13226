"""Where in a configuration OTTL stands."""

from typing import Any

import pytest

from otx.ottl.slots import Slot, choices_at, slot_at
from otx.ottl.yaml_places import YamlPath

STATEMENT, CONDITION = "statement", "condition"
GROUP = {"context": "span", "conditions": ["x"], "statements": ["x"]}
POLICY = {"name": "p", "type": "ottl_condition", "ottl_condition": {"spanevent": ["x"]}}
COLLECTOR: dict[str, Any] = {
    "processors": {
        "transform/a": {"error_mode": "x", "trace_statements": [GROUP], "log_statements": ["x"]},
        "filter": {
            "trace_conditions": ["x", {"context": "resource", "conditions": ["x"]}],
            "logs": {"log_record": ["x"]},
        },
        "tail_sampling": {
            "policies": [POLICY, {"type": "and", "and": {"and_sub_policy": [POLICY]}}]
        },
        "batch": {"timeout": "x"},
    },
    "connectors": {
        "routing": {"table": [{"condition": "x"}, {"context": "log", "statement": "x"}]}
    },
}
TRANSFORM = ("processors", "transform/a")
FILTER = ("processors", "filter")
POLICIES = ("processors", "tail_sampling", "policies")
TABLE = ("connectors", "routing", "table")


def facts(slot: Slot | None) -> tuple[str, str, str, int] | None:
    """What it is, its component, its fixed context, and how many it may run in."""
    if slot is None:
        return None
    return slot.start, slot.component, slot.own.name if slot.own else "", len(slot.contexts)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ((*TRANSFORM, "trace_statements", 0, "statements", 0), (STATEMENT, "transform", "span", 1)),
        ((*TRANSFORM, "trace_statements", 0, "conditions", 0), (CONDITION, "transform", "span", 1)),
        ((*TRANSFORM, "log_statements", 0), (STATEMENT, "transform", "", 3)),
        ((*TRANSFORM, "trace_statements", 0, "context"), None),
        ((*TRANSFORM, "error_mode"), None),
        ((*TRANSFORM, "nothing", 0), None),
        ((*FILTER, "trace_conditions", 0), (CONDITION, "filter", "", 4)),
        ((*FILTER, "trace_conditions", 1, "conditions", 0), (CONDITION, "filter", "resource", 1)),
        ((*FILTER, "logs", "log_record", 0), (CONDITION, "filter", "log", 1)),
        ((*FILTER, "logs", "log_record"), (CONDITION, "filter", "log", 1)),
        ((*TRANSFORM, "trace_statements", 0, "conditions"), (CONDITION, "transform", "span", 1)),
        ((*FILTER, "logs", "spam", 0), None),
        ((*FILTER, "logs"), None),
        (
            (*POLICIES, 0, "ottl_condition", "spanevent", 0),
            (CONDITION, "tail_sampling", "spanevent", 1),
        ),
        (
            (*POLICIES, 1, "and", "and_sub_policy", 0, "ottl_condition", "spanevent", 0),
            (CONDITION, "tail_sampling", "spanevent", 1),
        ),
        ((*POLICIES, 0, "name"), None),
        ((*TABLE, 0, "condition"), (CONDITION, "routing", "resource", 1)),
        ((*TABLE, 1, "statement"), (STATEMENT, "routing", "log", 1)),
        ((*TABLE, 1, "context"), None),
        (("processors", "batch", "timeout"), None),
        ((), None),
    ],
)
def test_a_place_is_known_by_its_path(
    path: YamlPath, found: tuple[str, str, str, int] | None
) -> None:
    assert facts(slot_at(COLLECTOR, path)) == found


def test_a_component_alone_and_a_list_are_known_too() -> None:
    assert facts(slot_at({"log_statements": ["x"]}, ("log_statements", 0))) is not None
    assert facts(slot_at(["x"], (0,))) is not None
    assert slot_at([["x"]], (0, 0)) is None
    assert slot_at("x", ()) is None


def test_the_statements_of_a_test_file_are_known() -> None:
    data = {"context": "log", "statements": ["x"], "tests": []}
    assert facts(slot_at(data, ("statements", 0))) == (STATEMENT, "", "log", 1)


def test_settings_choose_from_words() -> None:
    group = (*TRANSFORM, "trace_statements", 0)
    assert choices_at(COLLECTOR, (*group, "context")) == ("resource", "scope", "span", "spanevent")
    assert "propagate" in choices_at(COLLECTOR, (*TRANSFORM, "error_mode"))
    assert "request" in choices_at(COLLECTOR, (*TABLE, 0, "context"))
    assert choices_at(COLLECTOR, (*group, "statements", 0)) == ()
    assert choices_at(COLLECTOR, ("processors", "batch", "timeout")) == ()
