"""Requests made of records, and records of requests."""

from typing import Any

import pytest

from otx.model.signal import Signal
from otx.otlp.files import read_stream
from otx.otlp.open_view import open_class
from otx.ottl.record_state import states_of
from otx.ottl.unit_tests.record_state import (
    Part,
    WrittenRecord,
    request_of,
    written,
)
from tests.ottl.vector_case import load


def record(resource: Any, scope: Any, name: str) -> WrittenRecord:
    return WrittenRecord(Part({"name": name}), Part(resource), Part(scope))


def test_neighbours_share_their_resource_and_scope() -> None:
    body = request_of(
        Signal.TRACES,
        [
            record({"service.name": "a"}, {"name": "s"}, "1"),
            record({"service.name": "a"}, {"name": "s"}, "2"),
            record({"service.name": "a"}, {"name": "t"}, "3"),
            record({"service.name": "b"}, {"name": "t"}, "4"),
            record({"service.name": "a"}, {"name": "s"}, "5"),
        ],
    )
    request: Any = open_class(Signal.TRACES).FromString(body)
    counts = [[len(scope.spans) for scope in one.scope_spans] for one in request.resource_spans]
    assert counts == [[2, 1], [1], [1]]
    assert [one.short["span"]["name"] for one in states_of(Signal.TRACES, body)] == list("12345")


def test_a_resource_is_the_map_of_its_attributes_or_names_its_fields() -> None:
    (short, full) = (
        states_of(Signal.LOGS, request_of(Signal.LOGS, [record_of_log(resource)]))[0].short
        for resource in ({"a": 1}, {"attributes": {"a": 1}, "schema_url": "https://x"})
    )
    assert short["resource"] == {"attributes": {"a": 1}}
    assert full["resource"] == {"attributes": {"a": 1}, "schema_url": "https://x"}


def record_of_log(resource: Any) -> WrittenRecord:
    return WrittenRecord(Part({"body": "x"}), Part(resource))


def test_a_title_is_a_name_or_the_beginning_of_a_body() -> None:
    logs = [WrittenRecord(Part({"body": body})) for body in ("hello", "x" * 100, {"a": 1}, None)]
    titles = [one.title for one in states_of(Signal.LOGS, request_of(Signal.LOGS, logs))]
    assert titles == ['"hello"', '"' + "x" * 58 + "…", '{"a": 1}', ""]


def test_invalid_text_is_kept() -> None:
    body = request_of(Signal.TRACES, [WrittenRecord(Part({"name": "a\udcff"}))])
    (state,) = states_of(Signal.TRACES, body)
    assert state.short["span"] == {"name": "a\udcff"}


@pytest.mark.parametrize("case", [one for one in load() if "input" in one], ids=lambda c: c["id"])
def test_the_records_of_every_vector_can_be_written_down(case: dict[str, Any]) -> None:
    import io
    import json

    content = io.BytesIO(json.dumps(case["input"]).encode())
    for request in read_stream(content, case["id"]):
        states = states_of(request.signal, request.body)
        if request.signal is Signal.PROFILES:
            continue  # they have no short form
        body = request_of(request.signal, [written(one.short, one.signal) for one in states])
        assert states_of(request.signal, body) == states
