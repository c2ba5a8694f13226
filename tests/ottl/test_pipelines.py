"""Pipelines and what joins them, and what of them would keep a Collector from starting."""

from typing import Any

import pytest

from otx.model.signal import Signal
from otx.ottl.pipelines import Service, near


def service(**pipelines: dict[str, Any]) -> Service:
    named = {name.replace("_", "/"): one for name, one in pipelines.items()}
    return Service(
        {
            "receivers": {"otlp": None},
            "processors": {"transform/after": {}, "batch": None},
            "connectors": {"forward": {}, "count": {}},
            "service": {"pipelines": named},
        }
    )


def test_requests_enter_what_something_outside_feeds() -> None:
    found = service(
        traces_in={"receivers": ["otlp"], "exporters": ["forward", "count"]},
        traces_on={"receivers": ["forward"], "exporters": ["debug"]},
        traces_both={"receivers": ["forward", "otlp"]},
        traces_none={"exporters": ["debug"]},
        metrics={"receivers": ["count"]},
    )
    assert found.entries(Signal.TRACES) == ["traces/in", "traces/both", "traces/none"]
    assert found.entries(Signal.METRICS) == ["metrics"]
    assert found.entries(Signal.LOGS) == []
    assert found.connectors_of("traces/in") == ["forward", "count"]
    assert found.fed_by("forward") == ["traces/on", "traces/both"]
    assert found.fed_by("forward", Signal.LOGS) == []
    assert list(found.problems()) == []


@pytest.mark.parametrize("data", [None, [], {"service": None}, {"service": {"pipelines": [1]}}])
def test_what_is_no_service_has_no_pipelines(data: object) -> None:
    assert Service(data).pipelines == {}
    assert list(Service(data).problems()) == []


def test_what_nothing_defines_is_named_with_its_place_and_the_nearest_name() -> None:
    found = service(traces={"receivers": ["otpl"], "processors": ["batch", "transform/aftr"]})
    problems = [(one.path[2:], one.message, one.hint) for one in found.problems()]
    assert problems == [
        (("traces", "receivers", 0), "there is no receiver 'otpl'", "did you mean otlp?"),
        (
            ("traces", "processors", 1),
            "there is no processor 'transform/aftr'",
            "did you mean transform/after?",
        ),
    ]


def test_what_another_file_may_define_is_not_missed() -> None:
    assert list(service(traces={"exporters": ["anything"]}).problems()) == []


def test_a_circle_is_named_once() -> None:
    found = service(
        traces_a={"receivers": ["forward"], "exporters": ["forward"]},
        traces_b={"receivers": ["otlp"], "exporters": ["forward"]},
    )
    (problem,) = found.problems()
    assert problem.message.endswith("in a circle: traces/a → traces/a")


def test_a_connector_routes_to_pipelines_that_receive_from_it() -> None:
    found = service(
        traces_a={"receivers": ["otlp"]},
        traces_b={"receivers": ["routing"]},
        traces_c={"exporters": ["debug"]},
    )
    targets: dict[tuple[str | int, ...], str] = {
        (at,): name for at, name in enumerate(("traces/a", "traces/b", "traces/c", "traces/bb"))
    }
    problems = [
        (one.path, one.message, one.hint) for one in found.target_problems("routing", targets)
    ]
    assert problems == [
        (
            (0,),
            "the pipeline traces/a does not receive from routing",
            "add it: traces/a: {receivers: [routing]}",
        ),
        ((3,), "there is no pipeline 'traces/bb'", "did you mean traces/b?"),
    ]
    assert list(Service({}).target_problems("routing", targets)) == []


def test_a_hint_names_the_nearest_or_all() -> None:
    assert near("ab", ["abc"]) == "did you mean abc?"
    assert near("x", ["abc", "def"]) == "there are abc, def"
    assert near("x", []) == ""
