"""A request that is moved as one number holds what it held, with other ids and times."""

import random

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from otx.otlp.synthetic.block import LAG_NS, BlockBuilder
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.traces import TraceSource

END = 1_790_000_000_000_000_000


def spans_of(body: bytes) -> list[Span]:
    return [
        span
        for resource in TracesData.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def without_ids_and_times(body: bytes) -> TracesData:
    data = TracesData.FromString(body)
    for resource in data.resource_spans:
        for span in resource.scope_spans[0].spans:
            for name in ("trace_id", "span_id", "parent_span_id"):
                span.ClearField(name)
            span.start_time_unix_nano = span.end_time_unix_nano = 0
            for event in span.events:
                event.time_unix_nano = 0
            for link in span.links:
                link.trace_id = link.span_id = b""
    return data


@given(
    seed=st.integers(0, 1000),
    traces=st.integers(1, 6),
    moves=st.lists(st.integers(0, 10**12), max_size=3),
)
def test_moving_changes_ids_and_times_alone(seed: int, traces: int, moves: list[int]) -> None:
    rng = random.Random(seed)
    source = TraceSource(Shape(errors=0.3), rng)
    builder = BlockBuilder(rng, END)
    for _ in range(traces):
        builder.add(source.pick(100))
    block = builder.build()
    first = block.next(END)
    seen = {(span.trace_id, span.span_id) for span in spans_of(first)}
    assert len(seen) == block.records == builder.records
    now = END
    for move in moves:
        now += move
        body = block.next(now)
        assert without_ids_and_times(body) == without_ids_and_times(first)
        spans = spans_of(body)
        ids = {(span.trace_id, span.span_id) for span in spans}
        assert not ids & seen
        seen |= ids
        for span, before in zip(spans, spans_of(first), strict=True):
            shift_ns = span.start_time_unix_nano - before.start_time_unix_nano
            assert 0 <= now - END - shift_ns < LAG_NS
            assert not span.parent_span_id or (span.trace_id, span.parent_span_id) in ids
            assert all((link.trace_id, link.span_id) in ids for link in span.links)


def test_ids_do_not_come_again_when_steps_are_drawn_anew() -> None:
    rng = random.Random(1)
    builder = BlockBuilder(rng, END)
    builder.add(TraceSource(Shape(services=1, depth=1, errors=0), rng).pick(100))
    block = builder.build()
    ids = [spans_of(block.next(END))[0].span_id for _ in range(2000)]
    assert len(set(ids)) == 2000
