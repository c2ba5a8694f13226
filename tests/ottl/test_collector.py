"""Where OTTL stands in configurations of all shapes, and in which order it runs."""

from typing import Any

import pytest

from otx.ottl.collector import find_components

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
