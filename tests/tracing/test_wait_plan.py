"""A plan tells what each child waited for; its times add up to the parent's."""

from hypothesis import given

from otx.model.telemetry import Span
from otx.tracing.assembly import assemble
from otx.tracing.timing import raw_timing
from otx.tracing.wait_plan import WaitPlan, plan_of
from otx.tracing.waits import Waits, waits_of
from tests.tracing.calls import MS, span
from tests.tracing.graphs import traces


def plan(*spans: Span) -> WaitPlan:
    waits = waits_of(raw_timing(assemble(spans)))
    return plan_of(waits, waits.longest_root())


def test_children_wait_for_all_that_had_ended() -> None:
    root = span("r", "", 0, 100)
    found = plan(root, span("s", "r", 10, 30), span("t", "r", 20, 50), span("u", "r", 60, 90))
    assert found == WaitPlan(
        children=[1, 2, 3],
        lags=[10 * MS, 20 * MS, 10 * MS],
        ended=[0, 1],
        ended_before=[0, 0, 2],
        tail=10 * MS,
    )


def test_without_children_all_of_it_is_its_own() -> None:
    assert plan(span("r", "", 0, 100)) == WaitPlan([], [], [], [], 100 * MS)


@given(traces())
def test_times_of_a_plan_lead_to_those_of_the_spans(spans: list[Span]) -> None:
    waits: Waits = waits_of(raw_timing(assemble(spans)))
    for number in range(len(waits.starts)):
        if not waits.is_awaited[number]:
            continue
        found = plan_of(waits, number)
        for child, lag, before in zip(found.children, found.lags, found.ended_before, strict=True):
            awaited = [waits.ends[found.children[place]] for place in found.ended[:before]]
            assert max([waits.starts[number], *awaited]) + lag == waits.starts[child]
        last = max([waits.starts[number], *(waits.ends[child] for child in found.children)])
        assert last + found.tail == waits.ends[number]
