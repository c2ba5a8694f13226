"""Components that OTTL is a part of: all of it is checked."""

from typing import Any

import pytest

from otx.ottl.collector import find_components
from otx.ottl.plan_config import plan_of_config
from otx.ottl.processors.checked_only import PLACES, place_at, read_checked_only, texts_of
from otx.ottl.processors.config import ConfigInvalid

WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("count", {"spans": {"my.count": {"conditions": ["name =="]}}}, "spans.my.count.conditions[0]"),
    ("count", {"profiles": {"n": {"conditions": ["nme == 1"]}}}, "profiles.n.conditions[0]"),
    ("sum", {"datapoints": {"n": {"conditions": ["valu == 1"]}}}, "datapoints.n.conditions[0]"),
    ("signaltometrics", {"logs": [{"sum": {"value": "Cnt(body)"}}]}, "logs[0].sum.value"),
    (
        "signal_to_metrics",
        {"spans": [{"histogram": {"value": "end_time - start_time", "count": "1 +"}}]},
        "spans[0].histogram.count",
    ),
    ("logdedup", {"conditions": ["true", "bdy == 1"]}, "conditions[1]"),
    ("log_dedup/x", {"conditions": ["bdy == 1"]}, "conditions[0]"),
    ("lookup", {"lookups": [{"key": "atributes"}]}, "lookups[0].key"),
    (
        "honeycombmarker",
        {"markers": [{"rules": {"log_conditions": ["bdy == 1"]}}]},
        "markers[0].rules.log_conditions[0]",
    ),
]
RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("count", {"metrics": {"n": {"conditions": ['HasAttrKeyOnDatapoint("a")']}}}),
    ("sum", {"spanevents": {"n": {"conditions": ['name == "x"', "spanevent.name == nil"]}}}),
    (
        "signal_to_metrics",
        {
            "spans": [
                {
                    "name": "x",
                    "description": "not (OTTL",
                    "conditions": ['span.attributes["a"] != nil', 'resource.attributes["b"] == 1'],
                    "sum": {"value": "Int(AdjustedCount())"},
                    "dynamic_resource_attributes": {
                        "statement": 'FilterMapByKeyList(resource.attributes, "*", ["a."])'
                    },
                }
            ],
            "datapoints": [{"gauge": {"value": "value_double"}}],
        },
    ),
    ("lookup", {"lookups": [{"key": 'Trim(span.attributes["id"])'}]}),
    (
        "honeycomb_marker",
        {"markers": [{"rules": {"resource_conditions": ['attributes["a"] == nil']}}]},
    ),
]


@pytest.mark.parametrize(("name", "config", "path"), WRONG)
def test_what_is_wrong_is_named_with_its_place(name: str, config: Any, path: str) -> None:
    (component,) = find_components({name: config})
    with pytest.raises(ConfigInvalid) as caught:
        read_checked_only(component.kind, config)
    (problem,) = caught.value.problems
    assert str(problem).startswith(f"{path}: ")


@pytest.mark.parametrize(("name", "config"), RIGHT)
def test_what_is_right_is_not_run(name: str, config: Any) -> None:
    plan = plan_of_config({name: config})
    assert plan.signals() == ()
    assert plan.idle == ()


def test_a_component_without_ottl_is_none() -> None:
    assert find_components({"count": None}) == []
    assert find_components({"connectors": {"count": {"spans": {"n": {"description": "x"}}}}}) == []
    assert find_components({"sum": 5, "lookup": ["x"]}) == []


def test_they_are_found_in_their_sections() -> None:
    data = {
        "processors": {"logdedup": {"conditions": ["true"]}, "count": {"conditions": ["true"]}},
        "connectors": {"count/a": {"logs": {"n": {"conditions": ["true"]}}}},
        "exporters": {"honeycombmarker": RIGHT[-1][1]},
    }
    assert [(one.kind, one.name) for one in find_components(data)] == [
        ("log_dedup", "logdedup"),
        ("count", "count/a"),
        ("honeycomb_marker", "honeycombmarker"),
    ]


def test_a_place_is_known_by_its_path() -> None:
    for kind, places in PLACES.items():
        for place in places:
            path = tuple(0 if step is None else step for step in place.pattern)
            assert place_at(kind, path) == place
            assert place_at(kind, (*path, 0)) is None
    assert place_at("count", ("spans", "n", "description", 0)) is None
    assert list(texts_of("count", {"spans": [5]})) == []
