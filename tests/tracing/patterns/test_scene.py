"""A scene finds like calls of one parent, and knows what is worth saying."""

from otx.tracing.patterns.scene import Alike
from tests.tracing.calls import MS, span
from tests.tracing.patterns.scenes import scene

CALLS = [
    span(f"c{number}", "gone", start, start + 10, "CLIENT", operation="GET", server_address="a")
    for number, start in enumerate((0, 10, 15, 30))
]
OTHER = span("z", "gone", 40, 50, "CLIENT", operation="GET", server_address="b")


def test_like_calls_of_a_missing_parent_too() -> None:
    (alike,) = scene([*CALLS, OTHER]).alike
    assert isinstance(alike, Alike)
    assert (alike.parent, alike.call.peer, alike.members) == (-1, "a", (0, 1, 2, 3))


def test_what_is_worth_saying_depends_on_the_path() -> None:
    found = scene([span("root", "", 0, 100)])
    assert [found.is_worth(ns) for ns in (0, 4 * MS, 5 * MS)] == [False, False, True]
