"""Own time is what no child covers, whether children overlap, overrun or run backwards."""

import pytest

from otx.model.telemetry import Span
from otx.tracing.assembly import assemble
from otx.tracing.self_time import self_time_ns, self_times_ns
from otx.tracing.timing import raw_timing
from otx.tracing.tree import build_tree


@pytest.mark.parametrize(
    ("children", "own"),
    [
        ([], 100),
        ([(10, 30), (50, 60)], 70),
        ([(10, 30), (20, 40)], 70),
        ([(10, 90), (20, 40)], 20),
        ([(90, 150)], 90),
        ([(-20, 10)], 90),
        ([(0, 100), (0, 100)], 0),
        ([(60, 40)], 100),
    ],
)
def test_own_time(children: list[tuple[int, int]], own: int) -> None:
    spans = [Span("t", "root", "", "root", "SERVER", "s", 0, 100)]
    spans += [
        Span("t", f"c{number}", "root", "c", "CLIENT", "s", start, end)
        for number, (start, end) in enumerate(children)
    ]
    assert self_time_ns(build_tree(spans).roots[0]) == own
    assert self_times_ns(raw_timing(assemble(spans)))[spans_before(spans)] == own


def spans_before(spans: list[Span]) -> int:
    """The number of the root: how many spans began before it, or with it and a lower id."""
    key = (spans[0].start_unix_nano, spans[0].span_id)
    return sum((one.start_unix_nano, one.span_id) < key for one in spans)
