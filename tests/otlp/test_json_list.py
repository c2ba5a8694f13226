"""Repeated fields over JSON are used as protobuf's containers are."""

from typing import Any

from otx.model.signal import Signal
from otx.otlp.any_value import encode_key_value
from otx.otlp.json_view import json_view
from tests.otlp.test_json_view import metric, span, view_of


def test_a_list_is_changed_as_one_of_protobuf() -> None:
    point = metric().histogram.data_points.add()
    counts = point.bucket_counts
    counts.extend([])
    assert point.fields == {}
    counts.extend([1, 2, 3])
    counts[0] += 6
    del counts[1]
    assert (list(counts), counts[-1], counts[::-1]) == ([7, 3], 3, [3, 7])
    assert point.fields == {"bucketCounts": ["7", "3"]}
    counts[:] = [4]
    counts.insert(0, 9)
    assert point.fields == {"bucketCounts": ["9", "4"]}
    del counts[:]
    assert point.fields == {}


def test_attributes_come_and_go_as_bytes() -> None:
    one, entry = span(), encode_key_value("k", ["v"])
    one.attributes.append(entry)
    assert one.fields["attributes"] == [
        {"key": "k", "value": {"arrayValue": {"values": [{"stringValue": "v"}]}}}
    ]
    assert list(one.attributes) == [entry]


def test_what_is_appended_is_copied() -> None:
    request: Any = json_view(Signal.TRACES)()
    group = request.resource_spans.add().scope_spans.add()
    one = span(status={"code": 1})
    group.spans.append(one)
    one.status.code = 2
    assert group.spans[0].status.code == 1


def test_those_that_are_kept_stay_the_same() -> None:
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [{"name": n} for n in "abc"]}]}]}
    spans = view_of(Signal.TRACES, document).resource_spans[0].scope_spans[0].spans
    _, second, third = list(spans)
    spans.keep([second, third])
    assert [one.name for one in spans] == [b"b", b"c"]
    assert spans[0].fields is second.fields
