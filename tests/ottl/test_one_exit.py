"""A store takes what leaves several pipelines once."""

from typing import Any

import pytest

from otx.ottl.gates import switched
from otx.ottl.one_exit import Unlike, keep_once
from otx.ottl.plan_config import plan_of_config
from otx.ottl.report import Report
from tests.ottl.documents import Document, document
from tests.ottl.vector_run import open_case

LOGS = document("Logs", {"severityText": "a"}, {"severityText": "b"})
POINTS = [{"asInt": str(number)} for number in range(3)]
METRICS = document("Metrics", {"name": "m", "gauge": {"dataPoints": POINTS}})


def marking(text: str) -> dict[str, Any]:
    return {"log_statements": [f'set(log.attributes["by"], "{text}")']}


def service(signal: str, *names: str, **entry: Any) -> dict[str, Any]:
    """A pipeline that forwards to others, each with the processor of its name."""
    others = {
        f"{signal}/{name}": {"receivers": ["forward"], "exporters": ["debug"]} for name in names
    }
    for name in names:
        others[f"{signal}/{name}"]["processors"] = [f"transform/{name}"]
    first = {"receivers": ["otlp"], "exporters": ["forward"], **entry}
    return {
        "processors": {f"transform/{name}": marking(name) for name in names},
        "connectors": {"forward": None},
        "service": {"pipelines": {f"{signal}/in": first, **others}},
    }


def run(data: dict[str, Any], of: Document) -> tuple[list[Any], set[Unlike]]:
    """The items that are kept, and the pipelines that made different things of one."""
    report = Report()
    plan_of_config(data, switched("")).run(open_case({"input": of}), report)
    found = keep_once(report)
    return [item for one in report.leaving for item in one.items()], found


def test_a_record_that_several_pipelines_export_is_kept_once() -> None:
    data = service("logs", "a", "b")
    data["processors"]["transform/b"] = data["processors"]["transform/a"]
    items, unlike = run(data, LOGS)
    assert [item.item.severity_text for item in items] == [b"a", b"b"]
    assert unlike == set()


@pytest.mark.parametrize(
    ("exporters", "found"),
    [
        (["forward"], {Unlike("logs/a", "logs/b")}),
        (["debug", "forward"], {Unlike("logs/a", "logs/b"), Unlike("logs/a", "logs/in")}),
    ],
)
def test_of_different_copies_the_one_that_came_furthest_and_first_is_kept(
    exporters: list[str], found: set[Unlike]
) -> None:
    items, unlike = run(service("logs", "a", "b", exporters=exporters), LOGS)
    assert [item.attributes["by"] for item in items] == ["a", "a"]
    assert unlike == found


def test_what_only_one_pipeline_keeps_is_kept() -> None:
    data = service("logs", "a", "b")
    data["processors"]["filter"] = {"log_conditions": ['log.severity_text == "a"']}
    data["service"]["pipelines"]["logs/a"]["processors"] = ["filter"]
    items, _ = run(data, LOGS)
    assert sorted(item.item.severity_text for item in items) == [b"a", b"b"]


@pytest.mark.parametrize(
    ("action", "entry", "kept"),
    [
        ("move", ["routing"], [[0, 1], [2]]),
        ("copy", ["routing"], [[0, 1, 2]]),
        ("move", ["routing", "debug"], [[0, 1], [2]]),
    ],
)
def test_parts_of_a_metric_are_no_copies_of_each_other(
    action: str, entry: list[str], kept: list[list[int]]
) -> None:
    row = {
        "context": "datapoint",
        "condition": "value_int < 2",
        "pipelines": ["metrics/low"],
        "action": action,
    }
    after = {"receivers": ["routing"], "exporters": ["debug"]}
    data = {
        "connectors": {"routing": {"table": [row], "default_pipelines": ["metrics/rest"]}},
        "service": {
            "pipelines": {
                "metrics/in": {"receivers": ["otlp"], "exporters": entry},
                "metrics/rest": after,
                "metrics/low": after,
            }
        },
    }
    items, _ = run(data, METRICS)
    assert [[point.as_int for point in item.item.gauge.data_points] for item in items] == kept
