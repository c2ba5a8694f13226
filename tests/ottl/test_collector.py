"""Where OTTL stands in configurations of all shapes, and in which order it runs."""

from typing import Any

import pytest

from otx.model.signal import Signal
from otx.ottl.collector import find_components, order_of, other_pipelines

WHOLE: dict[str, Any] = {
    "receivers": {"otlp": {}},
    "processors": {
        "batch": {},
        "transform/a": {"trace_statements": []},
        "transform/b": {"trace_statements": []},
        "filter": {},
        "transformer": {},
    },
    "connectors": {"routing/r": {"table": []}, "count": {}},
    "service": {
        "pipelines": {
            "traces/in": {"processors": ["batch"], "exporters": ["debug"]},
            "traces/x": {
                "processors": ["transform/b", "batch", "filter"],
                "exporters": ["routing/r"],
            },
            "traces/y": {"processors": ["transform/a"]},
            "logs": {"processors": ["filter"]},
        }
    },
}


def names(data: object) -> list[str]:
    return [one.name for one in find_components(data)]


def ordered(data: object, signal: Signal) -> list[str]:
    return [one.name for one in order_of(data, signal, find_components(data))]


def test_components_are_found_in_a_whole_configuration_with_their_places() -> None:
    found = {one.name: one.path for one in find_components(WHOLE)}
    assert found == {
        "transform/a": ("processors", "transform/a"),
        "transform/b": ("processors", "transform/b"),
        "filter": ("processors", "filter"),
        "routing/r": ("connectors", "routing/r"),
    }


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"transform": {}, "filter/a": {}}, ["transform", "filter/a"]),
        ({"trace_statements": []}, ["transform"]),
        ({"logs": {"log_record": []}}, ["filter"]),
        ({"error_mode": "ignore", "metric_conditions": []}, ["filter"]),
        ({"table": []}, ["routing"]),
        ({"policies": []}, ["tail_sampling"]),
        ({"processors": {}}, []),
        ({"processors": None, "service": {}}, []),
        ({"error_mode": "ignore"}, []),
        ([], []),
        (None, []),
        ("transform", []),
    ],
)
def test_components_are_found_whatever_the_document_is(data: object, found: list[str]) -> None:
    assert names(data) == found


def test_they_run_in_the_order_of_the_first_pipeline_that_has_any() -> None:
    assert ordered(WHOLE, Signal.TRACES) == ["transform/b", "filter", "routing/r"]
    assert ordered(WHOLE, Signal.LOGS) == ["filter"]
    assert ordered(WHOLE, Signal.METRICS) == []
    assert other_pipelines(WHOLE, Signal.TRACES, find_components(WHOLE)) == ["traces/y"]
    assert other_pipelines(WHOLE, Signal.LOGS, find_components(WHOLE)) == []


def test_without_a_service_they_run_in_the_order_of_the_file() -> None:
    data: Any = {"filter": {}, "transform": {}}
    assert ordered(data, Signal.TRACES) == ["filter", "transform"]


@pytest.mark.parametrize("pipelines", [None, [], {"traces": 5}, {"traces": {"processors": "x"}}])
def test_a_service_that_is_none_runs_nothing(pipelines: object) -> None:
    data: Any = {"processors": {"filter": {}}, "service": {"pipelines": pipelines}}
    assert ordered(data, Signal.TRACES) == []
