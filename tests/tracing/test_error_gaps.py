"""A missing span may lie below those that ran when its children began, and nowhere else."""

import pytest

from otx.tracing.assembly import assemble
from otx.tracing.error_gaps import Gap, Gaps
from otx.tracing.timing import raw_timing
from tests.tracing.calls import span

WORK = span("work", "", 0, 10)


@pytest.mark.parametrize(
    ("start_ms", "host", "gap"),
    [
        (5, "one", Gap("lost", is_shown=True)),
        (20, "one", None),
        (5, "two", Gap("lost", is_shown=False)),
        (20, "two", Gap("lost", is_shown=False)),
    ],
)
def test_a_missing_span_lies_where_its_children_began(
    start_ms: float, host: str, gap: Gap | None
) -> None:
    trace = assemble([WORK, span("child", "lost", start_ms, 30, host=host)])
    assert Gaps(raw_timing(trace)).below(0) == gap


def test_without_missing_spans_there_is_no_gap() -> None:
    assert Gaps(raw_timing(assemble([WORK]))).below(0) is None
