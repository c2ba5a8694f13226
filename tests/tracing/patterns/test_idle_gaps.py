"""A gap is time of a span with children in which none of them ran."""

from otx.tracing.patterns.idle_gaps import find_idle_gaps
from tests.tracing.calls import span
from tests.tracing.patterns.scenes import told

ROOT = span("root", "", 0, 100, "SERVER")


def test_gaps_are_told_with_what_came_next() -> None:
    a, below = span("a", "root", 40, 90), span("below", "a", 40, 90)
    assert told(find_idle_gaps, ROOT, a, below) == [
        "For 40.0 ms shop root recorded nothing before shop a.",
        "For 10.0 ms shop root recorded nothing before its end.",
    ]


def test_short_ones_work_and_what_ran_meanwhile_are_none() -> None:
    assert told(find_idle_gaps, ROOT, span("a", "root", 3, 97)) == []
    assert told(find_idle_gaps, ROOT) == []
    beside = span("beside", "root", 1, 60)
    assert told(find_idle_gaps, ROOT, beside, span("a", "root", 50, 97)) == []


def test_around_a_server_it_is_no_gap() -> None:
    call = span("call", "", 0, 100, "CLIENT")
    assert told(find_idle_gaps, call, span("s", "call", 40, 90, "SERVER", host="two")) == []


def test_what_a_missing_span_may_have_done_is_none() -> None:
    a, orphan = span("a", "root", 1, 5), span("orphan", "gone", 7, 99)
    assert told(find_idle_gaps, ROOT, a, orphan) == []
    elsewhere = span("orphan", "gone", 7, 99, host="elsewhere")  # by times that do not compare
    assert len(told(find_idle_gaps, ROOT, a, elsewhere)) == 1
