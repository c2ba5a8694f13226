"""Figures survive the pipe between the processes, add up, and are said in words."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.signal import Signal
from otx.services.forward.figures import Figures, ForwardReport, decode_figures, encode_figures

records = st.dictionaries(st.sampled_from(Signal), st.integers(1, 1 << 60)).map(Counter)
times_s = st.floats(0, 1e9)
all_figures = st.builds(
    Figures,
    st.text(),
    records,
    records,
    records,
    records,
    st.integers(0),
    st.integers(0),
    st.integers(0),
    times_s,
    records,
    st.text(),
)


@given(st.lists(all_figures, max_size=3))
def test_a_line_holds_them(figures: list[Figures]) -> None:
    line = encode_figures(figures)
    assert "\n" not in line
    assert decode_figures(line) == figures


@pytest.mark.parametrize("line", ["", "{}1", "[1]", "[{}]", '[{"url": "a", "accepted": {"x": 1}}]'])
def test_other_lines_hold_none(line: str) -> None:
    with pytest.raises(ValueError):
        decode_figures(line)


def spans(count: int) -> Counter[Signal]:
    return Counter({Signal.TRACES: count})


def test_two_runs_add_up_and_the_later_one_knows_what_waits() -> None:
    first = Figures("c:4317", accepted=spans(3), retried=1, waiting_bytes=9, state="waits")
    both = first.plus(Figures("c:4317", accepted=spans(4), lost=spans(1), retried=2))
    assert both == Figures("c:4317", accepted=spans(7), lost=spans(1), retried=3)


def test_what_is_new_is_told_on_one_line() -> None:
    before = Figures("c:4317", accepted=spans(3))
    now = Figures(
        "c:4317",
        accepted=spans(10),
        refused=spans(2),
        retried=2,
        waiting_bytes=3 << 20,
        waiting_s=42,
        state="waits 8.00 s: Connection refused",
    )
    assert ForwardReport([now]).since(ForwardReport([before])) == [
        "to c:4317: 7 spans, refused 2 spans, tried again 2 times, "
        "waits 8.00 s: Connection refused, 42.0 s (3.0 MiB) behind"
    ]
    assert ForwardReport([before]).since(ForwardReport([before])) == []


def test_the_end_says_what_is_lost_and_what_waits() -> None:
    figures = Figures(
        "c:4317",
        accepted=spans(10),
        rejected=spans(1),
        lost=spans(5),
        unreadable_bytes=12,
        waiting_bytes=4 << 20,
        waiting=Counter({Signal.TRACES: 12340, Signal.LOGS: 1}),
        state="Connection refused",
    )
    assert ForwardReport([figures]).lines() == [
        "  forwarded to c:4317: 10 spans, rejected 1 span",
        "    lost 5 spans that --forward-keep had no room or time for",
        "    12 B of the log could not be read",
        "    12 340 spans and 1 log record (4.0 MiB) wait for c:4317; they go on when otx receive "
        "starts again (Connection refused)",
    ]
