"""Slack is exact: as much longer delays nothing, a nanosecond more does."""

from collections.abc import Callable

from hypothesis import given

from otx.model.telemetry import Span
from otx.tracing.assembly import assemble
from otx.tracing.critical_path import critical_path
from otx.tracing.slack import slack_ns
from otx.tracing.timing import raw_timing
from otx.tracing.waits import Waits, waits_of
from otx.tracing.what_if import WaitModel
from tests.tracing.calls import MS, span
from tests.tracing.graphs import traces


def waits(*spans: Span) -> Waits:
    return waits_of(raw_timing(assemble(spans)))


def by_name(found: Waits) -> dict[str, int | None]:
    names = [one.span_id for one in found.trace.spans]
    return dict(zip(names, slack_ns(found, found.longest_root()), strict=True))


def test_what_runs_beside_something_longer_has_the_difference() -> None:
    found = waits(
        span("r", "", 0, 100),
        span("a", "r", 10, 90),
        span("b", "r", 10, 70),
        span("below", "b", 20, 60),
        span("z", "r", 120, 140),
    )
    assert by_name(found) == {"r": 0, "a": 0, "b": 20 * MS, "below": 20 * MS, "z": None}


def test_a_sibling_that_was_waited_for_bounds_it() -> None:
    found = waits(
        span("r", "", 0, 100),
        span("a", "r", 0, 30),
        span("b", "r", 0, 50),
        span("c", "r", 50, 100),
    )
    assert by_name(found)["a"] == 20 * MS


def longer_by(more: int) -> Callable[[int], int]:
    return lambda own: own + more


@given(traces())
def test_slack_is_what_a_leaf_can_take(spans: list[Span]) -> None:
    found = waits(*spans)
    root = found.longest_root()
    model = WaitModel(found, root)
    whole = found.ends[root] - found.starts[root]
    slack = slack_ns(found, root)
    for number in found.below(root):
        mine = slack[number]
        assert mine is not None and mine >= 0
        if not found.children(number):
            assert model.duration_ns(longer_by(mine), [number]) == whole
            assert model.duration_ns(longer_by(mine + 1), [number]) == whole + 1
    assert all(slack[step.number] == 0 for step in critical_path(found, root).steps)
    below = set(found.below(root))
    assert all((one is None) == (number not in below) for number, one in enumerate(slack))
