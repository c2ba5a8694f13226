"""The document of a span holds all of it, by names that scripts may rely on."""

from otx.model.telemetry import Span, SpanEvent, SpanLink
from otx.tracing.document import span_document

SPAN = Span(
    "a" * 32,
    "b" * 16,
    "",
    "charge",
    "CLIENT",
    "shop",
    1,
    4,
    events=(SpanEvent(2, "retry", {"n": 1}),),
    links=(SpanLink("c" * 32, "d" * 16, trace_state="a=1", flags=0x101),),
    flags=0x301,
)


def test_times_are_words_and_events_and_links_are_documents() -> None:
    document = span_document(SPAN)
    assert (document["name"], document["kind"], document["duration_ns"]) == ("charge", "CLIENT", 3)
    assert document["flags"] == 0x301
    assert document["start_time"] == "1970-01-01T00:00:00.000000001Z"
    assert document["events"] == [
        {"time": "1970-01-01T00:00:00.000000002Z", "name": "retry", "attributes": {"n": 1}}
    ]
    assert document["links"] == [
        {
            "trace_id": "c" * 32,
            "span_id": "d" * 16,
            "attributes": {},
            "trace_state": "a=1",
            "flags": 0x101,
        }
    ]
