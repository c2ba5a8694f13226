"""Counting in columns finds what looking at each message finds."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otx.otlp.columns import SPAN_SCHEMA, span_columns
from otx.otlp.odd_columns import count_oddities
from otx.otlp.oddity import MAX_UNIX_NANO, oddities_of

TIMES = [0, 1, 4, 5, MAX_UNIX_NANO - 1, MAX_UNIX_NANO + 1, 2**64 - 1]
SPANS = st.builds(
    Span,
    trace_id=st.sampled_from([b"t" * 16, b"", b"t" * 15, b"t" * 17, bytes(16), bytes(15)]),
    span_id=st.sampled_from([b"s" * 8, b"", b"s" * 16, bytes(8), bytes(9)]),
    start_time_unix_nano=st.sampled_from(TIMES),
    end_time_unix_nano=st.sampled_from(TIMES),
)


@given(st.lists(SPANS, max_size=20))
def test_columns_and_messages_agree(spans: list[Span]) -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(spans)
    rows = span_columns([request.SerializeToString()], [1]).rows
    for span in spans:
        # Two times beyond the last that a column holds are the same one there.
        if min(span.start_time_unix_nano, span.end_time_unix_nano) > MAX_UNIX_NANO:
            span.end_time_unix_nano = span.start_time_unix_nano
    assert count_oddities(rows) == Counter(it for span in spans for it in oddities_of(span))


def test_nothing_is_odd_about_no_spans() -> None:
    assert not count_oddities(SPAN_SCHEMA.empty_table())
