"""What is waited for lies within its parents."""

from hypothesis import given

from otx.model.telemetry import Span
from otx.tracing.assembly import NO_PARENT, assemble
from otx.tracing.timing import raw_timing
from otx.tracing.waits import waits_of
from tests.tracing.graphs import traces


@given(traces())
def test_windows_nest(spans: list[Span]) -> None:
    waits = waits_of(raw_timing(assemble(spans)))
    for number, parent in enumerate(waits.trace.parents):
        if waits.is_awaited[number] and parent != NO_PARENT:
            assert waits.is_awaited[parent]
            assert waits.starts[parent] <= waits.starts[number] <= waits.ends[number]
            assert waits.ends[number] <= waits.ends[parent]


def test_without_spans_there_is_no_root() -> None:
    assert waits_of(raw_timing(assemble([]))).longest_root() == NO_PARENT
