"""What happened before a span and after it."""

from hypothesis import given

from otx.model.telemetry import Span
from otx.tracing.assembly import assemble
from otx.tracing.causality import Causality
from tests.tracing.graphs import traces
from tests.tracing.kept import call

SPANS = [
    call(1, 1, 0, 0, 100, "root", attributes={"thread.id": 1}),
    call(1, 2, 1, 10, 20, "first", attributes={"thread.id": 1}),
    call(1, 3, 1, 30, 40, "second", attributes={"thread.id": 1}),
    call(1, 4, 1, 15, 35, "beside", attributes={"thread.id": 2}),
]


def names(side: str, number: int) -> list[str]:
    by_id = {span.span_id: span.name for span in SPANS}
    found = Causality(assemble(SPANS)).spans(side, f"{number:016x}")  # type: ignore[arg-type]
    return [by_id[one] for one in found]


def test_callers_and_what_ended_before_come_first() -> None:
    assert names("before", 3) == ["root", "first"]
    assert names("after", 2) == ["second"]
    assert names("before", 1) == []
    assert set(names("after", 1)) == {"first", "second", "beside"}
    assert names("before", 4) == ["root"]


def test_of_a_span_that_is_not_there_nothing_is_known() -> None:
    assert names("before", 99) == []


@given(traces())
def test_before_and_after_are_two_sides_of_one_order(spans: list[Span]) -> None:
    order = Causality(assemble(spans))
    for span in spans:
        for other in order.spans("before", span.span_id):
            assert span.span_id in order.spans("after", other)
