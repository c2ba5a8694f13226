"""A hundred children are many."""

from otx.tracing.patterns.fan_out import find_fan_out
from tests.tracing.calls import span
from tests.tracing.patterns.scenes import told


def test_a_hundred_children_are_told() -> None:
    root = span("root", "", 0, 1_000)
    children = [
        span(f"c{n:03}", "root", n, n + 1, operation="item" if n else "first") for n in range(100)
    ]
    assert told(find_fan_out, root, *children) == [
        "shop root has 100 children, 99 of them shop item."
    ]
    assert told(find_fan_out, root, *children[:99]) == []
