"""One request as statements walk it."""

from typing import Any

import pytest

from otx.model.signal import Signal
from otx.otlp.any_value import encode_any, encode_key_value
from otx.otlp.open_view import open_class
from otx.ottl.batch import WALKS, Batch
from otx.ottl.record import attributes_of
from tests.ottl.documents import attributes, document
from tests.ottl.vector_run import open_case

SPANS = document(
    "Spans",
    {"name": "one", "events": [{"name": "a"}, {"name": "b"}], "links": [{}]},
    {"name": "two", "attributes": attributes(k="v")},
)
METRICS = document(
    "Metrics",
    {"name": "g", "gauge": {"dataPoints": [{"asInt": "1", "exemplars": [{}, {}]}, {}]}},
    {"name": "y", "summary": {"dataPoints": [{"count": "1"}]}},
    {"name": "none"},
)
PROFILES = document("Profiles", {"samples": [{}, {}]}, {})


def opened(whole: dict[str, Any]) -> Batch:
    return open_case({"input": whole})


def reopened(batch: Batch) -> Batch:
    return Batch(batch.signal, batch.close())


@pytest.mark.parametrize(
    ("whole", "context", "count"),
    [
        (SPANS, "resource", 1),
        (SPANS, "scope", 1),
        (SPANS, "span", 2),
        (SPANS, "spanevent", 2),
        (SPANS, "spanlink", 1),
        (METRICS, "metric", 3),
        (METRICS, "datapoint", 3),
        (METRICS, "exemplar", 2),
        (PROFILES, "profile", 2),
        (PROFILES, "profilesample", 2),
        (document("Logs", {}), "log", 1),
    ],
)
def test_every_record_is_walked(whole: dict[str, Any], context: str, count: int) -> None:
    records = list(WALKS[context](opened(whole)))
    assert len(records) == count
    # Everything knows what is above it.
    for record in records:
        if context != "resource":
            assert record.resource.scopes


def test_what_nobody_changed_is_written_as_it_came() -> None:
    message: Any = open_class(Signal.LOGS)()
    record = message.resource_logs.add().scope_logs.add().log_records.add()
    record.body = b"\x0a\x01\xff"  # a text that is no UTF-8
    record.attributes.extend([b"\x12\x02\x18\x01\x0a\x01k", encode_key_value("k", 2)])
    # A field that no version knows.
    body = message.SerializeToString() + b"\xfa\x3e\x01x"
    batch = Batch(Signal.LOGS, body)
    item = next(batch.items())
    assert (item.body, dict(item.attributes)) == ("\udcff", {"k": 1})
    assert batch.close() == body


def test_a_change_is_written_once_the_batch_is_closed() -> None:
    batch = opened(SPANS)
    span = next(batch.items())
    span.attributes["n"] = 1
    span.events[1].attributes["m"] = [1]
    span.events[1].attributes["m"].append(2)
    assert not span.item.attributes
    changed = next(reopened(batch).items())
    assert dict(changed.attributes) == {"n": 1}
    assert [dict(event.attributes) for event in changed.events] == [{}, {"m": [1, 2]}]
    assert [event.index for event in changed.events] == [0, 1]


def test_attributes_are_decoded_once() -> None:
    span = next(opened(SPANS).items())
    assert attributes_of(span) is attributes_of(span) is span.attributes


def test_a_body_is_written_where_it_was_announced() -> None:
    batch = opened(document("Logs", {"body": {"arrayValue": {}}}))
    record = next(batch.items())
    record.body.append(1)
    assert record.item.body == encode_any([])
    record.body = record.body
    assert next(reopened(batch).items()).body == [1]


def test_a_metric_that_is_added_is_visited_later() -> None:
    batch = opened(METRICS)
    seen = []
    for metric in batch.items():
        seen.append(metric.item.name)
        if len(seen) < 3:
            metric.scope.add(metric.item).item.name = b"copy"
    assert seen == [b"g", b"y", b"none", b"copy", b"copy"]
    names = [metric.item.name for metric in reopened(batch).items()]
    assert names == seen


def test_a_copy_is_independent() -> None:
    batch = opened(METRICS)
    metric = next(batch.items())
    copied: Any = metric.scope.add(metric.item)
    copied.points[0].attributes["n"] = 1
    copied.attributes["m"] = 2
    first, *_, last = reopened(batch).items()
    assert (dict(first.points[0].attributes), dict(first.attributes)) == ({}, {})
    assert (dict(last.points[0].attributes), dict(last.attributes)) == ({"n": 1}, {"m": 2})


def test_a_metric_knows_its_kind_and_points() -> None:
    gauge, summary, none = opened(METRICS).items()
    assert [one.kind for one in (gauge, summary, none)] == ["gauge", "summary", ""]
    assert [point.kind for point in gauge.points] == ["gauge", "gauge"]
    assert gauge.points[0].datapoint.metric.metric is gauge
    assert summary.points[0].exemplars == []
    assert (none.points, none.data) == ([], None)


def test_points_are_those_of_the_kind_that_it_has_now() -> None:
    metric = next(opened(METRICS).items())
    assert len(metric.points) == 2
    metric.item.sum.data_points.add()
    assert [point.kind for point in metric.points] == ["sum"]


def test_what_is_forgotten_is_looked_at_anew() -> None:
    batch = opened(SPANS)
    span = next(batch.items())
    assert len(span.events) == 2
    del span.item.events[0]
    del span.item.links[0]
    span.forget_events()
    span.forget_links()
    assert [event.item.name for event in span.events] == [b"b"]
    assert span.links == []


@pytest.mark.parametrize(
    ("whole", "message"),
    [
        (METRICS, "metric"),
        (PROFILES, "profile"),
        (document("Logs", {"body": {"intValue": "1"}}), "log"),
    ],
)
def test_forgetting_keeps_nothing_that_was_not_written(whole: dict[str, Any], message: str) -> None:
    record = next(WALKS[message](opened(whole)))
    record.attributes["n"] = 1
    record.flush()
    record.forget()
    assert dict(record.attributes) == {"n": 1}
    record.attributes["n"] = 2
    record.forget()
    assert dict(record.attributes) == {"n": 1}


def test_a_profile_has_samples_that_share_its_dictionary() -> None:
    batch = opened(PROFILES)
    profile = next(batch.items())
    first, second = profile.samples
    for record in (profile.profile, first, second):
        record.attributes["k"] = "v"
    changed = next(reopened(batch).items())
    assert list(changed.item.attribute_indices) == [0]
    assert [dict(one.attributes) for one in changed.samples] == [{"k": "v"}] * 2
    message: Any = open_class(Signal.PROFILES).FromString(batch.close())
    assert len(message.dictionary.attribute_table) == 1
