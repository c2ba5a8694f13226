"""What is odd about spans that are accepted, and how it is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otx.model.signal import Signal
from otx.otlp.decode import decode_request
from otx.otlp.oddity import (
    MAX_LOOKED_AT,
    Oddity,
    oddities_of,
    old_form_cautions,
    span_cautions,
)
from otx.otlp.wire import records_by_scope

TRACE_ID, SPAN_ID = b"t" * 16, b"s" * 8
LAST = 2**63 - 2


def span(
    trace_id: bytes = TRACE_ID, span_id: bytes = SPAN_ID, start: int = 5, end: int = 6
) -> Span:
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        name="GET /",
        start_time_unix_nano=start,
        end_time_unix_nano=end,
    )


def request_of(*groups: list[Span]) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    for spans in groups:
        request.resource_spans.add().scope_spans.add().spans.extend(spans)
    return request


def told(*groups: list[Span]) -> list[str]:
    return [caution.text for caution in span_cautions(groups)]


@pytest.mark.parametrize(
    ("odd", "oddities"),
    [
        (span(), []),
        (span(start=5, end=5), []),
        (span(start=LAST, end=LAST), []),
        (span(trace_id=b""), [Oddity.NO_TRACE_ID]),
        (span(trace_id=b"t" * 8), [Oddity.NO_TRACE_ID]),
        (span(trace_id=bytes(16)), [Oddity.NO_TRACE_ID]),
        (span(span_id=b""), [Oddity.NO_SPAN_ID]),
        (span(span_id=b"s" * 16), [Oddity.NO_SPAN_ID]),
        (span(span_id=bytes(8)), [Oddity.NO_SPAN_ID]),
        (span(end=4), [Oddity.ENDS_EARLY]),
        (span(end=0), [Oddity.NO_END]),
        (span(end=LAST + 1), [Oddity.BEYOND_TIME]),
        (span(start=2**64 - 1), [Oddity.ENDS_EARLY, Oddity.BEYOND_TIME]),
        (span(start=0), [Oddity.NO_START]),
        (span(start=0, end=0), [Oddity.NO_TIMES]),
        (span(start=0, end=LAST + 1), [Oddity.NO_START, Oddity.BEYOND_TIME]),
        (Span(), [Oddity.NO_TRACE_ID, Oddity.NO_SPAN_ID, Oddity.NO_TIMES]),
    ],
)
def test_each_rule_has_its_name(odd: Span, oddities: list[Oddity]) -> None:
    assert list(oddities_of(odd)) == oddities
    assert len(told([odd])) == len(oddities)


def test_a_caution_counts_and_names_the_first() -> None:
    early = span(span_id=b"\x4b" * 8, end=1)
    cautions = span_cautions([[span(), early], [early, span()]])
    assert [(it.kind, it.text) for it in cautions] == [
        (
            "requests with spans that end before they start",
            "2 of 4 spans end before they start (first: span 4b4b4b4b4b4b4b4b 'GET /')",
        )
    ]
    assert told([Span(name="n" * 1000)])[1] == (
        f"1 of 1 spans have no valid span id (first: span without id '{'n' * 60}…')"
    )


def test_of_a_large_request_a_bounded_number_of_spans_is_looked_at() -> None:
    early = [span(end=1)] * 1_000
    assert told(early[:999], early[:1]) == [
        "50 of the 50 spans looked at, of 1 000, end before they start "
        "(first: span 7373737373737373 'GET /')"
    ]
    # Evenly spread: of every twenty in a row, one at the least is looked at.
    assert told([span()] * 707, early[:20], [span()] * 273)


@given(
    st.lists(
        st.lists(
            st.builds(
                span,
                st.sampled_from([TRACE_ID, b"", bytes(16)]),
                st.sampled_from([SPAN_ID, b"", bytes(8)]),
                st.sampled_from([0, 5, 2**64 - 1]),
                st.sampled_from([0, 4, 5, LAST, 2**64 - 1]),
            ),
            max_size=7,
        ),
        max_size=MAX_LOOKED_AT // 7,
    )
)
def test_a_small_request_is_looked_at_whole(groups: list[list[Span]]) -> None:
    spans = [one for group in groups for one in group]
    cautions = span_cautions(records_by_scope(Signal.TRACES, request_of(*groups)))
    counts = {oddity: sum(oddity in oddities_of(one) for one in spans) for oddity in Oddity}
    assert [caution.text.partition(" (first")[0] for caution in cautions] == [
        f"{count} of {len(spans)} spans {oddity}" for oddity, count in counts.items() if count
    ]


def test_the_form_before_1_0_is_named() -> None:
    old = b"\x0a\x05\xc2\x3e\x02\x0a\x00"  # a resource with field 1000
    request = decode_request(
        Signal.TRACES, old + request_of([span()]).SerializeToString(), "protobuf"
    )
    assert (request.records, [caution.text for caution in request.cautions]) == (
        1,
        [
            "1 of 2 resource_spans hold field 1000, the form before OTLP 1.0, which is not read: "
            "update the sender"
        ],
    )
    logs = ExportLogsServiceRequest.FromString(old)
    assert len(old_form_cautions(logs, "resource_logs", "scope_logs")) == 1
    logs = ExportLogsServiceRequest.FromString(b"\x0a\x00")
    assert old_form_cautions(logs, "resource_logs", "scope_logs") == []
