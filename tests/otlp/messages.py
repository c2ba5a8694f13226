"""Random OTLP messages, for tests of what reads and writes them."""

import math

from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span

U32 = st.integers(0, (1 << 32) - 1)
U64 = st.integers(0, (1 << 64) - 1)
I64 = st.integers(-(1 << 63), (1 << 63) - 1)
TEXT = st.text(max_size=8)


def any_values() -> st.SearchStrategy[AnyValue]:
    leaves = st.one_of(
        st.just(AnyValue()),
        TEXT.map(lambda text: AnyValue(string_value=text)),
        st.booleans().map(lambda flag: AnyValue(bool_value=flag)),
        I64.map(lambda number: AnyValue(int_value=number)),
        # JSON has one NaN; the bits of others are not for it to keep.
        st.one_of(st.floats(allow_nan=False), st.just(math.nan)).map(
            lambda number: AnyValue(double_value=number)
        ),
        st.binary(max_size=8).map(lambda data: AnyValue(bytes_value=data)),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(
                lambda values: AnyValue(array_value=ArrayValue(values=values))
            ),
            st.dictionaries(TEXT, inner, max_size=3).map(
                lambda values: AnyValue(
                    kvlist_value=KeyValueList(
                        values=[KeyValue(key=key, value=value) for key, value in values.items()]
                    )
                )
            ),
        ),
        max_leaves=6,
    )


@st.composite
def spans(draw: st.DrawFn) -> Span:
    span = Span(
        trace_id=draw(st.binary(max_size=16)),
        span_id=draw(st.binary(max_size=8)),
        parent_span_id=draw(st.sampled_from([b"", b"12345678"])),
        name=draw(TEXT),
        kind=draw(st.sampled_from(Span.SpanKind.values())),
        start_time_unix_nano=draw(U64),
        end_time_unix_nano=draw(U64),
        flags=draw(U32),
        dropped_attributes_count=draw(U32),
    )
    span.attributes.add(key=draw(TEXT)).value.CopyFrom(draw(any_values()))
    span.dropped_events_count, span.dropped_links_count = draw(U32), draw(U32)
    span.events.add(name=draw(TEXT), time_unix_nano=draw(U64), dropped_attributes_count=draw(U32))
    span.links.add(
        trace_id=draw(st.binary(max_size=16)),
        span_id=b"\x01",
        trace_state=draw(TEXT),
        flags=draw(U32),
        dropped_attributes_count=draw(U32),
    )
    span.status.message = draw(TEXT)
    return span
