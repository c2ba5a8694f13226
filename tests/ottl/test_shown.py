"""Values as they are printed: JSON that any parser reads."""

import json
import math
from typing import Any

import pytest

from otx.ottl.errors import ExecutionError
from otx.ottl.shown import shown, shown_any
from otx.ottl.values import Duration, Opaque, SpanId, TraceId, Value
from tests.ottl.documents import Document, attributes, document, value_of

POINT = {"asInt": "5", "timeUnixNano": "7", "attributes": attributes(k="v")}
SPAN = {
    "name": "a",
    "status": {"code": 2, "message": "no"},
    "events": [{"name": "e", "timeUnixNano": "1"}],
    "links": [{"traceId": "0af7651916cd43dd8448eb211c80319c"}],
}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, None),
        (True, True),
        (1, 1),
        (1.5, 1.5),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        ([-math.inf], ["-Infinity"]),
        ("café", "café"),
        ("caf\udcc3", "caf\N{REPLACEMENT CHARACTER}"),
        ({"k\udcff": [b"\x00"]}, {"k\N{REPLACEMENT CHARACTER}": ["AA=="]}),
        (TraceId(bytes(range(16))), "000102030405060708090a0b0c0d0e0f"),
        (SpanId(bytes(8)), "0" * 16),
        (Duration(1500), 1500),
        (Opaque("list of uint64", (1, 2)), [1, 2]),
    ],
)
def test_every_value_has_a_form(value: Value, written: Any) -> None:
    assert shown(value) == written
    json.dumps(written, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("whole", "context", "path", "written"),
    [
        (document("Spans", SPAN), "span", "status", SPAN["status"]),
        (document("Spans", SPAN), "span", "events", SPAN["events"]),
        (document("Spans", SPAN), "span", "links", SPAN["links"]),
        (document("Spans", {}), "span", "events", []),
        (
            document("Metrics", {"name": "m", "gauge": {"dataPoints": [POINT]}}),
            "metric",
            "data_points",
            [POINT],
        ),
        (
            document(
                "Metrics",
                {"exponentialHistogram": {"dataPoints": [{"positive": {"bucketCounts": ["2"]}}]}},
            ),
            "datapoint",
            "positive",
            {"bucketCounts": ["2"]},
        ),
    ],
)
def test_a_part_of_otlp_is_its_otlp_json(
    whole: Document, context: str, path: str, written: Any
) -> None:
    assert shown(value_of(whole, context, path)) == written


def test_a_part_whose_text_is_no_utf_8_is_no_error() -> None:
    broken = Opaque("span events", (b"\x12\x01\xff",))
    assert shown(broken) == [{}]
    assert shown(Opaque("status", (b"\x12\x01\xff",))) == {}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, {}),
        (1, {"intValue": "1"}),
        (math.nan, {"doubleValue": "NaN"}),
        ("caf\udcc3", {"stringValue": "caf\N{REPLACEMENT CHARACTER}"}),
        (b"\x00", {"bytesValue": "AA=="}),
        (
            [{"k": True}],
            {
                "arrayValue": {
                    "values": [
                        {"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": True}}]}}
                    ]
                }
            },
        ),
    ],
)
def test_a_value_as_otlp_has_it(value: Value, written: Any) -> None:
    assert shown_any(value) == written


@pytest.mark.parametrize("value", [TraceId(bytes(16)), Duration(1), Opaque("status", ())])
def test_what_has_no_otlp_form_is_refused(value: Value) -> None:
    with pytest.raises(ExecutionError, match="cannot be stored as it is"):
        shown_any(value)
