"""Own time is what no child covers, whether children overlap, overrun or run backwards."""

import pytest

from otx.model.telemetry import Span
from otx.tracing.self_time import self_time_ns
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
