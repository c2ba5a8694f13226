"""Samples joined to spans: published ids go first, and a guess is made only where one span fits."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import AttributeValue, Span
from otx.tracing.span_samples import StoredSample, infer, join_samples

TRACE, OTHER = "a" * 32, "b" * 32


def span(
    span_id: str,
    start: int,
    end: int,
    parent: str = "",
    trace: str = TRACE,
    **attributes: AttributeValue,
) -> Span:
    named = {key.replace("_", "."): value for key, value in attributes.items()}
    return Span(
        trace, span_id, parent, span_id, "INTERNAL", "shop", start, end,
        attributes=named or {"thread.id": 8}, resource={"process.pid": 7},
    )  # fmt: skip


def sample(time: int, function: str = "work", **changes: object) -> StoredSample:
    plain = StoredSample(time, 10, ("shop", function), 7, 8, "worker")
    return replace(plain, **changes)  # type: ignore[arg-type]


def joined(samples: list[StoredSample], spans: list[Span]) -> list[tuple[int, str]]:
    found = infer(samples, spans)
    return sorted((sample.time_unix_nano, span.span_id) for sample, span in found)


def test_a_sample_is_the_innermost_spans_of_its_thread_then() -> None:
    spans = [span("root", 0, 100), span("child", 20, 60, "root"), span("grand", 30, 40, "child")]
    samples = [sample(time) for time in (10, 25, 35, 50, 80, 100)]
    assert joined(samples, spans) == [
        (10, "root"), (25, "child"), (35, "grand"), (50, "child"), (80, "root")
    ]  # fmt: skip


def test_another_thread_process_or_machine_is_not_guessed() -> None:
    spans = [replace(span("root", 0, 100), resource={"process.pid": 7, "host.name": "here"})]
    assert joined([sample(5, tid=9), sample(5, pid=6), sample(5, host="there")], spans) == []
    assert joined([sample(5, host="here"), sample(6)], spans) == [(5, "root"), (6, "root")]


def test_spans_that_are_not_within_one_another_leave_it_open() -> None:
    root, one, two = span("root", 0, 100), span("one", 10, 60, "root"), span("two", 20, 50, "root")
    assert joined([sample(15), sample(30), sample(55)], [root, one, two]) == [
        (15, "one"), (55, "one")
    ]  # fmt: skip
    elsewhere = span("elsewhere", 0, 100, trace=OTHER)
    assert joined([sample(5)], [root, elsewhere]) == []


def test_a_circle_of_parents_fits_nothing() -> None:
    assert joined([sample(5)], [span("a", 0, 9, "b"), span("b", 0, 9, "a")]) == []


def test_a_name_counts_where_one_thread_has_it() -> None:
    long_name = "a-name-of-more-than-15"
    named = span("root", 0, 100, thread_name=long_name)
    its = sample(5, thread=long_name[:15], tid=9)
    assert joined([its, sample(5)], [named]) == [(5, "root")]
    assert joined([its, replace(its, tid=10)], [named]) == []
    managed = span("root", 0, 100, thread_name="worker", thread_id=23)
    assert joined([sample(5)], [managed]) == [(5, "root")]


def test_published_ids_are_taken_as_they_are_and_others_are_marked() -> None:
    said = sample(500, "said", trace_id=TRACE, span_id="unreceived")
    found = join_samples(TRACE, [said], [sample(5), sample(6)], [span("root", 0, 100)])
    assert {key: (one.how, one.samples, one.cpu_ns) for key, one in found.items()} == {
        "unreceived": ("published", 1, 10),
        "root": ("inferred", 2, 20),
    }
    assert found["root"].top_functions(1) == [("work", 20)]
    assert found["root"].top_stacks(1) == [(("shop", "work"), 20)]


def test_spans_of_other_traces_take_their_samples_and_are_not_shown() -> None:
    assert join_samples(TRACE, [], [sample(5)], [span("it", 0, 9, trace=OTHER)]) == {}


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(-1, 9)), max_size=10),
    st.lists(st.integers(-5, 45), max_size=20),
)
def test_a_guess_is_a_span_that_was_open_and_within_all_others_that_were(
    drawn: list[tuple[int, int, int]], times: list[int]
) -> None:
    spans = [
        span(f"{number}", start, end, f"{parent}" if parent >= 0 else "")
        for number, (start, end, parent) in enumerate(drawn)
    ]
    for one, found in infer([sample(time) for time in times], spans):
        now = one.time_unix_nano
        open_then = [it for it in spans if it.start_unix_nano <= now < it.end_unix_nano]
        assert found in open_then
        assert not any(it.parent_span_id == found.span_id for it in open_then if it != found)
        chain, around = 0, {it.span_id: it for it in open_then if it != found}
        above: Span | None = found
        while above is not None:
            chain += 1
            above = around.pop(above.parent_span_id, None)
        assert chain == len(open_then)
