"""Lines between points: every one that is true is among those found, and none where none passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.tracing.skew_lines import MAX_DRIFT, Point, lines_between

S = 10**9
TIMES = st.integers(0, 3600 * S)
ROOM = st.integers(0, 10**8)
ROUNDING_NS = 2


@given(
    st.integers(-(10**12), 10**12),
    st.floats(-400e-6, 400e-6),
    st.lists(st.tuples(TIMES, ROOM), min_size=1, max_size=20),
    st.lists(st.tuples(TIMES, ROOM), min_size=1, max_size=20),
    TIMES,
)
def test_a_true_line_is_within(
    offset: int, slope: float, below: list[tuple[int, int]], above: list[tuple[int, int]], at: int
) -> None:
    lowers = [Point(t, int(offset + slope * t) - room) for t, room in below]
    uppers = [Point(t, int(offset + slope * t) + 1 + room) for t, room in above]
    lines = lines_between(lowers, uppers)
    assert lines is not None
    least, most = lines.slopes
    assert least - 1e-9 <= slope <= most + 1e-9
    low, high = lines.range_at(at)
    assert low is not None
    assert high is not None
    assert low - ROUNDING_NS <= offset + slope * at <= high + ROUNDING_NS
    # A point's own bound is never passed by more than rounding.
    assert all(lines.range_at(t)[0] >= ns - ROUNDING_NS for t, ns in lowers)  # type: ignore[operator]
    assert all(lines.range_at(t)[1] <= ns + ROUNDING_NS for t, ns in uppers)  # type: ignore[operator]


def test_no_line_passes_a_step() -> None:
    before = [Point(second * S, 0) for second in range(10)]
    after = [Point(second * S, 80_000_000) for second in range(10, 20)]
    assert lines_between(after, [Point(t, ns + 1000) for t, ns in before]) is None


def test_no_line_is_steeper_than_a_quartz() -> None:
    lines = lines_between([Point(0, 0)], [Point(0, 100)])
    assert lines is not None
    assert lines.slopes == (-MAX_DRIFT, MAX_DRIFT)
    assert lines.range_at(S) == pytest.approx((-500_000, 500_100))
    assert lines_between([Point(0, 0), Point(S, 600_000)], [Point(0, 0), Point(S, 600_000)]) is None


def test_two_tight_pairs_tell_the_drift() -> None:
    points = [Point(0, 0), Point(100 * S, 5_000_000)]
    lines = lines_between(points, [Point(t, ns + 10) for t, ns in points])
    assert lines is not None
    assert lines.slopes == pytest.approx((50e-6, 50e-6), abs=1e-9)


def test_nothing_above_leaves_the_top_open() -> None:
    lines = lines_between([Point(5, 7)], [])
    assert lines is not None
    assert lines.is_open
    assert lines.range_at(5) == (7, None)
