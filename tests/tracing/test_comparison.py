"""Two traces side by side."""

from collections.abc import Sequence

from hypothesis import given

from otx.model.telemetry import Span
from otx.tracing.assembly import assemble
from otx.tracing.comparison import Comparison, compare
from otx.tracing.timing import raw_timing
from tests.tracing.graphs import traces
from tests.tracing.kept import MS, call


def compared(before: Sequence[Span], after: Sequence[Span]) -> Comparison:
    return compare(raw_timing(assemble(before)), raw_timing(assemble(after)))


def told(found: Comparison) -> list[tuple[int, str, str]]:
    return [(pair.depth, found.span(pair).name, found.change(pair)) for pair in found.pairs]


BEFORE = [call(1, 1, 0, 0, 100), call(1, 2, 1, 10, 20, "a"), call(1, 3, 1, 30, 40, "b")]


def test_spans_are_paired_by_their_operation_below_paired_parents() -> None:
    after = [
        call(2, 7, 0, 0, 100),
        call(2, 8, 7, 10, 25, "a"),
        call(2, 9, 7, 30, 35, "c"),
    ]
    found = compared(BEFORE, after)
    assert told(found) == [
        (0, "op", "same"),
        (1, "a", "slower"),
        (1, "c", "added"),
        (1, "b", "removed"),
    ]
    assert found.worst()[0].own_change_ns == -10 * MS


def test_an_operation_that_is_called_more_often_is_added() -> None:
    after = [*BEFORE, call(1, 4, 1, 50, 60, "a")]
    assert told(compared(BEFORE, after)).count((1, "a", "added")) == 1
    assert told(compared(after, BEFORE)).count((1, "a", "removed")) == 1


def test_what_failed_and_what_does_no_more_is_told() -> None:
    failing = [BEFORE[0], call(1, 2, 1, 10, 20, "a", status="ERROR"), BEFORE[2]]
    assert (1, "a", "failed") in told(compared(BEFORE, failing))
    assert (1, "a", "recovered") in told(compared(failing, BEFORE))


@given(traces(), traces())
def test_every_span_stands_in_one_pair(before: list[Span], after: list[Span]) -> None:
    found = compared(before, after)
    ones = [pair.before for pair in found.pairs if pair.before is not None]
    others = [pair.after for pair in found.pairs if pair.after is not None]
    assert sorted(ones) == list(range(len(found.before.spans)))
    assert sorted(others) == list(range(len(found.after.spans)))


@given(traces())
def test_a_trace_does_not_differ_from_itself(spans: list[Span]) -> None:
    found = compared(spans, spans)
    assert {found.change(pair) for pair in found.pairs} <= {"same"}
