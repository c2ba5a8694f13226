"""Requests taken apart into records."""

import json

import pytest

from otx.model.signal import Signal
from otx.otlp.decode import Request, decode_request
from otx.otlp.wire import WIRE
from otx.ottl.repl import loading
from otx.ottl.repl.loading import load, split
from otx.ottl.repl.sample import sample


def spans(*names: str) -> Request:
    """Spans of one resource in two scopes."""
    parts = [
        {"scope": {"name": f"scope {at}"}, "schemaUrl": "http://s", "spans": [{"name": name}]}
        for at, name in enumerate(names)
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "cart"}}]}
    document = {"resourceSpans": [{"resource": resource, "schemaUrl": "r", "scopeSpans": parts}]}
    return decode_request(Signal.TRACES, json.dumps(document).encode(), "json")


def test_each_item_gets_its_own_resource_and_scope() -> None:
    request_class = WIRE[Signal.TRACES].request_class
    first, second = (request_class.FromString(body) for body in split(spans("a", "b")))
    for message, name, scope in ((first, "a", "scope 0"), (second, "b", "scope 1")):
        (group,) = message.resource_spans  # type: ignore[attr-defined]  # protobuf's own field
        (part,) = group.scope_spans
        assert [one.name for one in part.spans] == [name]
        assert (part.scope.name, part.schema_url, group.schema_url) == (scope, "http://s", "r")
        assert group.resource.attributes[0].key == "service.name"


def test_an_item_alone_is_left_as_it_came() -> None:
    for request in sample():
        read = WIRE[request.signal].request_class.FromString
        (body,) = split(request)
        assert read(body) == read(request.body)


def test_what_does_not_fit_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "MAX_RECORDS", 2)
    loaded = load([spans("a", "b", "c")])
    assert (len(loaded.records), loaded.is_cut) == (2, True)
    assert not load([spans("a", "b")]).is_cut
    monkeypatch.setattr(loading, "MAX_BYTES", 10)
    assert load([spans("a")]).is_cut
