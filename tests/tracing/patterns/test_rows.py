"""Rows are cut where spans overlap or clocks differ, and tell how far their times are exact."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import Span
from otx.tracing.assembly import assemble
from otx.tracing.patterns.rows import Row, in_order, is_after, may_be_after, overlap_ns, rows
from otx.tracing.timing import Timing, raw_timing
from tests.tracing.calls import MS, span


def timing_of(*times_ms: tuple[float, float], language: str = "go", host: str = "one") -> Timing:
    return raw_timing(assemble([call(*times, language, host) for times in times_ms]))


def call(start_ms: float, end_ms: float, language: str = "go", host: str = "one") -> Span:
    one = span(f"{start_ms:09.4f}", "gone", start_ms, end_ms, host=host)
    return replace(one, resource={**one.resource, "telemetry.sdk.language": language})


EXACT = ((0, 9.9999), (10, 20.0001), (15, 24.9999), (30, 39.9999))


def test_rows_are_cut_where_calls_overlap() -> None:
    timing = timing_of(*EXACT)
    assert list(rows(timing, [0, 1, 2, 3])) == [Row([0, 1]), Row([2, 3])]
    assert list(rows(timing, [])) == []


def test_rows_are_cut_where_clocks_differ() -> None:
    spans = [call(0, 9.9999), call(10, 19.9999, host="two")]
    assert list(rows(raw_timing(assemble(spans)), [0, 1])) == [Row([0]), Row([1])]


def test_what_ends_and_begins_in_one_grain_may_overlap_by_less() -> None:
    timing = timing_of((0, 10), (10, 20), (21, 30))
    assert overlap_ns(timing, 0, 1) == MS - 1
    assert not is_after(timing, 0, 1)
    assert is_after(timing, 1, 2)  # both rounded alike
    assert list(rows(timing, [0, 1, 2])) == [Row([0, 1, 2], MS - 1)]


def test_ends_of_javascript_may_be_early() -> None:
    timing = timing_of((0, 9.5), (10, 19.5), (21, 30.5), language="nodejs")
    assert overlap_ns(timing, 0, 1) == MS // 2 - 1
    assert not is_after(timing, 0, 1)
    assert is_after(timing, 1, 2)
    assert may_be_after(timing_of((0, 10.9), (10, 20), language="nodejs"), 0, 1)
    assert not may_be_after(timing_of((0, 11.1), (10, 20), language="nodejs"), 0, 1)


def test_words_say_what_is_known() -> None:
    assert in_order(0) == "one after the other"
    assert in_order(MS // 2) == "that overlap by at most 500 µs, if at all"


@given(st.lists(st.tuples(st.integers(0, 9_000), st.integers(1, 3_000)), min_size=2, max_size=12))
def test_no_row_of_javascript_overlaps_by_more_than_it_says(
    truth_us: list[tuple[int, int]],
) -> None:
    """Starts and lengths in truth; recorded are whole milliseconds and lengths."""
    truth = sorted((start * 1_000, start * 1_000 + length * 1_000) for start, length in truth_us)
    recorded = [(start // MS, start // MS + (end - start) / MS) for start, end in truth]
    timing = timing_of(*recorded, language="nodejs")
    spans = timing.trace.spans
    if len(spans) < len(truth):
        return  # copies of one another
    # Of spans that begin in one millisecond any may be the one that began first.
    true_start = {}
    for number in range(len(spans)):
        true_start[number] = truth[number][0]
    for row in rows(timing, range(len(spans))):
        assert row.overlap_ns >= 0
        for earlier, later in zip(row.members, row.members[1:], strict=False):
            ends = true_start[earlier] + spans[earlier].duration_ns
            assert ends - true_start[later] <= row.overlap_ns
