"""The routing connector: which row takes what, and what each pipeline gets."""

from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from otx.ottl.processors.config import ConfigInvalid
from otx.ottl.processors.routing import Routes, read_routing
from otx.ottl.program import ExecutionStopped, Outcome
from tests.ottl.documents import Document, attributes, document
from tests.ottl.vector_run import open_case

LOGS = document(
    "Logs", *({"body": {"stringValue": one}, "severityNumber": n} for n, one in enumerate("abc"))
)
POINTS = [{"asInt": str(number)} for number in (1, 2, 3)]
METRICS = document(
    "Metrics",
    {"name": "gauge", "unit": "s", "gauge": {"dataPoints": POINTS}},
    {"name": "sum", "sum": {"isMonotonic": True, "dataPoints": POINTS[:1]}},
    {"name": "none", "gauge": {}},
)


def row(condition: str, *pipelines: str, context: str = "log", **more: Any) -> dict[str, Any]:
    return {"context": context, "condition": condition, "pipelines": list(pipelines), **more}


def route(*table: Any, whole: Document = LOGS, **more: Any) -> Routes:
    metadata = more.pop("metadata", None)
    made = read_routing({"table": list(table), "default_pipelines": ["rest"], **more})
    return made.route(open_case({"input": whole}), Outcome(), metadata)


def bodies(routes: Routes, pipeline: str) -> list[str]:
    message = ExportLogsServiceRequest.FromString(routes.requests.get(pipeline, b""))
    return [
        record.body.string_value
        for resource in message.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


def points(routes: Routes, pipeline: str) -> list[tuple[str, list[int]]]:
    """The metrics that a pipeline got, each with the values of its data points."""
    message = ExportMetricsServiceRequest.FromString(routes.requests.get(pipeline, b""))
    return [
        (
            metric.name,
            [point.as_int for point in (*metric.gauge.data_points, *metric.sum.data_points)],
        )
        for resource in message.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    ]


def test_the_first_row_that_takes_a_record_has_it_and_the_rest_goes_to_the_default() -> None:
    routes = route(row('body == "b"', "b"), row("severity_number > 0", "more"))
    assert {one: bodies(routes, one) for one in routes.requests} == {
        "b": ["b"],
        "more": ["c"],
        "rest": ["a"],
    }
    assert routes.indexes == {"b": [1], "more": [2], "rest": [0]}
    assert routes.by_row == {"table[0]": 1, "table[1]": 1}


def test_a_copy_leaves_the_record_to_later_rows_and_the_same_pipeline_gets_it_twice() -> None:
    routes = route(row('body == "b"', "x", action="copy"), row('body != "a"', "x", "y"))
    assert bodies(routes, "x") == ["b", "b", "c"]
    assert bodies(routes, "y") == ["b", "c"]
    assert routes.indexes["x"] == [1, 2]


def test_a_row_that_asks_what_one_before_it_asks_is_passed_over() -> None:
    statement = {"statement": 'route() where body == "b"', "context": "log", "pipelines": ["z"]}
    first = row('body == "b"', "x", action="copy")
    routes = route(first, row('body == "b"', "y"), statement)
    assert {one: bodies(routes, one) for one in routes.requests} == {
        "x": ["b"],
        "rest": ["a", "b", "c"],
    }


def test_a_resource_goes_with_all_that_is_in_it() -> None:
    routes = route({"condition": 'attributes["service"] == "shop"', "pipelines": ["x"]})
    assert bodies(routes, "x") == ["a", "b", "c"]
    assert "rest" not in routes.requests


def test_data_points_go_their_own_ways_and_take_their_metric_with_them() -> None:
    routes = route(
        row("value_int == 1", "ones", context="datapoint"),
        row("value_int == 2", "twos", context="datapoint"),
        whole=METRICS,
    )
    assert points(routes, "ones") == [("gauge", [1]), ("sum", [1])]
    assert points(routes, "twos") == [("gauge", [2])]
    # A metric without points is dropped by a look at points, as the connector does.
    assert points(routes, "rest") == [("gauge", [3])]
    assert routes.by_row == {"table[0]": 2, "table[1]": 1}
    ones = ExportMetricsServiceRequest.FromString(routes.requests["ones"])
    gauge, sum_ = ones.resource_metrics[0].scope_metrics[0].metrics
    assert (gauge.unit, sum_.sum.is_monotonic) == ("s", True)


def test_what_is_left_of_a_metric_can_be_taken_as_a_metric() -> None:
    routes = route(
        row("value_int == 1", "ones", context="datapoint"),
        row('name == "gauge"', "gauges", context="metric"),
        whole=METRICS,
    )
    assert points(routes, "gauges") == [("gauge", [2, 3])]


def test_data_points_that_are_copied_stay_for_later_rows() -> None:
    routes = route(row("value_int == 1", "ones", context="datapoint", action="copy"), whole=METRICS)
    assert points(routes, "ones") == [("gauge", [1]), ("sum", [1])]
    rest = [("gauge", [1, 2, 3]), ("sum", [1])]
    assert [one for one in points(routes, "rest") if one[1]] == rest


def test_a_row_of_another_signal_takes_nothing() -> None:
    routes = route(row('name == "a"', "x", context="span"))
    assert routes.by_row == {"table[0]": 0}
    assert bodies(routes, "rest") == ["a", "b", "c"]


def test_a_statement_changes_what_it_takes_and_nothing_before() -> None:
    whole = document("Logs", {"attributes": attributes(secret="x", keep=1)})
    routes = route(
        {"context": "log", "statement": "route()", "pipelines": ["before"], "action": "copy"},
        {
            "context": "log",
            "statement": 'delete_key(attributes, "secret") where attributes["keep"] == 1',
            "pipelines": ["after"],
        },
        whole=whole,
    )
    sizes = [
        len(
            ExportLogsServiceRequest.FromString(routes.requests[one])
            .resource_logs[0]
            .scope_logs[0]
            .log_records[0]
            .attributes
        )
        for one in ("before", "after")
    ]
    assert sizes == [2, 1]


@pytest.mark.parametrize(
    ("condition", "metadata", "taken"),
    [
        ('request["X-Tenant"] == "acme"', {"x-tenant": "acme"}, True),
        ('request["X-Tenant"] == "acme"', {"x-tenant": "other"}, False),
        ('request["X-Tenant"] != "acme"', {"x-tenant": "other"}, True),
        ('request["X-Tenant"] != "acme"', {}, False),
    ],
)
def test_a_request_is_taken_whole_by_its_header(
    condition: str, metadata: dict[str, str], taken: bool
) -> None:
    routes = route(row(condition, "x", context="request"), metadata=metadata)
    assert bodies(routes, "x" if taken else "rest") == ["a", "b", "c"]


def test_a_failure_sends_to_the_default_under_ignore_and_stops_under_propagate() -> None:
    failing = 'HasPrefix(attributes["none"], "x")'
    assert bodies(route(row(failing, "x"), error_mode="ignore"), "rest") == ["a", "b", "c"]
    with pytest.raises(ExecutionStopped):
        route(row(failing, "x"))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "a table of at least one row is wanted"),
        ({"table": [7]}, "table[0]: a map is wanted"),
        ({"table": [row("true")]}, "table[0]: a row has pipelines"),
        ({"table": [{"pipelines": ["x"]}]}, "a row has a condition or a statement"),
        (
            {"table": [row("true", "x", statement="route()")]},
            "a row has a condition or a statement",
        ),
        ({"table": [row("true", "x", context="spam")]}, "'spam' is none of"),
        ({"table": [row("true", "x", action="send")]}, "'send' is none of move, copy"),
        ({"table": [row("true", "x", context="request")]}, "a request row is request["),
        ({"table": [row("nmae == 1", "x")]}, "table[0].condition: 1:1: 'nmae' is no path"),
        ({"table": [row("true", "x")], "match_once": True}, "there is no key 'match_once'"),
    ],
)
def test_what_is_no_configuration_is_refused(config: Any, said: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        read_routing(config)
    assert said in "\n".join(map(str, caught.value.problems))
