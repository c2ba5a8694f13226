"""Made-up traces are what they claim to be."""

import random

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.traces import TraceSource

END = 1_790_000_000_000_000_000


def spans_of(body: bytes) -> list[Span]:
    data = TracesData.FromString(body)
    return [
        span
        for resource in data.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


@given(
    services=st.integers(1, 12),
    depth=st.integers(1, 4),
    errors=st.sampled_from([0.0, 0.5, 1.0]),
    most=st.integers(1, 40),
    seed=st.integers(0, 1000),
)
def test_a_trace_is_one_tree_inside_its_root(
    services: int, depth: int, errors: float, most: int, seed: int
) -> None:
    source = TraceSource(Shape(services, depth, errors), random.Random(seed))
    body, count = source.next(END, most)
    spans = spans_of(body)
    assert 1 <= len(spans) == count <= most
    assert len({span.trace_id for span in spans}) == 1
    by_id = {span.span_id: span for span in spans}
    assert len(by_id) == count
    (root,) = [span for span in spans if not span.parent_span_id]
    assert root.end_time_unix_nano == END
    for span in spans:
        assert span.start_time_unix_nano < span.end_time_unix_nano
        if span is not root:
            parent = by_id[span.parent_span_id]
            assert parent.start_time_unix_nano <= span.start_time_unix_nano
            assert span.end_time_unix_nano <= parent.end_time_unix_nano
    assert (root.status.code == 2) == (errors == 1.0 or (errors > 0 and root.status.code == 2))


def test_a_failing_trace_says_where_the_error_began() -> None:
    source = TraceSource(Shape(5, 3, 1.0), random.Random(1))
    for _ in range(20):
        spans = spans_of(source.next(END, 1000)[0])
        origins = [span for span in spans if any(it.name == "exception" for it in span.events)]
        assert len(origins) == 1
        by_id = {span.span_id: span for span in spans}
        at = origins[0]
        while at.parent_span_id:
            assert at.status.code == 2
            at = by_id[at.parent_span_id]
        assert at.status.code == 2


def test_no_two_traces_share_an_id() -> None:
    source = TraceSource(Shape(), random.Random(1))
    traces = [spans_of(source.next(END, 1000)[0]) for _ in range(200)]
    assert len({spans[0].trace_id for spans in traces}) == 200
    ids = [span.span_id for spans in traces for span in spans]
    assert len(set(ids)) == len(ids)
