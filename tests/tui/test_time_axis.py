"""Bars have the axis' cells, cover their time to an eighth of a cell, and are never nothing."""

from hypothesis import given
from hypothesis import strategies as st

from otx.tui.time_axis import EVENT, Axis, draw_bar, ticks

EIGHTHS = {block: eighths for eighths, block in enumerate(" ▏▎▍▌▋▊▉█")}
AXES = st.builds(Axis, st.integers(0, 10**18), st.integers(0, 10**12), st.integers(1, 120))
PARTS = st.integers(-200, 1_200)


@given(AXES, PARTS, PARTS)
def test_a_bar_has_the_axis_cells_and_its_length(axis: Axis, first: int, second: int) -> None:
    start = axis.start + axis.length * min(first, second) // 1_000
    end = axis.start + axis.length * max(first, second) // 1_000
    parts = draw_bar(axis, start, end)
    assert sum(len(part.text) for part in parts) == axis.cells
    covered = sum(
        8 - EIGHTHS[sign] if part.is_reversed else EIGHTHS[sign]
        for part in parts
        for sign in part.text
    )
    if end < axis.start or start > axis.start + axis.length:
        assert covered == 0
    else:
        exact = axis.eighth(end) - axis.eighth(start)
        assert covered >= 1
        assert abs(covered - max(exact, 1)) <= 1


@given(AXES, st.integers(0, 1_000))
def test_an_event_is_marked_where_it_happened(axis: Axis, part: int) -> None:
    time = axis.start + axis.length * part // 1_000
    line = "".join(one.text for one in draw_bar(axis, axis.start, axis.start, [time]))
    assert line.index(EVENT) == min(axis.eighth(time) // 8, axis.cells - 1)


def test_ticks_keep_the_ends_and_leave_out_what_does_not_fit() -> None:
    axis = Axis(0, 400, 20)
    labels = [(0, "0"), (100, "100 ms"), (200, "200 ms"), (300, "300 ms"), (400, "400 ms")]
    assert ticks(axis, labels) == "0    100 ms   400 ms"
    assert ticks(Axis(0, 400, 6), labels) == "400 ms"
