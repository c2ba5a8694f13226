"""Traces by chance, and how they are put together."""

from hypothesis import strategies as st

from otx.model.telemetry import SPAN_KINDS, Span, SpanLink


def ids(count: int) -> "st.SearchStrategy[str]":
    return st.integers(0, count).map("s{}".format)


@st.composite
def traces(draw: st.DrawFn, most: int = 12) -> list[Span]:
    """Small traces with every fault that senders make: any parents, links, threads and times."""
    count = draw(st.integers(1, most))
    spans = []
    for number in range(count):
        start = draw(st.integers(0, 20))
        threads = draw(st.sampled_from([{}, {"thread.id": 0}, {"thread.id": 1}]))
        spans.append(
            Span(
                trace_id="t",
                span_id=f"s{number}",
                parent_span_id=draw(st.one_of(st.just(""), ids(count))),
                name="n",
                kind=draw(st.sampled_from(SPAN_KINDS)),
                service=draw(st.sampled_from("abc")),
                start_unix_nano=start,
                end_unix_nano=start + draw(st.integers(0, 20)),
                attributes=threads,
                links=[SpanLink("t", one) for one in draw(st.lists(ids(count), max_size=1))],
            )
        )
    return spans
